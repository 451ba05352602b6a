//! The footer: what a segment says about itself, so that one found on its own can be read.
//! FORMAT.md, section 6.5.

use super::meta::BlockPtr;
use crate::codec::bytes::{Reader, put_slice, put_varint};
use crate::error::{Error, ErrorKind, Result};
use crate::kv::superblock::{FORMAT_MAJOR, FORMAT_MINOR};

const MAGIC: [u8; 8] = *b"EntiSegm";
/// Bytes of the part with fixed widths, and of the numbers after it, at most.
const FIXED_BYTES_MAX: usize = 56 + 1 + 9 * 10;
/// Bytes of a unit number, and of a block pointer, at most.
const UNIT_BYTES_MAX: usize = 5;
const POINTER_BYTES_MAX: usize = 4 + 3;
/// Levels of an index at most: with two entries per block this is more than a segment can hold.
const LEVELS_MAX: usize = 24;

/// What a segment says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Footer {
    pub segment: u64,
    pub database_id: [u8; 16],
    /// Where the footer itself lies.
    pub place: BlockPtr,
    /// The one index block of the highest level.
    pub root: BlockPtr,
    /// Levels of index blocks, at least 1.
    pub levels: usize,
    pub units: Vec<u32>,
    pub entries: u64,
    pub tombstones: u64,
    /// Distinct user keys.
    pub keys: u64,
    /// Distinct user keys that the filter knows.
    pub filter_keys: u64,
    pub raw_bytes: u64,
    /// Greatest sequence number, counted from the segment's base.
    pub max_delta: u64,
    pub min_key: Vec<u8>,
    pub max_key: Vec<u8>,
    /// Parts of the filter.
    pub filter: Vec<BlockPtr>,
}

/// Bytes of a footer's payload at most.
pub(crate) fn footer_bytes_max(units: usize, keys_len: usize, filter_parts: usize) -> usize {
    FIXED_BYTES_MAX + units * UNIT_BYTES_MAX + keys_len + filter_parts * POINTER_BYTES_MAX
}

impl Footer {
    /// The payload. The place of the footer is a part of it, but its length does not depend on it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_MAJOR.to_le_bytes());
        out.extend_from_slice(&FORMAT_MINOR.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.segment.to_le_bytes());
        out.extend_from_slice(&self.database_id);
        for ptr in [self.place, self.root] {
            out.extend_from_slice(&ptr.offset.to_le_bytes());
            out.extend_from_slice(&ptr.len.to_le_bytes());
        }
        put_varint(&mut out, self.levels as u64);
        put_varint(&mut out, self.units.len() as u64);
        for unit in &self.units {
            put_varint(&mut out, u64::from(*unit));
        }
        for number in [
            self.entries,
            self.tombstones,
            self.keys,
            self.filter_keys,
            self.raw_bytes,
            self.max_delta,
        ] {
            put_varint(&mut out, number);
        }
        put_slice(&mut out, &self.min_key);
        put_slice(&mut out, &self.max_key);
        put_varint(&mut out, self.filter.len() as u64);
        for part in &self.filter {
            part.put(&mut out);
        }
        out
    }

    /// The footer in a payload.
    pub fn decode(payload: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(payload);
        if reader.array()? != MAGIC {
            return Err(Error::decode("a footer does not begin as one"));
        }
        let (major, minor) = (reader.u16()?, reader.u16()?);
        if major != FORMAT_MAJOR {
            let message = format!(
                "a segment has format {major}.{minor}, this version reads {FORMAT_MAJOR}.x; \
                 open the database with a newer version of entidb"
            );
            return Err(Error::new(ErrorKind::VersionMismatch, message));
        }
        reader.take(4)?;
        let segment = reader.u64()?;
        let database_id = reader.array()?;
        let place = BlockPtr { offset: reader.u32()?, len: reader.u32()? };
        let root = BlockPtr { offset: reader.u32()?, len: reader.u32()? };
        let levels = reader.length()?;
        if !(1..=LEVELS_MAX).contains(&levels) {
            return Err(Error::decode("a segment's index has no sensible number of levels"));
        }
        Ok(Self {
            segment,
            database_id,
            place,
            root,
            levels,
            units: list(&mut reader, |reader| {
                u32::try_from(reader.varint()?).map_err(|_| Error::decode("no such unit"))
            })?,
            entries: reader.varint()?,
            tombstones: reader.varint()?,
            keys: reader.varint()?,
            filter_keys: reader.varint()?,
            raw_bytes: reader.varint()?,
            max_delta: reader.varint()?,
            min_key: reader.slice()?.to_vec(),
            max_key: reader.slice()?.to_vec(),
            filter: list(&mut reader, BlockPtr::read)?,
        })
    }
}

/// A list with its length in front. The length is not believed beyond the bytes that are there.
fn list<T>(
    reader: &mut Reader<'_>,
    mut item: impl FnMut(&mut Reader<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = reader.length()?;
    if count > reader.rest().len() {
        return Err(Error::decode("a list is longer than its bytes"));
    }
    (0..count).map(|_| item(reader)).collect()
}
