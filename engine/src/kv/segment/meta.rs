//! What the manifest says about a segment.

use crate::codec::bytes::{Reader, put_varint};
use crate::codec::cbor::{put_bytes, unsigned};
use crate::codec::message::{bytes, list, put_list, put_unsigned, small, tuple};
use crate::error::{Error, Result};

/// Where a sealed block lies in its segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockPtr {
    /// Offset in the segment.
    pub offset: u32,
    /// Sealed length.
    pub len: u32,
}

impl BlockPtr {
    pub fn put(self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.offset));
        put_varint(out, u64::from(self.len));
    }

    pub fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let mut number = || {
            u32::try_from(reader.varint()?)
                .map_err(|_| Error::decode("a block pointer is out of range"))
        };
        Ok(Self { offset: number()?, len: number()? })
    }
}

/// A segment as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentMeta {
    /// Never used again.
    pub id: u64,
    /// The units it lies in, in order.
    pub units: Vec<u32>,
    /// Where its last block ends, as an offset in the segment.
    pub len: u32,
    pub footer: BlockPtr,
    /// Checksum of the sealed footer.
    pub footer_hash: u64,
    /// Smallest user key.
    pub min_key: Vec<u8>,
    /// Greatest user key.
    pub max_key: Vec<u8>,
    /// What the sequence numbers in the segment are counted from.
    pub base_seq: u64,
    /// Greatest sequence number.
    pub max_seq: u64,
    pub entries: u64,
    /// Entries that are deletes.
    pub tombstones: u64,
    /// Bytes of keys and values before any compression.
    pub raw_bytes: u64,
}

// A tuple takes a third of the bytes that a map with names would.
impl SegmentMeta {
    /// Appends it as the manifest has it.
    pub fn put(&self, out: &mut Vec<u8>) {
        put_list(out, 7);
        put_unsigned(out, self.id);
        put_list(out, self.units.len());
        for unit in &self.units {
            put_unsigned(out, u64::from(*unit));
        }
        put_unsigned(out, u64::from(self.len));
        put_list(out, 2);
        put_unsigned(out, u64::from(self.footer.offset));
        put_unsigned(out, u64::from(self.footer.len));
        put_unsigned(out, self.footer_hash);
        put_list(out, 2);
        put_bytes(out, &self.min_key);
        put_bytes(out, &self.max_key);
        put_list(out, 5);
        for number in [self.base_seq, self.max_seq, self.entries, self.tombstones, self.raw_bytes] {
            put_unsigned(out, number);
        }
    }

    /// Reads what [`SegmentMeta::put`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self> {
        tuple(reader, 7)?;
        let id = unsigned(reader)?;
        let units = list(reader, small)?;
        let len = small(reader)?;
        tuple(reader, 2)?;
        let footer = BlockPtr { offset: small(reader)?, len: small(reader)? };
        let footer_hash = unsigned(reader)?;
        tuple(reader, 2)?;
        let (min_key, max_key) = (bytes(reader)?, bytes(reader)?);
        tuple(reader, 5)?;
        Ok(Self {
            id,
            units,
            len,
            footer,
            footer_hash,
            min_key,
            max_key,
            base_seq: unsigned(reader)?,
            max_seq: unsigned(reader)?,
            entries: unsigned(reader)?,
            tombstones: unsigned(reader)?,
            raw_bytes: unsigned(reader)?,
        })
    }
}
