//! A storage that forgets everything with its last clone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{FileId, Read, Storage, Synced, buffer};
use crate::error::Result;
use crate::options::Durability;

/// Three files in memory. A clone is another handle on the same files, which is how a database in
/// memory is closed and opened again. Out of memory is `QuotaExceeded`.
///
/// ```
/// use entidb::storage::{FileId, MemoryStorage, Storage};
/// let storage = MemoryStorage::new();
/// let other = storage.clone();
/// storage.write_at(FileId::LogA, 2, b"hi")?;
/// assert_eq!(other.len(FileId::LogA)?, 4);
/// # Ok::<(), entidb::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    files: Arc<Mutex<[Vec<u8>; 3]>>,
}

impl MemoryStorage {
    /// Three empty files.
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer that panicked left whole bytes behind, as a killed process would; the lock's poison
    /// says nothing more.
    fn files(&self) -> MutexGuard<'_, [Vec<u8>; 3]> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for MemoryStorage {
    fn len(&self, file: FileId) -> Result<u64> {
        Ok(file.of(&self.files()).len() as u64)
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        let files = self.files();
        buffer::read(file.of(&files).as_slice(), file, offset, buf)?;
        Ok(Read::Done)
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        buffer::write(file.of_mut(&mut self.files()), file, offset, bytes)
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        buffer::set_len(file.of_mut(&mut self.files()), file, len)
    }

    fn sync(&self, _file: FileId, _durability: Durability) -> Result<Synced> {
        Ok(Synced::Done)
    }
}
