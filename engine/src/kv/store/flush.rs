//! From the memtable into segments: sealing, flushing, and what a root then says.

use std::sync::Arc;

use super::work::LEVEL0_RUNS_MAX;
use super::{Sealed, Store};
use crate::error::{Error, ErrorKind, Result};
use crate::kv::compact::{Job, Progress, Urgency};
use crate::kv::manifest::CatalogState;
use crate::kv::memtable::Memtable;
use crate::kv::segment::Segment;
use crate::kv::version::Version;
use crate::storage::{Storage, Synced};

/// What a manifest says of a segment beside its first and its last key, about.
const SEGMENT_LISTED_BYTES: usize = 64;

impl<S: Storage> Store<S> {
    /// A checkpoint: everything committed lies in segments, and the logs hold nothing that is
    /// needed.
    pub fn flush(&mut self) -> Result<Synced> {
        self.check_writable()?;
        self.check_no_group()?;
        self.take_over()?;
        self.settle_level0()?;
        self.flush_tables()
    }

    /// Leaves the files as an open without writes finds them again: everything in segments, no
    /// number reserved, no unit behind the last one in use.
    pub fn close(&mut self) -> Result<Synced> {
        self.check_sound()?;
        if self.read_only {
            return Ok(Synced::Done);
        }
        self.check_writable()?;
        self.check_no_group()?;
        self.merge = None;
        let _ = self.flush_tables()?;
        self.logs.end_epoch();
        let root = self.volume.root();
        let given = self.seqs.next.saturating_sub(1);
        if root.reserved_seq != given || root.closed_epoch != self.logs.epoch() {
            self.take_over()?;
            self.logs.forget_reservation();
            let _ = self.write_mark(self.seqs.visible)?;
        }
        let trimmed = self.volume.trim(&self.io);
        self.poisoned(trimmed)?;
        Ok(self.outstanding())
    }

    /// Begins a new log epoch, in the file that holds nothing needed any more; the memtable is
    /// sealed with the old epoch where it has to be.
    pub(super) fn rotate(&mut self) -> Result<()> {
        self.take_over()?;
        self.settle_level0()?;
        self.finish_flush()?;
        self.seal_active();
        if !self.logs.next_file_is_free(self.volume.root().flushed_seq) {
            self.finish_flush()?;
        }
        if !self.logs.next_file_is_free(self.volume.root().flushed_seq) {
            // What is left there are catalogs only, and the newest one goes with the manifest.
            let _ = self.install(&[], Vec::new(), 0, self.seqs.visible)?;
        }
        let generation = self.volume.root().generation;
        let (first_seq, last_seq) = (self.seqs.next, self.seqs.visible);
        let begun = self.logs.begin_epoch(
            &self.io,
            self.volume.superblock(),
            (first_seq, last_seq),
            generation,
        );
        if let Err(error) = begun {
            // A file that could not grow is as it was; anything else leaves the header in doubt.
            let full = error.kind() == ErrorKind::QuotaExceeded;
            return if full { Err(error) } else { self.poisoned(Err(error)) };
        }
        self.seqs.durable = self.seqs.visible;
        self.write_mark(self.volume.root().flushed_seq).map(|_| ())
    }

    /// Has the flush under way go on for `budget` bytes; whether it is still under way.
    pub(super) fn flush_on(&mut self, budget: u64) -> Result<bool> {
        let Some(sealed) = &self.sealed else { return Ok(false) };
        let (table, through) = (Arc::clone(&sealed.table), sealed.through);
        let base_seq = self.volume.root().flushed_seq.saturating_add(1);
        let mut job =
            self.flush.take().unwrap_or_else(|| Job::flush(table, base_seq, self.retention()));
        match job.step(&self.io, &mut self.volume, budget)? {
            Progress::More => self.flush = Some(job),
            Progress::Done => {
                self.work.flushes += 1;
                let (added, _lease) = job.into_outputs();
                // The table stays readable until a version lists what became of it.
                let sealed = self.sealed.take();
                let installed = self.install(&[], added, 0, through);
                if installed.is_err() {
                    self.sealed = sealed;
                }
                let _ = installed?;
            }
        }
        Ok(self.sealed.is_some())
    }

    /// Ends the flush under way. Where the manifest has no room for its segments, merges make some;
    /// where the storage is full, others let go of what they hold.
    pub(super) fn finish_flush(&mut self) -> Result<()> {
        loop {
            match self.flush_on(u64::MAX) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::QuotaExceeded => {
                    if !self.let_go()? {
                        return Err(error);
                    }
                }
                Err(error) if error.kind() == ErrorKind::LimitExceeded => {
                    if !self.merge_on(u64::MAX, Urgency::Idle)? {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts finished segments in the place of others: a new version under a new root.
    pub(super) fn install(
        &mut self,
        removed: &[u64],
        added: Vec<Arc<Segment>>,
        level: usize,
        flushed_seq: u64,
    ) -> Result<Synced> {
        let version = self.volume.version().edit(removed, added, level);
        self.install_version(&version, flushed_seq)
    }

    /// Makes `version` the one that counts. With `LimitExceeded` and `QuotaExceeded` everything is
    /// as before.
    pub(super) fn install_version(
        &mut self,
        version: &Version,
        flushed_seq: u64,
    ) -> Result<Synced> {
        let dropped = self.retired_segments(version);
        let version = version.edit(&dropped, Vec::new(), 0);
        let catalog = self.catalog_with(&version);
        let mark = self.mark(flushed_seq);
        let committed = self.volume.commit(&self.io, version, &catalog, mark);
        let is_undone = |error: &Error| {
            matches!(error.kind(), ErrorKind::LimitExceeded | ErrorKind::QuotaExceeded)
        };
        if committed.as_ref().is_err_and(is_undone) {
            return committed;
        }
        let synced = self.poisoned(committed)?;
        self.catalog = catalog;
        self.logs.set_closed(mark.closed_epoch);
        // The units of what was dropped will be written to: a merge cannot go on reading there.
        self.merge.take_if(|job| job.input_ids().iter().any(|id| dropped.contains(id)));
        self.note(synced);
        Ok(synced)
    }

    /// Writes a root over the same manifest, with how far things have come. From then on both roots
    /// list the same segments.
    pub(super) fn write_mark(&mut self, flushed_seq: u64) -> Result<Synced> {
        let mark = self.mark(flushed_seq);
        let marked = self.volume.mark(&self.io, mark);
        let synced = self.poisoned(marked)?;
        self.logs.set_closed(mark.closed_epoch);
        self.note(synced);
        Ok(synced)
    }

    /// To come before anything is built on what an open has found. If it follows a sync that
    /// failed, what was read back may be in the memory of the system only and never reach the
    /// medium, lengths of files included. So the root is written again, what the logs held goes
    /// to fresh units, and what is not needed is cut off.
    pub(super) fn take_over(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.taken_over, true) {
            return Ok(());
        }
        let done = self.rewrite_recovered();
        self.taken_over = done.is_ok();
        done
    }

    fn rewrite_recovered(&mut self) -> Result<()> {
        let trimmed = self.volume.trim(&self.io);
        self.poisoned(trimmed)?;
        let rewritten = self.volume.rewrite_head(&self.io);
        if rewritten.as_ref().is_err_and(Error::is_missing) {
            return rewritten.map(|_| ());
        }
        let synced = self.poisoned(rewritten)?;
        self.note(synced);
        let _ordered = self.flush_tables()?;
        if self.logs.epoch() > self.volume.root().closed_epoch {
            let _ordered = self.write_mark(self.volume.root().flushed_seq)?;
        }
        Ok(())
    }

    /// Everything in memory into segments, in at most two flushes, and the log epoch ended: its
    /// file is free from then on.
    pub(super) fn flush_tables(&mut self) -> Result<Synced> {
        self.finish_flush()?;
        if self.volume.root().flushed_seq < self.seqs.visible {
            self.take_over()?;
        }
        if self.volume.root().flushed_seq < self.seqs.visible {
            self.logs.end_epoch();
            self.seal_active();
            if self.sealed.is_some() {
                self.finish_flush()?;
            } else {
                let _ = self.install(&[], Vec::new(), 0, self.seqs.visible)?;
            }
            self.seqs.durable = self.seqs.visible;
        }
        Ok(self.outstanding())
    }

    /// What the storage still owes.
    pub fn outstanding(&self) -> Synced {
        self.pending.map_or(Synced::Done, |pending| Synced::Pending(pending.barrier))
    }

    fn seal_active(&mut self) {
        if self.sealed.is_none() && !self.active.is_empty() {
            let table = Arc::new(std::mem::take(&mut self.active));
            let prefixes = std::mem::take(&mut self.prefixes).len();
            self.sealed = Some(Sealed { table, through: self.seqs.visible, prefixes });
        }
    }

    /// Merges level 0 until there is room for another run in it. A merge that fails, for want of
    /// space or because of a damaged block, keeps nobody from writing: level 0 grows instead.
    pub(super) fn settle_level0(&mut self) -> Result<()> {
        while self.volume.version().level0.len() >= LEVEL0_RUNS_MAX || self.is_level0_crowded() {
            match self.merge_on(u64::MAX, Urgency::Due) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    self.check_sound()?;
                    return if error.is_missing() { Err(error) } else { Ok(()) };
                }
            }
        }
        Ok(())
    }

    /// Whether the segments of level 0 would take half of a manifest: one that is full refuses each
    /// write.
    fn is_level0_crowded(&self) -> bool {
        let segments = self.volume.version().level0.iter().flat_map(|run| run.iter());
        let listed = |segment: &Arc<Segment>| {
            let meta = segment.meta();
            (SEGMENT_LISTED_BYTES + meta.min_key.len() + meta.max_key.len()) as u64
        };
        let bytes: u64 = segments.map(listed).sum();
        2 * bytes > u64::from(self.geometry().manifest_area_bytes)
    }

    /// The segments that lie in retired prefixes as a whole.
    fn retired_segments(&self, version: &Version) -> Vec<u64> {
        if self.catalog.retired.is_empty() {
            return Vec::new();
        }
        let retention = self.retention();
        let retired = |segment: &&Arc<Segment>| {
            let meta = segment.meta();
            retention.retired_prefix(&meta.min_key).is_some_and(|p| meta.max_key.starts_with(p))
        };
        version.segments().filter(retired).map(|s| s.meta().id).collect()
    }

    /// The catalog that goes with `version`: without the prefixes under which nothing is left.
    fn catalog_with(&self, version: &Version) -> CatalogState {
        let mut catalog = self.catalog.clone();
        // A merge under way may still bring back what lies under a prefix.
        let merging = self.merge.is_some();
        catalog.retired.retain(|(prefix, _)| {
            merging
                || version.holds_prefix(prefix)
                || self.tables().any(|table| table_holds(table, prefix))
        });
        catalog
    }
}

fn table_holds(table: &Memtable, prefix: &[u8]) -> bool {
    table.seek(prefix, u64::MAX).is_some_and(|node| table.key(node).starts_with(prefix))
}
