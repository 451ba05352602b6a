//! Snapshots: a commit to read at, and the catalog that was current then.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use crate::catalog::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::store::Store;
use crate::limits::{SNAPSHOT_BYTES_MIN, SNAPSHOT_IDLE_MS_MAX, SNAPSHOTS_MAX};
use crate::storage::{FileId, Storage};

/// The state of the database after one commit. It stays readable while later commits go on, until
/// its last clone is dropped, it is left unused for 60 s by the caller's clock, or so much was
/// written since that keeping it costs more than the database itself; then reads answer
/// `SnapshotExpired`.
#[derive(Clone, Debug)]
pub struct Snapshot(Arc<Pin>);

#[derive(Debug)]
struct Pin {
    seq: u64,
    catalog: Arc<Catalog>,
    used_ms: AtomicU64,
    expired: AtomicBool,
}

impl Snapshot {
    /// The sequence number of the last commit it sees.
    pub fn seq(&self) -> u64 {
        self.0.seq
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.0.catalog
    }

    /// Uses it at `now_ms`, which puts off its end.
    pub(crate) fn touch(&self, now_ms: u64) -> Result<()> {
        if self.0.expired.load(Ordering::Relaxed) {
            let message = "the snapshot was left unused for too long, or too much was written \
                           since; take a new one";
            return Err(Error::new(ErrorKind::SnapshotExpired, message)
                .with(|details| details.seq = Some(self.0.seq)));
        }
        self.0.used_ms.fetch_max(now_ms, Ordering::Relaxed);
        Ok(())
    }
}

/// A snapshot as the database sees it: the handle may be gone.
#[derive(Debug)]
struct Held {
    pin: Weak<Pin>,
    seq: u64,
    /// Bytes ever written when it was taken.
    written: u64,
}

/// The snapshots that the store keeps versions for, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    held: Vec<Held>,
    now_ms: u64,
    /// Bytes ever written by this opener, as far as snapshots have to pay for them.
    written: u64,
}

impl Snapshots {
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Notes that a commit of so many bytes was made.
    pub fn wrote(&mut self, bytes: usize) {
        self.written = self.written.saturating_add(bytes as u64);
    }

    /// Takes a snapshot of the newest visible commit.
    pub fn take<S: Storage>(
        &mut self,
        store: &mut Store<S>,
        catalog: &Arc<Catalog>,
    ) -> Result<Snapshot> {
        self.release(store);
        if self.held.len() >= SNAPSHOTS_MAX {
            let message = format!(
                "{SNAPSHOTS_MAX} snapshots, transactions and queries are open; close some first"
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let seq = store.visible_seq();
        let snapshot = Snapshot(Arc::new(Pin {
            seq,
            catalog: Arc::clone(catalog),
            used_ms: AtomicU64::new(self.now_ms),
            expired: AtomicBool::new(false),
        }));
        store.pin(seq);
        self.held.push(Held { pin: Arc::downgrade(&snapshot.0), seq, written: self.written });
        Ok(snapshot)
    }

    /// Lets go of those whose handles are gone.
    pub fn release<S: Storage>(&mut self, store: &mut Store<S>) {
        self.held.retain(|held| {
            let alive = held.pin.strong_count() > 0;
            if !alive {
                store.unpin(held.seq);
            }
            alive
        });
    }

    /// Moves the clock, which never runs backwards, and lets go of what is gone, idle or too
    /// costly.
    pub fn tick<S: Storage>(&mut self, store: &mut Store<S>, now_ms: u64) {
        self.now_ms = self.now_ms.max(now_ms);
        let size = store.storage().len(FileId::Volume).unwrap_or(0);
        let cost_max = SNAPSHOT_BYTES_MIN.max(size);
        let (now, written) = (self.now_ms, self.written);
        self.held.retain(|held| {
            let Some(pin) = held.pin.upgrade() else {
                store.unpin(held.seq);
                return false;
            };
            let idle = now.saturating_sub(pin.used_ms.load(Ordering::Relaxed));
            let cost = written.saturating_sub(held.written);
            let keep = idle < SNAPSHOT_IDLE_MS_MAX && cost <= cost_max;
            if !keep {
                pin.expired.store(true, Ordering::Relaxed);
                store.unpin(held.seq);
            }
            keep
        });
    }
}
