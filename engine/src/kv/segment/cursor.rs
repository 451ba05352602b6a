//! Walks a segment in both directions.

use std::sync::Arc;

use super::block::{Block, EntryAt, Target, kind_of};
use super::block_cursor::BlockCursor;
use super::reader::{Keep, Segment, pointer};
use crate::codec::seal::BlockKind;
use crate::error::Result;
use crate::kv::entry::Kind;
use crate::kv::io::Io;
use crate::storage::Storage;

/// An entry of an index block on the way from the root to a data block.
#[derive(Clone, Debug)]
struct Step {
    block: Arc<Block>,
    entry: EntryAt,
}

/// Which entry of a block to take on the way down.
#[derive(Clone, Copy, Debug)]
enum Toward<'a> {
    First,
    Last,
    Target(Target<'a>),
}

#[derive(Clone, Copy, Debug)]
enum Direction {
    Forward,
    Back,
}

/// A position on an entry of a segment, or on none. It borrows nothing, so that a job can keep it.
///
/// When a block has to be fetched first (see
/// [`Error::is_missing`](crate::error::Error::is_missing)) the cursor stays where it was, so that
/// the call can be repeated.
#[derive(Debug)]
pub(crate) struct SegmentCursor {
    segment: Arc<Segment>,
    keep: Keep,
    /// From the root of the index to the pointer to the current data block.
    path: Vec<Step>,
    /// A path is made here and takes effect once all its blocks are at hand.
    next_path: Vec<Step>,
    data: BlockCursor,
    valid: bool,
}

impl SegmentCursor {
    /// A cursor on no entry yet.
    pub fn new(segment: Arc<Segment>) -> Self {
        Self::with_keep(segment, Keep::Yes)
    }

    /// A cursor for reading the segment once from end to end: data blocks it reads stay out of the
    /// cache.
    pub fn for_merge(segment: Arc<Segment>) -> Self {
        Self::with_keep(segment, Keep::No)
    }

    fn with_keep(segment: Arc<Segment>, keep: Keep) -> Self {
        let (path, next_path, data) = (Vec::new(), Vec::new(), BlockCursor::default());
        Self { segment, keep, path, next_path, data, valid: false }
    }

    /// Whether it is on an entry. If it is not, only seeking leads to one.
    #[inline]
    pub fn valid(&self) -> bool {
        self.valid
    }

    /// The user key of the entry; empty if there is none.
    #[inline]
    pub fn key(&self) -> &[u8] {
        if self.valid { self.data.key() } else { &[] }
    }

    /// The sequence number of the entry; 0 if there is none.
    #[inline]
    pub fn seq(&self) -> u64 {
        let delta = self.entry().map_or(0, |(_, entry)| entry.delta);
        if self.valid { self.segment.meta().base_seq.saturating_add(delta) } else { 0 }
    }

    /// The kind of the entry; [`Kind::Delete`] if there is none.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.entry().map_or(Kind::Delete, |(_, entry)| kind_of(entry))
    }

    /// The value of the entry; empty for a delete or if there is none.
    #[inline]
    pub fn value(&self) -> &[u8] {
        self.entry().map_or(&[], |(block, entry)| block.value(entry))
    }

    /// Moves to the first entry at or after (key, seq): of that key the newest one with at most
    /// this sequence number, or else the newest of the next key.
    pub fn seek<S: Storage>(&mut self, io: &Io<S>, key: &[u8], seq: u64) -> Result<()> {
        let target = self.segment.target(key, seq);
        let Some(block) = self.descend_anew(io, Toward::Target(target))? else {
            self.leave();
            return Ok(());
        };
        if let Some(found) = block.seek(target)? {
            self.data.enter(block, found, key);
            self.arrive();
            return Ok(());
        }
        // The target lies between the last entry of the block and its separator.
        let block = self.descend_aside(io, Direction::Forward)?;
        self.enter_first(block)
    }

    /// Moves to the last entry whose key is below `key`.
    pub fn seek_before<S: Storage>(&mut self, io: &Io<S>, key: &[u8]) -> Result<()> {
        let target = Target { key, delta: Some(u64::MAX) };
        let Some(block) = self.descend_anew(io, Toward::Target(target))? else {
            return self.seek_last(io);
        };
        let end = block.seek(target)?.map_or(block.entries_end(), |found| found.entry.at);
        if end > 0 {
            self.data.enter_before(block, end)?;
            self.arrive();
            return Ok(());
        }
        let block = self.descend_aside(io, Direction::Back)?;
        self.enter_last(block)
    }

    /// Moves to the first entry.
    pub fn seek_first<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        let block = self.descend_anew(io, Toward::First)?;
        self.enter_first(block)
    }

    /// Moves to the last entry.
    pub fn seek_last<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        let block = self.descend_anew(io, Toward::Last)?;
        self.enter_last(block)
    }

    /// Moves on by one entry.
    #[inline]
    pub fn next<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        if !self.valid || self.data.step()? {
            return Ok(());
        }
        self.next_path.clone_from(&self.path);
        let block = self.descend_aside(io, Direction::Forward)?;
        self.enter_first(block)
    }

    /// Moves back by one entry.
    #[inline]
    pub fn prev<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        if !self.valid || self.data.step_back()? {
            return Ok(());
        }
        self.next_path.clone_from(&self.path);
        let block = self.descend_aside(io, Direction::Back)?;
        self.enter_last(block)
    }

    #[inline]
    fn entry(&self) -> Option<(&Block, &EntryAt)> {
        self.data.current().filter(|_| self.valid)
    }

    fn enter_first(&mut self, block: Option<Arc<Block>>) -> Result<()> {
        match block {
            Some(block) => {
                self.data.enter_first(block)?;
                self.arrive();
            }
            None => self.leave(),
        }
        Ok(())
    }

    fn enter_last(&mut self, block: Option<Arc<Block>>) -> Result<()> {
        match block {
            Some(block) => {
                self.data.enter_last(block)?;
                self.arrive();
            }
            None => self.leave(),
        }
        Ok(())
    }

    fn arrive(&mut self) {
        std::mem::swap(&mut self.path, &mut self.next_path);
        self.valid = true;
    }

    fn leave(&mut self) {
        self.valid = false;
    }

    /// Makes `next_path` lead from the root to a data block, and returns that block.
    fn descend_anew<S: Storage>(
        &mut self,
        io: &Io<S>,
        toward: Toward<'_>,
    ) -> Result<Option<Arc<Block>>> {
        self.next_path.clear();
        self.descend(io, toward)
    }

    /// Makes `next_path` lead to the data block next to the one it leads to.
    fn descend_aside<S: Storage>(
        &mut self,
        io: &Io<S>,
        direction: Direction,
    ) -> Result<Option<Arc<Block>>> {
        while let Some(Step { block, entry }) = self.next_path.pop() {
            let beside = match direction {
                Direction::Forward => block.entry(entry.end)?,
                Direction::Back => block.entry_before(entry.at)?,
            };
            if let Some(entry) = beside {
                self.next_path.push(Step { block, entry });
                return match direction {
                    Direction::Forward => self.descend(io, Toward::First),
                    Direction::Back => self.descend(io, Toward::Last),
                };
            }
        }
        Ok(None)
    }

    /// Extends `next_path` down to a data block.
    fn descend<S: Storage>(
        &mut self,
        io: &Io<S>,
        toward: Toward<'_>,
    ) -> Result<Option<Arc<Block>>> {
        let footer = self.segment.footer(io)?;
        loop {
            let ptr = match self.next_path.last() {
                Some(Step { block, entry }) => pointer(block, entry)?,
                None => footer.root,
            };
            if self.next_path.len() >= footer.levels {
                return self.segment.block(io, ptr, BlockKind::Data, self.keep).map(Some);
            }
            let block = self.segment.block(io, ptr, BlockKind::Index, Keep::Yes)?;
            let entry = match toward {
                Toward::First => block.entry(0)?,
                Toward::Last => block.entry_before(block.entries_end())?,
                Toward::Target(target) => block.seek(target)?.map(|found| found.entry),
            };
            let Some(entry) = entry else {
                return Ok(None);
            };
            self.next_path.push(Step { block, entry });
        }
    }
}
