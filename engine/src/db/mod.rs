//! The database: collections of documents with indexes over the store's one key space.
//!
//! One writer, in turns. A write computes its whole commit first, reading what it needs, and stages
//! it last; a read that an asynchronous storage cannot answer yet therefore leaves nothing behind,
//! and the operation is simply run again. Commits staged between two calls of [`Database::commit`]
//! share one write and one sync.
//!
//! The parts: [`op`] applies writes to documents, [`draft`] turns them into one commit, [`write`]
//! stages it, [`read`] answers gets, [`query`] the access paths, [`tx`] keeps transactions apart,
//! [`ddl`] and [`build`] change collections and indexes.

mod build;
mod ddl;
mod document;
mod draft;
mod misses;
mod op;
mod query;
mod read;
mod reads;
mod recent;
mod stats;
mod tx;
mod verify;
mod write;

use std::cell::Cell;
use std::sync::Arc;

pub use build::{Build, BuildBudget, Progress};
pub use ddl::{CollectionInfo, Declared, IndexInfo, Undeclared};
pub use op::{Change, IfMatch, Op, Outcome};
pub use query::{Access, Cursor, Explain, Output, Page, PageLimits, QueryPlan, Row};
pub(crate) use query::{PageEnd, PageRows};
pub use read::At;
pub use stats::Stats;
pub use tx::Transaction;
pub use verify::Verification;
pub use write::Staged;

use crate::catalog::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::store::{CompactionReport, Store};
use crate::options::Options;
use crate::snapshot::{Snapshot, Snapshots};
use crate::storage::{Barrier, FileId, Storage, Synced};
use build::BuildState;
use recent::Recent;
use stats::Counts;

/// A database on a storage.
///
/// While [`Database::is_pending`], reads are answered and everything else is `InvalidInput`.
pub struct Database<S: Storage> {
    store: Store<S>,
    catalog: Arc<Catalog>,
    /// The catalog that becomes current with the barrier that is outstanding.
    next_catalog: Option<Arc<Catalog>>,
    snapshots: Snapshots,
    recent: Recent,
    build: Option<BuildState>,
    counts: Counts,
    transactions: u64,
    /// The memory of the key that a read looks up.
    key: Cell<Vec<u8>>,
}

impl<S: Storage> Database<S> {
    /// Opens the database on `storage`, or makes one; see [`Options`].
    pub fn open(storage: S, options: &Options) -> Result<Self> {
        let store = Store::open(storage, options)?;
        let catalog = Arc::new(Catalog::decode(store.catalog()).map_err(|error| {
            let message = format!("{}; restore a backup of the database", error.message());
            Error::new(ErrorKind::Corrupt, message)
        })?);
        let recent = Recent::new(store.visible_seq());
        Ok(Self {
            store,
            catalog,
            next_catalog: None,
            snapshots: Snapshots::default(),
            recent,
            build: None,
            counts: Counts::default(),
            transactions: 0,
            key: Cell::default(),
        })
    }

    /// Whether this opener made it.
    pub fn created(&self) -> bool {
        self.store.created()
    }

    /// What tells it from every other database.
    pub fn database_id(&self) -> [u8; 16] {
        self.store.database_id()
    }

    /// The sequence number of the newest visible commit.
    pub fn sequence(&self) -> u64 {
        self.store.visible_seq()
    }

    /// The storage it is on.
    pub fn storage(&self) -> &S {
        self.store.storage()
    }

    /// Tells the time, in milliseconds of a clock of the caller's; snapshots expire by it. Earlier
    /// times than the last one count as the last one.
    pub fn tick(&mut self, now_ms: u64) {
        self.snapshots.tick(&mut self.store, now_ms);
    }

    /// Takes a snapshot of the newest visible commit. At most 1,024 snapshots, transactions and
    /// cursors may be open, else `LimitExceeded`.
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        let snapshot = self.snapshots.take(&mut self.store, &self.catalog);
        self.counted(snapshot)
    }

    /// Pays for the work that the last commits left to do; to be called once they are acknowledged.
    pub fn settle(&mut self) -> Result<()> {
        self.check_not_pending()?;
        let settled = self.store.settle();
        self.counted(settled)
    }

    /// Does up to so many bytes of the work that can wait; true while more is left.
    pub fn step(&mut self, budget_bytes: u64) -> Result<bool> {
        self.check_not_pending()?;
        self.snapshots.release(&mut self.store);
        let more = self.store.step(budget_bytes);
        self.counted(more)
    }

    /// Moves everything from the logs into segments.
    pub fn checkpoint(&mut self) -> Result<Synced> {
        self.check_idle()?;
        let synced = self.store.flush();
        self.counts.checkpoints.add(1);
        self.counted(synced)
    }

    /// Begins a full compaction, which [`Database::step`] carries out.
    pub fn compact_begin(&mut self) -> Result<()> {
        self.check_idle()?;
        self.snapshots.release(&mut self.store);
        let begun = self.store.compact_begin();
        self.counted(begun)
    }

    /// How far the compaction has come: bytes done, bytes in all.
    pub fn compact_progress(&self) -> Option<(u64, u64)> {
        self.store.compact_progress()
    }

    /// What the compaction did, once, when it is done.
    pub fn compact_report(&mut self) -> Option<CompactionReport> {
        self.store.compact_report()
    }

    /// Commits nothing more and leaves the files as small to recover as they can be.
    pub fn close(&mut self) -> Result<Synced> {
        self.check_not_pending()?;
        self.discard();
        let synced = self.store.close();
        self.counted(synced)
    }

    /// Whether a barrier of the storage is outstanding.
    pub fn is_pending(&self) -> bool {
        self.store.is_pending()
    }

    /// The barrier, and with it what waited for it, is durable.
    pub fn barrier_done(&mut self, barrier: Barrier) -> Result<()> {
        let done = self.store.barrier_done(barrier);
        self.counted(done)?;
        if !self.store.is_pending()
            && let Some(catalog) = self.next_catalog.take()
        {
            self.catalog = catalog;
        }
        Ok(())
    }

    /// The barrier failed: every call answers `error` until the database is opened again.
    pub fn barrier_failed(&mut self, error: Error) {
        self.next_catalog = None;
        self.counts.errors.add(1);
        self.store.barrier_failed(error);
    }

    /// Counters since it was opened, and sizes.
    pub fn stats(&self) -> Stats {
        self.counts.stats(self.snapshots.len(), self.store.stats())
    }

    /// Counts a failure. Damage that no block has been named for lies in what blocks with a right
    /// checksum hold: somewhere in the volume.
    fn counted<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| self.count_error(error))
    }

    #[cold]
    fn count_error(&self, error: Error) -> Error {
        if !error.is_missing() {
            self.counts.errors.add(1);
        }
        match error.kind() {
            ErrorKind::Corrupt if error.details().file.is_none() => {
                error.with(|details| details.file = Some(FileId::Volume.name()))
            }
            _ => error,
        }
    }

    fn check_not_pending(&self) -> Result<()> {
        if self.store.is_pending() {
            return Err(Error::invalid(
                "a write is being made durable; wait for it, then call again",
            ));
        }
        Ok(())
    }

    /// What changes more than documents stands outside of groups of commits.
    fn check_idle(&self) -> Result<()> {
        self.check_not_pending()?;
        if self.has_staged() {
            return Err(Error::invalid("commits are staged; commit or discard them first"));
        }
        Ok(())
    }

    /// Makes a catalog current and durable.
    fn commit_catalog(&mut self, catalog: Catalog, retired: &[Vec<u8>]) -> Result<Synced> {
        let bytes = catalog.encode();
        let synced = self.store.commit_catalog(&bytes, retired)?;
        match synced {
            Synced::Done => self.catalog = Arc::new(catalog),
            Synced::Pending(_) => self.next_catalog = Some(Arc::new(catalog)),
        }
        Ok(synced)
    }
}
