//! Room: what is kept so that a promised commit can be flushed and that deletes go on where the
//! storage is full, and how merges give units back.

use std::sync::Arc;

use super::Store;
use super::commit::as_usize;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::batch::Batch;
use crate::kv::compact::{Job, Plan, rewriting, squeeze};
use crate::kv::segment::{Segment, SegmentMeta};
use crate::kv::version::overlapping;
use crate::limits::KEY_PREFIX_BYTES;
use crate::storage::Storage;

/// Units that only deletes may take, beyond what one flush and a merge that gives units back need:
/// an eighth of the volume, but no less and no more than this.
const DELETES_UNITS_MIN: u64 = 2;
const DELETES_UNITS_MAX: u64 = 8;
/// Collections and indexes for which a flush of deletes is sure to have room.
const DELETES_SPACES_MAX: u64 = 32;
/// A search for room may rewrite so much at any time; beyond that deletes have to earn it.
const SEARCH_BYTES_FREE: u64 = 64 * 1024 * 1024;
/// What a commit that deletes earns towards the next search.
const SEARCH_BYTES_EARNED: u64 = 64 * 1024;

impl<S: Storage> Store<S> {
    /// Has the volume keep room for what the memtables will come to, before a commit is promised.
    pub(super) fn reserve(&mut self, spare: u64) -> Result<()> {
        let units = self.flush_units();
        self.volume.reserve(&self.io, units, spare)
    }

    /// Units that `batch` must leave: one that deletes may take more of them than one that adds.
    pub(super) fn spare_units(&self, batch: &Batch) -> u64 {
        let unflushed = self.units_of_tables().min(u64::from(self.geometry().segment_units_max));
        let rewriting = self.volume.rewriting_units().max(unflushed + 1);
        rewriting + if batch.shrinks() { 0 } else { self.deletes_units() }
    }

    /// A commit has deleted something, which may be worth a search.
    pub(super) fn earn_search(&mut self) {
        self.search_owed = self.search_owed.saturating_sub(SEARCH_BYTES_EARNED);
    }

    fn deletes_units(&self) -> u64 {
        let used = self.volume.used_bytes() / u64::from(self.geometry().unit_bytes);
        let flush = self.volume.spaces().min(DELETES_SPACES_MAX).max(self.prefixes.len() as u64);
        flush + (used / 8).clamp(DELETES_UNITS_MIN, DELETES_UNITS_MAX)
    }

    /// Whether `batch` may go on with what is free, though that leaves too little for a merge which
    /// gives units back: once there is something to give back, that comes first.
    pub(super) fn may_take_last(&self, batch: &Batch) -> bool {
        let unit = as_usize(self.geometry().unit_bytes);
        let batch_units = (batch.bytes() / unit) as u64 + 1;
        batch.shrinks()
            && self.active.bytes() < unit
            && self.volume.free_units() >= self.flush_units() + batch_units
    }

    /// Where the storage is full: gives units back, in merges that need few themselves, until
    /// `batch` has room. Not finding enough is no error; it is remembered until something has
    /// been deleted.
    pub(super) fn make_room(&mut self, batch: &Batch) -> Result<()> {
        let is_searched = !batch.shrinks() && self.search_owed > 0;
        if is_searched && self.units_of_tables() == 0 {
            return Ok(());
        }
        self.let_go()?;
        let _ = self.flush_tables()?;
        if !is_searched && !self.search_room(batch)? {
            let rewritten = self.volume.used_bytes();
            self.search_owed = rewritten.saturating_sub(SEARCH_BYTES_FREE) + 1;
        }
        Ok(())
    }

    /// Whether there is room for `batch`, with some to go on with.
    fn has_room(&mut self, batch: &Batch) -> Result<bool> {
        let batch_units = batch.bytes() as u64 / u64::from(self.geometry().unit_bytes);
        let more = self.spare_units(batch) + self.deletes_units();
        match self.volume.reserve(&self.io, self.flush_units() + batch_units + more, 0) {
            Err(error) if error.kind() == ErrorKind::QuotaExceeded => Ok(false),
            reserved => reserved.map(|()| true),
        }
    }

    /// Gives back what a merge under way has taken, and what only the older root still lists;
    /// whether there was any.
    pub(super) fn let_go(&mut self) -> Result<bool> {
        let held = self.merge.take().is_some();
        if !self.volume.holds_previous() {
            return Ok(held);
        }
        self.write_mark(self.volume.root().flushed_seq).map(|_| true)
    }

    fn search_room(&mut self, batch: &Batch) -> Result<bool> {
        let flushed_seq = self.volume.root().flushed_seq;
        if !self.catalog.retired.is_empty() {
            // What dropped collections and indexes held goes with the next version.
            let _ = self.install(&[], Vec::new(), 0, flushed_seq)?;
        }
        self.logs.end_epoch();
        let _ = self.write_mark(flushed_seq)?;
        self.logs.cut(&self.io, self.volume.geometry())?;
        self.squeeze_level0()?;
        let geometry = self.geometry();
        let segment_bytes = u64::from(geometry.unit_bytes) * u64::from(geometry.segment_units_max);
        for id in self.rewritable() {
            if self.has_room(batch)? {
                return Ok(true);
            }
            if let Some(plan) = rewriting(self.volume.version(), id, segment_bytes) {
                self.merge_now(plan)?;
            }
        }
        self.squeeze_level0()?;
        self.has_room(batch)
    }

    /// Merges what level 0 has of each collection and index in several runs.
    fn squeeze_level0(&mut self) -> Result<()> {
        let runs = self.volume.version().level0.iter().flat_map(|run| run.iter());
        let prefix = |segment: &Arc<Segment>| segment.meta().min_key.first_chunk().copied();
        let mut prefixes: Vec<[u8; KEY_PREFIX_BYTES]> = runs.filter_map(prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        for prefix in prefixes {
            let free = self.volume.free_units();
            if let Some(plan) = squeeze(self.volume.version(), &prefix, free) {
                self.merge_now(plan)?;
            }
        }
        Ok(())
    }

    /// The segments that may hold what nobody needs, as newer ones lie over them or they have
    /// tombstones. The oldest come first: what has been rewritten before comes last.
    fn rewritable(&self) -> Vec<u64> {
        let version = self.volume.version();
        let mut ids = Vec::new();
        for (rank, run) in version.runs().enumerate() {
            let is_covered = |meta: &SegmentMeta| {
                let mut above = version.runs().take(rank);
                above.any(|run| !overlapping(run, &meta.min_key, &meta.max_key).is_empty())
            };
            let metas = run.iter().map(|segment| segment.meta());
            let metas = metas.filter(|meta| !self.is_unmergeable(meta));
            ids.extend(metas.filter(|m| m.tombstones > 0 || is_covered(m)).map(|m| m.id));
        }
        ids.sort_unstable();
        ids
    }

    /// Carries out a merge to its end, and frees what it replaces. One for which there is no room,
    /// or that meets damage, is left out.
    fn merge_now(&mut self, plan: Plan) -> Result<()> {
        self.work.merges += 1;
        self.merge = Some(Job::merge(plan, self.retention()));
        while self.merge.is_some() {
            match self.merge_step(u64::MAX) {
                Err(error) if !is_left_out(&error) => return Err(error),
                _ => {}
            }
        }
        self.write_mark(self.volume.root().flushed_seq).map(|_| ())
    }

    /// Units that the memtables come to at most.
    fn flush_units(&self) -> u64 {
        // Each collection and each index begins a segment of its own.
        let sealed = self.sealed.as_ref().map_or(0, |sealed| sealed.prefixes);
        self.units_of_tables() + (self.prefixes.len() + sealed) as u64 + 1
    }

    /// Units that hold what the memtables hold, though no block crosses from one to the next.
    fn units_of_tables(&self) -> u64 {
        let bytes = self.tables().map(|table| table.bytes() as u64).sum::<u64>();
        bytes * 5 / 4 / u64::from(self.geometry().unit_bytes)
    }
}

fn is_left_out(error: &Error) -> bool {
    let kinds = [ErrorKind::QuotaExceeded, ErrorKind::LimitExceeded, ErrorKind::Corrupt];
    kinds.contains(&error.kind())
}
