//! The filter: says of most absent keys that they are absent, at the price of one block. FORMAT.md,
//! 6.4.
//!
//! It is a Bloom filter in parts, chosen by hash, so that a lookup reads one block however many
//! keys a segment holds.

use xxhash_rust::xxh3::xxh3_64;

use super::as_usize;
use crate::codec::seal::SEAL_BYTES;
use crate::codec::space::has_filter;
use crate::options::Geometry;

/// Bits per key. With [`PROBES`] about 0.12 % of absent keys are taken for present.
const BITS_PER_KEY: usize = 14;
/// Bits set per key.
const PROBES: u32 = 10;
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
            self.hashes.push(xxh3_64(key));
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
                for bit in probes(*hash, part.len()) {
                    if let Some(byte) = part.get_mut(bit / 8) {
                        *byte |= 1 << (bit % 8);
                    }
                }
            }
        }
        parts
    }
}

/// The hash that a filter knows a key by.
pub(crate) fn hash_of(key: &[u8]) -> u64 {
    xxh3_64(key)
}

/// The part of a filter of `count` parts that knows about a key.
pub(crate) fn part_of(hash: u64, count: usize) -> usize {
    scale((hash >> 32) & 0xffff_ffff, count)
}

/// Whether a part may have been told of a key.
pub(crate) fn may_contain(part: &[u8], hash: u64) -> bool {
    probes(hash, part.len())
        .all(|bit| part.get(bit / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0))
}

/// The bits of a key. The step is mixed anew, because the high half of the hash has chosen the
/// part.
fn probes(hash: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let bits = bytes * 8;
    let step = (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) | 1;
    let mut probe = hash & 0xffff_ffff;
    (0..PROBES).map(move |_| {
        let bit = scale(probe, bits);
        probe = (probe + step) & 0xffff_ffff;
        bit
    })
}

/// Spreads a 32-bit number over `0..n`.
fn scale(number: u64, n: usize) -> usize {
    usize::try_from((number * n as u64) >> 32).unwrap_or(0)
}
