//! The log-structured store: a sorted map of bytes with snapshots, group commit and bounded memory.
//! It knows nothing of documents.
//!
//! A commit is appended to the log and entered in the memtable; a full memtable is flushed to
//! segments in level 0; merges carry segments down. Reads look from the newest place to the oldest.

mod commit;
mod flush;
mod read;
mod room;
mod spill;
mod stats;
mod verify;
mod work;

use std::sync::Arc;

use super::compact::{Job, Retention};
use super::io::Io;
use super::log::FrameBuilder;
use super::logs::Logs;
use super::manifest::CatalogState;
use super::memtable::Memtable;
use super::recover::{self, Recovered};
use super::volume::{Mark, Volume};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::KEY_PREFIX_BYTES;
use crate::options::{Geometry, Options};
use crate::small_map::SmallMap;
use crate::storage::{Barrier, Storage, Synced};

pub use stats::StoreStats;
pub use verify::Verification;
pub use work::CompactionReport;
use work::{FullCompaction, WorkCounts};

/// The store under a database.
pub struct Store<S: Storage> {
    io: Io<S>,
    volume: Volume,
    logs: Logs,
    /// What the open log epoch, and perhaps the one before, holds that is in no segment.
    active: Memtable,
    /// The spaces and ids of the keys in `active`, in order: a flush begins a segment for each.
    prefixes: Vec<[u8; KEY_PREFIX_BYTES]>,
    /// A full memtable on its way into segments.
    sealed: Option<Sealed>,
    flush: Option<Job>,
    merge: Option<Job>,
    full: Option<FullCompaction>,
    /// Spaces and ids in which a merge has met damage.
    unmergeable: Vec<Vec<u8>>,
    report: Option<CompactionReport>,
    catalog: CatalogState,
    seqs: Seqs,
    /// The frame of the commits staged so far.
    frame: FrameBuilder,
    /// Sequence numbers that snapshots see, with the number of snapshots.
    pins: SmallMap<u64, u32>,
    /// Bytes of merging that commits have brought about and not paid for.
    owed_bytes: u64,
    pending: Option<Pending>,
    poison: Option<Error>,
    /// Bytes that deletes have to earn before merges are sought again that make room for others.
    search_owed: u64,
    /// Whether nothing rests any more on what the last open read back; see `take_over`.
    taken_over: bool,
    read_only: bool,
    created: bool,
    work: WorkCounts,
}

/// A memtable that takes no more.
#[derive(Debug)]
struct Sealed {
    table: Arc<Memtable>,
    /// Every commit up to this one is in it, in the catalog or in segments.
    through: u64,
    /// How many spaces and ids its keys have.
    prefixes: usize,
}

/// How far sequence numbers have come.
#[derive(Clone, Copy, Debug, Default)]
struct Seqs {
    /// The newest published commit.
    visible: u64,
    /// The newest staged commit; equals `visible` where none is.
    staged: u64,
    /// What the next commit gets: above every number that was ever reserved.
    next: u64,
    /// The newest commit that a loss of power cannot take.
    durable: u64,
}

/// The newest barrier that a storage which answers later still owes.
#[derive(Clone, Copy, Debug)]
struct Pending {
    barrier: Barrier,
    /// What becomes visible, and durable, once it is through.
    publish: u64,
    durable: u64,
}

impl<S: Storage> Store<S> {
    /// Opens what `storage` holds, or makes a new store there. Reads the roots, the manifest and
    /// what the logs hold beyond it; on an asynchronous storage it is called again after a
    /// miss.
    pub fn open(storage: S, options: &Options) -> Result<Self> {
        let Recovered {
            io,
            volume,
            logs,
            active,
            catalog,
            visible_seq,
            next_seq,
            created,
            pending,
        } = recover::open(storage, options)?;
        let seqs = Seqs {
            visible: visible_seq,
            staged: visible_seq,
            next: next_seq,
            durable: visible_seq,
        };
        let mut store = Self {
            io,
            volume,
            logs,
            active,
            prefixes: Vec::new(),
            sealed: None,
            flush: None,
            merge: None,
            full: None,
            unmergeable: Vec::new(),
            report: None,
            catalog,
            seqs,
            frame: FrameBuilder::default(),
            pins: SmallMap::default(),
            owed_bytes: 0,
            pending: None,
            poison: None,
            search_owed: 0,
            taken_over: created,
            read_only: options.read_only,
            created,
            work: WorkCounts::default(),
        };
        store.note(pending);
        Ok(store)
    }

    /// Whether this open made the database.
    pub fn created(&self) -> bool {
        self.created
    }

    /// What tells this database from every other.
    pub fn database_id(&self) -> [u8; 16] {
        self.volume.superblock().database_id
    }

    /// The sizes that the database was made with.
    pub fn geometry(&self) -> &Geometry {
        self.volume.geometry()
    }

    /// The newest catalog, empty in a new database; while its barrier is outstanding, not yet
    /// durable.
    pub fn catalog(&self) -> &[u8] {
        &self.catalog.bytes
    }

    /// The newest published commit.
    pub fn visible_seq(&self) -> u64 {
        self.seqs.visible
    }

    /// The newest staged commit: what a writer reads at.
    pub fn staged_seq(&self) -> u64 {
        self.seqs.staged
    }

    /// The storage under the store.
    pub fn storage(&self) -> &S {
        self.io.storage()
    }

    /// Keeps the versions that `seq` sees until [`Store::unpin`]; calls are counted.
    pub fn pin(&mut self, seq: u64) {
        *self.pins.entry(seq, || 0) += 1;
    }

    /// Takes one [`Store::pin`] back.
    pub fn unpin(&mut self, seq: u64) {
        if let Some(count) = self.pins.get_mut(&seq) {
            *count -= 1;
            if *count == 0 {
                self.pins.remove(&seq);
            }
        }
    }

    /// Whether a barrier is outstanding: what the last call did is not durable yet.
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// A barrier of an asynchronous storage, and all before it, is through.
    pub fn barrier_done(&mut self, barrier: Barrier) -> Result<()> {
        self.check_sound()?;
        if let Some(pending) = self.pending.take_if(|pending| pending.barrier <= barrier) {
            self.seqs.durable = self.seqs.durable.max(pending.durable);
            self.seqs.visible = self.seqs.visible.max(pending.publish);
        }
        Ok(())
    }

    /// A barrier failed: what it held is lost, and only opening the database again tells what is
    /// there.
    pub fn barrier_failed(&mut self, error: Error) {
        self.pending = None;
        self.poison = Some(error);
    }

    /// Remembers a barrier that must pass before anything else begins.
    fn note(&mut self, synced: Synced) {
        self.note_commit(synced, self.seqs.visible, self.seqs.durable);
    }

    /// Publishes a commit, now or when its barrier is through.
    fn note_commit(&mut self, synced: Synced, publish: u64, durable: u64) {
        match synced {
            Synced::Done => {
                self.seqs.durable = self.seqs.durable.max(durable);
                self.seqs.visible = self.seqs.visible.max(publish);
            }
            Synced::Pending(barrier) => self.pending = Some(Pending { barrier, publish, durable }),
        }
    }

    /// Whether a commit waits for its barrier: until then no write, step, flush or close may begin.
    /// The barriers of other work need not be waited for, as later ones come after them.
    fn is_committing(&self) -> bool {
        self.pending.is_some_and(|pending| pending.publish > self.seqs.visible)
    }

    fn check_sound(&self) -> Result<()> {
        if let Some(error) = &self.poison {
            return Err(error.clone());
        }
        self.io.failed_sync().map_or(Ok(()), |error| Err(unclear(&error)))
    }

    /// What moves memtables, or counts commits without the log, would take an open group along.
    fn check_no_group(&self) -> Result<()> {
        if self.frame.commits() > 0 {
            return Err(Error::invalid("a group of commits is open; commit or discard it first"));
        }
        Ok(())
    }

    fn check_writable(&self) -> Result<()> {
        self.check_sound()?;
        if self.read_only {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "the database was opened for reading; open it without `readOnly` to write",
            ));
        }
        if self.is_committing() {
            return Err(Error::new(
                ErrorKind::Io,
                "an earlier commit is still on its way to the storage; wait for its barrier",
            ));
        }
        Ok(())
    }

    /// Ends all writing after a failure that leaves unclear what the storage holds.
    fn poisoned<T>(&mut self, result: Result<T>) -> Result<T> {
        result.map_err(|error| {
            let error = unclear(&error);
            self.poison = Some(error.clone());
            error
        })
    }

    /// What snapshots and retired prefixes mean for a merge that begins now.
    fn retention(&self) -> Retention {
        let oldest = self.pins.keys().next().copied().unwrap_or(u64::MAX);
        let retired = self.catalog.retired.iter().filter(|(_, seq)| *seq <= oldest);
        let retired = retired.map(|(prefix, _)| prefix.clone()).collect();
        Retention::new(self.pins.keys().copied().collect(), retired)
    }

    /// What a root written now says.
    fn mark(&self, flushed_seq: u64) -> Mark {
        Mark {
            flushed_seq,
            reserved_seq: self.logs.reserved_seq().max(self.seqs.next.saturating_sub(1)),
            closed_epoch: self.logs.closed_epoch(flushed_seq),
            live_epoch: self.logs.epoch(),
        }
    }
}

/// The answer to every call after a failure that leaves unclear what the storage holds.
#[cold]
fn unclear(error: &Error) -> Error {
    let message = format!(
        "{}; what the storage holds is unclear now, so the database must be opened again",
        error.message()
    );
    Error::new(ErrorKind::Io, message).with(|details| *details = error.details().clone())
}
