//! Lays sealed blocks into units, and writes them in whole chunks.

use super::as_usize;
use super::meta::BlockPtr;
use crate::codec::seal::{BlockKind, Place, Sealer, checksum};
use crate::error::{Error, ErrorKind, Result};
use crate::kv::io::Io;
use crate::options::Geometry;
use crate::storage::{FileId, Storage};

/// Where a segment's bytes go: the storage, and whoever hands out units.
pub(crate) struct Output<'a, S> {
    pub io: &'a Io<S>,
    /// Gives a free unit of the volume.
    pub alloc: &'a mut dyn FnMut() -> Result<u32>,
}

/// The blocks of a segment on their way to its units.
///
/// Pieces of whole chunks reach the storage as soon as they are full. A storage that keeps chunks
/// thus never has to fetch one in order to write a part of it.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    segment: u64,
    unit_bytes: usize,
    chunk_bytes: usize,
    units_max: usize,
    units: Vec<u32>,
    sealer: Sealer,
    /// What is not written yet: from a whole number of chunks on, within one unit.
    buffer: Vec<u8>,
    /// Where the buffer begins in the segment.
    buffer_at: usize,
    /// Checksum of the last block.
    checksum: u64,
}

impl SegmentWriter {
    pub fn new(segment: u64, geometry: &Geometry) -> Self {
        Self {
            segment,
            unit_bytes: as_usize(geometry.unit_bytes),
            chunk_bytes: as_usize(geometry.chunk_bytes),
            units_max: as_usize(geometry.segment_units_max),
            units: Vec::new(),
            sealer: Sealer::default(),
            buffer: Vec::new(),
            buffer_at: 0,
            checksum: 0,
        }
    }

    /// Where the last block ends in the segment.
    pub fn end(&self) -> usize {
        self.buffer_at + self.buffer.len()
    }

    /// Bytes that have reached the storage.
    pub fn bytes_written(&self) -> u64 {
        self.buffer_at as u64
    }

    pub fn units(&self) -> &[u32] {
        &self.units
    }

    /// Checksum of the last block.
    pub fn checksum(&self) -> u64 {
        self.checksum
    }

    /// Where a block of `len` bytes begins if it is put after `end`: no block crosses a unit.
    pub fn place_after(&self, end: usize, len: usize) -> usize {
        if end % self.unit_bytes + len > self.unit_bytes {
            end.next_multiple_of(self.unit_bytes)
        } else {
            end
        }
    }

    /// Bytes of a segment at most.
    pub fn bytes_max(&self) -> usize {
        self.units_max * self.unit_bytes
    }

    /// Bytes of a block at most.
    pub fn unit_bytes(&self) -> usize {
        self.unit_bytes
    }

    /// Units of a segment at most.
    pub fn units_max(&self) -> usize {
        self.units_max
    }

    /// Sees to it that the next `len` bytes lie in one unit: pads the last one with zeros and takes
    /// the next where they do not.
    pub fn make_room<S: Storage>(&mut self, output: &mut Output<'_, S>, len: usize) -> Result<()> {
        if len > self.unit_bytes {
            return Err(too_large());
        }
        let at = self.place_after(self.end(), len);
        if at > self.end() {
            self.buffer.resize(at - self.buffer_at, 0);
            self.write_chunks(output)?;
        }
        if at == self.units.len() * self.unit_bytes {
            if self.units.len() == self.units_max {
                return Err(too_large());
            }
            self.units.push((output.alloc)()?);
        }
        Ok(())
    }

    /// Seals a block and puts it behind the last one.
    pub fn block<S: Storage>(
        &mut self,
        output: &mut Output<'_, S>,
        payload: &[u8],
        kind: BlockKind,
    ) -> Result<BlockPtr> {
        let len = self.sealer.pack(payload, kind);
        self.make_room(output, len)?;
        let ptr = BlockPtr { offset: as_offset(self.end())?, len: as_offset(len)? };
        let sealed = self.sealer.stamp(Place { segment: self.segment, offset: ptr.offset });
        self.checksum = checksum(sealed);
        self.buffer.extend_from_slice(sealed);
        self.write_chunks(output)?;
        Ok(ptr)
    }

    /// Writes what is left, with zeros up to the end of the chunk.
    pub fn finish<S: Storage>(&mut self, output: &mut Output<'_, S>) -> Result<()> {
        let padded = self.buffer.len().next_multiple_of(self.chunk_bytes);
        self.buffer.resize(padded, 0);
        self.write_chunks(output)
    }

    /// Writes the whole chunks at the front of the buffer.
    fn write_chunks<S: Storage>(&mut self, output: &Output<'_, S>) -> Result<()> {
        let len = self.buffer.len() / self.chunk_bytes * self.chunk_bytes;
        let unit = self.units.get(self.buffer_at / self.unit_bytes);
        let (Some(chunks), Some(unit)) = (self.buffer.get(..len), unit) else {
            return Ok(());
        };
        if !chunks.is_empty() {
            let offset = output.io.unit_offset(*unit) + (self.buffer_at % self.unit_bytes) as u64;
            output.io.write(FileId::Volume, offset, chunks)?;
            self.buffer.drain(..len);
            self.buffer_at += len;
        }
        Ok(())
    }
}

/// A place or a length in a segment, as the format has it.
pub(crate) fn as_offset(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(|_| too_large())
}

#[cold]
fn too_large() -> Error {
    let message = "a segment outgrew its units; make the database with more or larger units";
    Error::new(ErrorKind::LimitExceeded, message)
}
