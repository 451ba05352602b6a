//! What a volume begins with: the first byte says what the rest is.

use entidb::fuzz;

use crate::bounded;

/// Superblock and root are resealed as the beginning of a volume that holds nothing else.
const SUPERBLOCK_BYTES: usize = 132;
const ROOT_OFFSET: usize = 8192;
const SLOT_BYTES: usize = 4096;

/// The target; see the [module](self).
pub fn run(data: &[u8]) {
    let Some((what, bytes)) = data.split_first() else { return };
    bounded(bytes.len(), 64, 256 * 1024, || match what % 6 {
        0 => fuzz::superblock(bytes),
        1 => fuzz::superblock(&resealed(bytes, 0, SUPERBLOCK_BYTES)),
        2 => fuzz::root(bytes),
        3 => fuzz::root(&resealed(bytes, ROOT_OFFSET, SLOT_BYTES)),
        4 => fuzz::manifest(bytes),
        _ => {
            fuzz::retired(bytes);
            fuzz::catalog(bytes);
        }
    });
}

/// The bytes with right checksums, as they would be at this offset of a volume.
fn resealed(bytes: &[u8], offset: usize, len: usize) -> Vec<u8> {
    let bytes = &bytes[..bytes.len().min(len)];
    let mut volume = vec![0; offset];
    volume.extend_from_slice(bytes);
    volume.resize(offset + len, 0);
    let mut files = [volume, Vec::new(), Vec::new()];
    fuzz::reseal(&mut files);
    files[0].split_off(offset)
}
