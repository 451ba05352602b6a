//! Random work on a store that is large, with nothing failing: some mistakes need more data than
//! small stores have. `STORE_MODEL_LARGE_MB` sets how much is written, `STORE_MODEL_FIRST` the
//! seed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail")]

use std::ops::Bound;

use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::MemoryStorage;
use entidb::{Durability, Geometry, Options};
use fastrand::Rng;

const MEGABYTES: u64 = 64;
/// Bytes of a value on average.
const VALUE_BYTES: u64 = 1500;
const COMMITS_PER_CHECK: u64 = 64;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// The value of a key in one of its versions: half of it does not compress.
fn value(key: u32, version: u32) -> Vec<u8> {
    let mut rng = Rng::with_seed(u64::from(key) << 32 | u64::from(version));
    let half = rng.usize(..usize::try_from(VALUE_BYTES).unwrap());
    let mut value = vec![key.to_le_bytes()[0]; half];
    value.extend((0..half).map(|_| rng.u8(..)));
    value
}

fn key(n: u32) -> Vec<u8> {
    [&[1, 0, 0, 0, 1][..], &n.to_be_bytes()].concat()
}

struct World {
    rng: Rng,
    storage: MemoryStorage,
    store: Store<MemoryStorage>,
    /// By key: its version, 0 where it is not there.
    versions: Vec<u32>,
    written: u64,
    ops: u64,
}

fn options() -> Options {
    let geometry = Geometry { memtable_bytes: 1 << 20, ..Geometry::DEFAULT };
    Options { geometry, cache_bytes: 4 << 20, ..Options::default() }
}

#[test]
fn a_large_store_gives_the_answers_of_a_list_of_versions() {
    let bytes = number("STORE_MODEL_LARGE_MB").unwrap_or(MEGABYTES) << 20;
    let storage = MemoryStorage::new();
    let store = Store::open(storage.clone(), &options()).unwrap();
    let keys = usize::try_from(bytes / VALUE_BYTES).unwrap() / 2;
    let rng = Rng::with_seed(number("STORE_MODEL_FIRST").unwrap_or(0));
    let versions = vec![0; keys];
    let mut world = World { rng, storage, store, versions, written: 0, ops: 0 };
    let mut commits = 0_u64;
    while world.written < bytes {
        world.commit();
        commits += 1;
        if commits.is_multiple_of(COMMITS_PER_CHECK) {
            world.look();
        }
        if commits.is_multiple_of(COMMITS_PER_CHECK * 32) {
            world.reopen();
        }
    }
    world.check_everything();
    world.reopen();
    world.store.compact_begin().unwrap();
    while world.store.step(1 << 20).unwrap() {}
    world.check_everything();
    println!("reliability {{\"modelOps\":{},\"largeStoreBytes\":{}}}", world.ops, world.written);
}

impl World {
    fn commit(&mut self) {
        let mut batch = Batch::new();
        for _ in 0..self.rng.usize(1..40) {
            let n = self.rng.usize(..self.versions.len());
            let name = u32::try_from(n).unwrap();
            let version = if self.rng.u8(..6) == 0 { 0 } else { self.rng.u32(1..) };
            if version == 0 {
                batch.delete(&key(name)).unwrap();
            } else {
                let value = value(name, version);
                self.written += value.len() as u64;
                batch.put(&key(name), &value).unwrap();
            }
            self.versions[n] = version;
            self.ops += 1;
        }
        if self.store.stage(&batch).unwrap().is_none() {
            let _ = self.store.commit(Durability::Relaxed).unwrap();
            let _ = self.store.stage(&batch).unwrap().unwrap();
        }
        let _ = self.store.commit(Durability::Strict).unwrap();
        self.store.settle().unwrap();
    }

    fn wanted(&self, n: usize) -> Option<Vec<u8>> {
        let version = self.versions[n];
        (version > 0).then(|| value(u32::try_from(n).unwrap(), version))
    }

    fn look(&mut self) {
        let mut found = Vec::new();
        for _ in 0..64 {
            let n = self.rng.usize(..self.versions.len());
            let view = View::at(self.store.visible_seq());
            let name = key(u32::try_from(n).unwrap());
            let is_there = self.store.get(view, &name, &mut found).unwrap();
            assert_eq!(is_there.then_some(&found), self.wanted(n).as_ref(), "key {n}");
            self.ops += 1;
        }
    }

    fn reopen(&mut self) {
        if self.rng.bool() {
            let _ = self.store.close().unwrap();
        }
        self.store = Store::open(self.storage.clone(), &options()).unwrap();
    }

    fn check_everything(&self) {
        let range = KeyRange { lower: Bound::Unbounded, upper: Bound::Unbounded };
        let view = View::at(self.store.visible_seq());
        let mut scan = self.store.scan(view, &range, Direction::Forward).unwrap();
        for n in 0..self.versions.len() {
            let Some(wanted) = self.wanted(n) else { continue };
            assert!(scan.advance().unwrap(), "key {n} is missing");
            assert_eq!(scan.key(), key(u32::try_from(n).unwrap()));
            assert!(scan.value() == wanted, "key {n}");
        }
        assert!(!scan.advance().unwrap());
    }
}
