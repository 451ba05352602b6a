//! Random work on the store against a map of versions: lookups and scans at several snapshots, with
//! flushes, merges in slices, large write sets, batches as overlays and reopening in between, over
//! many geometries.
//!
//! `STORE_MODEL_OPS` sets the number of operations, `STORE_MODEL_SEED` runs one seed alone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

use std::collections::BTreeMap;
use std::ops::Bound;

use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::MemoryStorage;
use entidb::{Durability, Geometry, Options};
use fastrand::Rng;

const OPS_DEFAULT: u64 = 200_000;
const OPS_PER_SEED: u64 = 4_000;
/// Entries that one scan is compared over.
const SCAN_ENTRIES_MAX: usize = 40;
const SNAPSHOTS_MAX: usize = 5;

type Entries = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Every version of every key, by sequence number.
#[derive(Default)]
struct Versions(BTreeMap<Vec<u8>, BTreeMap<u64, Option<Vec<u8>>>>);

impl Versions {
    fn commit(&mut self, seq: u64, entries: &Entries) {
        for (key, value) in entries {
            self.0.entry(key.clone()).or_default().insert(seq, value.clone());
        }
    }

    fn get(&self, key: &[u8], seq: u64) -> Option<&Vec<u8>> {
        self.0.get(key)?.range(..=seq).next_back()?.1.as_ref()
    }

    fn range<'a>(
        &'a self,
        range: &KeyRange,
        seq: u64,
    ) -> impl DoubleEndedIterator<Item = (&'a Vec<u8>, &'a Vec<u8>)> {
        let bounds = (range.lower.clone(), range.upper.clone());
        let entries = self.0.range::<Vec<u8>, _>(bounds);
        entries.filter_map(move |(key, versions)| {
            Some((key, versions.range(..=seq).next_back()?.1.as_ref()?))
        })
    }
}

struct World {
    rng: Rng,
    storage: MemoryStorage,
    options: Options,
    store: Store<MemoryStorage>,
    versions: Versions,
    snapshots: Vec<u64>,
    /// Keys are drawn from so many, in so many spaces.
    keys: u32,
    prefixes: u32,
    value_bytes: usize,
    catalog: Vec<u8>,
    /// How often each operation was done.
    done: BTreeMap<&'static str, u64>,
}

#[test]
fn random_work_gives_the_answers_of_a_map_of_versions() {
    let env = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let ops = env("STORE_MODEL_OPS").unwrap_or(OPS_DEFAULT);
    if let Some(seed) = env("STORE_MODEL_SEED") {
        run(seed, OPS_PER_SEED);
        return;
    }
    let mut done: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in 0..ops.div_ceil(OPS_PER_SEED) {
        let result = std::panic::catch_unwind(|| run(seed, OPS_PER_SEED));
        match result {
            Ok(counts) => counts.into_iter().for_each(|(op, n)| *done.entry(op).or_default() += n),
            Err(panic) => {
                eprintln!("failed with STORE_MODEL_SEED={seed}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    println!("{done:?}");
}

fn run(seed: u64, ops: u64) -> BTreeMap<&'static str, u64> {
    let mut world = World::new(seed);
    for _ in 0..ops {
        world.act();
    }
    world.check_everything();
    world.reopen();
    world.check_everything();
    world.done
}

fn geometry(rng: &mut Rng) -> Geometry {
    let pick = |rng: &mut Rng, sizes: &[u32]| sizes[rng.usize(..sizes.len())];
    loop {
        let geometry = Geometry {
            unit_bytes: pick(rng, &[8 << 10, 16 << 10, 64 << 10]),
            segment_units_max: pick(rng, &[1, 2, 4, 16]),
            manifest_area_bytes: 256 << 10,
            log_bytes_min: pick(rng, &[1 << 10, 4 << 10]),
            log_bytes_max: pick(rng, &[8 << 10, 16 << 10, 64 << 10]),
            memtable_bytes: pick(rng, &[1 << 10, 4 << 10, 32 << 10]),
            block_bytes: pick(rng, &[256, 512, 1024]),
            chunk_bytes: pick(rng, &[512, 4096, 8192]),
        };
        if geometry.validate().is_ok() {
            return geometry;
        }
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let geometry = if seed.is_multiple_of(4) { Geometry::TINY } else { geometry(&mut rng) };
        let geometry = Geometry { manifest_area_bytes: 256 << 10, ..geometry };
        let options =
            Options { geometry, cache_bytes: rng.usize(..128 << 10), ..Options::default() };
        let storage = MemoryStorage::new();
        let store = Store::open(storage.clone(), &options).unwrap();
        Self {
            keys: [3, 40, 400, 4000][rng.usize(..4)],
            prefixes: rng.u32(1..4),
            value_bytes: rng.usize(1..geometry.value_bytes_max().min(600)),
            rng,
            storage,
            options,
            store,
            versions: Versions::default(),
            snapshots: Vec::new(),
            catalog: Vec::new(),
            done: BTreeMap::new(),
        }
    }

    fn act(&mut self) {
        let op = match self.rng.u16(..1000) {
            0..=299 => self.group(),
            300..=549 => self.look_up(),
            550..=799 => self.scan(),
            800..=859 => self.overlay(),
            860..=889 => self.snapshot(),
            890..=929 => self.work(),
            930..=959 => self.settle(),
            960..=969 => self.large(),
            970..=979 => self.flush(),
            980..=984 => self.compact(),
            985..=989 => self.change_catalog(),
            990..=994 => self.stage_and_discard(),
            _ => self.reopen(),
        };
        *self.done.entry(op).or_default() += 1;
    }

    fn key(&mut self) -> Vec<u8> {
        let space = [1, 3, 4][self.rng.usize(..3)];
        let mut key = vec![space, 0, 0, 0, u8::try_from(self.rng.u32(..self.prefixes)).unwrap()];
        let n = self.rng.u32(..self.keys);
        key.extend_from_slice(&n.to_be_bytes());
        if n.is_multiple_of(7) {
            key.resize(key.len() + usize::try_from(n % 300).unwrap(), b'k');
        }
        key
    }

    fn entries(&mut self, most: usize) -> Entries {
        (0..self.rng.usize(1..=most))
            .map(|_| {
                let value = self.value();
                (self.key(), value)
            })
            .collect()
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let len = self.rng.usize(..self.value_bytes);
        let byte = self.rng.u8(..);
        (self.rng.u8(..4) > 0).then(|| {
            (0..len).map(|i| byte.wrapping_add(u8::try_from(i / 9 % 256).unwrap())).collect()
        })
    }

    fn stage(&mut self, entries: &Entries) -> u64 {
        let mut batch = Batch::new();
        write(&mut batch, entries);
        if let Some(seq) = self.store.stage(&batch).unwrap() {
            return seq;
        }
        let _ = self.store.commit(Durability::Relaxed).unwrap();
        self.store.stage(&batch).unwrap().unwrap()
    }

    fn group(&mut self) -> &'static str {
        for _ in 0..self.rng.usize(1..4) {
            let entries = self.entries(4);
            let seq = self.stage(&entries);
            self.versions.commit(seq, &entries);
        }
        let strict = self.rng.bool();
        let durability = if strict { Durability::Strict } else { Durability::Relaxed };
        let _ = self.store.commit(durability).unwrap();
        assert_eq!(self.store.visible_seq(), self.store.staged_seq());
        "group"
    }

    fn stage_and_discard(&mut self) -> &'static str {
        let before = self.store.visible_seq();
        let mut batch = Batch::new();
        write(&mut batch, &self.entries(4));
        let _ = self.store.stage(&batch).unwrap().unwrap();
        assert!(self.store.discard());
        assert_eq!((self.store.visible_seq(), self.store.staged_seq()), (before, before));
        "discard"
    }

    /// A snapshot, or the present.
    fn seq(&mut self) -> u64 {
        let at = self.rng.usize(..=self.snapshots.len());
        self.snapshots.get(at).copied().unwrap_or(self.store.visible_seq())
    }

    fn look_up(&mut self) -> &'static str {
        let seq = self.seq();
        let key = self.key();
        let mut value = Vec::new();
        let found = self.store.get(View::at(seq), &key, &mut value).unwrap();
        assert_eq!(found.then_some(&value), self.versions.get(&key, seq), "{key:?} at {seq}");
        "get"
    }

    fn range(&mut self) -> KeyRange {
        let mut bound = || {
            let key = self.key();
            match self.rng.u8(..3) {
                0 => Bound::Included(key),
                1 => Bound::Excluded(key),
                _ => Bound::Unbounded,
            }
        };
        let (lower, upper) = (bound(), bound());
        match (&lower, &upper) {
            (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b))
                if a >= b =>
            {
                KeyRange { lower, upper: Bound::Unbounded }
            }
            _ => KeyRange { lower, upper },
        }
    }

    fn scan(&mut self) -> &'static str {
        let seq = self.seq();
        let range = self.range();
        self.compare(View::at(seq), &range, &self.versions, seq);
        "scan"
    }

    fn compare(&self, view: View<'_>, range: &KeyRange, versions: &Versions, seq: u64) {
        for direction in [Direction::Forward, Direction::Reverse] {
            let mut scan = self.store.scan(view, range, direction).unwrap();
            let mut wanted = versions.range(range, seq);
            for _ in 0..SCAN_ENTRIES_MAX {
                let wanted = match direction {
                    Direction::Forward => wanted.next(),
                    Direction::Reverse => wanted.next_back(),
                };
                let found = scan.advance().unwrap();
                assert_eq!(found, wanted.is_some(), "{range:?} {direction:?} at {seq}: {wanted:?}");
                let Some((key, value)) = wanted else { break };
                assert_eq!((scan.key(), scan.value()), (&key[..], &value[..]), "at {seq}");
            }
        }
    }

    /// A batch that is read through before it is committed, or never is.
    fn overlay(&mut self) -> &'static str {
        let mut batch = Batch::new();
        let mut all = Entries::new();
        for piece in 0..self.rng.usize(1..4) {
            let entries = self.entries(6);
            write(&mut batch, &entries);
            all.extend(entries);
            if piece > 0 && self.rng.bool() {
                self.store.spill(&mut batch).unwrap();
            }
        }
        let seq = self.store.visible_seq();
        let mut with_overlay = Versions::default();
        let whole = KeyRange { lower: Bound::Unbounded, upper: Bound::Unbounded };
        let range = if self.keys > 100 { KeyRange::prefix(&[1]) } else { whole };
        let seen: Vec<_> = self.versions.range(&range, seq).take(2 * SCAN_ENTRIES_MAX).collect();
        let range = match seen.last() {
            Some((last, _)) => KeyRange { upper: Bound::Included((*last).clone()), ..range },
            None => range,
        };
        let seen = seen.into_iter().map(|(key, value)| (key.clone(), Some(value.clone())));
        with_overlay.commit(1, &seen.collect());
        with_overlay.commit(2, &all);
        let view = View { seq, overlay: Some(&batch) };
        self.compare(view, &range, &with_overlay, 2);
        for key in all.keys() {
            let mut value = Vec::new();
            let found = self.store.get(view, key, &mut value).unwrap();
            assert_eq!(found.then_some(&value), all[key].as_ref());
        }
        if batch.is_spilled() && self.rng.bool() {
            let (seq, _) = self.store.commit_spilled(&mut batch).unwrap();
            self.versions.commit(seq, &all);
        }
        "overlay"
    }

    fn large(&mut self) -> &'static str {
        let mut batch = Batch::new();
        let mut all = Entries::new();
        for _ in 0..self.rng.usize(1..4) {
            let entries = self.entries(40);
            write(&mut batch, &entries);
            all.extend(entries);
            self.store.spill(&mut batch).unwrap();
        }
        let (seq, _) = self.store.commit_spilled(&mut batch).unwrap();
        assert!(batch.is_empty());
        self.versions.commit(seq, &all);
        "large"
    }

    fn snapshot(&mut self) -> &'static str {
        if self.snapshots.len() < SNAPSHOTS_MAX && self.rng.bool() {
            let seq = self.store.visible_seq();
            self.store.pin(seq);
            self.snapshots.push(seq);
        } else if !self.snapshots.is_empty() {
            let seq = self.snapshots.swap_remove(self.rng.usize(..self.snapshots.len()));
            self.store.unpin(seq);
        }
        "snapshot"
    }

    fn work(&mut self) -> &'static str {
        for _ in 0..self.rng.usize(1..20) {
            let budget = [1, 17, 333, 4_001, 100_000][self.rng.usize(..5)];
            self.store.step(budget).unwrap();
        }
        "work"
    }

    fn settle(&mut self) -> &'static str {
        self.store.settle().unwrap();
        "settle"
    }

    fn flush(&mut self) -> &'static str {
        let _ = self.store.flush().unwrap();
        "flush"
    }

    fn compact(&mut self) -> &'static str {
        self.store.compact_begin().unwrap();
        let unfinished = self.rng.u8(..4) == 0;
        while self.store.step(3_000).unwrap() && !unfinished {}
        if !unfinished {
            self.store.compact_report().unwrap();
        }
        "compact"
    }

    fn change_catalog(&mut self) -> &'static str {
        self.catalog = vec![self.rng.u8(..); self.rng.usize(1..200)];
        let _ = self.store.commit_catalog(&self.catalog, &[]).unwrap();
        "catalog"
    }

    fn reopen(&mut self) -> &'static str {
        if self.rng.bool() {
            let _ = self.store.close().unwrap();
        }
        let (visible, next) = (self.store.visible_seq(), self.store.staged_seq());
        self.store = Store::open(self.storage.clone(), &self.options).unwrap();
        assert_eq!((self.store.visible_seq(), self.store.staged_seq()), (visible, next));
        assert_eq!(self.store.catalog(), self.catalog);
        self.snapshots.clear();
        "reopen"
    }

    fn check_everything(&mut self) {
        let whole = KeyRange { lower: Bound::Unbounded, upper: Bound::Unbounded };
        let seqs: Vec<u64> =
            self.snapshots.iter().copied().chain([self.store.visible_seq()]).collect();
        for seq in seqs {
            let mut scan = self.store.scan(View::at(seq), &whole, Direction::Forward).unwrap();
            for (key, value) in self.versions.range(&whole, seq) {
                assert!(scan.advance().unwrap(), "{key:?} is missing at {seq}");
                assert_eq!((scan.key(), scan.value()), (&key[..], &value[..]), "at {seq}");
            }
            assert!(!scan.advance().unwrap());
        }
    }
}

fn write(batch: &mut Batch, entries: &Entries) {
    for (key, value) in entries {
        match value {
            Some(value) => batch.put(key, value).unwrap(),
            None => batch.delete(key).unwrap(),
        }
    }
}
