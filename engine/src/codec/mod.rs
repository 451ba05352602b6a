//! Bytes only: nothing here reads or writes a file.

pub use entidb_hot::bytes;
pub mod cbor;
pub mod escape;
pub mod id;
pub mod key;
pub mod message;
pub mod patch;
pub mod path;
pub(crate) mod seal;
pub mod space;
pub mod typed;
pub mod value;
