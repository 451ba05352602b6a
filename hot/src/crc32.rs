//! The checksum of superblocks, roots and log frames: CRC-32 as in IEEE 802.3.
//!
//! Natively it is computed by instructions of the processor. A browser has none, and the tables of
//! 16 KiB that stand in for them are a twelfth of all that it would load, as nothing makes them
//! smaller: there one table of 1 KiB does.

#[cfg(any(test, target_family = "wasm"))]
mod table;

/// The checksum of `bytes`.
pub fn hash(bytes: &[u8]) -> u32 {
    hash_parts(&[bytes])
}

/// The checksum of some pieces, one after the other.
#[cfg(target_family = "wasm")]
#[inline(never)]
pub fn hash_parts(parts: &[&[u8]]) -> u32 {
    table::hash_parts(parts)
}

/// The checksum of some pieces, one after the other.
#[cfg(not(target_family = "wasm"))]
pub fn hash_parts(parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::{hash, hash_parts, table};

    #[test]
    fn what_browsers_compute_is_what_processors_do() {
        assert_eq!(hash(b"123456789"), 0xcbf4_3926);
        let mut rng = fastrand::Rng::with_seed(1);
        for len in (0..300).chain([4_096, 70_001]) {
            let bytes: Vec<u8> = (0..len).map(|_| rng.u8(..)).collect();
            let (front, back) = bytes.split_at(rng.usize(..=len));
            assert_eq!(table::hash_parts(&[front, back]), hash(&bytes), "{len} bytes");
            assert_eq!(hash_parts(&[front, b"", back]), hash(&bytes), "{len} bytes");
        }
    }
}
