//! `EntiDB`: an ACID document database without threads.

pub mod codec;
pub mod error;
pub mod limits;
pub mod options;
pub mod storage;

pub use error::{Details, Error, ErrorKind, Result};
pub use options::{Durability, Geometry, Options};
