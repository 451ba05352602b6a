//! The engine of `EntiDB` for the browser.

pub mod directory;
pub mod error;
mod memory;
pub mod name;
mod number;
pub mod opfs;
mod panic;
mod storage;
