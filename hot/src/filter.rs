//! The bits that a filter has for a key. FORMAT.md, section 6.4.

/// Bits set per key.
const PROBES: u32 = 10;

/// Whether a part may have been told of a key.
#[inline(never)]
pub fn may_contain(part: &[u8], hash: u64) -> bool {
    probes(hash, part.len())
        .all(|bit| part.get(bit / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0))
}

/// The bits of a key. The step is mixed anew, because the high half of the hash has chosen the
/// part.
#[inline]
pub fn probes(hash: u64, bytes: usize) -> impl Iterator<Item = usize> {
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
#[inline]
pub fn scale(number: u64, n: usize) -> usize {
    usize::try_from((number * n as u64) >> 32).unwrap_or(0)
}
