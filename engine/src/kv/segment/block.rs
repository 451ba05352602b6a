//! A block of entries in memory: what data and index blocks have in common. FORMAT.md, section 6.2.

pub(crate) use entidb_hot::block::{Entry as EntryAt, Found, KIND_BITS, RESTART_BYTES, Target};

use entidb_hot::block::Entries;

use crate::codec::seal::BlockKind;
use crate::error::{Error, Result};
use crate::kv::entry::Kind;
use crate::storage::FileId;

/// Whether an entry holds a value.
pub(crate) fn kind_of(entry: &EntryAt) -> Kind {
    if entry.is_delete { Kind::Delete } else { Kind::Put }
}

/// An opened block. Its restart points have been checked; entries are checked as they are read.
#[derive(Debug)]
pub(crate) struct Block {
    kind: BlockKind,
    bytes: Vec<u8>,
    /// Where the entries end and the restart points begin.
    entries_end: usize,
    restart_count: usize,
    /// Where the block lies in the volume, for errors.
    volume_offset: u64,
}

impl Block {
    /// Takes a block's payload and checks its restart points. `volume_offset` is where it was read.
    pub fn open(kind: BlockKind, bytes: Vec<u8>, volume_offset: u64) -> Result<Self> {
        let entries_end = bytes.len();
        let mut block = Self { kind, bytes, entries_end, restart_count: 0, volume_offset };
        if matches!(kind, BlockKind::Data | BlockKind::Index) {
            block.find_restarts()?;
        }
        Ok(block)
    }

    fn find_restarts(&mut self) -> Result<()> {
        let Some((rest, count)) = self.bytes.split_last_chunk::<RESTART_BYTES>() else {
            return Err(self.damaged("a block has no restart points"));
        };
        let count = usize::from(u16::from_le_bytes(*count));
        let Some(entries_end) = rest.len().checked_sub(count * RESTART_BYTES) else {
            return Err(self.damaged("a block has fewer bytes than restart points"));
        };
        (self.entries_end, self.restart_count) = (entries_end, count);
        let mut offsets = (0..count).map(|index| self.restart(index));
        let ascending = offsets.clone().zip(offsets.clone().skip(1)).all(|(a, b)| a < b);
        let sound = ascending && offsets.next() == Some(0) && self.restart(count - 1) < entries_end;
        if sound { Ok(()) } else { Err(self.damaged("restart points are out of order")) }
    }

    pub fn kind(&self) -> BlockKind {
        self.kind
    }

    /// The whole payload.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Memory that the block takes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity()
    }

    /// The error of a block that makes no sense although its checksum is right.
    #[cold]
    pub fn damaged(&self, what: &str) -> Error {
        Error::corrupt(FileId::Volume.name(), self.volume_offset, what)
    }

    /// Where the entries end.
    pub fn entries_end(&self) -> usize {
        self.entries_end
    }

    /// Where the entry of a restart point begins; past all entries if there is no such point.
    fn restart(&self, index: usize) -> usize {
        self.bytes
            .get(self.entries_end + index * RESTART_BYTES..)
            .and_then(|rest| rest.first_chunk())
            .filter(|_| index < self.restart_count)
            .map_or(self.entries_end, |offset| usize::from(u16::from_le_bytes(*offset)))
    }

    /// The entry that begins at `at`; none at the end.
    #[inline]
    pub fn entry(&self, at: usize) -> Result<Option<EntryAt>> {
        self.entries().entry(at).map_err(|what| self.damaged(what.0))
    }

    /// The unshared part of an entry's key.
    #[inline]
    pub fn suffix(&self, entry: &EntryAt) -> &[u8] {
        self.bytes.get(entry.suffix_at..entry.value_at).unwrap_or_default()
    }

    /// An entry's value.
    #[inline]
    pub fn value(&self, entry: &EntryAt) -> &[u8] {
        self.bytes.get(entry.value_at..entry.end).unwrap_or_default()
    }

    /// The last restart point before `at`.
    pub fn restart_before(&self, at: usize) -> usize {
        let (mut low, mut high) = (0, self.restart_count);
        while low < high {
            let middle = low.midpoint(high);
            if self.restart(middle) < at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.restart(low.saturating_sub(1))
    }

    /// The entry that ends where the one at `at` begins; none for the first.
    pub fn entry_before(&self, at: usize) -> Result<Option<EntryAt>> {
        if at == 0 {
            return Ok(None);
        }
        let mut from = self.restart_before(at);
        while let Some(entry) = self.entry(from)? {
            if entry.end >= at {
                return if entry.end == at { Ok(Some(entry)) } else { break };
            }
            from = entry.end;
        }
        Err(self.damaged("entries do not meet"))
    }

    /// The first entry at or after the target; none if all are before it.
    pub fn seek(&self, target: Target<'_>) -> Result<Option<Found>> {
        self.entries().seek(target).map_err(|what| self.damaged(what.0))
    }

    /// Moves an entry and its whole key on by one; says false at the last one.
    #[inline]
    pub fn step(&self, current: &mut EntryAt, key: &mut Vec<u8>) -> Result<bool> {
        self.entries().step(current, key).map_err(|what| self.damaged(what.0))
    }

    #[inline]
    fn entries(&self) -> Entries<'_> {
        let (entries, rest) = self.bytes.split_at_checked(self.entries_end).unwrap_or_default();
        Entries::new(entries, rest.get(..self.restart_count * RESTART_BYTES).unwrap_or_default())
    }
}
