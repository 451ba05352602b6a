//! A key that is looked up, and a value that was found.

use std::ops::Deref;
use std::sync::Arc;

use super::segment::{Block, EntryAt, hash_of};
use crate::codec::space::has_filter;

/// A key that is looked up in one place after the other. The hash that all their filters know it by
/// is made once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought<'a> {
    pub key: &'a [u8],
    /// None of a key that no filter is told of.
    pub hash: Option<u64>,
}

impl<'a> Sought<'a> {
    pub fn new(key: &'a [u8]) -> Self {
        Self { key, hash: has_filter(key).then(|| hash_of(key)) }
    }
}

/// A value where it lies. A block stays in memory for as long as one of its values is held.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Borrowed(&'a [u8]),
    Block(Arc<Block>, EntryAt),
}

impl Deref for Value<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(value) => value,
            Self::Block(block, entry) => block.value(entry),
        }
    }
}
