//! A storage that is full: whatever it holds can be read and deleted, and what was deleted makes
//! room for as much as there was before.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use std::collections::BTreeMap;

use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::fault::{Fault, Repeat, SimStorage};
use entidb::{Durability, ErrorKind, Geometry, Options, Result};
use fastrand::Rng;
use store_script::key;

/// The key spaces of documents, of two indexes, and of counters.
const DOCUMENTS: u8 = 1;
const INDEXES: [u8; 2] = [2, 3];
const COUNTERS: u8 = 4;

/// A store with a limit, and what it should hold.
struct Full {
    sim: SimStorage,
    store: Store<SimStorage>,
    documents: BTreeMap<u32, usize>,
    rng: Rng,
    next: u32,
    bytes: usize,
    /// Which collection the documents are in.
    collection: u8,
}

impl Full {
    fn new(geometry: Geometry, quota: u64, bytes: usize, seed: u64) -> Self {
        let sim = SimStorage::new(seed);
        sim.set_quota(Some(quota));
        let store = open(&sim, geometry).unwrap();
        let rng = Rng::with_seed(seed);
        Self { sim, store, documents: BTreeMap::new(), rng, next: 0, bytes, collection: 1 }
    }

    fn key(&self, space: u8, n: u32) -> Vec<u8> {
        let mut key = key(space, n);
        key[4] = self.collection;
        key
    }

    /// In another order than documents.
    fn index_key(&self, space: u8, n: u32) -> Vec<u8> {
        let mut index = self.key(space, n.reverse_bits());
        index.extend(n.to_be_bytes());
        index
    }

    /// Bytes that cannot be compressed.
    fn noise(&mut self, len: usize) -> Vec<u8> {
        let mut noise = vec![0; len];
        self.rng.fill(&mut noise);
        noise
    }

    fn put(&mut self, n: u32) -> Result<()> {
        let len = self.rng.usize(self.bytes / 2..self.bytes);
        let mut batch = Batch::new();
        let noise = self.noise(len);
        batch.put(&self.key(DOCUMENTS, n), &noise).unwrap();
        for space in INDEXES {
            batch.put(&self.index_key(space, n), b"").unwrap();
        }
        batch.put(&self.key(COUNTERS, 0), &(self.documents.len() as u64).to_le_bytes()).unwrap();
        self.commit(&batch)?;
        self.documents.insert(n, len);
        Ok(())
    }

    fn delete(&mut self, ids: &[u32]) -> Result<()> {
        let mut batch = Batch::new();
        for n in ids {
            batch.delete(&self.key(DOCUMENTS, *n)).unwrap();
            for space in INDEXES {
                batch.delete(&self.index_key(space, *n)).unwrap();
            }
        }
        batch.put(&self.key(COUNTERS, 0), &(self.documents.len() as u64).to_le_bytes()).unwrap();
        self.commit(&batch)?;
        for n in ids {
            self.documents.remove(n);
        }
        Ok(())
    }

    fn commit(&mut self, batch: &Batch) -> Result<()> {
        self.store.stage(batch)?.unwrap();
        let _ = self.store.commit(Durability::Strict)?;
        // Work that finds no room is tried again later.
        match self.store.settle() {
            Err(error) if error.kind() != ErrorKind::QuotaExceeded => Err(error),
            _ => Ok(()),
        }
    }

    /// Puts new documents until the storage is full; how many there are then.
    fn fill(&mut self) -> usize {
        loop {
            self.next += 1;
            // Spread over what is there, as random ids are.
            let n = self.next.wrapping_mul(0x9e37_79b1);
            match self.put(n) {
                Ok(()) => {}
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error}");
                    return self.documents.len();
                }
            }
        }
    }

    fn fill_and_list(&mut self) -> Vec<u32> {
        self.fill();
        self.ids()
    }

    fn ids(&mut self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.documents.keys().copied().collect();
        self.rng.shuffle(&mut ids);
        ids
    }

    fn check(&self, context: &str) {
        let view = View::at(self.store.visible_seq());
        let mut found = BTreeMap::new();
        let mut entries = 0;
        let mut scan = self.store.scan(view, &KeyRange::prefix(b""), Direction::Forward).unwrap();
        while scan.advance().unwrap() {
            let (space, collection) = (scan.key()[0], scan.key()[4]);
            if collection != self.collection {
                continue;
            }
            if space == DOCUMENTS {
                found.insert(scan.key().to_vec(), scan.value().len());
            } else if INDEXES.contains(&space) {
                entries += 1;
            }
        }
        let wanted: BTreeMap<_, _> =
            self.documents.iter().map(|(n, len)| (self.key(DOCUMENTS, *n), *len)).collect();
        assert!(found == wanted, "{context}: {} of {} documents", found.len(), wanted.len());
        assert_eq!(entries, 2 * wanted.len(), "{context}: index entries");
    }
}

fn open(sim: &SimStorage, geometry: Geometry) -> Result<Store<SimStorage>> {
    Store::open(sim.clone(), &Options { geometry, ..Options::default() })
}

/// Sizes with which a storage of some hundred KiB has what one of many MiB has.
const SMALL: Geometry = Geometry {
    unit_bytes: 8 * 1024,
    memtable_bytes: 32 * 1024,
    log_bytes_min: 8 * 1024,
    log_bytes_max: 64 * 1024,
    manifest_area_bytes: 32 * 1024,
    block_bytes: 1024,
    ..Geometry::TINY
};

/// Fills and empties a storage of `quota` KiB with documents of up to `bytes`, again and again.
fn fill_and_empty(geometry: Geometry, quota: u64, bytes: usize, cycles: u32) {
    let mut full = Full::new(geometry, quota * 1024, bytes, quota);
    let mut first = 0;
    for cycle in 0..cycles {
        let context = format!("{quota} KiB, cycle {cycle}");
        let documents = full.fill();
        first = if cycle == 0 { documents } else { first };
        assert!(documents * 10 >= first * 9, "{context}: {documents} after {first}");
        full.check(&context);
        for (at, n) in full.ids().into_iter().enumerate() {
            full.delete(&[n]).unwrap_or_else(|error| panic!("{context}, {at}: {error}"));
        }
        full.check(&context);
    }
    assert!(first as u64 * bytes as u64 > quota * 1024 / 8, "{quota} KiB hold {first}");
}

#[test]
fn everything_can_be_deleted_one_by_one_and_leaves_as_much_room_as_there_was() {
    for (quota, bytes) in [(400, 300), (700, 900), (1200, 200), (2500, 600)] {
        fill_and_empty(SMALL, quota, bytes, 10);
    }
}

#[test]
fn so_it_is_with_the_sizes_of_every_database() {
    for (quota, bytes) in [(12, 2_000), (20, 5_000), (40, 20_000)] {
        fill_and_empty(Geometry::default(), quota * 1024, bytes, 3);
    }
}

#[test]
fn a_part_that_is_deleted_makes_room_for_another() {
    for seed in 0..6 {
        let mut full = Full::new(SMALL, 900 * 1024, 400, seed);
        let first = full.fill();
        for round in 0..30 {
            let context = format!("seed {seed}, round {round}");
            let share = full.rng.usize(1..full.documents.len() / 2);
            let many = full.rng.usize(1..9);
            let ids = full.ids();
            for ids in ids[..share].chunks(many) {
                full.delete(ids).unwrap_or_else(|error| panic!("{context}: {error}"));
            }
            if round % 3 == 0 {
                let sim = full.sim.clone();
                full.store = open(&sim, SMALL).unwrap();
            }
            let again = full.fill();
            full.check(&context);
            assert!(again * 10 >= first * 8, "{context}: {again} after {first}");
        }
    }
}

#[test]
fn a_dropped_collection_makes_room() {
    let mut full = Full::new(SMALL, 800 * 1024, 500, 7);
    let documents = full.fill();
    for round in 0..8 {
        let spaces = [DOCUMENTS, INDEXES[0], INDEXES[1], COUNTERS];
        let prefixes = spaces.map(|space| full.key(space, 0)[..5].to_vec());
        let _ = full.store.commit_catalog(b"dropped", &prefixes).unwrap();
        full.documents.clear();
        full.collection += 1;
        let again = full.fill();
        full.check(&format!("round {round}"));
        assert!(again * 10 >= documents * 9, "round {round}: {again} after {documents}");
    }
}

#[test]
fn of_commits_that_share_a_sync_those_that_delete_find_room() {
    let mut full = Full::new(SMALL, 600 * 1024, 500, 3);
    let mut shared = 0;
    for (at, n) in full.fill_and_list().into_iter().enumerate() {
        let mut batch = Batch::new();
        batch.delete(&full.key(DOCUMENTS, n)).unwrap();
        full.store.stage(&batch).unwrap().unwrap();
        let mut other = Batch::new();
        let noise = full.noise(900);
        other.put(&full.key(INDEXES[0], u32::try_from(at).unwrap()), &noise).unwrap();
        match full.store.stage(&other) {
            Ok(Some(_)) => {}
            Ok(None) => shared += 1,
            Err(error) => panic!("of a group that is open: {error}"),
        }
        let _ = full.store.commit(Durability::Strict).unwrap();
    }
    assert!(shared > 0, "no group was full");
}

/// As on a disk whose files are given room only when they are written.
#[test]
fn a_frame_that_finds_no_room_is_taken_back_and_the_store_goes_on() {
    let mut full = Full::new(SMALL, 1 << 20, 300, 5);
    for n in 0..20 {
        full.put(n).unwrap();
        let mut batch = Batch::new();
        batch.put(&full.key(DOCUMENTS, 1_000 + n), b"refused").unwrap();
        full.store.stage(&batch).unwrap().unwrap();
        full.sim.fail_at(full.sim.counts().calls, Fault::Quota, Repeat::Once);
        let refused = full.store.commit(Durability::Strict).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::QuotaExceeded, "{refused}");
        full.check(&format!("{n} refused"));
    }
    let sim = full.sim.clone();
    full.store = open(&sim, SMALL).unwrap();
    full.check("opened again");
}
