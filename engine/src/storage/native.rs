//! Files in a directory of the operating system.
//!
//! A growing `set_len` reserves nothing on file systems with sparse files: there a full disk shows
//! when the bytes are written.

mod directory;
mod positional;

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind as Cause};
use std::path::{Path, PathBuf};

use super::{FileId, Read, Storage, Synced, buffer};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Durability;

/// What an opener may do with the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Create,
    Existing,
    ReadOnly,
}

/// The files `volume`, `log.a` and `log.b` of one directory, owned until the storage is dropped.
///
/// Ownership is a lock of the operating system on `volume`: it ends with the process, however that
/// ends.
#[derive(Debug)]
pub struct FileStorage {
    dir: PathBuf,
    /// A log can be missing where nothing may be created; it then reads as empty.
    files: [Option<File>; 3],
    access: Access,
}

impl FileStorage {
    /// Opens the files in `dir`; makes them, and `dir` itself, where they are not there. The names
    /// are durable when this returns.
    ///
    /// Errors: `Locked` if another storage holds the directory, `NotFound` if the parent of `dir`
    /// is not there, `InvalidInput` if `dir` is not a directory, `Corrupt` if `volume` is gone and
    /// its logs are not, `QuotaExceeded`, `Io`.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(dir.as_ref(), Access::Create)
    }

    /// As [`FileStorage::open`], but fails with `NotFound` where there is no `volume`. A missing
    /// log is made: whether its loss matters only the volume's root can tell.
    pub fn open_existing(dir: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(dir.as_ref(), Access::Existing)
    }

    /// Opens existing files to read them only. Any number of readers share a directory, but not
    /// with a writer. Writes fail with `Io`, and nothing at all is created.
    pub fn open_read_only(dir: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(dir.as_ref(), Access::ReadOnly)
    }

    fn open_with(dir: &Path, access: Access) -> Result<Self> {
        directory::prepare(dir, access)?;
        let volume = directory::open_file(dir, FileId::Volume, access)?;
        if let Some(volume) = &volume {
            lock(volume, dir, access)?;
        }
        let log_a = directory::open_file(dir, FileId::LogA, access)?;
        let log_b = directory::open_file(dir, FileId::LogB, access)?;
        let storage = Self { dir: dir.to_path_buf(), files: [volume, log_a, log_b], access };
        if access != Access::ReadOnly {
            directory::make_names_durable(dir, storage.len(FileId::Volume)? == 0)?;
        }
        Ok(storage)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn writable(&self, file: FileId, offset: u64) -> Result<&File> {
        match file.of(&self.files) {
            Some(handle) if self.access != Access::ReadOnly => Ok(handle),
            _ => {
                let message = format!("{} was opened to read only", file.name());
                Err(Error::new(ErrorKind::Io, message).with(|d| {
                    d.file = Some(file.name());
                    d.offset = Some(offset);
                }))
            }
        }
    }
}

impl Storage for FileStorage {
    fn len(&self, file: FileId) -> Result<u64> {
        file.of(&self.files).as_ref().map_or(Ok(0), |handle| {
            let metadata = handle.metadata().map_err(|e| failed("measure", file, None, &e))?;
            Ok(metadata.len())
        })
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        if buf.is_empty() {
            return Ok(Read::Done);
        }
        let wanted = buf.len();
        let past_the_end = || buffer::past_the_end(file, offset, wanted);
        let handle = file.of(&self.files).as_ref().ok_or_else(past_the_end)?;
        match positional::read_exact(handle, offset, buf) {
            Ok(()) => Ok(Read::Done),
            Err(e) if e.kind() == Cause::UnexpectedEof => Err(past_the_end()),
            Err(e) => Err(failed("read", file, Some(offset), &e)),
        }
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        let handle = self.writable(file, offset)?;
        positional::write_all(handle, offset, bytes)
            .map_err(|e| failed("write", file, Some(offset), &e))
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        let handle = self.writable(file, len)?;
        handle.set_len(len).map_err(|e| failed("resize", file, Some(len), &e))
    }

    fn sync(&self, file: FileId, durability: Durability) -> Result<Synced> {
        if durability == Durability::Strict && self.access != Access::ReadOnly {
            let handle = self.writable(file, 0)?;
            handle.sync_data().map_err(|e| failed("sync", file, None, &e))?;
        }
        Ok(Synced::Done)
    }
}

fn lock(volume: &File, dir: &Path, access: Access) -> Result<()> {
    let locked = match access {
        Access::ReadOnly => volume.try_lock_shared(),
        Access::Create | Access::Existing => volume.try_lock(),
    };
    locked.map_err(|error| match error {
        TryLockError::WouldBlock => {
            let message = format!(
                "{} is open elsewhere: in another process, such as the command line tool or \
                 another instance of this program, or in this one through a database that was not \
                 closed; close that one first",
                dir.display()
            );
            Error::new(ErrorKind::Locked, message).with(|d| d.file = Some(FileId::Volume.name()))
        }
        TryLockError::Error(e) => failed("lock", FileId::Volume, None, &e),
    })
}

/// What the operating system said, as an error of ours.
#[cold]
fn failed(verb: &str, file: FileId, offset: Option<u64>, error: &io::Error) -> Error {
    let name = file.name();
    let (kind, advice) = match error.kind() {
        Cause::StorageFull => (ErrorKind::QuotaExceeded, "make room on the disk"),
        Cause::QuotaExceeded => (ErrorKind::QuotaExceeded, "raise the quota or delete files"),
        Cause::FileTooLarge => (ErrorKind::QuotaExceeded, "raise the limit on file sizes"),
        Cause::PermissionDenied => (ErrorKind::Io, "check the permissions of the directory"),
        Cause::ReadOnlyFilesystem => (ErrorKind::Io, "open the database to read only"),
        _ => (ErrorKind::Io, "check the disk, then open the database again"),
    };
    Error::new(kind, format!("could not {verb} {name}: {error}; {advice}")).with(|d| {
        d.file = Some(name);
        d.offset = offset;
    })
}
