//! Sealing of blocks: compress and checksum; opening is the mirror. FORMAT.md, section 6.1.

use entidb_hot::hash::xxh3_64_with_seed;
use entidb_hot::lz4;

use super::bytes::Reader;
use crate::error::{Error, Result};
use crate::limits::RAW_BLOCK_BYTES_MAX;

/// Bytes that a seal adds to a payload: codec, kind, checksum.
pub const SEAL_BYTES: usize = 1 + 1 + CHECKSUM_BYTES;

const CHECKSUM_BYTES: usize = 8;
const RAW_LEN_BYTES: usize = 4;
const CODEC_RAW: u8 = 0;
const CODEC_LZ4: u8 = 1;
/// Bits of an offset in a segment, which is at most 16 MiB long.
const OFFSET_BITS: u32 = 24;

/// What a block holds. Other numbers are left for kinds to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BlockKind {
    /// Entries.
    Data = 1,
    /// Separators and pointers to blocks.
    Index = 2,
    /// Part of the filter.
    Filter = 3,
    /// What a segment says about itself.
    Footer = 4,
}

/// Where a block lies. The place is part of the checksum, so that a block that was misplaced, or is
/// left over from an earlier life of its unit, is not taken for the one that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Id of the segment.
    pub segment: u64,
    /// Offset in the segment.
    pub offset: u32,
}

impl Place {
    fn seed(self) -> u64 {
        (self.segment << OFFSET_BITS) | u64::from(self.offset)
    }
}

/// Seals one block after the other, reusing its buffer. Sealing has two steps, because a block's
/// place depends on its sealed length and the checksum on its place.
#[derive(Debug, Default)]
pub struct Sealer {
    sealed: Vec<u8>,
}

impl Sealer {
    /// Takes in a payload, compressed where that pays, and returns the sealed length.
    pub fn pack(&mut self, payload: &[u8], kind: BlockKind) -> usize {
        self.sealed.clear();
        let compressed = kind == BlockKind::Data && self.compress(payload);
        if !compressed {
            self.sealed.clear();
            self.sealed.extend_from_slice(payload);
        }
        let codec = if compressed { CODEC_LZ4 } else { CODEC_RAW };
        self.sealed.extend_from_slice(&[codec, kind as u8]);
        self.sealed.len() + CHECKSUM_BYTES
    }

    /// The sealed block of the payload that was packed last. Call it once per payload.
    pub fn stamp(&mut self, place: Place) -> &[u8] {
        let checksum = xxh3_64_with_seed(&self.sealed, place.seed());
        self.sealed.extend_from_slice(&checksum.to_le_bytes());
        &self.sealed
    }

    /// Whether compression saves an eighth, which is what makes opening the block worth its time.
    fn compress(&mut self, payload: &[u8]) -> bool {
        let Ok(raw_len) = u32::try_from(payload.len()) else {
            return false;
        };
        self.sealed.resize(RAW_LEN_BYTES + lz4::bound(payload.len()), 0);
        let Some((head, body)) = self.sealed.split_first_chunk_mut::<RAW_LEN_BYTES>() else {
            return false;
        };
        *head = raw_len.to_le_bytes();
        let Some(len) = lz4::compress(payload, body) else {
            return false;
        };
        self.sealed.truncate(RAW_LEN_BYTES + len);
        self.sealed.len() <= payload.len() - payload.len() / 8
    }
}

/// The checksum of a sealed block; 0 of anything shorter than a seal.
pub fn checksum(sealed: &[u8]) -> u64 {
    sealed.last_chunk::<CHECKSUM_BYTES>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The payload of a sealed block. The checksum comes first: nothing else looks at damaged bytes.
pub fn open(mut sealed: Vec<u8>, kind: BlockKind, place: Place) -> Result<Vec<u8>> {
    let found = checksum(&sealed);
    let Some((body, _)) = sealed.split_last_chunk::<CHECKSUM_BYTES>() else {
        return Err(Error::decode("a block is shorter than its seal"));
    };
    if xxh3_64_with_seed(body, place.seed()) != found {
        return Err(Error::decode("a block's checksum differs"));
    }
    let [payload @ .., codec, kind_found] = body else {
        return Err(Error::decode("a block is shorter than its seal"));
    };
    if *kind_found != kind as u8 {
        return Err(Error::decode("a block is of another kind than its pointer says"));
    }
    match *codec {
        CODEC_RAW if payload.len() < RAW_BLOCK_BYTES_MAX => {
            let len = payload.len();
            sealed.truncate(len);
            Ok(sealed)
        }
        CODEC_LZ4 => decompress(payload),
        _ => Err(Error::decode("a block is too long or of no known codec")),
    }
}

fn decompress(payload: &[u8]) -> Result<Vec<u8>> {
    let mut reader = Reader::new(payload);
    let len = reader.u32()?;
    let len = usize::try_from(len).ok().filter(|len| *len < RAW_BLOCK_BYTES_MAX);
    let len = len.ok_or_else(|| Error::decode("a block states a length above the limit"))?;
    let mut raw = vec![0; len];
    match lz4::decompress(reader.rest(), &mut raw) {
        Some(n) if n == len => Ok(raw),
        _ => Err(Error::decode("a block cannot be decompressed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const PLACE: Place = Place { segment: 7, offset: 4096 };

    fn seal(payload: &[u8], kind: BlockKind) -> Vec<u8> {
        let mut press = Sealer::default();
        let len = press.pack(payload, kind);
        let sealed = press.stamp(PLACE).to_vec();
        assert_eq!(sealed.len(), len);
        sealed
    }

    fn text(len: usize) -> Vec<u8> {
        (0_u32..).flat_map(|n| format!("city {} ", n * n % 977).into_bytes()).take(len).collect()
    }

    #[test]
    fn a_block_opens_to_what_was_sealed_whether_it_was_compressed_or_not() {
        let mut random = fastrand::Rng::with_seed(1);
        for len in [0, 1, 12, 13, 100, 8192, RAW_BLOCK_BYTES_MAX - 1] {
            let noise: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
            for payload in [text(len), noise] {
                for kind in [BlockKind::Data, BlockKind::Index] {
                    let sealed = seal(&payload, kind);
                    assert!(sealed.len() <= len + SEAL_BYTES);
                    assert_eq!(open(sealed, kind, PLACE).unwrap(), payload);
                }
            }
        }
    }

    #[test]
    fn a_block_of_another_place_or_kind_or_with_any_bit_flipped_is_refused() {
        let sealed = seal(&text(300), BlockKind::Data);
        let elsewhere = [Place { offset: 4097, ..PLACE }, Place { segment: 8, ..PLACE }];
        for place in elsewhere {
            assert!(open(sealed.clone(), BlockKind::Data, place).is_err());
        }
        assert!(open(sealed.clone(), BlockKind::Index, PLACE).is_err());
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let error = open(damaged, BlockKind::Data, PLACE).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "bit {bit}");
        }
        for len in 0..sealed.len() {
            assert!(open(sealed[..len].to_vec(), BlockKind::Data, PLACE).is_err());
        }
    }

    #[test]
    fn a_sound_checksum_over_nonsense_is_refused_without_a_panic() {
        let mut random = fastrand::Rng::with_seed(2);
        for _ in 0..20_000 {
            let mut press = Sealer::default();
            let mut raw_len = random.u32(..2000).to_le_bytes();
            if random.u8(..4) == 0 {
                raw_len = random.u32(..).to_le_bytes();
            }
            press.sealed.extend_from_slice(&raw_len);
            press.sealed.extend((0..random.usize(..64)).map(|_| random.u8(..)));
            press.sealed.extend_from_slice(&[random.u8(..3), BlockKind::Data as u8]);
            let sealed = press.stamp(PLACE).to_vec();
            if let Ok(payload) = open(sealed, BlockKind::Data, PLACE) {
                assert!(payload.len() < RAW_BLOCK_BYTES_MAX);
            }
        }
    }

    #[test]
    fn compression_gives_the_bytes_it_has_always_given() {
        for (len, sealed_len, hash) in GOLDEN {
            let sealed = seal(&text(len), BlockKind::Data);
            let found = (sealed.len(), xxh3_64_with_seed(&sealed, 0));
            assert_eq!(found, (sealed_len, hash), "{len}: {found:#x?}");
        }
    }

    const GOLDEN: [(usize, usize, u64); 3] = [
        (64, 58, 0xc6c2_a0b9_d5b7_96a1),
        (8192, 3334, 0x17b9_30f4_6cd5_3853),
        (65_534, 3782, 0x22b3_6936_511b_2c65),
    ];
}
