//! Segments: immutable sorted runs of entries in units of the volume. FORMAT.md, section 6.

mod block;
mod block_builder;
mod block_cursor;
mod builder;
mod check;
mod cursor;
mod filter;
mod footer;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzz;
mod index;
mod meta;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use block::{Block, EntryAt};
pub(crate) use builder::SegmentBuilder;
pub(crate) use check::SegmentCheck;
pub(crate) use cursor::SegmentCursor;
pub(crate) use filter::hash_of;
#[cfg(test)]
pub(crate) use meta::BlockPtr;
pub(crate) use meta::SegmentMeta;
#[cfg(test)]
pub(crate) use reader::Lookup;
pub(crate) use reader::Segment;

/// A number of the format as a count in memory. No platform has a narrower `usize`.
fn as_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
