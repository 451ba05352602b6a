//! The databases of an origin as directories of its private file system.
//!
//! ```text
//! entidb/                one for all databases of the origin
//!   <name>/              one for each database, named as `name.rs` says
//!     volume log.a log.b
//!     removed            present only while the database is being removed
//! ```
//!
//! No browser removes a directory in one step, so `removed` is made first and goes last: a removal
//! that was interrupted hides the database at once and is finished by whoever opens or removes it
//! next.

use entidb::storage::FileId;
use entidb::{Error, ErrorKind, Result};
use gloo_timers::future::TimeoutFuture;
use js_sys::{IteratorNext, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemRemoveOptions, FileSystemSyncAccessHandle,
    WorkerGlobalScope,
};

use crate::error::{During, HELD, from_exception};
use crate::name::{from_directory, to_directory};
use crate::opfs::OpfsStorage;

const ROOT: &str = "entidb";
const REMOVED: &str = "removed";
/// First wait for a file that somebody else holds; each wait is twice the one before.
const WAIT_MS_MIN: u32 = 10;
/// Longest single wait.
const WAIT_MS_MAX: u32 = 320;
/// Waits in all, unless told otherwise: a closed page gives its files back within a second or so.
pub const LOCK_TIMEOUT_MS_DEFAULT: u32 = 5_000;

/// The open files of a database.
#[derive(Debug)]
pub struct Acquired {
    /// Its three files.
    pub storage: OpfsStorage,
    /// The first of them by its name, under which it can be looked for.
    pub volume: FileSystemFileHandle,
    /// Whether no file was there before.
    pub fresh: bool,
}

/// Opens the files of the database `name`, waiting up to `timeout_ms` for whoever holds them.
///
/// Where any file is there, the others are made empty: to the engine a file that is missing and one
/// that is empty are the same, and it tells a new database from a damaged one by what is in the
/// files.
///
/// # Errors
/// `NotFound` where there is no file and `create` is false; `Locked` after the wait; `Unsupported`
/// where the browser gives no access.
pub async fn acquire(name: &str, create: bool, timeout_ms: u32) -> Result<Acquired> {
    let directory_name = to_directory(name)?;
    let root = root().await?;
    if let Some(directory) = directory(&root, &directory_name, false).await?
        && file(&directory, REMOVED, false).await?.is_some()
    {
        erase(&root, &directory, &directory_name, timeout_ms).await?;
    }
    let Some(directory) = directory(&root, &directory_name, create).await? else {
        return Err(no_database(name));
    };
    let fresh = !has_files(&directory).await?;
    if fresh && !create {
        return Err(no_database(name));
    }
    let mut waited_ms = 0;
    // One after the other and the volume first: of two openers one gets all three.
    let (named, volume) = handle(&directory, FileId::Volume, timeout_ms, &mut waited_ms).await?;
    let log_a = handle(&directory, FileId::LogA, timeout_ms, &mut waited_ms).await;
    let log_b = match log_a {
        Ok(_) => handle(&directory, FileId::LogB, timeout_ms, &mut waited_ms).await,
        Err(ref error) => Err(error.clone()),
    };
    match (log_a, log_b) {
        (Ok((_, log_a)), Ok((_, log_b))) => {
            let storage = OpfsStorage::new([volume, log_a, log_b]);
            Ok(Acquired { storage, volume: named, fresh })
        }
        (opened, failed) => {
            volume.close();
            if let Ok((_, log_a)) = opened {
                log_a.close();
            }
            Err(failed.err().unwrap_or_else(|| no_database(name)))
        }
    }
}

/// The names of this origin's databases, in no particular order.
pub async fn list() -> Result<Vec<String>> {
    let root = root().await?;
    let mut names = Vec::new();
    let entries = root.keys();
    loop {
        let next = entries.next().map_err(|e| unreachable_root(&e))?;
        let next: IteratorNext = settled(next).await.map_err(|e| unreachable_root(&e))?;
        if next.done() {
            return Ok(names);
        }
        let Some(entry) = next.value().as_string() else { continue };
        let Some(name) = from_directory(&entry) else { continue };
        if let Some(directory) = directory(&root, &entry, false).await?
            && file(&directory, REMOVED, false).await?.is_none()
            && has_files(&directory).await?
        {
            names.push(name);
        }
    }
}

/// Removes the database `name`, waiting up to `timeout_ms` for whoever holds its files. False if
/// there was none.
///
/// # Errors
/// `Locked` after the wait.
pub async fn remove(name: &str, timeout_ms: u32) -> Result<bool> {
    let directory_name = to_directory(name)?;
    let root = root().await?;
    let Some(directory) = directory(&root, &directory_name, false).await? else {
        return Ok(false);
    };
    // Holding all files for a moment shows that nobody has the database open: a marker must not
    // hide one that is in use.
    match acquire(name, false, timeout_ms).await {
        Ok(acquired) => drop(acquired),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    file(&directory, REMOVED, true).await?;
    erase(&root, &directory, &directory_name, timeout_ms).await?;
    Ok(true)
}

/// Removes the files one by one, then the directory with its marker.
async fn erase(
    root: &FileSystemDirectoryHandle,
    directory: &FileSystemDirectoryHandle,
    directory_name: &str,
    timeout_ms: u32,
) -> Result<()> {
    let mut waited_ms = 0;
    for id in FileId::ALL {
        let remove = || directory.remove_entry(id.name());
        retry::<JsValue>(timeout_ms, &mut waited_ms, Some(id), "remove", remove).await?;
    }
    let recursive = FileSystemRemoveOptions::new();
    recursive.set_recursive(true);
    let remove = || root.remove_entry_with_options(directory_name, &recursive);
    retry::<JsValue>(timeout_ms, &mut waited_ms, None, "remove", remove).await?;
    Ok(())
}

async fn root() -> Result<FileSystemDirectoryHandle> {
    let reach = |e: JsValue| unreachable_root(&e);
    let scope: WorkerGlobalScope = js_sys::global().dyn_into().map_err(|_| {
        Error::new(ErrorKind::Unsupported, "the file system needs a worker; open the engine in one")
    })?;
    let storage = Reflect::get(&scope.navigator(), &"storage".into()).unwrap_or_default();
    if storage.is_falsy() {
        let message = "this browser has no origin private file system; choose another storage";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let promise = scope.navigator().storage().get_directory();
    let origin: FileSystemDirectoryHandle = settled(promise).await.map_err(reach)?;
    let create = FileSystemGetDirectoryOptions::new();
    create.set_create(true);
    settled(origin.get_directory_handle_with_options(ROOT, &create)).await.map_err(reach)
}

async fn directory(
    root: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<Option<FileSystemDirectoryHandle>> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(create);
    found(root.get_directory_handle_with_options(name, &options), None).await
}

async fn file(
    directory: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<Option<FileSystemFileHandle>> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    let id = FileId::ALL.into_iter().find(|id| id.name() == name);
    found(directory.get_file_handle_with_options(name, &options), id).await
}

/// Whether any of a database's files is there: one is enough to make it a database, if a damaged
/// one.
async fn has_files(directory: &FileSystemDirectoryHandle) -> Result<bool> {
    for id in FileId::ALL {
        if file(directory, id.name(), false).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the promise gives, or nothing where there is nothing.
async fn found<T: JsCast>(promise: Promise, file: Option<FileId>) -> Result<Option<T>> {
    match settled(promise).await {
        Ok(handle) => Ok(Some(handle)),
        Err(e) if named(&e, "NotFoundError") => Ok(None),
        Err(e) => Err(from_exception(&e, During::Acquire, file, "open")),
    }
}

/// A file, which is made if it is missing, with its access handle.
async fn handle(
    directory: &FileSystemDirectoryHandle,
    id: FileId,
    timeout_ms: u32,
    waited_ms: &mut u32,
) -> Result<(FileSystemFileHandle, FileSystemSyncAccessHandle)> {
    let Some(file) = file(directory, id.name(), true).await? else {
        let message = "the database's directory went away while it was opened; open it again";
        return Err(Error::new(ErrorKind::StorageLost, message));
    };
    let open = || file.create_sync_access_handle();
    let handle = retry(timeout_ms, waited_ms, Some(id), "open", open).await?.ok_or_else(|| {
        let message = format!("{} went away while it was opened; open it again", id.name());
        Error::new(ErrorKind::StorageLost, message)
    })?;
    Ok((file, handle))
}

/// Attempts again while somebody else holds the file. Nothing if the file is not there (any more).
async fn retry<T: JsCast>(
    timeout_ms: u32,
    waited_ms: &mut u32,
    file: Option<FileId>,
    doing: &str,
    attempt: impl Fn() -> Promise,
) -> Result<Option<T>> {
    let mut wait_ms = WAIT_MS_MIN;
    loop {
        match settled(attempt()).await {
            Ok(value) => return Ok(Some(value)),
            Err(e) if named(&e, "NotFoundError") => return Ok(None),
            Err(e) if !named(&e, "NoModificationAllowedError") => {
                return Err(from_exception(&e, During::Acquire, file, doing));
            }
            Err(_) if *waited_ms >= timeout_ms => return Err(locked(file, *waited_ms)),
            Err(_) => {}
        }
        TimeoutFuture::new(wait_ms).await;
        *waited_ms = waited_ms.saturating_add(wait_ms);
        wait_ms = (wait_ms * 2).min(WAIT_MS_MAX);
    }
}

async fn settled<T: JsCast>(promise: Promise) -> std::result::Result<T, JsValue> {
    JsFuture::from(promise).await.map(JsCast::unchecked_into)
}

fn named(exception: &JsValue, name: &str) -> bool {
    Reflect::get(exception, &"name".into()).is_ok_and(|found| found == *name)
}

#[cold]
fn unreachable_root(exception: &JsValue) -> Error {
    from_exception(exception, During::Reach, None, "reach")
}

#[cold]
fn locked(file: Option<FileId>, waited_ms: u32) -> Error {
    let name = file.map_or("the database's directory", FileId::name);
    let message = format!("{name} is still held after {waited_ms} ms: {HELD}");
    Error::new(ErrorKind::Locked, message).with(|d| d.file = file.map(FileId::name))
}

#[cold]
fn no_database(name: &str) -> Error {
    let message =
        format!("there is no database `{name}` here; check the name, or let it be created");
    Error::new(ErrorKind::NotFound, message)
}
