//! Counters of what was asked and done since the database was opened.

use std::cell::Cell;

use serde::Serialize;

use crate::kv::store::StoreStats;

/// Counters since the database was opened, and sizes as they are.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Documents asked for by id.
    pub reads: u64,
    /// Documents stored.
    pub writes: u64,
    /// Documents deleted.
    pub deletes: u64,
    /// Scans of a collection in id order.
    pub scans: u64,
    /// Queries through an index.
    pub index_lookups: u64,
    /// Index entries and documents that queries went over.
    pub entries_examined: u64,
    /// Transactions begun.
    pub transactions_started: u64,
    /// Transactions committed.
    pub transactions_committed: u64,
    /// Transactions that failed or were rolled back.
    pub transactions_aborted: u64,
    /// Commits, of transactions and single writes.
    pub commits: u64,
    /// Checkpoints asked for.
    pub checkpoints: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Snapshots, transactions and cursors that are open.
    pub snapshots: u64,
    /// The store underneath.
    pub store: StoreStats,
}

/// A counter that reads may raise as well.
#[derive(Debug, Default)]
pub(super) struct Count(Cell<u64>);

impl Count {
    pub fn add(&self, n: u64) {
        self.0.set(self.0.get().wrapping_add(n));
    }
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub reads: Count,
    pub writes: Count,
    pub deletes: Count,
    pub scans: Count,
    pub index_lookups: Count,
    pub entries_examined: Count,
    pub transactions_started: Count,
    pub transactions_committed: Count,
    pub commits: Count,
    pub checkpoints: Count,
    pub errors: Count,
    /// Shared with the transactions, which may be dropped without a word.
    pub transactions_aborted: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Counts {
    pub fn stats(&self, snapshots: usize, store: StoreStats) -> Stats {
        Stats {
            reads: self.reads.0.get(),
            writes: self.writes.0.get(),
            deletes: self.deletes.0.get(),
            scans: self.scans.0.get(),
            index_lookups: self.index_lookups.0.get(),
            entries_examined: self.entries_examined.0.get(),
            transactions_started: self.transactions_started.0.get(),
            transactions_committed: self.transactions_committed.0.get(),
            transactions_aborted: self
                .transactions_aborted
                .load(std::sync::atomic::Ordering::Relaxed),
            commits: self.commits.0.get(),
            checkpoints: self.checkpoints.0.get(),
            errors: self.errors.0.get(),
            snapshots: snapshots as u64,
            store,
        }
    }
}
