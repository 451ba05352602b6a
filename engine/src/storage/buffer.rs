//! A file that is a vector: what a storage in memory does with it, by the contract of
//! [`Storage`](super::Storage).

use super::FileId;
use crate::error::{Error, ErrorKind, Result};

/// Fills `buf` from `offset`.
pub fn read(bytes: &[u8], file: FileId, offset: u64, buf: &mut [u8]) -> Result<()> {
    let found = usize::try_from(offset)
        .ok()
        .and_then(|start| bytes.get(start..start.checked_add(buf.len())?))
        .ok_or_else(|| past_the_end(file, offset, buf.len()))?;
    buf.copy_from_slice(found);
    Ok(())
}

/// Writes `new` at `offset`; the vector grows where it must, a gap becomes zeros.
pub fn write(bytes: &mut Vec<u8>, file: FileId, offset: u64, new: &[u8]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let (start, end) = usize::try_from(offset)
        .ok()
        .and_then(|start| Some((start, start.checked_add(new.len())?)))
        .ok_or_else(|| no_room(file, offset))?;
    if end > bytes.len() {
        reserve(bytes, file, end)?;
        // Bytes after the old end are appended, so that an append is not first filled with zeros.
        bytes.resize(bytes.len().max(start), 0);
    }
    let (inside, appended) = new.split_at(new.len().min(bytes.len() - start));
    if let Some(range) = bytes.get_mut(start..start + inside.len()) {
        range.copy_from_slice(inside);
    }
    bytes.extend_from_slice(appended);
    Ok(())
}

/// Cuts the vector off, or grows it with zeros.
pub fn set_len(bytes: &mut Vec<u8>, file: FileId, len: u64) -> Result<()> {
    let target = usize::try_from(len).map_err(|_| no_room(file, len))?;
    if target > bytes.len() {
        reserve(bytes, file, target)?;
    }
    bytes.resize(target, 0);
    Ok(())
}

/// A growing vector takes twice its size where it can, and the last bytes where it must.
fn reserve(bytes: &mut Vec<u8>, file: FileId, end: usize) -> Result<()> {
    let more = end.saturating_sub(bytes.len());
    bytes
        .try_reserve(more)
        .or_else(|_| bytes.try_reserve_exact(more))
        .map_err(|_| no_room(file, bytes.len() as u64))
}

/// The error of a read that leaves the file.
#[cold]
pub fn past_the_end(file: FileId, offset: u64, wanted: usize) -> Error {
    let name = file.name();
    let message =
        format!("{name} ends before byte {offset} + {wanted}; it was cut off, restore a backup");
    Error::new(ErrorKind::Io, message).with(|d| {
        d.file = Some(name);
        d.offset = Some(offset);
    })
}

#[cold]
fn no_room(file: FileId, offset: u64) -> Error {
    let name = file.name();
    let message = format!("no memory is left to grow {name}; close or delete what is not needed");
    Error::new(ErrorKind::QuotaExceeded, message).with(|d| {
        d.file = Some(name);
        d.offset = Some(offset);
    })
}
