//! A checked reader over bytes, and the integers of the format.

use crate::{Malformed, Result};

/// Bytes of the longest varint.
pub const VARINT_BYTES_MAX: usize = 10;

/// Appends `n` as a varint: unsigned LEB128 in its shortest form.
pub fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push((n & 0x7f) as u8);
}

/// Appends `bytes` with their length in front.
pub fn put_slice(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Number of bytes of `n` as a varint.
pub fn varint_len(n: u64) -> usize {
    (64 - (n | 1).leading_zeros() as usize).div_ceil(7)
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOP_BITS: u64 = ONES << 7;

/// Where the first zero is.
#[inline(never)]
pub fn find_zero(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest byte with its top bit set here is the first that is zero.
        let zeros = word.wrapping_sub(ONES) & !word & TOP_BITS;
        if zeros != 0 {
            return Some(at * 8 + (zeros.trailing_zeros() / 8) as usize);
        }
    }
    let zero = rest.iter().position(|&byte| byte == 0)?;
    Some(words.len() * 8 + zero)
}

/// Whether all bytes are ASCII and none is zero.
#[inline(never)]
pub fn is_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let is_plain = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        (word | word.wrapping_sub(ONES)) & TOP_BITS == 0
    };
    words.iter().all(is_plain) && rest.iter().all(|byte| (1..0x80).contains(byte))
}

/// Reads from the front of a byte slice; every read is checked.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or_else(ended)?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or_else(ended)?;
        self.rest = rest;
        Ok(*head)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8> {
        let (head, rest) = self.rest.split_first().ok_or_else(ended)?;
        self.rest = rest;
        Ok(*head)
    }

    /// A little-endian u16.
    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// A little-endian u32.
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A little-endian u64.
    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A varint in its shortest form.
    pub fn varint(&mut self) -> Result<u64> {
        let mut n = 0_u64;
        for shift in (0..).step_by(7).take(VARINT_BYTES_MAX) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    break;
                }
                return Ok(n);
            }
        }
        Err(Malformed("a varint is too long"))
    }

    /// A varint that counts bytes or entries in memory.
    pub fn length(&mut self) -> Result<usize> {
        usize::try_from(self.varint()?).map_err(|_| Malformed("a length is too large"))
    }

    /// Bytes with their length in front.
    pub fn slice(&mut self) -> Result<&'a [u8]> {
        let n = self.length()?;
        self.take(n)
    }
}

#[cold]
fn ended() -> Malformed {
    Malformed("the bytes end too early")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_round_trip_and_state_their_length() {
        for n in (0..64).flat_map(|s| [1_u64 << s, (1 << s) - 1, (1 << s) + 1]).chain([u64::MAX]) {
            let mut out = Vec::new();
            put_varint(&mut out, n);
            assert_eq!(out.len(), varint_len(n), "{n}");
            let mut reader = Reader::new(&out);
            assert_eq!(reader.varint().unwrap(), n);
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn the_first_zero_is_found_wherever_it_is() {
        for len in 0..40 {
            for other in [1, 0x7f, 0x80, 0xff] {
                let mut bytes = vec![other; len];
                assert_eq!(find_zero(&bytes), None);
                assert_eq!(is_plain(&bytes), len == 0 || other < 0x80, "{other} {len} times");
                for at in (0..len).rev() {
                    bytes[at] = 0;
                    assert_eq!(find_zero(&bytes), Some(at), "{at} of {len}");
                    assert!(!is_plain(&bytes), "{at} of {len}");
                }
            }
        }
    }

    #[test]
    fn a_varint_that_is_not_in_its_shortest_form_is_refused() {
        for bytes in [&[0x80, 0x00][..], &[0xff; 11], &[0x81, 0x80, 0x00], &[0x80]] {
            assert!(Reader::new(bytes).varint().is_err(), "{bytes:?}");
        }
    }
}
