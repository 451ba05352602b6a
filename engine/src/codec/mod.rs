//! Bytes only: nothing here reads or writes a file.

pub mod bytes;
pub mod space;
