//! What the manifest says about a segment.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::codec::bytes::{Reader, put_varint};
use crate::error::{Error, Result};

/// Where a sealed block lies in its segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u32)", into = "(u32, u32)")]
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

impl From<(u32, u32)> for BlockPtr {
    fn from((offset, len): (u32, u32)) -> Self {
        Self { offset, len }
    }
}

impl From<BlockPtr> for (u32, u32) {
    fn from(ptr: BlockPtr) -> Self {
        (ptr.offset, ptr.len)
    }
}

/// A segment as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
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

/// A tuple takes a third of the bytes that a map with names would.
type Wire = (u64, Vec<u32>, u32, BlockPtr, u64, [ByteBuf; 2], [u64; 5]);

impl From<Wire> for SegmentMeta {
    fn from((id, units, len, footer, footer_hash, keys, numbers): Wire) -> Self {
        let [min_key, max_key] = keys.map(ByteBuf::into_vec);
        let [base_seq, max_seq, entries, tombstones, raw_bytes] = numbers;
        Self {
            id,
            units,
            len,
            footer,
            footer_hash,
            min_key,
            max_key,
            base_seq,
            max_seq,
            entries,
            tombstones,
            raw_bytes,
        }
    }
}

impl From<SegmentMeta> for Wire {
    fn from(meta: SegmentMeta) -> Self {
        let keys = [meta.min_key, meta.max_key].map(ByteBuf::from);
        let numbers = [meta.base_seq, meta.max_seq, meta.entries, meta.tombstones, meta.raw_bytes];
        (meta.id, meta.units, meta.len, meta.footer, meta.footer_hash, keys, numbers)
    }
}
