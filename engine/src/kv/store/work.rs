//! Work between commits: flushes and merges in slices, paid for in bytes, and the full compaction.

use std::sync::Arc;

use serde::Serialize;

use super::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::compact::{Job, JobCounts, Plan, Progress, Urgency, pick, pick_full, rewriting};
use crate::kv::segment::SegmentMeta;
use crate::limits::KEY_PREFIX_BYTES;
use crate::storage::Storage;

/// Runs in level 0 at which merging is finished before anything else is written.
pub(super) const LEVEL0_RUNS_MAX: usize = 16;
/// Debt is paid once it comes to this much.
const PAYMENT_BYTES_MIN: u64 = 64 * 1024;
/// At most this much is paid at once, so that nobody waits for long.
const PAYMENT_BYTES_MAX: u64 = 1024 * 1024;

/// What a full compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompactionReport {
    /// Entries read.
    pub input_records: u64,
    /// Entries written.
    pub output_records: u64,
    /// Tombstones that had nothing left to hide.
    pub tombstones_removed: u64,
    /// Versions that nobody could see any more.
    pub obsolete_versions_removed: u64,
    /// Bytes that the volume has become smaller by; 0 where it grew.
    pub bytes_saved: u64,
}

/// Totals of the work done since the store was opened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WorkCounts {
    pub flushes: u64,
    pub merges: u64,
    pub moves: u64,
    pub failures: u64,
}

/// A full compaction under way: everything moves down to one level, then into the lowest units.
#[derive(Debug)]
pub(super) struct FullCompaction {
    deepest: usize,
    /// Segments to be rewritten where they are, as they hold tombstones; filled once all is down.
    rewrites: Option<Vec<u64>>,
    /// How many segments may still be moved into lower units.
    relocations: usize,
    counts: JobCounts,
    bytes_before: u64,
    bytes_total: u64,
    bytes_done: u64,
}

impl<S: Storage> Store<S> {
    /// Pays a part of what the last commits owe. To be called after acknowledging them.
    pub fn settle(&mut self) -> Result<()> {
        self.check_sound()?;
        if self.owed_bytes < PAYMENT_BYTES_MIN || self.read_only || self.is_committing() {
            return Ok(());
        }
        let payment = self.owed_bytes.min(PAYMENT_BYTES_MAX);
        let worked = self.work_on(payment, Urgency::Due);
        if worked.as_ref().is_err_and(Error::is_missing) {
            // What is run again after a miss must find the same debt.
            return worked.map(|_| ());
        }
        self.owed_bytes -= payment;
        if !worked? {
            self.owed_bytes = 0;
        }
        Ok(())
    }

    /// Does idle work of about `budget_bytes`; true while more is left.
    pub fn step(&mut self, budget_bytes: u64) -> Result<bool> {
        self.check_writable()?;
        if self.full.is_some() {
            let worked = self.compact_on(budget_bytes);
            if worked.as_ref().is_err_and(|error| !error.is_missing()) {
                self.full = None;
            }
            return worked;
        }
        self.work_on(budget_bytes, Urgency::Idle)
    }

    /// Begins a full compaction; [`Store::step`] carries it out, up to its first error.
    pub fn compact_begin(&mut self) -> Result<()> {
        self.check_writable()?;
        self.check_no_group()?;
        let _ = self.flush_tables()?;
        self.merge = None;
        let version = self.volume.version();
        self.full = Some(FullCompaction {
            deepest: version.deepest().max(1),
            rewrites: None,
            relocations: version.segments().count() + 1,
            counts: JobCounts::default(),
            bytes_before: self.volume.used_bytes(),
            bytes_total: version.segments().map(|s| s.meta().raw_bytes).sum(),
            bytes_done: 0,
        });
        self.report = None;
        Ok(())
    }

    /// What the last full compaction did, once it is done.
    pub fn compact_report(&mut self) -> Option<CompactionReport> {
        self.report.take()
    }

    /// Bytes merged and bytes to merge of the full compaction under way; an estimate.
    pub fn compact_progress(&self) -> Option<(u64, u64)> {
        let full = self.full.as_ref()?;
        Some((full.bytes_done.min(full.bytes_total), full.bytes_total))
    }

    /// Flushes, then merges; whether more is left to do.
    fn work_on(&mut self, budget: u64, urgency: Urgency) -> Result<bool> {
        if self.sealed.is_some() {
            self.flush_on(budget)?;
            return Ok(true);
        }
        if self.merge.is_none() {
            let Some(plan) = self.next_merge(urgency) else { return Ok(false) };
            self.begin(plan)?;
            return Ok(true);
        }
        self.merge_step(budget)?;
        Ok(true)
    }

    /// Has merges go on; used where a commit cannot wait any longer. False where there is none.
    pub(super) fn merge_on(&mut self, budget: u64, urgency: Urgency) -> Result<bool> {
        if self.merge.is_none() {
            let Some(plan) = self.next_merge(urgency) else { return Ok(false) };
            self.begin(plan)?;
        }
        if self.merge.is_some() {
            self.merge_step(budget)?;
        }
        Ok(true)
    }

    /// What is merged next, apart from what cannot be read.
    fn next_merge(&self, urgency: Urgency) -> Option<Plan> {
        let version = self.volume.version();
        if self.unmergeable.is_empty() {
            return pick(version, self.volume.geometry(), urgency);
        }
        let metas = version.segments().map(|segment| segment.meta());
        let left_out: Vec<u64> =
            metas.filter(|meta| self.is_unmergeable(meta)).map(|meta| meta.id).collect();
        pick(&version.edit(&left_out, Vec::new(), 0), self.volume.geometry(), urgency)
    }

    /// Whether the segment is left where it is, see [`Store::leave_out`].
    pub(super) fn is_unmergeable(&self, meta: &SegmentMeta) -> bool {
        self.unmergeable.iter().any(|prefix| meta.min_key.starts_with(prefix))
    }

    /// Leaves a damaged segment where it is until the next open, and with it everything that shares
    /// its space and id: segments never reach beyond those, so that all others still keep their
    /// order. Without this one bad block would have the same merge fail for ever, at full cost.
    fn leave_out(&mut self, inputs: &[u64], error: &Error) {
        let unit_bytes = u64::from(self.geometry().unit_bytes);
        let offset =
            error.details().offset.and_then(|at| at.checked_sub(self.volume.units_start()));
        let unit = offset.and_then(|offset| u32::try_from(offset / unit_bytes).ok());
        let version = Arc::clone(self.volume.version());
        let metas = || version.segments().map(|s| s.meta()).filter(|m| inputs.contains(&m.id));
        let is_hit = |meta: &&SegmentMeta| unit.is_some_and(|unit| meta.units.contains(&unit));
        let prefix = |meta: &SegmentMeta| meta.min_key.get(..KEY_PREFIX_BYTES).map(<[u8]>::to_vec);
        let before = self.unmergeable.len();
        self.unmergeable.extend(metas().filter(is_hit).filter_map(prefix));
        if self.unmergeable.len() == before {
            self.unmergeable.extend(metas().filter_map(prefix));
        }
    }

    /// Begins a merge, or carries it out at once where it is only a move.
    fn begin(&mut self, plan: Plan) -> Result<()> {
        self.take_over()?;
        if !plan.is_move {
            self.work.merges += 1;
            self.merge = Some(Job::merge(plan, self.retention()));
            return Ok(());
        }
        self.work.moves += 1;
        let segments: Vec<_> = plan.inputs.iter().flat_map(|run| run.iter()).cloned().collect();
        let ids: Vec<u64> = segments.iter().map(|segment| segment.meta().id).collect();
        let flushed_seq = self.volume.root().flushed_seq;
        self.install(&ids, segments, plan.level, flushed_seq).map(|_| ())
    }

    pub(super) fn merge_step(&mut self, budget: u64) -> Result<()> {
        let Some(mut job) = self.merge.take() else { return Ok(()) };
        match job.step(&self.io, &mut self.volume, budget) {
            Ok(Progress::More) => self.merge = Some(job),
            Ok(Progress::Done) => {
                let (removed, level, counts) = (job.replaced_ids(), job.level, job.counts);
                if let Some(full) = &mut self.full {
                    full.add(counts);
                }
                let (added, _lease) = job.into_outputs();
                let flushed_seq = self.volume.root().flushed_seq;
                let _ = self.install(&removed, added, level, flushed_seq)?;
            }
            Err(error) => {
                if error.is_missing() {
                    self.merge = Some(job);
                } else {
                    self.work.failures += 1;
                    if error.kind() == ErrorKind::Corrupt {
                        self.leave_out(&job.input_ids(), &error);
                    }
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// The next slice of a full compaction; true while more is left.
    fn compact_on(&mut self, budget: u64) -> Result<bool> {
        if self.sealed.is_some() {
            return self.flush_on(budget).map(|_| true);
        }
        if self.merge.is_some() {
            self.merge_step(budget)?;
            if let Some(full) = &mut self.full {
                full.bytes_done = full.bytes_done.saturating_add(budget);
            }
            return Ok(true);
        }
        if let Some(plan) = self.next_of_full() {
            self.begin(plan)?;
            return Ok(true);
        }
        self.end_full()?;
        Ok(false)
    }

    fn next_of_full(&mut self) -> Option<Plan> {
        let version = Arc::clone(self.volume.version());
        let full = self.full.as_mut()?;
        if let Some(plan) = pick_full(&version, full.deepest) {
            return Some(plan);
        }
        let with_tombstones = || {
            let segments = version.segments().filter(|s| s.meta().tombstones > 0);
            segments.map(|s| s.meta().id).collect::<Vec<_>>()
        };
        let rewrites = full.rewrites.get_or_insert_with(with_tombstones);
        while let Some(id) = rewrites.pop() {
            if let Some(plan) = rewriting(&version, id, 0) {
                return Some(plan);
            }
        }
        if full.relocations == 0 {
            return None;
        }
        full.relocations -= 1;
        let last = |s: &&Arc<_>| highest_unit(s);
        let segment = version.segments().max_by_key(last)?;
        let used = version.segments().map(|s| s.meta().units.len()).sum::<usize>();
        let reach = usize::try_from(highest_unit(segment)).unwrap_or(usize::MAX).saturating_add(1);
        let gains = reach > used.saturating_add(segment.meta().units.len());
        gains.then(|| rewriting(&version, segment.meta().id, 0)).flatten()
    }

    /// Frees what the previous root still held, and cuts the file off behind the last unit in use.
    fn end_full(&mut self) -> Result<()> {
        let Some(full) = self.full.take() else { return Ok(()) };
        let _ = self.write_mark(self.volume.root().flushed_seq)?;
        let trimmed = self.volume.trim(&self.io);
        self.poisoned(trimmed)?;
        self.report = Some(CompactionReport {
            input_records: full.counts.input_entries,
            output_records: full.counts.output_entries,
            tombstones_removed: full.counts.tombstones_removed,
            obsolete_versions_removed: full.counts.obsolete_removed,
            bytes_saved: full.bytes_before.saturating_sub(self.volume.used_bytes()),
        });
        Ok(())
    }
}

impl FullCompaction {
    fn add(&mut self, counts: JobCounts) {
        self.counts.input_entries += counts.input_entries;
        self.counts.output_entries += counts.output_entries;
        self.counts.tombstones_removed += counts.tombstones_removed;
        self.counts.obsolete_removed += counts.obsolete_removed;
    }
}

fn highest_unit(segment: &Arc<crate::kv::segment::Segment>) -> u32 {
    segment.meta().units.iter().copied().max().unwrap_or(0)
}
