//! The loops of `EntiDB` that run over every byte of a block.
//!
//! They are a crate of their own because a crate is what a build profile can name: this one is
//! built for speed where the rest is built for size. What is inlined or generic counts as part of
//! the crate that calls it, so that nothing here is either.

pub mod lz4;
