//! The clock, work between commits, and the end.

use crate::db::Stats;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::kv::store::CompactionReport;
use crate::storage::{Barrier, Storage, Synced};

/// Bytes of work in one step, whatever the caller asks for.
const STEP_BYTES_MAX: u64 = 1 << 28;

impl<S: Storage> Host<S> {
    /// Tells the time, in milliseconds, never backwards: snapshots and transactions that were not
    /// used for long expire.
    pub fn tick(&mut self, now_ms: u64) {
        self.db.tick(now_ms);
    }

    /// Pays what the last commits owe; called after they were acknowledged.
    pub fn settle(&mut self) -> Result<()> {
        self.db.settle()
    }

    /// Does idle work of about `budget_bytes`; whether more is left.
    pub fn step(&mut self, budget_bytes: u64) -> Result<bool> {
        self.db.step(budget_bytes.clamp(1, STEP_BYTES_MAX))
    }

    /// Moves everything into segments and empties the logs.
    pub fn checkpoint(&mut self) -> Result<Synced> {
        self.db.checkpoint()
    }

    /// Begins to compact the whole database; [`Host::step`] carries it out.
    pub fn compact_begin(&mut self) -> Result<()> {
        self.db.compact_begin()
    }

    /// Bytes compacted, and bytes to compact in all.
    pub fn compact_progress(&self) -> Option<(u64, u64)> {
        self.db.compact_progress()
    }

    /// What the compaction did, once it is through.
    pub fn compact_report(&mut self) -> Option<CompactionReport> {
        self.db.compact_report()
    }

    /// Counters and sizes.
    pub fn stats(&self) -> Stats {
        self.db.stats()
    }

    /// Makes everything durable and the next open quick. The host is of no further use: drop it.
    pub fn close(&mut self) -> Result<Synced> {
        self.db.close()
    }

    /// Whether a change waits for its barrier.
    pub fn is_pending(&self) -> bool {
        self.db.is_pending()
    }

    /// The storage has made everything up to `barrier` durable.
    pub fn barrier_done(&mut self, barrier: Barrier) -> Result<()> {
        self.db.barrier_done(barrier)
    }

    /// The storage could not make the barrier durable.
    pub fn barrier_failed(&mut self, error: Error) {
        self.db.barrier_failed(error);
    }
}
