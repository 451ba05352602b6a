//! Builds the frame of the open group of commits. FORMAT.md, section 7.3.

use std::ops::Range;

use super::commits::{END_OF_COMMIT, VALUE_BYTES_MAX};
use super::frame::{FRAME_HEAD_BYTES, FrameHead, FrameKind};
use crate::codec::bytes::put_slice;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::entry::Kind;
use crate::limits::KEY_BYTES_MAX;
use crate::options::Durability;

/// A frame under construction, in one buffer that is used again and again: head and payload lie in
/// it as they will in the file, so that a frame is one write.
#[derive(Debug, Default)]
pub(crate) struct FrameBuilder {
    /// Room for the head, then the payload; empty before the first commit.
    buf: Vec<u8>,
    commits: u32,
    is_catalog: bool,
    /// What the head will say, until the content changes.
    seal: Option<Seal>,
}

#[derive(Clone, Copy, Debug)]
struct Seal {
    first_seq: u64,
    durable_seq: u64,
    relaxed: bool,
}

/// A state of a frame to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    len: usize,
    commits: u32,
}

impl Mark {
    /// Whether the frame held nothing.
    pub fn is_empty(self) -> bool {
        self.commits == 0
    }
}

impl FrameBuilder {
    /// Bytes of the payload so far.
    pub fn bytes(&self) -> usize {
        self.buf.len().saturating_sub(FRAME_HEAD_BYTES)
    }

    /// Commits so far; a catalog is one.
    pub fn commits(&self) -> u64 {
        u64::from(self.commits)
    }

    /// The state to go back to with [`FrameBuilder::rewind`].
    pub fn mark(&self) -> Mark {
        Mark { len: self.buf.len(), commits: self.commits }
    }

    /// Takes back what was added after `mark`.
    pub fn rewind(&mut self, mark: Mark) {
        self.buf.truncate(mark.len);
        self.commits = mark.commits;
        self.is_catalog &= self.commits > 0;
        self.seal = None;
    }

    /// Empties the frame and keeps its memory.
    pub fn clear(&mut self) {
        self.rewind(Mark { len: 0, commits: 0 });
    }

    /// Adds a commit: its entries in ascending order, each key once; the value of a delete is
    /// ignored. Fails with `LimitExceeded` for a key or value that is too long and with
    /// `InvalidInput` for keys out of order or a frame that holds a catalog; nothing of the
    /// commit is added then.
    pub fn push_commit<'e>(
        &mut self,
        entries: impl IntoIterator<Item = (&'e [u8], Kind, &'e [u8])>,
    ) -> Result<()> {
        let mark = self.mark();
        let pushed = self.push_entries(entries);
        if pushed.is_err() {
            self.rewind(mark);
        }
        pushed
    }

    /// Makes a catalog the frame's content. Fails with `InvalidInput` where the frame holds commits
    /// or the catalog is empty.
    pub fn set_catalog(&mut self, catalog: &[u8]) -> Result<()> {
        if self.commits > 0 || catalog.is_empty() {
            return Err(Error::invalid("a catalog has a frame of its own"));
        }
        self.begin();
        self.buf.extend_from_slice(catalog);
        self.commits = 1;
        self.is_catalog = true;
        Ok(())
    }

    /// Ends the frame: `first_seq` is the number of its first commit, `durable_seq` the last commit
    /// known to be durable, of any epoch.
    pub fn seal(&mut self, first_seq: u64, durable_seq: u64, durability: Durability) {
        self.seal =
            Some(Seal { first_seq, durable_seq, relaxed: durability == Durability::Relaxed });
    }

    /// Fills in the head for the place that the frame will have, and returns the frame's bytes.
    /// Fails with `InvalidInput` for a frame that is not sealed or empty, that does not begin
    /// with `first_seq`, or that was sealed as durable before it is written.
    pub fn finish(&mut self, epoch: u64, offset: u64, first_seq: u64) -> Result<&[u8]> {
        let sealed = self.seal.filter(|seal| {
            seal.first_seq == first_seq && seal.durable_seq < first_seq && self.commits > 0
        });
        let payload_len =
            u32::try_from(self.bytes()).map_err(|_| too_large("a group of commits"))?;
        let buf = self.buf.split_first_chunk_mut::<FRAME_HEAD_BYTES>();
        let (Some(seal), Some((room, payload))) = (sealed, buf) else {
            return Err(Error::invalid("a frame is sealed with the next commit's number"));
        };
        let head = FrameHead {
            payload_len,
            kind: if self.is_catalog { FrameKind::Catalog } else { FrameKind::Commits },
            relaxed: seal.relaxed,
            first_seq,
            durable_seq: seal.durable_seq,
            count: self.commits,
            checksum: 0,
        };
        *room = head.encode_for(epoch, offset, payload);
        Ok(&self.buf)
    }

    fn begin(&mut self) {
        self.seal = None;
        if self.buf.is_empty() {
            self.buf.resize(FRAME_HEAD_BYTES, 0);
        }
    }

    fn push_entries<'e>(
        &mut self,
        entries: impl IntoIterator<Item = (&'e [u8], Kind, &'e [u8])>,
    ) -> Result<()> {
        if self.is_catalog {
            return Err(Error::invalid("a catalog has a frame of its own"));
        }
        self.begin();
        let mut last: Option<Range<usize>> = None;
        for (key, kind, value) in entries {
            let last_key = last.and_then(|range| self.buf.get(range));
            if last_key.is_some_and(|last| last >= key) {
                return Err(Error::invalid("the keys of a commit ascend, each of them once"));
            }
            if key.len() > KEY_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
                return Err(too_large("a key or a value"));
            }
            self.buf.push(kind.byte());
            put_slice(&mut self.buf, key);
            last = Some(self.buf.len() - key.len()..self.buf.len());
            if kind == Kind::Put {
                put_slice(&mut self.buf, value);
            }
        }
        self.buf.push(END_OF_COMMIT);
        self.commits =
            self.commits.checked_add(1).ok_or_else(|| too_large("a group of commits"))?;
        Ok(())
    }
}

#[cold]
fn too_large(what: &str) -> Error {
    Error::new(
        ErrorKind::LimitExceeded,
        format!("{what} is too large for the log; write less at a time"),
    )
}
