//! Transactions: a snapshot, and writes over it that nobody else sees.
//!
//! The writes are kept as entries over the store, index entries included, so that every access path
//! sees them. Whatever is read is noted, keys and ranges as far as they were delivered; a commit
//! fails with `Conflict` if a commit since the snapshot wrote any of it. That makes transactions
//! serializable in the order of their commits.
//!
//! At commit the final state of each document written is diffed anew against the newest state, as a
//! write that reads nothing may meet a document that has changed since. A transaction that has
//! outgrown memory cannot do that: it no longer has a list of what it wrote, and its entries
//! already lie in private segments. It commits these as they are, which is right if nothing they
//! were derived from has changed. So for such a transaction the following counts as read as well:
//! in each collection written to, all documents between the smallest and the greatest id written,
//! the whole of each unique index, and the progress of indexes being built; and the indexes of the
//! collection must be those of its snapshot. Entries of indexes that are not unique carry the id
//! and are covered by it. Counts are kept as differences and applied to the newest ones.
//!
//! Unique values are checked at commit, so documents may share one in between. The index key has
//! room for one id only; the entries of the others take the form of entries with a missing value,
//! id included, and are noted in `shared` until they turn into ordinary ones or fail the commit.

mod commit;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Database;
use super::reads::Reads;
use crate::catalog::{Collection, CollectionId, IndexId};
use crate::counters::{Counters, Delta};
use crate::error::{Error, ErrorKind, Result};
use crate::kv::batch::Batch;
use crate::kv::view::View;
use crate::small_map::SmallMap;
use crate::snapshot::Snapshot;
use crate::storage::Storage;

/// A transaction: a handle of its own, which rolls back when it is dropped. At most 1,024
/// snapshots, transactions and cursors may be open.
#[derive(Debug)]
pub struct Transaction {
    /// Tells it from other transactions.
    pub(super) number: u64,
    pub(super) snapshot: Snapshot,
    pub(super) reads: Reads,
    /// Its writes as entries of the store.
    overlay: Batch,
    /// The documents it wrote.
    spans: SmallMap<CollectionId, Span>,
    /// Entries that may share a unique value with another document.
    shared: BTreeMap<Vec<u8>, Shared>,
    shared_bytes: usize,
    /// Bytes ever written to the overlay.
    bytes: usize,
    is_over: bool,
    aborted: Arc<AtomicU64>,
}

/// What a transaction did to one collection.
#[derive(Debug)]
struct Span {
    /// The smallest and the greatest id.
    first: Vec<u8>,
    last: Vec<u8>,
    /// The ids; unused once the overlay has been spilled.
    written: BTreeSet<Vec<u8>>,
    delta: Delta,
}

/// An entry of a unique index that may share its value.
#[derive(Clone, Debug)]
struct Shared {
    collection: CollectionId,
    index: IndexId,
    id: Vec<u8>,
}

impl Transaction {
    /// The sequence number of the commit it began at.
    pub fn seq(&self) -> u64 {
        self.snapshot.seq()
    }

    /// Whether it was committed, has failed or was rolled back.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) fn view(&self) -> View<'_> {
        View { seq: self.snapshot.seq(), overlay: Some(&self.overlay) }
    }

    pub(super) fn check_open(&self) -> Result<()> {
        if self.is_over {
            let message = "the transaction is over; begin another one";
            return Err(Error::new(ErrorKind::Closed, message));
        }
        Ok(())
    }

    /// Adds its own writes to the counts of its snapshot.
    pub(super) fn add_delta(&self, collection: &Collection, counters: &mut Counters) {
        if let Some(span) = self.spans.get(&collection.id) {
            counters.add(&span.delta);
        }
    }

    /// Ends it and lets go of what it holds.
    fn end(&mut self) {
        self.is_over = true;
        self.overlay = Batch::new();
        self.shared = BTreeMap::new();
        self.spans = SmallMap::default();
        self.reads = Reads::default();
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.is_over {
            self.aborted.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<S: Storage> Database<S> {
    /// Begins a transaction at the newest visible commit.
    pub fn begin(&mut self) -> Result<Transaction> {
        let snapshot = self.snapshot()?;
        self.transactions += 1;
        self.counts.transactions_started.add(1);
        Ok(Transaction {
            number: self.transactions,
            snapshot,
            reads: Reads::default(),
            overlay: Batch::new(),
            spans: SmallMap::default(),
            shared: BTreeMap::new(),
            shared_bytes: 0,
            bytes: 0,
            is_over: false,
            aborted: Arc::clone(&self.counts.transactions_aborted),
        })
    }

    /// Ends a transaction without a trace; dropping it does the same at the next call.
    pub fn rollback(&mut self, tx: Transaction) {
        drop(tx);
        self.snapshots.release(&mut self.store);
    }
}
