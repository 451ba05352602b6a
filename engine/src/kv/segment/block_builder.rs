//! Builds a block of entries. FORMAT.md, section 6.2.

use super::block::{KIND_BITS, RESTART_BYTES};
use crate::codec::bytes::put_varint;
use crate::error::{Error, Result};
use crate::kv::entry::Kind;

/// Bytes of an entry's four numbers at most: three lengths and a sequence number. Lengths within a
/// block have at most three bytes.
pub(crate) const ENTRY_HEAD_BYTES_MAX: usize = 3 + 3 + 3 + 10;

/// A block that entries are added to, in order.
#[derive(Debug)]
pub(crate) struct BlockBuilder {
    bytes: Vec<u8>,
    restarts: Vec<u16>,
    /// Entries from one restart point to the next.
    interval: usize,
    count: usize,
    last_key: Vec<u8>,
    last_delta: u64,
}

impl BlockBuilder {
    pub fn new(interval: usize) -> Self {
        Self {
            bytes: Vec::new(),
            restarts: Vec::new(),
            interval,
            count: 0,
            last_key: Vec::new(),
            last_delta: 0,
        }
    }

    /// Entries added.
    pub fn count(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of the block as it stands.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len() + (self.restarts.len() + 1) * RESTART_BYTES
    }

    /// Bytes of the block with one more entry, at most.
    pub fn size_bytes_with(&self, key_len: usize, value_len: usize) -> usize {
        self.size_bytes() + entry_bytes_max(key_len, value_len)
    }

    pub fn last_key(&self) -> &[u8] {
        &self.last_key
    }

    pub fn last_delta(&self) -> u64 {
        self.last_delta
    }

    /// Adds an entry that is after the last one.
    pub fn add(&mut self, key: &[u8], delta: u64, kind: Kind, value: &[u8]) -> Result<()> {
        let mut shared = 0;
        if self.count.is_multiple_of(self.interval) {
            let at = u16::try_from(self.bytes.len())
                .map_err(|_| Error::decode("a block outgrew its restart points"))?;
            self.restarts.push(at);
        } else {
            shared = self.last_key.iter().zip(key).take_while(|(a, b)| a == b).count();
        }
        let suffix = key.get(shared..).unwrap_or_default();
        put_varint(&mut self.bytes, shared as u64);
        put_varint(&mut self.bytes, suffix.len() as u64);
        put_varint(&mut self.bytes, (value.len() as u64) << KIND_BITS | u64::from(kind.byte()));
        put_varint(&mut self.bytes, delta);
        self.bytes.extend_from_slice(suffix);
        self.bytes.extend_from_slice(value);
        self.last_key.truncate(shared);
        self.last_key.extend_from_slice(suffix);
        self.last_delta = delta;
        self.count += 1;
        Ok(())
    }

    /// The finished block, which is empty after [`BlockBuilder::clear`].
    pub fn finish(&mut self) -> Result<&[u8]> {
        let count = u16::try_from(self.restarts.len())
            .map_err(|_| Error::decode("a block has too many restart points"))?;
        for offset in self.restarts.iter().chain([&count]) {
            self.bytes.extend_from_slice(&offset.to_le_bytes());
        }
        Ok(&self.bytes)
    }

    /// Begins the next block in the same memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.restarts.clear();
        self.count = 0;
    }
}

/// Bytes that an entry adds to a block at most, a restart point included.
pub(crate) fn entry_bytes_max(key_len: usize, value_len: usize) -> usize {
    key_len + value_len + ENTRY_HEAD_BYTES_MAX + RESTART_BYTES
}
