//! The store's one way to its storage: counts every call, and keeps decoded blocks.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::cache::{BlockCache, BlockId};
use super::segment::Block;
use crate::error::{Error, Result};
use crate::options::{Durability, Geometry};
use crate::storage::{FileId, Read, Storage, Synced};

/// What has been asked of the storage and of the block cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IoStats {
    /// Reads of the storage.
    pub reads: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// Writes to the storage.
    pub writes: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// Syncs of the storage.
    pub syncs: u64,
    /// Blocks found in the cache.
    pub cache_hits: u64,
    /// Blocks that the cache did not have.
    pub cache_misses: u64,
}

#[derive(Debug, Default)]
struct Counters {
    reads: Cell<u64>,
    bytes_read: Cell<u64>,
    writes: Cell<u64>,
    bytes_written: Cell<u64>,
    syncs: Cell<u64>,
    cache_hits: Cell<u64>,
    cache_misses: Cell<u64>,
}

fn count(counter: &Cell<u64>, more: u64) {
    counter.set(counter.get().wrapping_add(more));
}

/// A storage with its block cache, its counters and the volume's layout.
pub struct Io<S> {
    storage: S,
    geometry: Geometry,
    /// Where unit 0 begins in the volume.
    units_start: u64,
    cache: RefCell<BlockCache>,
    counters: Counters,
    failed_sync: RefCell<Option<Error>>,
}

impl<S: Storage> Io<S> {
    /// Wraps `storage`; at most `cache_bytes` bytes of decoded blocks are kept. Before units can be
    /// read or written, [`Io::set_layout`] says where they are.
    pub fn new(storage: S, cache_bytes: usize) -> Self {
        let cache = RefCell::new(BlockCache::new(cache_bytes));
        let counters = Counters::default();
        let failed_sync = RefCell::default();
        Self { storage, geometry: Geometry::DEFAULT, units_start: 0, cache, counters, failed_sync }
    }

    /// Says how the volume is laid out.
    pub fn set_layout(&mut self, geometry: Geometry, units_start: u64) {
        self.geometry = geometry;
        self.units_start = units_start;
    }

    /// The storage itself.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// The volume's sizes.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Where `unit` begins in the volume.
    pub fn unit_offset(&self, unit: u32) -> u64 {
        self.units_start + u64::from(unit) * u64::from(self.geometry.unit_bytes)
    }

    /// Length of `file`.
    pub fn len(&self, file: FileId) -> Result<u64> {
        self.storage.len(file)
    }

    /// Fills `buf` from `offset`; fails with [`Error::missing`] where the bytes must be fetched
    /// first.
    pub fn read_exact(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<()> {
        count(&self.counters.reads, 1);
        count(&self.counters.bytes_read, buf.len() as u64);
        match self.storage.read_at(file, offset, buf)? {
            Read::Done => Ok(()),
            Read::Missing => Err(Error::missing()),
        }
    }

    /// Writes all of `bytes` at `offset`.
    pub fn write(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        count(&self.counters.writes, 1);
        count(&self.counters.bytes_written, bytes.len() as u64);
        self.storage.write_at(file, offset, bytes)
    }

    /// Sets the length of `file`.
    pub fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        self.storage.set_len(file, len)
    }

    /// Makes all earlier writes to `file` durable. Once this has failed nothing may be built on
    /// these files any more, see [`Io::failed_sync`]. Only what has to wait for the disk is
    /// counted.
    pub fn sync(&self, file: FileId, durability: Durability) -> Result<Synced> {
        if durability == Durability::Strict {
            count(&self.counters.syncs, 1);
        }
        let synced = self.storage.sync(file, durability);
        if let Err(error) = &synced {
            self.failed_sync.borrow_mut().get_or_insert_with(|| error.clone());
        }
        synced
    }

    /// The first sync that failed. Systems count what it held as written, so that later syncs
    /// succeed and bring none of it to the medium, whoever wrote it.
    pub fn failed_sync(&self) -> Option<Error> {
        self.failed_sync.borrow().clone()
    }

    /// What has been asked so far.
    pub fn stats(&self) -> IoStats {
        let counters = &self.counters;
        IoStats {
            reads: counters.reads.get(),
            bytes_read: counters.bytes_read.get(),
            writes: counters.writes.get(),
            bytes_written: counters.bytes_written.get(),
            syncs: counters.syncs.get(),
            cache_hits: counters.cache_hits.get(),
            cache_misses: counters.cache_misses.get(),
        }
    }

    /// Bytes of decoded blocks in the cache.
    pub fn cached_bytes(&self) -> u64 {
        self.cache.borrow().bytes()
    }

    /// A block from the cache.
    pub(crate) fn cached(&self, id: BlockId) -> Option<Arc<Block>> {
        let block = self.cache.borrow().get(id);
        let counter =
            if block.is_some() { &self.counters.cache_hits } else { &self.counters.cache_misses };
        count(counter, 1);
        block
    }

    /// Puts a block into the cache.
    pub(crate) fn keep(&self, id: BlockId, block: Arc<Block>) {
        self.cache.borrow_mut().insert(id, block);
    }
}
