//! Many collections of which each flush has a little: their small segments are merged before the
//! list of them fills the manifest, also where nobody gives the store time for merges.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

use entidb::kv::{Batch, Store, View};
use entidb::storage::MemoryStorage;
use entidb::{Durability, Geometry, Options};

const COLLECTIONS: u32 = 60;
const ROUNDS: u32 = 300;

/// Of this length keys make up most of what a manifest says of a segment.
fn key(collection: u32, n: u32, len: usize) -> Vec<u8> {
    let mut key = vec![1];
    key.extend(collection.to_be_bytes());
    key.extend(n.to_be_bytes());
    key.resize(key.len() + len, b'k');
    key
}

#[test]
fn writes_to_many_collections_never_fill_the_manifest_though_nothing_merges_in_between() {
    for len in [0, 60, 200] {
        let geometry = Geometry { manifest_area_bytes: 128 * 1024, ..Geometry::TINY };
        let options = Options { geometry, ..Options::default() };
        let mut store = Store::open(MemoryStorage::new(), &options).unwrap();
        for round in 0..ROUNDS {
            let mut batch = Batch::new();
            for collection in 0..COLLECTIONS {
                batch.put(&key(collection, round % 7, len), &round.to_le_bytes()).unwrap();
            }
            // More than the log takes, or made to look so.
            if len > 100 || round % 3 == 0 {
                store.spill(&mut batch).unwrap();
                let _ = store.commit_spilled(&mut batch).unwrap();
            } else {
                store.stage(&batch).unwrap().unwrap();
                let _ = store.commit(Durability::Relaxed).unwrap();
            }
        }
        let view = View::at(store.visible_seq());
        let mut value = Vec::new();
        for collection in 0..COLLECTIONS {
            let last = ROUNDS - 1;
            assert!(store.get(view, &key(collection, last % 7, len), &mut value).unwrap());
            assert_eq!(value, last.to_le_bytes());
        }
    }
}
