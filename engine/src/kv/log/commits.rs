//! The commits in a frame's payload. FORMAT.md, section 7.3.

use crate::codec::bytes::Reader;
use crate::error::{Error, Result};
use crate::kv::entry::Kind;
use crate::limits::{BLOCK_BYTES_MAX, KEY_BYTES_MAX};

/// Stands where the kind of another entry would: no kind has this byte.
pub(crate) const END_OF_COMMIT: u8 = 0;
/// Longest value of an entry in any geometry.
pub(crate) const VALUE_BYTES_MAX: usize = BLOCK_BYTES_MAX as usize * 4;

/// One write of a commit: key, kind and value, which is empty for a delete.
pub(crate) type LogEntry<'a> = (&'a [u8], Kind, &'a [u8]);

/// One commit of a frame, whose entries have been checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Commit<'a> {
    seq: u64,
    entries: Reader<'a>,
}

impl<'a> Commit<'a> {
    /// Its sequence number.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Its entries, keys ascending.
    pub fn entries(&self) -> impl Iterator<Item = LogEntry<'a>> + use<'a> {
        let mut rest = self.entries;
        std::iter::from_fn(move || read_entry(&mut rest).ok().flatten())
    }
}

/// Reads commit after commit; an error is the last item.
#[derive(Clone, Debug)]
pub(crate) struct Commits<'a> {
    rest: Reader<'a>,
    seq: u64,
    left: u32,
}

impl<'a> Commits<'a> {
    /// The `count` commits in `payload`, numbered from `first_seq` on.
    pub fn new(payload: &'a [u8], first_seq: u64, count: u32) -> Self {
        Self { rest: Reader::new(payload), seq: first_seq, left: count }
    }

    fn read(&mut self) -> Result<Commit<'a>> {
        let entries = self.rest;
        let mut last: Option<&[u8]> = None;
        while let Some((key, _, _)) = read_entry(&mut self.rest)? {
            if last.is_some_and(|last| last >= key) {
                return Err(Error::decode("the keys of a commit are out of order"));
            }
            last = Some(key);
        }
        let seq = self.seq;
        self.seq = seq.saturating_add(1);
        self.left -= 1;
        if self.left == 0 && !self.rest.is_empty() {
            return Err(Error::decode("a frame goes on after its last commit"));
        }
        Ok(Commit { seq, entries })
    }
}

impl<'a> Iterator for Commits<'a> {
    type Item = Result<Commit<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let commit = self.read();
        if commit.is_err() {
            self.left = 0;
        }
        Some(commit)
    }
}

/// The next entry, or `None` at the end of the commit.
fn read_entry<'a>(reader: &mut Reader<'a>) -> Result<Option<LogEntry<'a>>> {
    let byte = reader.u8()?;
    if byte == END_OF_COMMIT {
        return Ok(None);
    }
    let kind = Kind::from_byte(byte)?;
    let key = reader.slice()?;
    let value = if kind == Kind::Put { reader.slice()? } else { &[] };
    if key.len() > KEY_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
        return Err(Error::decode("a key or a value is too long"));
    }
    Ok(Some((key, kind, value)))
}
