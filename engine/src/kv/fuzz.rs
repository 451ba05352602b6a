//! What fuzzing asks of superblocks, roots and manifests, and of the files as a whole.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to panic is what these functions are for"
)]

use entidb_hot::hash::xxh3_64;

use super::io::Io;
use super::log::fuzz::reseal_log;
use super::manifest::{CatalogState, Manifest};
use super::root::{ROOT_BYTES, ROOT_COPY_OFFSET, Root};
use super::segment::fuzz::reseal_segment;
use super::superblock::{
    ROOTS_OFFSET, SLOT_BYTES, SUPERBLOCK_BYTES, Superblock, manifest_offset, units_start,
};
use super::version::Version;
use crate::storage::{FileId, MemoryStorage, Read, Storage};

/// What the checksum of a superblock covers, and that of a root.
const SUPERBLOCK_CHECKED: usize = SUPERBLOCK_BYTES - 4;
const ROOT_CHECKED: usize = 96;
/// Where in a root the offset, the length and the checksum of its manifest are.
const MANIFEST_OFFSET: usize = 16;
const MANIFEST_LEN: usize = 24;
const MANIFEST_HASH: usize = 32;

/// One superblock.
pub fn superblock(bytes: &[u8]) {
    let Ok(superblock) = Superblock::decode(bytes) else { return };
    assert!(superblock.geometry.validate().is_ok());
    assert!(manifest_offset(&superblock.geometry, 2) <= units_start(&superblock.geometry));
    assert_eq!(Superblock::decode(&superblock.encode()).ok(), Some(superblock));
}

/// One slot of a root.
pub fn root(slot: &[u8]) {
    let Ok(root) = Root::decode_slot(slot) else { return };
    assert_eq!(Root::decode_slot(&root.encode_slot()).ok(), Some(root));
}

/// A manifest. One without fields of later versions has one form only.
pub fn manifest(bytes: &[u8]) {
    let Ok(manifest) = Manifest::decode(bytes) else { return };
    let encoded = manifest.encode(usize::MAX).unwrap();
    assert!(encoded.len() <= bytes.len());
    assert!(encoded.len() < bytes.len() || encoded == bytes, "a manifest has one form");
    assert_eq!(Manifest::decode(&encoded).ok().as_ref(), Some(&manifest));
    let Ok(version) = Version::from_metas(manifest.levels.clone()) else { return };
    let again = version.to_metas();
    let listed = |levels: &[Vec<Vec<_>>]| levels.iter().flatten().flatten().count();
    assert_eq!(listed(&again), listed(&manifest.levels), "no segment is dropped");
}

/// What a catalog frame holds.
pub fn retired(bytes: &[u8]) {
    let Ok(state) = CatalogState::decode(bytes) else { return };
    let encoded = state.encode();
    assert!(encoded.len() < bytes.len() || encoded == bytes, "a catalog frame has one form");
    assert_eq!(CatalogState::decode(&encoded).ok(), Some(state));
}

/// Puts right checksums over everything in the three files that has one, so that what they protect
/// is read.
pub fn reseal(files: &mut [Vec<u8>; 3]) {
    let [volume, log_a, log_b] = files;
    reseal_log(log_a);
    reseal_log(log_b);
    for copy in 0..2 {
        reseal_at(volume, copy * SLOT_BYTES, SUPERBLOCK_CHECKED);
    }
    let superblock = (0..2).find_map(|copy| {
        let start = usize::try_from(copy * SLOT_BYTES).ok()?;
        Superblock::decode(volume.get(start..start + SUPERBLOCK_BYTES)?).ok()
    });
    for slot in 0..2 {
        for copy in [0, ROOT_COPY_OFFSET as u64] {
            let offset = ROOTS_OFFSET + slot * SLOT_BYTES + copy;
            reseal_manifest(volume, offset, superblock.as_ref());
            reseal_at(volume, offset, ROOT_CHECKED);
        }
    }
}

/// Reseals what a root points at, and writes the checksum of the manifest into it.
fn reseal_manifest(volume: &mut Vec<u8>, offset: u64, superblock: Option<&Superblock>) {
    let Ok(start) = usize::try_from(offset) else { return };
    let Some(root) = volume.get(start..start + ROOT_BYTES) else { return };
    let number = |at: usize| u64::from_le_bytes(root[at..at + 8].try_into().unwrap());
    let from = usize::try_from(number(MANIFEST_OFFSET)).unwrap_or(usize::MAX);
    let len = usize::try_from(number(MANIFEST_LEN) & u64::from(u32::MAX)).unwrap_or(usize::MAX);
    let Some(bytes) = volume.get(from..from.saturating_add(len)) else { return };
    let decoded = Manifest::decode(bytes).ok();
    if let (Some(mut manifest), Some(superblock)) = (decoded, superblock) {
        reseal_segments(volume, &mut manifest, superblock);
        // The hash of a footer nearly always takes as many bytes as the one before.
        let encoded = manifest.encode(usize::MAX).unwrap();
        if encoded.len() == len {
            volume[from..from + len].copy_from_slice(&encoded);
        }
    }
    let hash = xxh3_64(&volume[from..from + len]).to_le_bytes();
    volume[start + MANIFEST_HASH..start + MANIFEST_HASH + 8].copy_from_slice(&hash);
}

fn reseal_segments(volume: &mut Vec<u8>, manifest: &mut Manifest, superblock: &Superblock) {
    let storage = MemoryStorage::new();
    storage.write_at(FileId::Volume, 0, volume).unwrap();
    let mut io = Io::new(storage, 0);
    io.set_layout(superblock.geometry, units_start(&superblock.geometry));
    for meta in manifest.levels.iter_mut().flatten().flatten() {
        reseal_segment(&io, meta);
    }
    let len = usize::try_from(io.len(FileId::Volume).unwrap()).unwrap();
    volume.resize(len, 0);
    assert_eq!(io.storage().read_at(FileId::Volume, 0, volume).ok(), Some(Read::Done));
}

fn reseal_at(file: &mut [u8], offset: u64, checked: usize) {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let Some(bytes) = file.get_mut(start..start.saturating_add(checked + 4)) else { return };
    let (body, rest) = bytes.split_at_mut(checked);
    rest.copy_from_slice(&entidb_hot::crc32::hash(body).to_le_bytes());
}
