//! What a database can be opened with.

use crate::error::{Error, Result};
use crate::limits;

/// When a commit is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Once the process cannot lose it; a loss of power can take the last moments, never the order.
    Relaxed,
    /// Once a loss of power cannot take it, on a disk that honours a flush.
    #[default]
    Strict,
}

/// Sizes that shape the files. They are chosen when a database is made and recorded in its
/// superblock, so that tests can run whole sweeps on images of a few KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Unit of allocation in the volume.
    pub unit_bytes: u32,
    /// Units a segment has at most.
    pub segment_units_max: u32,
    /// Size of each of the two manifest areas.
    pub manifest_area_bytes: u32,
    /// Size a log is made with; it doubles from there.
    pub log_bytes_min: u32,
    /// Size a log has at most.
    pub log_bytes_max: u32,
    /// Bytes of entries in a memtable before it is flushed.
    pub memtable_bytes: u32,
    /// Target size of a data block before compression.
    pub block_bytes: u32,
    /// Chunk of the volume in storages that keep chunks.
    pub chunk_bytes: u32,
}

impl Geometry {
    /// What a database has unless told otherwise.
    pub const DEFAULT: Self = Self {
        unit_bytes: 256 * 1024,
        segment_units_max: 16,
        manifest_area_bytes: 1024 * 1024,
        log_bytes_min: 256 * 1024,
        log_bytes_max: 4 * 1024 * 1024,
        memtable_bytes: 6 * 1024 * 1024,
        block_bytes: 8 * 1024,
        chunk_bytes: 64 * 1024,
    };

    /// A geometry small enough to sweep over every byte of an image.
    pub const TINY: Self = Self {
        unit_bytes: 8 * 1024,
        segment_units_max: 4,
        manifest_area_bytes: 8 * 1024,
        log_bytes_min: 2 * 1024,
        log_bytes_max: 16 * 1024,
        memtable_bytes: 4 * 1024,
        block_bytes: 256,
        chunk_bytes: 4 * 1024,
    };

    /// Largest value of one entry; a longer document is split into chunks of this size.
    pub fn value_bytes_max(&self) -> usize {
        to_usize(self.block_bytes).saturating_mul(4)
    }

    /// Largest value that an entry of a segment takes: a piece of a document, or the id that an
    /// index has been built up to.
    pub fn entry_value_bytes_max(&self) -> usize {
        self.value_bytes_max().max(limits::ID_KEY_BYTES_MAX)
    }

    /// Largest payload of one log frame; a larger write set goes to segments without the log.
    pub fn frame_bytes_max(&self) -> usize {
        to_usize(self.log_bytes_max) / 4 * 3
    }

    /// Checks that the sizes fit each other.
    pub fn validate(&self) -> Result<()> {
        let entry =
            limits::KEY_BYTES_MAX + self.entry_value_bytes_max() + limits::ENTRY_OVERHEAD_BYTES;
        let sound = self.unit_bytes.is_power_of_two()
            && self.chunk_bytes.is_power_of_two()
            && self.block_bytes.is_power_of_two()
            && self.log_bytes_min.is_power_of_two()
            && self.log_bytes_max.is_power_of_two()
            && (256..=limits::BLOCK_BYTES_MAX).contains(&self.block_bytes)
            && self.chunk_bytes <= self.unit_bytes
            && (1..=limits::SEGMENT_UNITS_MAX).contains(&self.segment_units_max)
            && to_usize(self.unit_bytes)
                >= 2 * limits::KEY_BYTES_MAX + limits::ENTRY_OVERHEAD_BYTES
            && to_usize(self.unit_bytes) >= entry + limits::ENTRY_OVERHEAD_BYTES
            && self.unit_bytes.checked_mul(self.segment_units_max).is_some_and(|b| b <= 1 << 24)
            && self.log_bytes_min <= self.log_bytes_max
            && self.log_bytes_min >= limits::LOG_HEAD_BYTES
            && self.log_bytes_max <= 1 << 30
            && self.manifest_area_bytes >= 4096
            && self.manifest_area_bytes <= 1 << 28
            && self.memtable_bytes >= 1024
            && self.memtable_bytes <= 1 << 28
            && self.frame_bytes_max() > entry;
        if sound {
            Ok(())
        } else {
            Err(Error::invalid("the sizes of this geometry do not fit each other"))
        }
    }
}

impl Default for Geometry {
    fn default() -> Self {
        Self::DEFAULT
    }
}

fn to_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// Sixteen bytes that tell this database from every other, used only when it is made. The
    /// caller draws them, as the engine has no randomness of its own.
    pub database_id: [u8; 16],
    /// Sizes, used only when the database is made.
    pub geometry: Geometry,
    /// Make the database where there is none.
    pub create_if_missing: bool,
    /// Fail with `AlreadyExists` where there is one.
    pub error_if_exists: bool,
    /// Write nothing at all.
    pub read_only: bool,
    /// Bytes of decoded blocks kept in memory.
    pub cache_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            database_id: [0; 16],
            geometry: Geometry::DEFAULT,
            create_if_missing: true,
            error_if_exists: false,
            read_only: false,
            cache_bytes: limits::CACHE_BYTES_DEFAULT,
        }
    }
}
