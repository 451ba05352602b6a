//! Where a merge reads from: a memtable or a run of segments, behind one interface.
//!
//! No source borrows the storage between calls: a compaction keeps its sources from step to step.

use std::ops::Deref;
use std::sync::Arc;

use super::entry::Kind;
use super::io::Io;
use super::memtable::{Memtable, Node};
use super::segment::SegmentCursor;
use super::version::Run;
use crate::error::Result;
use crate::storage::Storage;

/// A memtable, borrowed for a read or shared with a job.
#[derive(Debug)]
pub(crate) enum TableRef<'a> {
    Borrowed(&'a Memtable),
    Shared(Arc<Memtable>),
}

impl Deref for TableRef<'_> {
    type Target = Memtable;

    fn deref(&self) -> &Memtable {
        match self {
            Self::Borrowed(table) => table,
            Self::Shared(table) => table,
        }
    }
}

/// A sorted stream of entries.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    place: Place<'a>,
    /// Uncommitted writes are newer than every commit and visible at every sequence number.
    overlay: bool,
}

#[allow(clippy::large_enum_variant, reason = "a scan makes a few, and they stay where they are")]
#[derive(Debug)]
enum Place<'a> {
    Table { table: TableRef<'a>, node: Option<Node> },
    Run(RunCursor),
}

/// A place in a run of segments.
#[derive(Debug)]
struct RunCursor {
    run: Run,
    /// Each segment is read once from end to end, so that its blocks need not be kept.
    once: bool,
    at: usize,
    cursor: Option<SegmentCursor>,
}

impl<'a> Source<'a> {
    pub fn table(table: TableRef<'a>) -> Self {
        Self { place: Place::Table { table, node: None }, overlay: false }
    }

    pub fn run(run: Run) -> Self {
        let cursor = RunCursor { run, once: false, at: 0, cursor: None };
        Self { place: Place::Run(cursor), overlay: false }
    }

    /// A run that a merge reads from end to end.
    pub fn run_once(run: Run) -> Self {
        let cursor = RunCursor { run, once: true, at: 0, cursor: None };
        Self { place: Place::Run(cursor), overlay: false }
    }

    pub fn into_overlay(mut self) -> Self {
        self.overlay = true;
        self
    }

    pub fn is_overlay(&self) -> bool {
        self.overlay
    }

    /// Moves to the first entry at or after (key, seq).
    pub fn seek<S: Storage>(&mut self, io: &Io<S>, key: &[u8], seq: u64) -> Result<()> {
        match &mut self.place {
            Place::Table { table, node } => {
                *node = table.seek(key, seq);
                Ok(())
            }
            Place::Run(run) => {
                let first = run.run.partition_point(|s| s.meta().max_key.as_slice() < key);
                run.enter(Some(first), |cursor| cursor.seek(io, key, seq))?;
                run.forward_to_entry(io)
            }
        }
    }

    /// Moves to the first entry.
    pub fn seek_first<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        match &mut self.place {
            Place::Table { table, node } => {
                *node = table.first();
                Ok(())
            }
            Place::Run(run) => {
                run.enter(Some(0), |cursor| cursor.seek_first(io))?;
                run.forward_to_entry(io)
            }
        }
    }

    /// Moves to the last entry with a key below `key`.
    pub fn seek_before<S: Storage>(&mut self, io: &Io<S>, key: &[u8]) -> Result<()> {
        match &mut self.place {
            Place::Table { table, node } => {
                *node = table.seek_before(key);
                Ok(())
            }
            Place::Run(run) => {
                let below = run.run.partition_point(|s| s.meta().min_key.as_slice() < key);
                run.enter(below.checked_sub(1), |cursor| cursor.seek_before(io, key))?;
                run.backward_to_entry(io)
            }
        }
    }

    /// Moves to the last entry.
    pub fn seek_last<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        match &mut self.place {
            Place::Table { table, node } => {
                *node = table.last();
                Ok(())
            }
            Place::Run(run) => {
                run.enter(run.run.len().checked_sub(1), |cursor| cursor.seek_last(io))?;
                run.backward_to_entry(io)
            }
        }
    }

    /// Moves on by one entry.
    pub fn next<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        match &mut self.place {
            Place::Table { table, node } => {
                *node = node.and_then(|at| table.next(at));
                Ok(())
            }
            Place::Run(run) => {
                if let Some(cursor) = &mut run.cursor {
                    cursor.next(io)?;
                }
                run.forward_to_entry(io)
            }
        }
    }

    /// Moves back by one entry.
    pub fn prev<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        match &mut self.place {
            Place::Table { table, node } => {
                *node = node.and_then(|at| table.prev(at));
                Ok(())
            }
            Place::Run(run) => {
                if let Some(cursor) = &mut run.cursor {
                    cursor.prev(io)?;
                }
                run.backward_to_entry(io)
            }
        }
    }

    /// Whether it stands on an entry.
    pub fn valid(&self) -> bool {
        match &self.place {
            Place::Table { node, .. } => node.is_some(),
            Place::Run(run) => run.cursor.as_ref().is_some_and(SegmentCursor::valid),
        }
    }

    pub fn key(&self) -> &[u8] {
        match &self.place {
            Place::Table { table, node } => node.map_or(&[], |at| table.key(at)),
            Place::Run(run) => run.cursor.as_ref().map_or(&[], SegmentCursor::key),
        }
    }

    /// The entry's sequence number; that of uncommitted writes is above all others.
    pub fn seq(&self) -> u64 {
        if self.overlay {
            return u64::MAX;
        }
        match &self.place {
            Place::Table { table, node } => node.map_or(0, |at| table.seq(at)),
            Place::Run(run) => run.cursor.as_ref().map_or(0, SegmentCursor::seq),
        }
    }

    pub fn kind(&self) -> Kind {
        match &self.place {
            Place::Table { table, node } => node.map_or(Kind::Delete, |at| table.kind(at)),
            Place::Run(run) => run.cursor.as_ref().map_or(Kind::Delete, SegmentCursor::kind),
        }
    }

    pub fn value(&self) -> &[u8] {
        match &self.place {
            Place::Table { table, node } => node.map_or(&[], |at| table.value(at)),
            Place::Run(run) => run.cursor.as_ref().map_or(&[], SegmentCursor::value),
        }
    }
}

impl RunCursor {
    /// Enters the segment at `at`, if there is one, and moves within it. Nothing changes on an
    /// error.
    fn enter(
        &mut self,
        at: Option<usize>,
        go: impl FnOnce(&mut SegmentCursor) -> Result<()>,
    ) -> Result<()> {
        let segment = at.and_then(|at| self.run.get(at)).cloned();
        let open = if self.once { SegmentCursor::for_merge } else { SegmentCursor::new };
        let mut cursor = segment.map(open);
        if let Some(cursor) = &mut cursor {
            go(cursor)?;
        }
        (self.at, self.cursor) = (at.unwrap_or(0), cursor);
        Ok(())
    }

    fn is_exhausted(&self) -> bool {
        self.cursor.as_ref().is_some_and(|cursor| !cursor.valid())
    }

    /// Goes on to the next segments while the current one is exhausted.
    fn forward_to_entry<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        while self.is_exhausted() {
            self.enter(Some(self.at + 1), |cursor| cursor.seek_first(io))?;
        }
        Ok(())
    }

    /// Goes back to the previous segments while the current one is exhausted.
    fn backward_to_entry<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        while self.is_exhausted() {
            self.enter(self.at.checked_sub(1), |cursor| cursor.seek_last(io))?;
        }
        Ok(())
    }
}
