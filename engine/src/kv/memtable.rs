//! The memtable: sorted writes in memory, several versions of a key side by side.
//!
//! A skip list in three vectors: the bytes of keys and values, the entries, and their links. An
//! entry is named by its number, so that a cursor borrows nothing, and freeing a memtable is
//! freeing three vectors. Towers have the heights that the entry's number gives them: equal calls
//! build equal tables.
//!
//! Order: keys ascending, and under one key sequence numbers descending, so that the newest version
//! at or below a sequence number is the first entry at or after it.

mod filter;
mod list;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use super::entry::Kind;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::sought::Sought;
use crate::limits::KEY_BYTES_MAX;
use filter::KeyFilter;
use list::{Entry, HEAD, List, Splice};

const _: () = assert!(KEY_BYTES_MAX <= u16::MAX as usize);

/// An entry of a memtable. It means nothing to any other memtable, nor to this one after `clear` or
/// `truncate_after`: what is then read through it is some other entry, or an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node(u32);

/// The version of a key that a lookup found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// Its sequence number.
    pub seq: u64,
    /// Whether it is a value or a tombstone.
    pub kind: Kind,
    /// The value; empty for a tombstone.
    pub value: &'a [u8],
}

/// Sorted entries in memory. An empty one takes no memory.
#[derive(Debug, Default)]
pub struct Memtable {
    bytes: Vec<u8>,
    list: List,
    /// Where the last entry went in: entries that come in order need no search.
    hint: Splice,
    max_seq: u64,
    /// Most lookups are of keys that are not here.
    filter: KeyFilter,
}

impl Memtable {
    /// Adds an entry. Fails with `LimitExceeded` for a key above [`KEY_BYTES_MAX`] or where all
    /// keys and values would take more than 4 GiB, and with `InvalidInput` where the key has an
    /// entry of this sequence number already; nothing is changed then.
    pub fn insert(&mut self, key: &[u8], seq: u64, kind: Kind, value: &[u8]) -> Result<()> {
        let key_len = u16::try_from(key.len()).ok().filter(|_| key.len() <= KEY_BYTES_MAX);
        let key_len = key_len.ok_or_else(|| full("a key is too long"))?;
        let value_len = u32::try_from(value.len()).map_err(|_| full("a value is too long"))?;
        let offset = arena_offset(self.bytes.len(), key.len() + value.len())?;
        let splice = self.splice(key, seq);
        let after = self.list.next_of(splice.before());
        if after != HEAD && self.compare(after, key, seq) == Ordering::Equal {
            return Err(Error::invalid("a key may be written once per sequence number"));
        }
        let entry = Entry::new(seq, kind, offset, key_len, value_len);
        self.hint = self.list.link(entry, splice)?;
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.max_seq = self.max_seq.max(seq);
        if self.filter.add(key) {
            self.refill_filter();
        }
        Ok(())
    }

    /// The newest version of a key at or below `seq`, as [`Memtable::get`] finds it.
    pub(crate) fn find(&self, sought: &Sought<'_>, seq: u64) -> Option<Found<'_>> {
        if self.filter.may_contain(sought) { self.get(sought.key, seq) } else { None }
    }

    /// The newest version of `key` at or below `seq`.
    pub fn get(&self, key: &[u8], seq: u64) -> Option<Found<'_>> {
        let node = self.seek(key, seq)?;
        let entry = self.list.entry(node.0);
        let is_found = self.key_of(entry) == key;
        is_found.then(|| Found { seq: entry.seq, kind: entry.kind, value: self.value_of(entry) })
    }

    /// The first entry.
    pub fn first(&self) -> Option<Node> {
        node(self.list.next_of(HEAD))
    }

    /// The last entry.
    pub fn last(&self) -> Option<Node> {
        node(self.list.last())
    }

    /// The first entry at or after (key, seq): a version of `key` at or below `seq`, or else the
    /// newest version of the next key.
    pub fn seek(&self, key: &[u8], seq: u64) -> Option<Node> {
        node(self.list.next_of(self.find_before(key, seq)))
    }

    /// The last entry of the keys below `key`: the oldest version of the last of them.
    pub fn seek_before(&self, key: &[u8]) -> Option<Node> {
        node(self.find_before(key, u64::MAX))
    }

    /// The entry after `at`.
    pub fn next(&self, at: Node) -> Option<Node> {
        node(self.list.next_of(at.0))
    }

    /// The entry before `at`.
    pub fn prev(&self, at: Node) -> Option<Node> {
        node(self.list.entry(at.0).prev)
    }

    /// The entry's key.
    pub fn key(&self, at: Node) -> &[u8] {
        self.key_of(self.list.entry(at.0))
    }

    /// The entry's sequence number.
    pub fn seq(&self, at: Node) -> u64 {
        self.list.entry(at.0).seq
    }

    /// Whether the entry is a value or a tombstone.
    pub fn kind(&self, at: Node) -> Kind {
        self.list.entry(at.0).kind
    }

    /// The entry's value; empty for a tombstone.
    pub fn value(&self, at: Node) -> &[u8] {
        self.value_of(self.list.entry(at.0))
    }

    /// Bytes of keys, values, entries and links: what the entries take in memory, up to the room
    /// that vectors keep for growing, and two bytes a key for the filter. The same on every
    /// platform, as it decides when a flush happens.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.list.bytes()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.list.len() == 0
    }

    /// The greatest sequence number of an entry; 0 where there is none.
    pub fn max_seq(&self) -> u64 {
        self.max_seq
    }

    /// Removes all entries and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.list.clear();
        self.hint = Splice::default();
        self.max_seq = 0;
        self.filter.clear();
    }

    /// Removes every entry with a sequence number above `seq`. A table that never had them is equal
    /// to this one afterwards, provided that they were the last to be inserted.
    pub fn truncate_after(&mut self, seq: u64) {
        if self.max_seq() <= seq {
            return;
        }
        self.list.unlink(|entry| entry.seq > seq);
        if self.is_empty() {
            return self.clear();
        }
        if let Some(offset) = self.list.pop_back(|entry| entry.seq > seq) {
            self.bytes.truncate(as_usize(offset));
        }
        self.hint = Splice::default();
        self.max_seq = 0;
        let mut at = self.list.next_of(HEAD);
        while at != HEAD {
            self.max_seq = self.max_seq.max(self.list.entry(at).seq);
            at = self.list.next_of(at);
        }
    }

    /// Makes the filter anew, with room for more keys.
    fn refill_filter(&mut self) {
        let mut filter = self.filter.grown();
        let mut at = self.first();
        while let Some(node) = at {
            filter.put(self.key(node));
            at = self.next(node);
        }
        self.filter = filter;
    }

    /// The last entry before (key, seq), or [`HEAD`].
    fn find_before(&self, key: &[u8], seq: u64) -> u32 {
        self.list.find_before(|at| self.compare(at, key, seq) == Ordering::Less)
    }

    /// Where (key, seq) belongs, on every level.
    fn splice(&self, key: &[u8], seq: u64) -> Splice {
        let before = self.hint.before();
        let after = self.list.next_of(before);
        let fits = (before == HEAD || self.compare(before, key, seq) == Ordering::Less)
            && (after == HEAD || self.compare(after, key, seq) == Ordering::Greater);
        if fits {
            return self.hint;
        }
        self.list.find_splice(|at| self.compare(at, key, seq) == Ordering::Less)
    }

    /// How the entry `at` is ordered against (key, seq).
    fn compare(&self, at: u32, key: &[u8], seq: u64) -> Ordering {
        let entry = self.list.entry(at);
        self.key_of(entry).cmp(key).then(seq.cmp(&entry.seq))
    }

    fn key_of(&self, entry: &Entry) -> &[u8] {
        let start = as_usize(entry.offset);
        self.bytes.get(start..start + usize::from(entry.key_len)).unwrap_or_default()
    }

    fn value_of(&self, entry: &Entry) -> &[u8] {
        let start = as_usize(entry.offset) + usize::from(entry.key_len);
        self.bytes.get(start..start + as_usize(entry.value_len)).unwrap_or_default()
    }
}

fn node(at: u32) -> Option<Node> {
    (at != HEAD).then_some(Node(at))
}

/// Where the next `more` bytes begin, as long as their end can be told in 32 bits.
fn arena_offset(len: usize, more: usize) -> Result<u32> {
    let offset = u32::try_from(len).ok();
    let end = len.checked_add(more).filter(|end| u32::try_from(*end).is_ok());
    offset.filter(|_| end.is_some()).ok_or_else(|| full("the writes in memory are too many"))
}

#[cold]
fn full(what: &str) -> Error {
    Error::new(ErrorKind::LimitExceeded, format!("{what}; commit less at a time"))
}

fn as_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
