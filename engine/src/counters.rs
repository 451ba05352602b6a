//! Counts kept beside each collection: one absolute record, written with every commit that changes
//! it, so that counting is one read and right under every snapshot. FORMAT.md, section 4.

use crate::catalog::{Collection, IndexId};
use crate::codec::bytes::{Reader, put_varint};
use crate::error::Result;
use crate::small_map::SmallMap;

/// What a collection holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub documents: u64,
    /// Bytes of all documents, without their ids.
    pub bytes: u64,
    pub entries: SmallMap<IndexId, u64>,
}

impl Counters {
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let mut counters =
            Self { documents: reader.varint()?, bytes: reader.varint()?, ..Self::default() };
        for _ in 0..reader.varint()? {
            let id = IndexId(u32::try_from(reader.varint()?).unwrap_or(u32::MAX));
            counters.entries.insert(id, reader.varint()?);
        }
        Ok(counters)
    }

    /// Its bytes; indexes that `collection` no longer has are left out.
    pub fn encode(&self, collection: &Collection) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.documents);
        put_varint(&mut out, self.bytes);
        let kept = self.entries.iter().filter(|(id, _)| collection.index_by_id(**id).is_some());
        put_varint(&mut out, kept.clone().count() as u64);
        for (id, entries) in kept {
            put_varint(&mut out, u64::from(id.0));
            put_varint(&mut out, *entries);
        }
        out
    }

    pub fn entries(&self, index: IndexId) -> u64 {
        self.entries.get(&index).copied().unwrap_or(0)
    }

    pub fn add(&mut self, delta: &Delta) {
        self.documents = self.documents.saturating_add_signed(delta.documents);
        self.bytes = self.bytes.saturating_add_signed(delta.bytes);
        for (index, change) in delta.entries.iter() {
            let entries = self.entries.entry(*index, || 0);
            *entries = entries.saturating_add_signed(*change);
        }
    }
}

/// By how much a write set changes the counts of a collection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delta {
    pub documents: i64,
    pub bytes: i64,
    pub entries: SmallMap<IndexId, i64>,
}

impl Delta {
    /// A document of `old` bytes became one of `new`; `None` is no document.
    pub fn document(&mut self, old: Option<usize>, new: Option<usize>) {
        self.documents += i64::from(new.is_some()) - i64::from(old.is_some());
        self.bytes += signed(new.unwrap_or(0)) - signed(old.unwrap_or(0));
    }

    pub fn entries(&mut self, index: IndexId, removed: usize, added: usize) {
        if removed != added {
            *self.entries.entry(index, || 0) += signed(added) - signed(removed);
        }
    }
}

fn signed(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
