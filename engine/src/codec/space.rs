//! The spaces that the key space is divided into; see FORMAT.md, section 4.

use crate::limits::KEY_PREFIX_BYTES;

/// What a key belongs to: the first byte of every key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Space {
    /// Documents by id.
    Documents = 1,
    /// Pieces of documents too large for one entry.
    Chunks = 2,
    /// Entries of ordered indexes.
    Ordered = 3,
    /// Entries of unique ordered indexes.
    Unique = 4,
    /// Entries of hash indexes.
    Hash = 5,
    /// Counts kept beside a collection.
    Counters = 9,
}

/// `space` and `id`: what all keys of one collection or index start with. Segments are cut where it
/// changes.
pub fn prefix(space: Space, id: u32) -> [u8; KEY_PREFIX_BYTES] {
    let [a, b, c, d] = id.to_be_bytes();
    [space as u8, a, b, c, d]
}

/// Whether keys of this space are looked up one by one, so that a filter pays.
pub fn has_filter(key: &[u8]) -> bool {
    matches!(key.first(), Some(&1 | &4))
}
