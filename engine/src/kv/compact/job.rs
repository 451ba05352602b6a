//! One merge as an explicit, resumable state machine: it keeps its place between steps, borrows
//! nothing, and costs no more per step than it is given.

use std::sync::Arc;

use super::pick::Plan;
use super::retention::Retention;
use crate::error::Result;
use crate::kv::entry::Kind;
use crate::kv::io::Io;
use crate::kv::memtable::Memtable;
use crate::kv::merge::Merge;
use crate::kv::segment::{Segment, SegmentBuilder};
use crate::kv::sought::Sought;
use crate::kv::source::{Source, TableRef};
use crate::kv::units::Lease;
use crate::kv::version::{Run, overlapping};
use crate::kv::view::Direction;
use crate::kv::volume::Volume;
use crate::options::Durability;
use crate::storage::{FileId, Storage};

/// Output bytes after which a job syncs, so that no later sync finds much to write.
const SYNC_BYTES: u64 = 1024 * 1024;

/// What a job has seen and left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobCounts {
    pub input_entries: u64,
    pub output_entries: u64,
    pub tombstones_removed: u64,
    pub obsolete_removed: u64,
}

/// Where a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The budget is spent.
    More,
    /// Every entry has been merged.
    Done,
}

/// What becomes of sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seqs {
    /// They are kept, as distances from the oldest.
    From(u64),
    /// There are none yet.
    Unknown,
    /// At the bottom the number of what every reader sees tells nothing apart any more and becomes
    /// 0.
    Settling,
}

/// A merge under way.
#[derive(Debug)]
pub(crate) struct Job {
    table: Option<Arc<Memtable>>,
    runs: Vec<Run>,
    /// So many of the runs, the newest, are read and stay.
    shadows: usize,
    is_exact: bool,
    /// Where the result goes.
    pub level: usize,
    /// Older data under the result, where all of it is known: a tombstone with nothing under it
    /// may go.
    below: Option<Vec<Run>>,
    seqs: Seqs,
    retention: Retention,
    lease: Lease,
    merge: Option<Merge<'static>>,
    /// The last entry that was taken from the merge, to find the place again.
    place: Option<(Vec<u8>, u64)>,
    /// The reader of the last version of the current key that was kept.
    reader: Option<usize>,
    builder: Option<SegmentBuilder>,
    outputs: Vec<Arc<Segment>>,
    unsynced_bytes: u64,
    /// Bytes of entries read in the step under way: one that is run again after a miss goes on.
    spent: u64,
    pub counts: JobCounts,
}

impl Job {
    /// A flush of a memtable, whose oldest commit is `base_seq`, into level 0.
    pub fn flush(table: Arc<Memtable>, base_seq: u64, retention: Retention) -> Self {
        Self::new(Some(table), Vec::new(), Seqs::From(base_seq), retention)
    }

    /// A flush of uncommitted writes: they get their sequence number when they are committed.
    pub fn spill(table: Arc<Memtable>, lease: &Lease) -> Self {
        let job = Self::new(Some(table), Vec::new(), Seqs::Unknown, Retention::default());
        Self { lease: Arc::clone(lease), ..job }
    }

    /// The merge of a plan.
    pub fn merge(plan: Plan, retention: Retention) -> Self {
        let base_seq =
            plan.inputs.iter().flat_map(|run| run.iter()).map(|s| s.meta().base_seq).min();
        let seqs = match base_seq {
            Some(base_seq) if !plan.below.is_empty() => Seqs::From(base_seq),
            _ => Seqs::Settling,
        };
        // What stays is read as far as it lies over what does not.
        let first = plan.inputs.get(plan.shadows).and_then(|run| run.first());
        let place =
            first.filter(|_| plan.shadows > 0).map(|s| (s.meta().min_key.clone(), u64::MAX));
        let job = Self::new(None, plan.inputs, seqs, retention);
        let (shadows, is_exact, level) = (plan.shadows, plan.is_exact, plan.level);
        Self { shadows, is_exact, level, below: Some(plan.below), place, ..job }
    }

    fn new(table: Option<Arc<Memtable>>, runs: Vec<Run>, seqs: Seqs, retention: Retention) -> Self {
        Self {
            table,
            runs,
            shadows: 0,
            is_exact: false,
            level: 0,
            below: None,
            seqs,
            retention,
            lease: Lease::default(),
            merge: None,
            place: None,
            reader: None,
            builder: None,
            outputs: Vec::new(),
            unsynced_bytes: 0,
            spent: 0,
            counts: JobCounts::default(),
        }
    }

    /// The ids of all segments that it reads.
    pub fn input_ids(&self) -> Vec<u64> {
        ids_of(&self.runs)
    }

    /// The ids of the segments that the result replaces.
    pub fn replaced_ids(&self) -> Vec<u64> {
        ids_of(self.runs.get(self.shadows..).unwrap_or_default())
    }

    /// The finished segments, in key order, and the lease of their units: it may be dropped once a
    /// version lists them.
    pub fn into_outputs(self) -> (Vec<Arc<Segment>>, Lease) {
        (self.outputs, self.lease)
    }

    /// Merges on until `budget` bytes of entries have been read. After a miss it goes on from where
    /// it was, so that misses change nothing about what a step does; any other error ends the
    /// job, and dropping it gives its units back.
    pub fn step<S: Storage>(
        &mut self,
        io: &Io<S>,
        volume: &mut Volume,
        budget: u64,
    ) -> Result<Progress> {
        let mut merge = match self.merge.take() {
            Some(merge) => merge,
            None => self.find_place(io)?,
        };
        while let Some((rank, top)) = merge.top_ranked() {
            if rank < self.shadows && self.is_past(top.key()) {
                break;
            }
            if self.spent >= budget {
                self.merge = Some(merge);
                self.spent = 0;
                return Ok(Progress::More);
            }
            self.spent += (top.key().len() + top.value().len()) as u64 + 1;
            self.take_entry(io, volume, top, rank < self.shadows)?;
            if self.unsynced_bytes >= SYNC_BYTES {
                self.unsynced_bytes = 0;
                // Nobody waits for it: the root that lists the result has a barrier of its own.
                let _ordered = io.sync(FileId::Volume, Durability::Strict)?;
            }
            merge.advance(io)?;
        }
        self.spent = 0;
        self.finish_segment(io, volume)?;
        Ok(Progress::Done)
    }

    /// Sources moved to just behind the place.
    fn find_place<S: Storage>(&self, io: &Io<S>) -> Result<Merge<'static>> {
        let tables = self.table.iter().map(|t| Source::table(TableRef::Shared(Arc::clone(t))));
        let runs = self.runs.iter().map(|run| Source::run_once(Arc::clone(run)));
        let mut sources: Vec<Source<'static>> = tables.chain(runs).collect();
        for source in &mut sources {
            match &self.place {
                Some((key, seq)) => source.seek(io, key, *seq)?,
                None => source.seek_first(io)?,
            }
        }
        let mut merge = Merge::new(sources, Direction::Forward);
        if let Some((key, seq)) = &self.place {
            while merge.top().is_some_and(|top| top.key() == key && top.seq() >= *seq) {
                merge.advance(io)?;
            }
        }
        Ok(merge)
    }

    fn take_entry<S: Storage>(
        &mut self,
        io: &Io<S>,
        volume: &mut Volume,
        entry: &Source<'_>,
        stays: bool,
    ) -> Result<()> {
        let (key, seq, kind) = (entry.key(), entry.seq(), entry.kind());
        let same_key = self.place.as_ref().is_some_and(|(last, _)| last == key);
        let reader = self.retention.reader(seq);
        let unseen = same_key && self.reader == Some(reader);
        let retired = self.retention.retired_prefix(key).is_some();
        let idle_tombstone = kind == Kind::Delete
            && self.retention.is_oldest(seq)
            && !self.hides_something(io, key)?;
        if stays {
            // It is where it is, and hides what is older.
        } else if !unseen && !retired && !idle_tombstone {
            self.write_entry(io, volume, entry)?;
            self.counts.output_entries += 1;
        } else if kind == Kind::Delete && !unseen {
            self.counts.tombstones_removed += 1;
        } else {
            self.counts.obsolete_removed += 1;
        }
        self.counts.input_entries += u64::from(!stays);
        self.reader = Some(reader);
        match &mut self.place {
            Some((last, last_seq)) => {
                last.clear();
                last.extend_from_slice(key);
                *last_seq = seq;
            }
            None => self.place = Some((key.to_vec(), seq)),
        }
        Ok(())
    }

    fn write_entry<S: Storage>(
        &mut self,
        io: &Io<S>,
        volume: &mut Volume,
        entry: &Source<'_>,
    ) -> Result<()> {
        let key = entry.key();
        if self.builder.as_ref().is_some_and(|builder| builder.should_cut(key)) {
            self.finish_segment(io, volume)?;
        }
        let (base_seq, seq) = match self.seqs {
            Seqs::From(base_seq) => (base_seq, entry.seq()),
            Seqs::Unknown => (0, 0),
            Seqs::Settling if self.retention.is_oldest(entry.seq()) => (0, 0),
            Seqs::Settling => (0, entry.seq()),
        };
        let mut builder = self.builder.take().unwrap_or_else(|| {
            let id = volume.take_segment_id();
            let superblock = volume.superblock();
            SegmentBuilder::new(id, superblock.database_id, &superblock.geometry, base_seq)
        });
        let before = builder.bytes_written();
        let lease = &self.lease;
        let spare = self.spare(volume);
        let alloc = &mut || volume.take_unit(io, lease, spare);
        builder.add(io, alloc, key, seq, entry.kind(), entry.value())?;
        self.unsynced_bytes += builder.bytes_written() - before;
        self.builder = Some(builder);
        Ok(())
    }

    fn finish_segment<S: Storage>(&mut self, io: &Io<S>, volume: &mut Volume) -> Result<()> {
        if let Some(builder) = self.builder.take() {
            let before = builder.bytes_written();
            let (lease, spare) = (&self.lease, self.spare(volume));
            let meta = builder.finish(io, &mut || volume.take_unit(io, lease, spare))?;
            self.unsynced_bytes += u64::from(meta.len).saturating_sub(before);
            self.outputs.push(Arc::new(Segment::new(meta)));
        }
        Ok(())
    }

    /// Units that must be left to be had when the volume grows: a merge can be done later.
    fn spare(&self, volume: &Volume) -> u64 {
        if self.table.is_some() { 0 } else { volume.rewriting_units() }
    }

    /// Whether everything that is rewritten lies before `key`.
    fn is_past(&self, key: &[u8]) -> bool {
        let last = self.runs.get(self.shadows).and_then(|run| run.last());
        last.is_none_or(|segment| key > segment.meta().max_key.as_slice())
    }

    /// Whether older data may lie below `key`, which a tombstone must go on hiding.
    fn hides_something<S: Storage>(&self, io: &Io<S>, key: &[u8]) -> Result<bool> {
        let Some(below) = &self.below else { return Ok(true) };
        let sought = Sought::new(key);
        for segment in below.iter().flat_map(|run| overlapping(run, key, key)) {
            if !self.is_exact || segment.find(io, &sought, u64::MAX)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn ids_of(runs: &[Run]) -> Vec<u64> {
    runs.iter().flat_map(|run| run.iter()).map(|segment| segment.meta().id).collect()
}
