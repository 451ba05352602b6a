//! The skip list of a memtable: which entry follows which, on every level.
//!
//! Entry 0 is the head. It is before all others and no key is compared with it; as a link it means
//! that there is nothing further.

use super::{as_usize, full};
use crate::error::Result;
use crate::kv::entry::Kind;

/// The head of the list, and the end of every level.
pub const HEAD: u32 = 0;

/// Levels of the head. With a quarter of the entries of each level on the next one this serves
/// sixteen million entries before searches grow longer than logarithmic.
const LEVELS: u8 = 12;

/// One entry: where its bytes are, and where its links are.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub seq: u64,
    /// Where the key begins in the arena; the value follows it.
    pub offset: u32,
    pub value_len: u32,
    /// Where the entry's links begin, from the lowest level up.
    tower: u32,
    /// The entry before this one.
    pub prev: u32,
    pub key_len: u16,
    pub kind: Kind,
}

impl Entry {
    /// An entry that is not in the list yet; its key begins at `offset` of the arena.
    pub fn new(seq: u64, kind: Kind, offset: u32, key_len: u16, value_len: u32) -> Self {
        Self { seq, offset, value_len, key_len, kind, ..NO_ENTRY }
    }
}

/// What an entry takes, on every platform.
const ENTRY_BYTES: usize = 32;
const LINK_BYTES: usize = 4;
const _: () = assert!(size_of::<Entry>() <= ENTRY_BYTES);

/// What an empty list answers, so that nothing needs the head before there is an entry.
const NO_ENTRY: Entry =
    Entry { seq: 0, offset: 0, value_len: 0, tower: 0, prev: HEAD, key_len: 0, kind: Kind::Delete };

/// A place between two entries: the entry before it on every level.
#[derive(Clone, Copy, Debug, Default)]
pub struct Splice([u32; LEVELS as usize]);

impl Splice {
    /// The entry before the place.
    pub fn before(&self) -> u32 {
        self.0.first().copied().unwrap_or(HEAD)
    }
}

/// The entries and their links.
#[derive(Debug, Default)]
pub struct List {
    entries: Vec<Entry>,
    links: Vec<u32>,
    len: usize,
    last: u32,
}

impl List {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes of entries and links.
    pub fn bytes(&self) -> usize {
        self.entries.len() * ENTRY_BYTES + self.links.len() * LINK_BYTES
    }

    /// The last entry, or [`HEAD`].
    pub fn last(&self) -> u32 {
        self.last
    }

    /// The entry of this number.
    pub fn entry(&self, at: u32) -> &Entry {
        self.entries.get(as_usize(at)).unwrap_or(&NO_ENTRY)
    }

    /// The entry after `at`, or [`HEAD`].
    pub fn next_of(&self, at: u32) -> u32 {
        self.next_on(at, 0)
    }

    fn next_on(&self, at: u32, level: usize) -> u32 {
        self.links.get(as_usize(self.entry(at).tower) + level).copied().unwrap_or(HEAD)
    }

    fn set_next(&mut self, at: u32, level: usize, next: u32) {
        let link = as_usize(self.entry(at).tower) + level;
        if let Some(link) = self.links.get_mut(link) {
            *link = next;
        }
    }

    /// The last entry that `is_before` holds for, or [`HEAD`]. It holds for a prefix of the list.
    pub fn find_before(&self, is_before: impl Fn(u32) -> bool) -> u32 {
        let mut at = HEAD;
        let mut known = HEAD;
        for level in (0..usize::from(LEVELS)).rev() {
            (at, known) = self.walk(at, level, known, &is_before);
        }
        at
    }

    /// The last entry that `is_before` holds for, on every level.
    pub fn find_splice(&self, is_before: impl Fn(u32) -> bool) -> Splice {
        let mut splice = Splice::default();
        let mut at = HEAD;
        let mut known = HEAD;
        for (level, place) in splice.0.iter_mut().enumerate().rev() {
            (at, known) = self.walk(at, level, known, &is_before);
            *place = at;
        }
        splice
    }

    /// Walks on one level while `is_before` holds; returns the last entry it holds for and the one
    /// after it. `known` is an entry that it does not hold for: it is often the next one on the
    /// level below as well, and then need not be compared again.
    fn walk(
        &self,
        mut at: u32,
        level: usize,
        known: u32,
        is_before: &impl Fn(u32) -> bool,
    ) -> (u32, u32) {
        loop {
            let next = self.next_on(at, level);
            if next == HEAD || next == known || !is_before(next) {
                return (at, next);
            }
            at = next;
        }
    }

    /// Links `entry` in at `splice`, and returns the place right after it.
    pub fn link(&mut self, entry: Entry, mut splice: Splice) -> Result<Splice> {
        if self.entries.is_empty() {
            self.entries.push(NO_ENTRY);
            self.links.resize(usize::from(LEVELS), HEAD);
        }
        let too_many = |_| full("the entries in memory are too many");
        let number = u32::try_from(self.entries.len()).map_err(too_many)?;
        let tower = u32::try_from(self.links.len()).map_err(too_many)?;
        let height = height_of(number);
        let prev = splice.before();
        let next = self.next_of(prev);
        self.entries.push(Entry { tower, prev, ..entry });
        for (level, before) in splice.0.iter_mut().enumerate().take(usize::from(height)) {
            self.links.push(self.next_on(*before, level));
            self.set_next(*before, level, number);
            *before = number;
        }
        self.set_prev(next, number);
        self.len += 1;
        Ok(splice)
    }

    /// Makes `prev` the entry before `at`, or the last entry where `at` is the end.
    fn set_prev(&mut self, at: u32, prev: u32) {
        if at == HEAD {
            self.last = prev;
        } else if let Some(entry) = self.entries.get_mut(as_usize(at)) {
            entry.prev = prev;
        }
    }

    /// Takes every entry that `is_gone` holds for out of all levels.
    pub fn unlink(&mut self, is_gone: impl Fn(&Entry) -> bool) {
        for level in (0..usize::from(LEVELS)).rev() {
            let mut at = HEAD;
            loop {
                let mut next = self.next_on(at, level);
                while next != HEAD && is_gone(self.entry(next)) {
                    next = self.next_on(next, level);
                    self.len -= usize::from(level == 0);
                }
                self.set_next(at, level, next);
                if level == 0 {
                    self.set_prev(next, at);
                }
                if next == HEAD {
                    break;
                }
                at = next;
            }
        }
    }

    /// Frees unlinked entries behind the last one that is still linked; returns where the bytes of
    /// the freed ones begin.
    pub fn pop_back(&mut self, is_gone: impl Fn(&Entry) -> bool) -> Option<u32> {
        let mut offset = None;
        while self.entries.len() > 1
            && let Some(entry) = self.entries.pop_if(|entry| is_gone(entry))
        {
            self.links.truncate(as_usize(entry.tower));
            offset = Some(entry.offset);
        }
        offset
    }

    /// Removes all entries and keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.links.clear();
        self.len = 0;
        self.last = HEAD;
    }
}

/// Levels of an entry: one, and one more for each pair of zero bits that its mixed number ends in.
fn height_of(number: u32) -> u8 {
    let pairs = mix(number).trailing_zeros() / 2;
    u8::try_from(pairs).map_or(1, |pairs| pairs.saturating_add(1)).min(LEVELS)
}

/// Spreads a counter over all bits: the finalizer of the 32-bit Murmur hash, a bijection.
fn mix(mut n: u32) -> u32 {
    n = (n ^ (n >> 16)).wrapping_mul(0x85eb_ca6b);
    n = (n ^ (n >> 13)).wrapping_mul(0xc2b2_ae35);
    n ^ (n >> 16)
}
