//! From the memtable into segments: sealing, flushing, and what a root then says.

use std::sync::Arc;

use super::{Sealed, Store};
use super::work::LEVEL0_RUNS_MAX;
use crate::error::{ErrorKind, Result};
use crate::kv::compact::{Job, Progress};
use crate::kv::memtable::Memtable;
use crate::kv::segment::Segment;
use crate::kv::version::Version;
use crate::storage::{Storage, Synced};

impl<S: Storage> Store<S> {
    /// A checkpoint: everything committed lies in segments, and the logs hold nothing that is needed.
    pub fn flush(&mut self) -> Result<Synced> {
        self.check_writable()?;
        self.settle_level0()?;
        self.flush_tables()
    }

    /// Leaves the files as an open without writes finds them again: everything in segments, no number
    /// reserved, no unit behind the last one in use.
    pub fn close(&mut self) -> Result<Synced> {
        self.check_sound()?;
        if self.read_only {
            return Ok(Synced::Done);
        }
        self.check_writable()?;
        self.merge = None;
        let _ = self.flush_tables()?;
        self.logs.end_epoch();
        let root = self.volume.root();
        let given = self.seqs.next.saturating_sub(1);
        if root.reserved_seq != given || root.closed_epoch != self.logs.epoch() {
            self.logs.forget_reservation();
            self.write_mark(self.seqs.visible)?;
        }
        let trimmed = self.volume.trim(&self.io);
        self.poisoned(trimmed)?;
        Ok(self.outstanding())
    }

    /// Begins a new log epoch, in the file that holds nothing needed any more; the memtable is sealed
    /// with the old epoch where it has to be.
    pub(super) fn rotate(&mut self) -> Result<()> {
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
        self.write_mark(self.volume.root().flushed_seq)
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
            Progress::Waiting(synced) => {
                self.flush = Some(job);
                self.note(synced);
            }
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

    /// Ends the flush under way.
    pub(super) fn finish_flush(&mut self) -> Result<()> {
        while self.flush_on(u64::MAX)? {}
        Ok(())
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
        self.install_version(version, flushed_seq)
    }

    /// Makes `version` the one that counts.
    pub(super) fn install_version(&mut self, version: Version, flushed_seq: u64) -> Result<Synced> {
        let version = self.drop_retired(version);
        let mark = self.mark(flushed_seq);
        let committed = self.volume.commit(&self.io, version, &self.catalog, mark);
        if committed.as_ref().is_err_and(|error| error.kind() == ErrorKind::LimitExceeded) {
            return committed;
        }
        let synced = self.poisoned(committed)?;
        self.logs.set_closed(mark.closed_epoch);
        self.note(synced);
        Ok(synced)
    }

    /// Writes a root over the same manifest, with how far things have come.
    pub(super) fn write_mark(&mut self, flushed_seq: u64) -> Result<()> {
        let mark = self.mark(flushed_seq);
        let marked = self.volume.mark(&self.io, mark);
        let synced = self.poisoned(marked)?;
        self.logs.set_closed(mark.closed_epoch);
        self.note(synced);
        Ok(())
    }

    /// Everything in memory into segments, in at most two flushes, and the log epoch ended: its file is
    /// free from then on.
    pub(super) fn flush_tables(&mut self) -> Result<Synced> {
        self.finish_flush()?;
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
            self.sealed = Some(Sealed { table, through: self.seqs.visible });
        }
    }

    /// Merges level 0 until there is room for another run in it.
    pub(super) fn settle_level0(&mut self) -> Result<()> {
        while self.volume.version().level0.len() >= LEVEL0_RUNS_MAX {
            self.merge_on(u64::MAX)?;
        }
        Ok(())
    }

    /// The version without the segments that lie in retired prefixes as a whole; and forgets prefixes
    /// under which nothing is left.
    fn drop_retired(&mut self, version: Version) -> Version {
        if self.catalog.retired.is_empty() {
            return version;
        }
        let retention = self.retention();
        let retired = |segment: &&Arc<Segment>| {
            let meta = segment.meta();
            retention.retired_prefix(&meta.min_key).is_some_and(|p| meta.max_key.starts_with(p))
        };
        let removed: Vec<u64> = version.segments().filter(retired).map(|s| s.meta().id).collect();
        let version = version.edit(&removed, Vec::new(), 0);
        // A merge under way may still bring back what lies under a prefix.
        let merging = self.merge.is_some();
        let mut retired = std::mem::take(&mut self.catalog.retired);
        retired.retain(|(prefix, _)| {
            merging
                || version.holds_prefix(prefix)
                || self.tables().any(|table| table_holds(table, prefix))
        });
        self.catalog.retired = retired;
        version
    }
}

fn table_holds(table: &Memtable, prefix: &[u8]) -> bool {
    table.seek(prefix, u64::MAX).is_some_and(|node| table.key(node).starts_with(prefix))
}
