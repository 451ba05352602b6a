//! The filter: says of most absent keys that they are absent, at the price of one block. FORMAT.md,
//! 6.4.
//!
//! It is a Bloom filter in parts, chosen by hash, so that a lookup reads one block however many
//! keys a segment holds.

use entidb_hot::filter;
pub(crate) use entidb_hot::filter::may_contain;
pub(crate) use entidb_hot::hash::xxh3_64 as hash_of;

use super::as_usize;
use crate::codec::seal::SEAL_BYTES;
use crate::codec::space::has_filter;
use crate::options::Geometry;

/// Bits per key. With ten of them set about 0.12 % of absent keys are taken for present.
const BITS_PER_KEY: usize = 14;
/// Sealed bytes of one part at most, in the usual geometry.
const PART_BYTES_MAX: u32 = 16 * 1024;
/// Parts are whole words, so that a part has no fewer bits than probes.
const WORD_BYTES: usize = 8;

/// How the filter is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FilterParts {
    pub count: usize,
    /// Payload of each part.
    pub bytes: usize,
}

/// The hash of every key that the filter is to know.
#[derive(Debug)]
pub(crate) struct FilterBuilder {
    hashes: Vec<u64>,
    part_bytes_max: usize,
}

impl FilterBuilder {
    pub fn new(geometry: &Geometry) -> Self {
        let sealed = as_usize(PART_BYTES_MAX.min(geometry.unit_bytes / 2));
        let part_bytes_max = (sealed - SEAL_BYTES) / WORD_BYTES * WORD_BYTES;
        Self { hashes: Vec::new(), part_bytes_max }
    }

    /// Takes in a user key. Each is given once.
    pub fn add(&mut self, key: &[u8]) {
        if has_filter(key) {
            self.hashes.push(hash_of(key));
        }
    }

    /// Keys taken in.
    pub fn keys(&self) -> usize {
        self.hashes.len()
    }

    /// How the filter would be divided with `more` keys.
    pub fn parts_with(&self, more: usize) -> FilterParts {
        let total = ((self.hashes.len() + more) * BITS_PER_KEY).div_ceil(8);
        let count = total.div_ceil(self.part_bytes_max);
        let bytes = total.div_ceil(count.max(1)).next_multiple_of(WORD_BYTES);
        FilterParts { count, bytes }
    }

    /// The payloads of the parts.
    pub fn finish(&self) -> Vec<Vec<u8>> {
        let FilterParts { count, bytes } = self.parts_with(0);
        let mut parts = vec![vec![0; bytes]; count];
        for hash in &self.hashes {
            if let Some(part) = parts.get_mut(part_of(*hash, count)) {
                for bit in filter::probes(*hash, part.len()) {
                    if let Some(byte) = part.get_mut(bit / 8) {
                        *byte |= 1 << (bit % 8);
                    }
                }
            }
        }
        parts
    }
}

/// The part of a filter of `count` parts that knows about a key.
pub(crate) fn part_of(hash: u64, count: usize) -> usize {
    filter::scale((hash >> 32) & 0xffff_ffff, count)
}
