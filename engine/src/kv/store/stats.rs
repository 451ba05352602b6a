//! What the store says about itself.

use serde::Serialize;

use super::Store;
use crate::storage::Storage;

/// Counts and sizes of a store since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreStats {
    /// Reads of the storage.
    pub storage_reads: u64,
    /// Writes to the storage.
    pub storage_writes: u64,
    /// Syncs of the storage.
    pub storage_syncs: u64,
    /// Bytes read from the storage.
    pub bytes_read: u64,
    /// Bytes written to the storage.
    pub bytes_written: u64,
    /// Blocks found in the cache.
    pub cache_hits: u64,
    /// Blocks that the cache did not have.
    pub cache_misses: u64,
    /// Bytes of blocks in the cache.
    pub cache_bytes: u64,
    /// Bytes of the live log epoch.
    pub log_bytes: u64,
    /// Bytes that the memtables take.
    pub memtable_bytes: u64,
    /// Bytes of segments by level.
    pub level_bytes: Vec<u64>,
    /// Runs in level 0.
    pub level0_runs: u64,
    /// Segments in all.
    pub segments: u64,
    /// Entries in all segments, tombstones and old versions included.
    pub entries: u64,
    /// Bytes of the units in use.
    pub volume_bytes: u64,
    /// Memtables flushed.
    pub flushes: u64,
    /// Merges begun.
    pub merges: u64,
    /// Segments that changed their level without being read.
    pub moves: u64,
    /// Flushes and merges that failed and were given up.
    pub work_failures: u64,
    /// Bytes of merging that commits have brought about and not paid for yet.
    pub owed_bytes: u64,
}

impl<S: Storage> Store<S> {
    /// What the store says about itself.
    pub fn stats(&self) -> StoreStats {
        let io = self.io.stats();
        let version = self.volume.version();
        let sealed = self.sealed.as_ref().map_or(0, |sealed| sealed.table.bytes());
        let level_bytes = (0..=version.deepest()).map(|level| {
            let segments = version.level(level).iter().flat_map(|run| run.iter());
            segments.map(|segment| u64::from(segment.meta().len)).sum()
        });
        StoreStats {
            storage_reads: io.reads,
            storage_writes: io.writes,
            storage_syncs: io.syncs,
            bytes_read: io.bytes_read,
            bytes_written: io.bytes_written,
            cache_hits: io.cache_hits,
            cache_misses: io.cache_misses,
            cache_bytes: self.io.cached_bytes(),
            log_bytes: self.logs.bytes(),
            memtable_bytes: (self.active.bytes() + sealed) as u64,
            level_bytes: level_bytes.collect(),
            level0_runs: version.level0.len() as u64,
            segments: version.segments().count() as u64,
            entries: version.segments().map(|segment| segment.meta().entries).sum(),
            volume_bytes: self.volume.used_bytes(),
            flushes: self.work.flushes,
            merges: self.work.merges,
            moves: self.work.moves,
            work_failures: self.work.failures,
            owed_bytes: self.owed_bytes,
        }
    }
}
