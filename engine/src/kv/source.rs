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

#[derive(Debug)]
enum Place<'a> {
    Table { table: TableRef<'a>, node: Option<Node> },
    Run { run: Run, at: usize, cursor: Option<SegmentCursor> },
}

impl<'a> Source<'a> {
    pub fn table(table: TableRef<'a>) -> Self {
        Self { place: Place::Table { table, node: None }, overlay: false }
    }

    pub fn run(run: Run) -> Self {
        Self { place: Place::Run { run, at: 0, cursor: None }, overlay: false }
    }

    pub fn as_overlay(mut self) -> Self {
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
            Place::Run { run, at, cursor } => {
                let first = run.partition_point(|s| s.meta().max_key.as_slice() < key);
                let mut found = open(run, first);
                if let Some(found) = &mut found {
                    found.seek(io, key, seq)?;
                }
                (*at, *cursor) = (first, found);
                forward_to_entry(io, run, at, cursor)
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
            Place::Run { run, at, cursor } => {
                let mut found = open(run, 0);
                if let Some(found) = &mut found {
                    found.seek_first(io)?;
                }
                (*at, *cursor) = (0, found);
                forward_to_entry(io, run, at, cursor)
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
            Place::Run { run, at, cursor } => {
                let below = run.partition_point(|s| s.meta().min_key.as_slice() < key);
                let last = below.checked_sub(1);
                let mut found = last.and_then(|last| open(run, last));
                if let Some(found) = &mut found {
                    found.seek_before(io, key)?;
                }
                (*at, *cursor) = (last.unwrap_or(0), found);
                backward_to_entry(io, run, at, cursor)
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
            Place::Run { run, at, cursor } => {
                let last = run.len().saturating_sub(1);
                let mut found = open(run, last);
                if let Some(found) = &mut found {
                    found.seek_last(io)?;
                }
                (*at, *cursor) = (last, found);
                backward_to_entry(io, run, at, cursor)
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
            Place::Run { run, at, cursor } => {
                if let Some(cursor) = cursor {
                    cursor.next(io)?;
                }
                forward_to_entry(io, run, at, cursor)
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
            Place::Run { run, at, cursor } => {
                if let Some(cursor) = cursor {
                    cursor.prev(io)?;
                }
                backward_to_entry(io, run, at, cursor)
            }
        }
    }

    /// Whether it stands on an entry.
    pub fn valid(&self) -> bool {
        match &self.place {
            Place::Table { node, .. } => node.is_some(),
            Place::Run { cursor, .. } => cursor.as_ref().is_some_and(SegmentCursor::valid),
        }
    }

    pub fn key(&self) -> &[u8] {
        match &self.place {
            Place::Table { table, node } => node.map_or(&[], |at| table.key(at)),
            Place::Run { cursor, .. } => cursor.as_ref().map_or(&[], SegmentCursor::key),
        }
    }

    /// The entry's sequence number; that of uncommitted writes is above all others.
    pub fn seq(&self) -> u64 {
        if self.overlay {
            return u64::MAX;
        }
        match &self.place {
            Place::Table { table, node } => node.map_or(0, |at| table.seq(at)),
            Place::Run { cursor, .. } => cursor.as_ref().map_or(0, SegmentCursor::seq),
        }
    }

    pub fn kind(&self) -> Kind {
        match &self.place {
            Place::Table { table, node } => node.map_or(Kind::Delete, |at| table.kind(at)),
            Place::Run { cursor, .. } => cursor.as_ref().map_or(Kind::Delete, SegmentCursor::kind),
        }
    }

    pub fn value(&self) -> &[u8] {
        match &self.place {
            Place::Table { table, node } => node.map_or(&[], |at| table.value(at)),
            Place::Run { cursor, .. } => cursor.as_ref().map_or(&[], SegmentCursor::value),
        }
    }
}

fn open(run: &Run, at: usize) -> Option<SegmentCursor> {
    run.get(at).map(|segment| SegmentCursor::new(Arc::clone(segment)))
}

/// Goes on to the next segments while the current one is exhausted.
fn forward_to_entry<S: Storage>(
    io: &Io<S>,
    run: &Run,
    at: &mut usize,
    cursor: &mut Option<SegmentCursor>,
) -> Result<()> {
    while cursor.as_ref().is_some_and(|cursor| !cursor.valid()) {
        let mut following = open(run, *at + 1);
        if let Some(following) = &mut following {
            following.seek_first(io)?;
        }
        (*at, *cursor) = (*at + 1, following);
    }
    Ok(())
}

/// Goes back to the previous segments while the current one is exhausted.
fn backward_to_entry<S: Storage>(
    io: &Io<S>,
    run: &Run,
    at: &mut usize,
    cursor: &mut Option<SegmentCursor>,
) -> Result<()> {
    while cursor.as_ref().is_some_and(|cursor| !cursor.valid()) {
        let before = at.checked_sub(1);
        let mut preceding = before.and_then(|before| open(run, before));
        if let Some(preceding) = &mut preceding {
            preceding.seek_last(io)?;
        }
        (*at, *cursor) = (before.unwrap_or(0), preceding);
    }
    Ok(())
}
