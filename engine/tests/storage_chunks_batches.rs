//! What a batch of chunks may hold and when there is one: whole chunks only, everything that was
//! written, and as durable as the strictest sync asked for.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

use entidb::Durability;
use entidb::storage::chunks::StoredFile;
use entidb::storage::{ChunkStorage, FileId, Read, Storage};

const CHUNK_BYTES: u32 = 1024;

/// Files of which the first has two chunks elsewhere.
fn storage() -> ChunkStorage {
    let file = |len: u64| StoredFile {
        len,
        chunk_bytes: CHUNK_BYTES,
        extent: len.div_ceil(u64::from(CHUNK_BYTES)),
    };
    ChunkStorage::new([file(2048), file(0), file(0)])
}

#[test]
fn a_relaxed_sync_leaves_a_strict_one_strict() {
    for order in [
        [Durability::Strict, Durability::Relaxed],
        [Durability::Relaxed, Durability::Strict],
        [Durability::Strict, Durability::Strict],
    ] {
        let storage = storage();
        storage.write_at(FileId::LogA, 0, &[7; 1024]).unwrap();
        for durability in order {
            let _ = storage.sync(FileId::LogA, durability).unwrap();
        }
        assert!(storage.batch().unwrap().is_strict, "{order:?}");
    }
}

#[test]
fn a_chunk_is_stored_with_the_bytes_that_were_not_written() {
    let storage = storage();
    storage.write_at(FileId::Volume, 1024 + 100, &[7; 10]).unwrap();
    let _ = storage.sync(FileId::Volume, Durability::Strict).unwrap();
    assert!(storage.batch().is_none(), "a part of the chunk is not at hand");
    let chunk = (FileId::Volume, 1);
    assert_eq!(storage.missing(), [chunk]);
    storage.supply(chunk, &[3; 1024]);
    let batch = storage.batch().unwrap();
    let mut wanted = vec![3; 1024];
    wanted.get_mut(100..110).unwrap().fill(7);
    let stored: Vec<_> = batch.chunks.iter().map(|(id, bytes)| (*id, bytes.to_vec())).collect();
    assert_eq!(stored, [(chunk, wanted)]);
}

#[test]
fn what_is_not_stored_yet_is_not_forgotten() {
    let storage = storage();
    storage.write_at(FileId::LogB, 0, &[7; 4096]).unwrap();
    storage.trim_to(0);
    let mut found = [0; 4096];
    assert_eq!(storage.read_at(FileId::LogB, 0, &mut found).unwrap(), Read::Done);
    assert_eq!(found, [7; 4096]);
    let _ = storage.sync(FileId::LogB, Durability::Strict).unwrap();
    storage.trim_to(0);
    let batch = storage.batch().unwrap();
    assert_eq!(batch.chunks.len(), 4);
    storage.stored(&batch);
    storage.trim_to(0);
    assert_eq!(storage.resident_bytes(), 0);
}
