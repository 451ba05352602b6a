//! The one hash of the format, XXH3. There is one copy of its code for all lengths and seeds.

use xxhash_rust::xxh3;

/// The hash of `bytes` under a seed.
#[inline(never)]
pub fn xxh3_64_with_seed(bytes: &[u8], seed: u64) -> u64 {
    xxh3::xxh3_64_with_seed(bytes, seed)
}

/// The hash of `bytes`: the one under the seed 0.
#[inline(never)]
pub fn xxh3_64(bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, 0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_seed_is_the_seed_0_at_every_length() {
        let bytes: Vec<u8> = (0..2_000_u32).map(|n| (n * n % 251) as u8).collect();
        for len in (0..600).chain([1_023, 1_024, 1_025, 2_000]) {
            let bytes = &bytes[..len];
            assert_eq!(super::xxh3_64(bytes), xxhash_rust::xxh3::xxh3_64(bytes), "{len} bytes");
        }
    }
}
