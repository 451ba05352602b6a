//! The storage seam: three files of bytes, and a barrier.
//!
//! The engine needs no more than this from a platform. `&self` throughout: a storage is a handle,
//! and whatever it must remember it keeps behind its own cell.

mod buffer;
pub mod chunks;
#[cfg(any(test, feature = "fault"))]
pub mod contract;
#[cfg(any(test, feature = "fault"))]
pub mod fault;
mod memory;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod per_file;

pub use chunks::ChunkStorage;
pub use memory::MemoryStorage;
#[cfg(not(target_arch = "wasm32"))]
pub use native::FileStorage;

use crate::error::Result;
use crate::options::Durability;

/// The three files of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileId {
    /// Superblocks, roots, manifests and segments.
    Volume,
    /// One of the two logs.
    LogA,
    /// The other log.
    LogB,
}

impl FileId {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Volume, Self::LogA, Self::LogB];

    /// The file's name in every storage.
    pub fn name(self) -> &'static str {
        match self {
            Self::Volume => "volume",
            Self::LogA => "log.a",
            Self::LogB => "log.b",
        }
    }
}

/// The answer to a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Read {
    /// The buffer is filled.
    Done,
    /// The bytes exist but are not at hand. The storage has noted which chunks it lacks; its host
    /// fetches them and runs the operation again from its start.
    Missing,
}

/// Names a barrier of an asynchronous storage; later barriers are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Barrier(pub u64);

/// The answer to a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Synced {
    /// Everything written before is durable.
    Done,
    /// It will be once the host reports the barrier. Barriers complete in order.
    Pending(Barrier),
}

/// Three files of bytes.
///
/// Contract, held by every implementation and checked by [`contract`](crate::storage) tests:
/// - a file that was never written has length 0;
/// - `read_at` fills the whole buffer or fails; reading past the end is an `Io` error;
/// - `write_at` writes all bytes or fails, and may start at or beyond the end: the file grows and a
///   gap reads as zeros. After a failure the range may hold old bytes, new bytes, or a mix;
/// - `set_len` grows with zeros or cuts off, and fails with `QuotaExceeded` where there is no room;
/// - nothing written is durable, nor ordered against other writes, before `sync` says so;
/// - a full storage is `QuotaExceeded`, any other failure `Io`, a file held by somebody else
///   `Locked`.
pub trait Storage {
    /// Length of `file` in bytes.
    fn len(&self, file: FileId) -> Result<u64>;

    /// Fills `buf` from `offset`.
    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read>;

    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Sets the length of `file`.
    fn set_len(&self, file: FileId, len: u64) -> Result<()>;

    /// Makes all earlier writes to `file` durable: `Strict` against loss of power, `Relaxed`
    /// against the end of this process only (a no-op where the operating system has the bytes
    /// already).
    fn sync(&self, file: FileId, durability: Durability) -> Result<Synced>;
}
