//! What a damaged block, and many small collections, mean for the work in the background.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail")]

use entidb::kv::{Batch, Store, View};
use entidb::storage::FileId;
use entidb::storage::fault::SimStorage;
use entidb::{Durability, ErrorKind, Geometry, Options};

fn open(sim: &SimStorage) -> Store<SimStorage> {
    let options = Options { geometry: Geometry::TINY, ..Options::default() };
    Store::open(sim.clone(), &options).unwrap()
}

/// A key of a collection.
fn key(collection: u8, n: u32) -> Vec<u8> {
    [&[1, 0, 0, 0, collection], &n.to_be_bytes()[..]].concat()
}

fn commit(store: &mut Store<SimStorage>, writes: &[(u8, u32)]) {
    let mut batch = Batch::new();
    for (collection, n) in writes {
        batch.put(&key(*collection, *n), &[*collection; 60]).unwrap();
    }
    store.stage(&batch).unwrap();
    let _ = store.commit(Durability::Strict).unwrap();
}

#[test]
fn a_damaged_block_has_one_merge_fail_and_leaves_the_others_to_go_on() {
    let sim = SimStorage::new(1);
    let mut store = open(&sim);
    for n in 1..7 {
        commit(&mut store, &[(1, 0), (1, n), (2, 0), (2, n)]);
        let _ = store.flush().unwrap();
    }
    drop(store);
    let mut image = sim.image();
    // The first block of the first segment, which is of the first collection.
    image.file_mut(FileId::Volume).get_mut(32 * 1024 + 20).map(|byte| *byte ^= 1).unwrap();
    let sim = SimStorage::from_image(image, 1);
    let mut store = open(&sim);
    let mut failures = 0;
    for n in 10..50 {
        commit(&mut store, &[(1, 0), (1, n), (2, 0), (2, n)]);
        let _ = store.flush().unwrap();
        loop {
            match store.step(1 << 20) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
                    failures += 1;
                }
            }
        }
    }
    assert_eq!(store.stats().work_failures, 1, "it failed once");
    assert!(failures <= 1, "{failures} steps failed");
    assert!(store.stats().merges > 3, "the other collection is merged");
    let mut value = Vec::new();
    let view = View::at(store.visible_seq());
    for n in (0..7).chain(10..50) {
        assert!(store.get(view, &key(2, n), &mut value).unwrap(), "{n}");
        assert_eq!(value, [2; 60]);
        if n > 9 {
            assert!(store.get(view, &key(1, n), &mut value).unwrap(), "{n}");
        }
    }
}

#[test]
fn what_was_committed_to_many_small_collections_has_room_to_be_flushed() {
    let sim = SimStorage::new(1);
    let mut store = open(&sim);
    let writes: Vec<_> = (1..41).map(|collection| (collection, 1)).collect();
    commit(&mut store, &writes);
    sim.set_quota(Some(sim.image().total_len()));
    let _ = store.flush().unwrap();
    let view = View::at(store.visible_seq());
    for (collection, n) in writes {
        assert!(store.get(view, &key(collection, n), &mut Vec::new()).unwrap());
    }
}

#[test]
fn a_catalog_that_no_manifest_could_hold_is_refused_and_work_goes_on() {
    let sim = SimStorage::new(1);
    let mut store = open(&sim);
    for len in [6 * 1024 + 200, 8 * 1024, 11 * 1024] {
        let error = store.commit_catalog(&vec![7; len], &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{len} bytes");
    }
    let _ = store.commit_catalog(&[7; 5 * 1024], &[]).unwrap();
    for n in 0..200 {
        commit(&mut store, &[(1, n)]);
    }
    let _ = store.close().unwrap();
    assert_eq!(open(&sim).catalog(), [7; 5 * 1024]);
}
