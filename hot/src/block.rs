//! The entries of a block, by their place in it: finding one, and going on to the next. FORMAT.md,
//! section 6.2.

#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::{Malformed, Result};

/// Bytes of a restart offset, and of their count.
pub const RESTART_BYTES: usize = 2;
/// Low bits of an entry's tag that hold its kind; the length of the value is above them.
pub const KIND_BITS: u32 = 2;
/// The kind of an entry that has a value; a delete is one more.
const PUT: u8 = 1;
const DELETE: u8 = 2;

/// Where the parts of one entry lie in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where the entry begins.
    pub at: usize,
    /// Where the unshared part of its key begins.
    pub suffix_at: usize,
    /// Where its value begins.
    pub value_at: usize,
    /// Where the entry ends.
    pub end: usize,
    /// Bytes of its key that are those of the key before.
    pub shared: usize,
    /// Whether it says that there is no value.
    pub is_delete: bool,
    /// Sequence number, counted from the segment's base.
    pub delta: u64,
}

/// What to look for: the first entry at or after this key and sequence number.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The whole key.
    pub key: &'a [u8],
    /// Counted from the segment's base; none is below every entry of the key.
    pub delta: Option<u64>,
}

/// An entry that was looked for: its key is the target's first `prefix` bytes and then its suffix.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The entry.
    pub entry: Entry,
    /// Bytes of the target that its key begins with.
    pub prefix: usize,
}

/// The lengths of an entry, which say where its key is and where the next entry begins.
struct Lengths {
    kind: u8,
    shared: usize,
    delta_at: usize,
    suffix_at: usize,
    value_at: usize,
    end: usize,
}

/// How an entry is ordered against a target.
struct Compared {
    is_before: bool,
    /// How much of the one is as in the other.
    common: usize,
}

/// The entries of a block and its restart points.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a> {
    entries: &'a [u8],
    restarts: &'a [u8],
}

impl<'a> Entries<'a> {
    /// Entries, and the offsets of restart points, which are known to lead into them.
    pub fn new(entries: &'a [u8], restarts: &'a [u8]) -> Self {
        Self { entries, restarts }
    }

    /// The entry that begins at `at`; none at the end.
    #[inline(never)]
    pub fn entry(self, at: usize) -> Result<Option<Entry>> {
        if at >= self.entries.len() { Ok(None) } else { self.parse(at).map(Some) }
    }

    /// Moves `current` and its whole `key` on to the next entry; says false at the last one and
    /// leaves it there.
    #[inline(never)]
    pub fn step(self, current: &mut Entry, key: &mut Vec<u8>) -> Result<bool> {
        if current.end >= self.entries.len() {
            return Ok(false);
        }
        let entry = self.parse(current.end)?;
        let suffix = self.slice(entry.suffix_at, entry.value_at);
        let follows = key.get(entry.shared..).is_some_and(|tail| {
            let common = common(suffix, tail);
            match (suffix.get(common), tail.get(common)) {
                (Some(byte), Some(before)) => byte > before,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => entry.delta < current.delta,
            }
        });
        if !follows {
            return Err(Malformed("entries are out of order"));
        }
        key.truncate(entry.shared);
        key.extend_from_slice(suffix);
        *current = entry;
        Ok(true)
    }

    /// The first entry at or after the target; none if all are before it.
    #[inline(never)]
    pub fn seek(self, target: Target<'_>) -> Result<Option<Found>> {
        let restarts = self.restarts.len() / RESTART_BYTES;
        let (mut low, mut high) = (0, restarts);
        while low < high {
            let middle = low.midpoint(high);
            let lengths = self.lengths(self.restart(middle)).ok_or(UNREADABLE)?;
            if lengths.shared > 0 {
                return Err(NO_WHOLE_KEY);
            }
            if self.compare(&lengths, 0, target)?.is_before {
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
        if low == restarts { Ok(None) } else { self.found(self.restart(low), 0).map(Some) }
    }

    /// The first entry at or after the target from `from`, a restart point, up to `to`.
    ///
    /// No key is put together on the way. As long as the key before is below the target, they part
    /// at byte `matched`: a key that shares more than that with the key before is below the target
    /// too, one that shares less is above it, and only one that shares exactly that much has to be
    /// compared. Values and sequence numbers are passed over.
    #[inline]
    fn seek_between(self, from: usize, to: usize, target: Target<'_>) -> Result<Option<Found>> {
        let (mut at, mut matched, mut key_len) = (from, 0, 0);
        while at < to {
            let lengths = self.lengths(at).ok_or(UNREADABLE)?;
            if lengths.shared > key_len {
                return Err(Malformed("an entry shares more than there is"));
            }
            if lengths.shared < matched {
                return self.found(at, lengths.shared).map(Some);
            }
            if lengths.shared == matched {
                let Compared { is_before, common } = self.compare(&lengths, matched, target)?;
                if !is_before {
                    return self.found(at, matched).map(Some);
                }
                matched += common;
            }
            key_len = lengths.shared + (lengths.value_at - lengths.suffix_at);
            at = lengths.end;
        }
        Ok(None)
    }

    #[inline(never)]
    fn found(self, at: usize, prefix: usize) -> Result<Found> {
        let entry = self.parse(at)?;
        if entry.shared < prefix || prefix == 0 && entry.shared > 0 {
            return Err(NO_WHOLE_KEY);
        }
        Ok(Found { entry, prefix })
    }

    /// Compares the suffix of an entry with the target from `matched` on.
    #[expect(clippy::inline_always, reason = "a call would cost as much as what it does")]
    #[inline(always)]
    fn compare(self, lengths: &Lengths, matched: usize, target: Target<'_>) -> Result<Compared> {
        let suffix = self.slice(lengths.suffix_at, lengths.value_at);
        let rest = target.key.get(matched..).unwrap_or_default();
        let common = common(suffix, rest);
        let is_before = match (suffix.get(common), rest.get(common)) {
            (Some(found), Some(sought)) => found < sought,
            (found, None) if found.is_none() => self.is_newer(lengths.delta_at, target.delta)?,
            (found, _) => found.is_none(),
        };
        Ok(Compared { is_before, common })
    }

    /// Whether an entry of the key that is looked for is above the sequence number.
    #[inline(never)]
    fn is_newer(self, delta_at: usize, delta: Option<u64>) -> Result<bool> {
        let (own, _) = self.number(delta_at)?;
        Ok(delta.is_none_or(|max| own > max))
    }

    /// Where the entry of a restart point begins; past all entries if there is no such point.
    fn restart(self, index: usize) -> usize {
        let offset = self.restarts.get(index * RESTART_BYTES..).and_then(<[u8]>::first_chunk);
        offset.map_or(self.entries.len(), |offset| usize::from(u16::from_le_bytes(*offset)))
    }

    #[inline]
    fn slice(self, from: usize, to: usize) -> &'a [u8] {
        self.entries.get(from..to).unwrap_or_default()
    }

    /// The lengths of the entry at `at`. Its sequence number is passed over without a look.
    #[expect(clippy::inline_always, reason = "a call would cost as much as what it does")]
    #[inline(always)]
    fn lengths(self, at: usize) -> Option<Lengths> {
        let chunk: Option<&[u8; 4]> = self.entries.get(at..).and_then(<[u8]>::first_chunk);
        // All but a few entries have lengths of one byte, and of two for the value.
        let (shared, unshared, low, tag, delta_at) = match chunk {
            Some(&[shared @ ..0x80, unshared @ ..0x80, low @ ..0x80, _]) => {
                (shared, unshared, low, usize::from(low), at + 3)
            }
            Some(&[shared @ ..0x80, unshared @ ..0x80, low, high @ 1..0x80]) => {
                let tag = usize::from(low & 0x7f) | usize::from(high) << 7;
                (shared, unshared, low, tag, at + 4)
            }
            _ => {
                // Taken apart, so that the usual case is not made to go through memory.
                let Lengths { kind, shared, delta_at, suffix_at, value_at, end } =
                    self.long_lengths(at)?;
                return Some(Lengths { kind, shared, delta_at, suffix_at, value_at, end });
            }
        };
        let mut suffix_at = delta_at + 1;
        while *self.entries.get(suffix_at - 1)? >= 0x80 {
            suffix_at += 1;
        }
        let value_at = suffix_at + usize::from(unshared);
        let end = value_at + (tag >> KIND_BITS);
        if end > self.entries.len() {
            return None;
        }
        let shared = usize::from(shared);
        Some(Lengths { kind: low & 3, shared, delta_at, suffix_at, value_at, end })
    }

    #[cold]
    #[inline(never)]
    fn long_lengths(self, at: usize) -> Option<Lengths> {
        let (shared, at) = self.number(at).ok()?;
        let (unshared, at) = self.number(at).ok()?;
        let (tag, delta_at) = self.number(at).ok()?;
        let (_, suffix_at) = self.number(delta_at).ok()?;
        let behind = |from: usize, len: u64| from.checked_add(usize::try_from(len).ok()?);
        let value_at = behind(suffix_at, unshared)?;
        let end = behind(value_at, tag >> KIND_BITS).filter(|end| *end <= self.entries.len())?;
        let (kind, shared) = ((tag & 3) as u8, usize::try_from(shared).ok()?);
        Some(Lengths { kind, shared, delta_at, suffix_at, value_at, end })
    }

    /// The entry at `at`.
    #[inline]
    fn parse(self, at: usize) -> Result<Entry> {
        let lengths = self.lengths(at).ok_or(UNREADABLE)?;
        let Lengths { kind, shared, delta_at, suffix_at, value_at, end } = lengths;
        let (delta, _) = self.number(delta_at)?;
        let is_delete = kind != PUT;
        if is_delete && (kind != DELETE || end > value_at) {
            return Err(UNREADABLE);
        }
        Ok(Entry { at, suffix_at, value_at, end, shared, is_delete, delta })
    }

    /// The varint at `at`, and where it ends. Most have one byte or two.
    #[inline(never)]
    fn number(self, at: usize) -> Result<(u64, usize)> {
        match self.entries.get(at..) {
            Some([byte @ ..0x80, ..]) => Ok((u64::from(*byte), at + 1)),
            Some([low, high @ 1..0x80, ..]) => {
                Ok((u64::from(*low & 0x7f) | u64::from(*high) << 7, at + 2))
            }
            Some(rest) => long_number(rest).map(|(n, len)| (n, at + len)),
            None => Err(UNREADABLE),
        }
    }
}

const UNREADABLE: Malformed = Malformed("an entry cannot be read");
const NO_WHOLE_KEY: Malformed = Malformed("a restart point has no whole key");

#[cold]
#[inline(never)]
fn long_number(rest: &[u8]) -> Result<(u64, usize)> {
    let mut reader = Reader::new(rest);
    let n = reader.varint().map_err(|_| UNREADABLE)?;
    Ok((n, rest.len() - reader.rest().len()))
}

/// How many bytes two strings have in common at their start.
#[inline]
fn common(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let mut at = 0;
    // Eight bytes at a time; the last eight may lie over some that were compared.
    while at < len && len >= 8 {
        at = at.min(len - 8);
        let differing = word(a, at) ^ word(b, at);
        if differing != 0 {
            return at + (differing.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < len && a.get(at) == b.get(at) {
        at += 1;
    }
    at
}

#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |word| u64::from_le_bytes(*word))
}
