//! A block of entries in memory: what data and index blocks have in common. FORMAT.md, section 6.2.

use std::cmp::Ordering;

use crate::codec::bytes::Reader;
use crate::codec::seal::BlockKind;
use crate::error::{Error, Result};
use crate::kv::entry::Kind;
use crate::storage::FileId;

/// Bytes of a restart offset, and of their count.
pub(crate) const RESTART_BYTES: usize = 2;
/// Low bits of an entry's tag that hold its kind; the length of the value is above them.
pub(crate) const KIND_BITS: u32 = 2;

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

/// Where the parts of one entry lie in its block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryAt {
    /// Where the entry begins.
    pub at: usize,
    /// Where the unshared part of its key begins.
    suffix_at: usize,
    value_at: usize,
    /// Where the entry ends.
    pub end: usize,
    /// Bytes of its key that are those of the key before.
    pub shared: usize,
    pub kind: Kind,
    /// Sequence number, counted from the segment's base.
    pub delta: u64,
}

/// What to look for: the first entry at or after this key and sequence number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub key: &'a [u8],
    /// Counted from the segment's base; none is below every entry of the key.
    pub delta: Option<u64>,
}

impl Target<'_> {
    /// Whether an entry with the same key and this sequence number is at or after the target.
    fn admits(self, delta: u64) -> bool {
        self.delta.is_some_and(|max| delta <= max)
    }
}

/// An entry that was looked for: its key is the target's first `prefix` bytes and then its suffix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub entry: EntryAt,
    pub prefix: usize,
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
        if at >= self.entries_end {
            return Ok(None);
        }
        let rest = self.bytes.get(at..self.entries_end).unwrap_or_default();
        match parse(rest, at) {
            Some(entry) if entry.end <= self.entries_end => Ok(Some(entry)),
            _ => Err(self.damaged("an entry cannot be read")),
        }
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
        let (mut low, mut high) = (0, self.restart_count);
        while low < high {
            let middle = low.midpoint(high);
            let entry = self.restart_entry(middle)?;
            let before = match self.suffix(&entry).cmp(target.key) {
                Ordering::Less => true,
                Ordering::Equal => !target.admits(entry.delta),
                Ordering::Greater => false,
            };
            if before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if let Some(last) = low.checked_sub(1) {
            let found = self.seek_between(self.restart(last), self.restart(low), target)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        if low == self.restart_count {
            return Ok(None);
        }
        Ok(Some(Found { entry: self.restart_entry(low)?, prefix: 0 }))
    }

    /// The first entry at or after the target from `from`, a restart point, up to `to`.
    ///
    /// No key is put together on the way. As long as the key before is below the target, they part
    /// at byte `matched`: a key that shares more than that with the key before is below the target
    /// too, one that shares less is above it, and only one that shares exactly that much has to be
    /// compared.
    fn seek_between(&self, from: usize, to: usize, target: Target<'_>) -> Result<Option<Found>> {
        let (mut at, mut matched, mut key_len) = (from, 0, 0);
        while at < to {
            let Some(entry) = self.entry(at)? else {
                break;
            };
            let suffix = self.suffix(&entry);
            if entry.shared > key_len {
                return Err(self.damaged("an entry shares more than there is"));
            }
            if entry.shared < matched {
                return Ok(Some(Found { entry, prefix: entry.shared }));
            }
            if entry.shared == matched {
                let rest = target.key.get(matched..).unwrap_or_default();
                let common = suffix.iter().zip(rest).take_while(|(a, b)| a == b).count();
                let at_or_after = match (suffix.get(common), rest.get(common)) {
                    (Some(found), Some(sought)) => found > sought,
                    (Some(_), None) => true,
                    (None, Some(_)) => false,
                    (None, None) => target.admits(entry.delta),
                };
                if at_or_after {
                    return Ok(Some(Found { entry, prefix: matched }));
                }
                matched += common;
            }
            key_len = entry.shared + suffix.len();
            at = entry.end;
        }
        Ok(None)
    }

    fn restart_entry(&self, index: usize) -> Result<EntryAt> {
        match self.entry(self.restart(index))? {
            Some(entry) if entry.shared == 0 => Ok(entry),
            _ => Err(self.damaged("a restart point has no whole key")),
        }
    }
}

/// An entry whose bytes begin with `rest`. Its end is not checked against anything.
#[inline]
fn parse(rest: &[u8], at: usize) -> Option<EntryAt> {
    let mut reader = Reader::new(rest);
    let shared = number(&mut reader)?;
    let unshared = number(&mut reader)?;
    let tag = number(&mut reader)?;
    let delta = number(&mut reader)?;
    let kind = if tag & 3 == 1 { Kind::Put } else { Kind::Delete };
    let value_len = usize::try_from(tag >> KIND_BITS).ok()?;
    if kind == Kind::Delete && tag != u64::from(Kind::Delete.byte()) {
        return None;
    }
    let suffix_at = at + (rest.len() - reader.rest().len());
    let value_at = suffix_at.checked_add(usize::try_from(unshared).ok()?)?;
    let end = value_at.checked_add(value_len)?;
    let shared = usize::try_from(shared).ok()?;
    Some(EntryAt { at, suffix_at, value_at, end, shared, kind, delta })
}

/// A varint; most have one byte or two.
#[inline]
fn number(reader: &mut Reader<'_>) -> Option<u64> {
    match reader.rest() {
        [byte @ ..0x80, rest @ ..] => {
            *reader = Reader::new(rest);
            Some(u64::from(*byte))
        }
        [low, high @ 1..0x80, rest @ ..] => {
            *reader = Reader::new(rest);
            Some(u64::from(*low & 0x7f) | u64::from(*high) << 7)
        }
        _ => reader.varint().ok(),
    }
}
