//! The write-ahead log: two files, written front to back by turns. FORMAT.md, section 7.
//!
//! One life of a file is an epoch. It begins with a header, durable before the first frame, and
//! goes on with frames, one per group of commits, each written by one call. The file is then used
//! again for a later epoch without being emptied: a frame's checksum covers its epoch and its
//! offset, so what older lives left behind never passes for a frame of this one.
//!
//! Nothing here decides which file is next, when to sync or when to flush.

mod builder;
mod commits;
mod damage;
mod frame;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzz;
mod header;
mod reader;
#[cfg(test)]
mod tests;
mod window;
mod writer;

pub(crate) use builder::FrameBuilder;
pub(crate) use header::{Header, HeaderState, read_header};
pub(crate) use reader::{FrameView, replay};
pub(crate) use writer::{LogWriter, reserve_smallest};
