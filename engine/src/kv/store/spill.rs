//! Large write sets: private segments that no root lists, and a commit without the log.

use std::sync::Arc;

use super::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::batch::Batch;
use crate::kv::compact::{Job, Progress};
use crate::kv::segment::Segment;
use crate::kv::version::Run;
use crate::storage::{Storage, Synced};

impl<S: Storage> Store<S> {
    /// How much a batch may hold in memory: beyond this it is spilled.
    pub fn spill_bytes(&self) -> usize {
        self.geometry().frame_bytes_max()
    }

    /// Moves what the batch holds in memory into private segments; it reads as before. After an
    /// error the batch is as it was.
    pub fn spill(&mut self, batch: &mut Batch) -> Result<()> {
        self.check_writable()?;
        let spilled = self.spill_table(batch);
        let is_full = |error: &Error| error.kind() == ErrorKind::QuotaExceeded;
        if self.frame.commits() > 0 || !spilled.as_ref().is_err_and(is_full) {
            return spilled;
        }
        self.make_room(batch)?;
        self.spill_table(batch)
    }

    fn spill_table(&mut self, batch: &mut Batch) -> Result<()> {
        let table = Arc::new(batch.take_table());
        let written = self.write_private(&table, batch);
        let table = Arc::try_unwrap(table);
        match written {
            Ok(run) => {
                batch.push_run(run);
                if let Ok(mut table) = table {
                    table.clear();
                    batch.restore_table(table);
                }
                Ok(())
            }
            Err(error) => {
                if let Ok(table) = table {
                    batch.restore_table(table);
                }
                Err(error)
            }
        }
    }

    /// Commits a batch by listing its segments: memtables are flushed, then one root makes both
    /// count. Strictly durable, whatever was asked for. After an error the batch reads as
    /// before, so that a miss can be retried; after success it is empty.
    pub fn commit_spilled(&mut self, batch: &mut Batch) -> Result<(u64, Synced)> {
        self.check_writable()?;
        self.check_no_group()?;
        self.settle_level0()?;
        if !batch.table().is_empty() {
            self.spill(batch)?;
        }
        self.take_over()?;
        let _ = self.flush_tables()?;
        self.keep_spare(batch)?;
        // The log's numbers have no gap within an epoch.
        self.logs.end_epoch();
        let seq = self.seqs.next;
        // The newest run goes in last, so that it ends up on top of level 0.
        let mut version = (**self.volume.version()).clone();
        for run in batch.runs().iter().rev() {
            let segments = run.iter().map(|segment| numbered(segment, seq)).collect();
            version = version.edit(&[], segments, 0);
        }
        self.seqs.next += 1;
        self.seqs.staged = seq;
        let committed = self.install_version(&version, seq);
        if committed.is_err() {
            (self.seqs.next, self.seqs.staged) = (seq, self.seqs.visible);
        }
        let _ordered = committed?;
        // No log holds this commit, so that the root before it is no state to fall back to.
        let synced = self.write_mark(seq)?;
        self.note_commit(synced, seq, seq);
        *batch = Batch::new();
        Ok((seq, synced))
    }

    /// Sees to it that the batch, whose segments are written, leaves as much as others have to.
    fn keep_spare(&mut self, batch: &Batch) -> Result<()> {
        let spare = self.spare_units(batch);
        match self.reserve(spare) {
            Err(error) if error.kind() == ErrorKind::QuotaExceeded => {
                self.make_room(batch)?;
                self.reserve(if batch.shrinks() { 0 } else { spare })
            }
            reserved => reserved,
        }
    }

    fn write_private(
        &mut self,
        table: &Arc<crate::kv::memtable::Memtable>,
        batch: &Batch,
    ) -> Result<Run> {
        let mut job = Job::spill(Arc::clone(table), batch.lease());
        while job.step(&self.io, &mut self.volume, u64::MAX)? != Progress::Done {}
        let (segments, _) = job.into_outputs();
        Ok(segments.into())
    }
}

/// A private segment with the sequence number that its commit got.
fn numbered(segment: &Arc<Segment>, seq: u64) -> Arc<Segment> {
    let mut meta = segment.meta().clone();
    (meta.base_seq, meta.max_seq) = (seq, seq);
    Arc::new(Segment::new(meta))
}
