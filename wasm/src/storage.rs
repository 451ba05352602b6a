//! The storages a browser has, as one type.

use entidb::storage::{ChunkStorage, FileId, MemoryStorage, Read, Storage, Synced};
use entidb::{Durability, Result};

use crate::opfs::OpfsStorage;

/// Any of them.
#[derive(Debug)]
pub enum AnyStorage {
    /// The origin private file system.
    Opfs(OpfsStorage),
    /// Chunks that JavaScript keeps.
    Chunks(ChunkStorage),
    /// Memory, gone with the worker.
    Memory(MemoryStorage),
}

impl AnyStorage {
    /// Gives the files back.
    ///
    /// # Errors
    /// What the last flush failed with.
    pub fn close(&self) -> Result<()> {
        match self {
            Self::Opfs(storage) => storage.close(),
            Self::Chunks(_) | Self::Memory(_) => Ok(()),
        }
    }
}

impl Storage for AnyStorage {
    fn len(&self, file: FileId) -> Result<u64> {
        match self {
            Self::Opfs(storage) => storage.len(file),
            Self::Chunks(storage) => storage.len(file),
            Self::Memory(storage) => storage.len(file),
        }
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        match self {
            Self::Opfs(storage) => storage.read_at(file, offset, buf),
            Self::Chunks(storage) => storage.read_at(file, offset, buf),
            Self::Memory(storage) => storage.read_at(file, offset, buf),
        }
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Opfs(storage) => storage.write_at(file, offset, bytes),
            Self::Chunks(storage) => storage.write_at(file, offset, bytes),
            Self::Memory(storage) => storage.write_at(file, offset, bytes),
        }
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        match self {
            Self::Opfs(storage) => storage.set_len(file, len),
            Self::Chunks(storage) => storage.set_len(file, len),
            Self::Memory(storage) => storage.set_len(file, len),
        }
    }

    fn sync(&self, file: FileId, durability: Durability) -> Result<Synced> {
        match self {
            Self::Opfs(storage) => storage.sync(file, durability),
            Self::Chunks(storage) => storage.sync(file, durability),
            Self::Memory(storage) => storage.sync(file, durability),
        }
    }
}
