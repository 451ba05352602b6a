//! The loops of `EntiDB` that run over every byte of a block or document.
//!
//! They are a crate of their own because a crate is what a build profile can name: this one is
//! built for nothing but speed where the rest is kept small. What is inlined or generic counts as
//! part of the crate that calls it, so that nothing here is either.

pub mod block;
pub mod bytes;
pub mod cbor;
pub mod crc32;
pub mod filter;
pub mod hash;
pub mod lz4;
pub mod rows;

use std::fmt;

/// Bytes that are not what they should be, and why. Where they lie is for the caller to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// What reading bytes gives.
pub type Result<T> = std::result::Result<T, Malformed>;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}
