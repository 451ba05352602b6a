//! The origin private file system as a [`Storage`]: three synchronous access handles, opened once.
//!
//! What it cannot do: work outside a dedicated worker, share its files with another handle, or make
//! the *names* of files durable (which is why the engine knows its files by what is in them).

use entidb::storage::{FileId, Read, Storage, Synced};
use entidb::{Durability, Error, ErrorKind, Result};
use wasm_bindgen::JsValue;
use web_sys::{FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use crate::error::{During, from_exception};
use crate::number::{offset_to_js, size_from_js};

/// What a volume begins with; FORMAT.md, section 5.1.
const VOLUME_MAGIC: [u8; 8] = *b"ENTIDB\r\n";

/// Three open access handles, exclusive to this storage.
#[derive(Debug)]
pub struct OpfsStorage {
    handles: [FileSystemSyncAccessHandle; 3],
    /// Reused by every call, as making an object for each would cost more than a cached read.
    place: FileSystemReadWriteOptions,
}

impl OpfsStorage {
    /// A storage over open handles, in the order of [`FileId::ALL`] as far as their names tell. The
    /// engine knows the logs by what is in them; the volume must be put in its place.
    pub fn new(mut handles: [FileSystemSyncAccessHandle; 3]) -> Self {
        if let Some(volume) = handles.iter().position(is_volume) {
            handles.swap(0, volume);
        }
        Self { handles, place: FileSystemReadWriteOptions::new() }
    }

    /// Makes everything written durable and gives the files back. Closing alone makes nothing
    /// durable in any browser.
    ///
    /// # Errors
    /// The first file that could not be flushed; all are closed all the same.
    pub fn close(&self) -> Result<()> {
        let flushed = FileId::ALL.into_iter().try_for_each(|file| self.flush(file));
        self.release();
        flushed
    }

    /// Closing a closed handle does nothing.
    fn release(&self) {
        for handle in &self.handles {
            handle.close();
        }
    }

    fn flush(&self, file: FileId) -> Result<()> {
        file.of(&self.handles).flush().map_err(|e| failed(&e, file, "flush"))
    }

    /// Reads once; the number of bytes read.
    fn read_some(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.place.set_at_f64(offset_to_js(offset)?);
        let read = file
            .of(&self.handles)
            .read_with_u8_array_and_options(buf, &self.place)
            .map_err(|e| failed(&e, file, "read"))?;
        counted(read, buf.len(), file, offset)
    }

    /// Writes once; the number of bytes written.
    fn write_some(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<usize> {
        self.place.set_at_f64(offset_to_js(offset)?);
        let written = file
            .of(&self.handles)
            .write_with_u8_array_and_options(bytes, &self.place)
            .map_err(|e| failed(&e, file, "write to"))?;
        counted(written, bytes.len(), file, offset)
    }
}

impl Storage for OpfsStorage {
    fn len(&self, file: FileId) -> Result<u64> {
        let size = file.of(&self.handles).get_size().map_err(|e| failed(&e, file, "measure"))?;
        size_from_js(size)
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        let (mut at, mut rest) = (offset, buf);
        while !rest.is_empty() {
            let n = self.read_some(file, at, rest)?;
            if n == 0 {
                let what =
                    "ends before the bytes that were asked for; restore a backup of the database";
                return Err(stopped(file, at, what));
            }
            at = at.saturating_add(n as u64);
            rest = rest.get_mut(n..).unwrap_or_default();
        }
        Ok(Read::Done)
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let n = self.write_some(file, at, rest)?;
            if n == 0 {
                return Err(stopped(file, at, "took no more bytes; open the database again"));
            }
            at = at.saturating_add(n as u64);
            rest = rest.get(n..).unwrap_or_default();
        }
        Ok(())
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        let size = offset_to_js(len)?;
        let handle = file.of(&self.handles);
        handle.truncate_with_f64(size).map_err(|e| failed(&e, file, "resize"))
    }

    fn sync(&self, file: FileId, durability: Durability) -> Result<Synced> {
        // What was written is with the operating system: only the loss of power can take it.
        if durability == Durability::Strict {
            self.flush(file)?;
        }
        Ok(Synced::Done)
    }
}

impl Drop for OpfsStorage {
    fn drop(&mut self) {
        self.release();
    }
}

/// Whether a file begins as a volume does.
fn is_volume(handle: &FileSystemSyncAccessHandle) -> bool {
    let mut magic = [0; VOLUME_MAGIC.len()];
    let read = handle.read_with_u8_array(&mut magic);
    read.is_ok() && magic == VOLUME_MAGIC
}

/// A count that the platform gave, checked: it decides how far a slice advances.
fn counted(count: f64, asked: usize, file: FileId, offset: u64) -> Result<usize> {
    usize::try_from(size_from_js(count)?)
        .ok()
        .filter(|n| *n <= asked)
        .ok_or_else(|| stopped(file, offset, "moved more bytes than there are; open it again"))
}

#[cold]
fn failed(exception: &JsValue, file: FileId, doing: &str) -> Error {
    from_exception(exception, During::Use, Some(file), doing)
}

#[cold]
fn stopped(file: FileId, offset: u64, what: &str) -> Error {
    let name = file.name();
    Error::new(ErrorKind::Io, format!("{name} {what} (at byte {offset})")).with(|d| {
        d.file = Some(name);
        d.offset = Some(offset);
    })
}
