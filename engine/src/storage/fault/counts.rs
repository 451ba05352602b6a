//! What was asked of the storage.

use crate::storage::FileId;

/// Calls on one file, those that failed included, and the bytes of those that did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// Calls of `read_at`, those answered `Missing` included.
    pub reads: u64,
    /// Calls of `write_at`.
    pub writes: u64,
    /// Calls of `set_len`.
    pub set_lens: u64,
    /// Calls of `sync` that asked for `Strict`.
    pub syncs: u64,
    /// Calls of `sync` that asked for `Relaxed`.
    pub syncs_relaxed: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// Bytes written.
    pub bytes_written: u64,
}

/// Calls on all files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By file, in the order of [`FileId::ALL`].
    pub files: [FileCounts; 3],
    /// Calls that change something, which is the number the next one gets.
    pub calls: u64,
}

impl Counts {
    /// Calls on `file`.
    pub fn of(&self, file: FileId) -> &FileCounts {
        file.of(&self.files)
    }

    pub(super) fn of_mut(&mut self, file: FileId) -> &mut FileCounts {
        file.of_mut(&mut self.files)
    }

    /// Calls on the three files together.
    pub fn total(&self) -> FileCounts {
        self.files.iter().fold(FileCounts::default(), |sum, file| FileCounts {
            reads: sum.reads + file.reads,
            writes: sum.writes + file.writes,
            set_lens: sum.set_lens + file.set_lens,
            syncs: sum.syncs + file.syncs,
            syncs_relaxed: sum.syncs_relaxed + file.syncs_relaxed,
            bytes_read: sum.bytes_read + file.bytes_read,
            bytes_written: sum.bytes_written + file.bytes_written,
        })
    }
}
