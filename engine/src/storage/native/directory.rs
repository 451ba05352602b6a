//! The directory of a database: found or made, its files opened, its names durable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind as Cause};
use std::path::Path;

use super::{Access, failed};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::FileId;

/// Makes sure that `dir` is a directory, making it where that is allowed.
pub fn prepare(dir: &Path, access: Access) -> Result<()> {
    match fs::metadata(dir) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(not_a_directory(dir)),
        Err(e) if e.kind() == Cause::NotADirectory => Err(not_a_directory(dir)),
        Err(e) if e.kind() == Cause::NotFound && access == Access::Create => {
            match fs::create_dir(dir) {
                Ok(()) => Ok(()),
                // Two openers can both find the directory missing; the lock tells them apart later.
                Err(e) if e.kind() == Cause::AlreadyExists && dir.is_dir() => Ok(()),
                Err(e) if e.kind() == Cause::NotFound => {
                    Err(absent(dir, "its parent directory does not exist; make that first"))
                }
                Err(e) => Err(unusable("make", dir, &e)),
            }
        }
        Err(e) if e.kind() == Cause::NotFound => {
            Err(absent(dir, "it does not exist; check the path, or create the database first"))
        }
        Err(e) => Err(unusable("open", dir, &e)),
    }
}

/// Opens one file of `dir`. `None` is a log that is missing and may not be made.
pub fn open_file(dir: &Path, file: FileId, access: Access) -> Result<Option<File>> {
    let path = dir.join(file.name());
    let there = match fs::metadata(&path) {
        // A pipe would block the opener, a device has no length.
        Ok(metadata) if !metadata.is_file() => {
            let error = io::Error::other("it is not a regular file");
            return Err(failed("open", file, None, &error));
        }
        Ok(_) => true,
        Err(e) if e.kind() == Cause::NotFound => false,
        Err(e) => return Err(failed("open", file, None, &e)),
    };
    if !there && file == FileId::Volume {
        check_missing_volume(dir, access)?;
    }
    let mut options = OpenOptions::new();
    options.read(true);
    match access {
        Access::ReadOnly if !there => return Ok(None),
        Access::ReadOnly => &mut options,
        Access::Create | Access::Existing => options.write(true).create(true).truncate(false),
    };
    let handle = options.open(&path).map_err(|e| failed("open", file, None, &e))?;
    if !there {
        handle.sync_all().map_err(|e| failed("sync", file, None, &e))?;
    }
    Ok(Some(handle))
}

/// Syncs the directory, and the one it is in while the database is still `empty`: an earlier opener
/// may have made these names and died before they were durable.
#[cfg(unix)]
pub fn make_names_durable(dir: &Path, empty: bool) -> Result<()> {
    let sync = |dir: &Path| File::open(dir).and_then(|handle| handle.sync_all());
    sync(dir).map_err(|e| unusable("sync", dir, &e))?;
    if empty {
        // The parent of a relative name of one part is the empty path, which cannot be opened.
        let absolute = fs::canonicalize(dir).map_err(|e| unusable("find", dir, &e))?;
        if let Some(parent) = absolute.parent() {
            match sync(parent) {
                // Whoever may not read the parent did not make this directory in it.
                Err(e) if e.kind() == Cause::PermissionDenied => {}
                result => result.map_err(|e| unusable("sync", parent, &e))?,
            }
        }
    }
    Ok(())
}

/// Elsewhere a directory cannot be opened as a file; names are as durable as the file system makes
/// them.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "has the signature of its twin")]
pub fn make_names_durable(_dir: &Path, _empty: bool) -> Result<()> {
    Ok(())
}

/// A lost volume must not be taken for a database that was never made. The volume is looked for
/// again after the logs were seen, as an opener at work elsewhere makes it before them.
fn check_missing_volume(dir: &Path, access: Access) -> Result<()> {
    let logs = [FileId::LogA, FileId::LogB];
    let holds_bytes = |m: fs::Metadata| m.is_file() && m.len() > 0;
    let has_log = |log: &FileId| fs::metadata(dir.join(log.name())).is_ok_and(holds_bytes);
    let volume = FileId::Volume.name();
    if logs.iter().any(has_log) && !dir.join(volume).exists() {
        return Err(Error::corrupt(volume, 0, "it is missing beside its logs"));
    }
    match access {
        Access::Create => Ok(()),
        Access::Existing | Access::ReadOnly => {
            Err(absent(dir, "it holds no database; check the path, or create the database first"))
        }
    }
}

#[cold]
fn not_a_directory(dir: &Path) -> Error {
    let dir = dir.display();
    Error::invalid(format!("{dir} is not a directory, as a database is; name another path"))
}

#[cold]
fn absent(dir: &Path, what: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("{}: {what}", dir.display()))
}

#[cold]
fn unusable(verb: &str, dir: &Path, error: &io::Error) -> Error {
    let kind = match error.kind() {
        Cause::StorageFull | Cause::QuotaExceeded => ErrorKind::QuotaExceeded,
        Cause::InvalidInput | Cause::InvalidFilename => ErrorKind::InvalidInput,
        _ => ErrorKind::Io,
    };
    let dir = dir.display();
    let advice = "check the path and its permissions";
    Error::new(kind, format!("could not {verb} the directory {dir}: {error}; {advice}"))
}
