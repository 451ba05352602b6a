//! Random work on the store against a map of versions: lookups and scans at several snapshots, with
//! flushes, merges in slices, large write sets, batches as overlays and reopening in between, over
//! many geometries. In each seed a random half of the kinds of operations does not occur, and every
//! kind must have met a store in every state.
//!
//! `STORE_MODEL_SEEDS` sets the number of seeds, `STORE_MODEL_FIRST` the first of them,
//! `STORE_MODEL_SEED` runs one alone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod model_support;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::panic::{catch_unwind, resume_unwind};

use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::MemoryStorage;
use entidb::{Durability, Geometry, Options};
use fastrand::Rng;
use model_support::coverage::Coverage;

const SEEDS_DEFAULT: u64 = 500;
const ACTS_PER_SEED: u64 = 4_000;
/// Tests that share the seeds, so that they run side by side.
const PARTS: u64 = 2;
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
    /// What can happen with this seed, and how often.
    kinds: Vec<(Kind, u32)>,
    met: Coverage,
    /// Whether nothing was written since the store was opened.
    is_fresh: bool,
    /// Whether the last end was one without a close.
    was_killed: bool,
}

/// Kinds of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Group,
    LookUp,
    Scan,
    Overlay,
    Snapshot,
    Work,
    Settle,
    Large,
    Flush,
    Compact,
    Catalog,
    Discard,
    Reopen,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::Group,
        Self::LookUp,
        Self::Scan,
        Self::Overlay,
        Self::Snapshot,
        Self::Work,
        Self::Settle,
        Self::Large,
        Self::Flush,
        Self::Compact,
        Self::Catalog,
        Self::Discard,
        Self::Reopen,
    ];

    /// How often it comes up where everything does.
    fn weight(self) -> u32 {
        match self {
            Self::Group => 300,
            Self::LookUp | Self::Scan => 250,
            Self::Overlay => 60,
            Self::Snapshot | Self::Settle => 30,
            Self::Work => 40,
            Self::Large | Self::Flush => 10,
            Self::Compact | Self::Catalog | Self::Discard | Self::Reopen => 5,
        }
    }
}

/// What can be true of a store when something is asked of it.
const STATES: [&str; 9] = [
    "a snapshot is held",
    "something is in memory",
    "level 0 has runs",
    "level 0 has four runs",
    "level 1 has segments",
    "level 2 has segments",
    "a compaction is under way",
    "nothing was written since it was opened",
    "it was opened after a kill",
];
/// So many seeds show every kind of operation in every state.
const SEEDS_FOR_COVERAGE: u64 = 300;

#[test]
fn random_work_gives_the_answers_of_a_map_of_versions_1() {
    run_part(0);
}

#[test]
fn random_work_gives_the_answers_of_a_map_of_versions_2() {
    run_part(1);
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Every other seed.
fn run_part(part: u64) {
    let count = number("STORE_MODEL_SEEDS").unwrap_or(SEEDS_DEFAULT);
    let first = number("STORE_MODEL_FIRST").unwrap_or(0);
    let all = first..first + count;
    let seeds = number("STORE_MODEL_SEED").map_or(all, |seed| seed..seed + 1);
    let is_whole = seeds.end - seeds.start >= SEEDS_FOR_COVERAGE;
    let mut met = Coverage::default();
    for seed in seeds.filter(|seed| seed % PARTS == part) {
        let ran = catch_unwind(|| run(seed, ACTS_PER_SEED));
        met.add(&ran.unwrap_or_else(|panic| {
            eprintln!(
                "again: STORE_MODEL_SEED={seed} cargo test --locked -p entidb --test store_model"
            );
            resume_unwind(panic)
        }));
    }
    println!("reliability {{\"modelOps\":{}}}", met.ops());
    if is_whole {
        met.check(&Kind::ALL.map(|kind| format!("{kind:?}")), &STATES);
    }
}

fn run(seed: u64, acts: u64) -> Coverage {
    let mut world = World::new(seed);
    for _ in 0..acts {
        world.act();
    }
    world.check_everything();
    world.reopen();
    world.check_everything();
    world.met
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
        let writers = [Kind::Group, Kind::Large, Kind::Group];
        let always = writers[rng.usize(..writers.len())];
        let mut kinds = Kind::ALL.map(|kind| (kind, kind.weight())).to_vec();
        if !seed.is_multiple_of(5) {
            kinds.retain(|(kind, _)| *kind == always || rng.bool());
        }
        let value_bytes_max = [16, 60, 600][rng.usize(..3)];
        let storage = MemoryStorage::new();
        let store = Store::open(storage.clone(), &options).unwrap();
        Self {
            keys: [3, 40, 400, 4000][rng.usize(..4)],
            prefixes: rng.u32(1..4),
            value_bytes: rng.usize(1..geometry.value_bytes_max().min(value_bytes_max)),
            rng,
            storage,
            options,
            store,
            versions: Versions::default(),
            snapshots: Vec::new(),
            catalog: Vec::new(),
            kinds,
            met: Coverage::default(),
            is_fresh: true,
            was_killed: false,
        }
    }

    fn act(&mut self) {
        let total: u32 = self.kinds.iter().map(|(_, weight)| weight).sum();
        let mut at = self.rng.u32(..total);
        let chosen = self.kinds.iter().find(|(_, weight)| {
            let is_it = at < *weight;
            at = at.wrapping_sub(*weight);
            is_it
        });
        let kind = chosen.unwrap().0;
        self.met.note(kind as usize, &self.states());
        // What is done at least; the rest is counted where it is done.
        self.met.count(1);
        match kind {
            Kind::Group => self.group(),
            Kind::LookUp => self.look_up(),
            Kind::Scan => self.scan(),
            Kind::Overlay => self.overlay(),
            Kind::Snapshot => self.snapshot(),
            Kind::Work => self.work(),
            Kind::Settle => self.store.settle().unwrap(),
            Kind::Large => self.large(),
            Kind::Flush => drop(self.store.flush().unwrap()),
            Kind::Compact => self.compact(),
            Kind::Catalog => self.change_catalog(),
            Kind::Discard => self.stage_and_discard(),
            Kind::Reopen => self.reopen(),
        }
        let writes = [Kind::Group, Kind::Large, Kind::Flush, Kind::Compact, Kind::Catalog];
        self.is_fresh &= !writes.contains(&kind);
    }

    fn states(&self) -> [bool; 9] {
        let stats = self.store.stats();
        let level = |level: usize| stats.level_bytes.get(level).is_some_and(|bytes| *bytes > 0);
        [
            !self.snapshots.is_empty(),
            stats.memtable_bytes > 0,
            stats.level0_runs > 0,
            stats.level0_runs > 3,
            level(1),
            level(2),
            self.store.compact_progress().is_some(),
            self.is_fresh,
            self.was_killed,
        ]
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

    fn group(&mut self) {
        for _ in 0..self.rng.usize(1..4) {
            let entries = self.entries(4);
            let seq = self.stage(&entries);
            self.met.count(entries.len() as u64);
            self.versions.commit(seq, &entries);
        }
        let strict = self.rng.bool();
        let durability = if strict { Durability::Strict } else { Durability::Relaxed };
        let _ = self.store.commit(durability).unwrap();
        assert_eq!(self.store.visible_seq(), self.store.staged_seq());
    }

    fn stage_and_discard(&mut self) {
        let before = self.store.visible_seq();
        let mut batch = Batch::new();
        write(&mut batch, &self.entries(4));
        let _ = self.store.stage(&batch).unwrap().unwrap();
        assert!(self.store.discard());
        assert_eq!((self.store.visible_seq(), self.store.staged_seq()), (before, before));
    }

    /// A snapshot, or the present.
    fn seq(&mut self) -> u64 {
        let at = self.rng.usize(..=self.snapshots.len());
        self.snapshots.get(at).copied().unwrap_or(self.store.visible_seq())
    }

    fn look_up(&mut self) {
        let seq = self.seq();
        let key = self.key();
        let mut value = Vec::new();
        let found = self.store.get(View::at(seq), &key, &mut value).unwrap();
        assert_eq!(found.then_some(&value), self.versions.get(&key, seq), "{key:?} at {seq}");
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

    fn scan(&mut self) {
        let seq = self.seq();
        let range = self.range();
        // One in each direction.
        self.met.count(1);
        self.compare(View::at(seq), &range, &self.versions, seq);
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
    fn overlay(&mut self) {
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
        // Each was written and looked up, beside the scans in two directions.
        self.met.count(2 * all.len() as u64 + 1);
        if batch.is_spilled() && self.rng.bool() {
            let (seq, _) = self.store.commit_spilled(&mut batch).unwrap();
            self.versions.commit(seq, &all);
        }
    }

    fn large(&mut self) {
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
        self.met.count(all.len() as u64);
        self.versions.commit(seq, &all);
    }

    fn snapshot(&mut self) {
        if self.snapshots.len() < SNAPSHOTS_MAX && self.rng.bool() {
            let seq = self.store.visible_seq();
            self.store.pin(seq);
            self.snapshots.push(seq);
        } else if !self.snapshots.is_empty() {
            let seq = self.snapshots.swap_remove(self.rng.usize(..self.snapshots.len()));
            self.store.unpin(seq);
        }
    }

    fn work(&mut self) {
        for _ in 0..self.rng.usize(1..20) {
            let budget = [1, 17, 333, 4_001, 100_000][self.rng.usize(..5)];
            self.store.step(budget).unwrap();
        }
    }

    fn compact(&mut self) {
        self.store.compact_begin().unwrap();
        let unfinished = self.rng.u8(..4) == 0;
        while self.store.step(3_000).unwrap() && !unfinished {}
        if !unfinished {
            self.store.compact_report().unwrap();
        }
    }

    fn change_catalog(&mut self) {
        self.catalog = vec![self.rng.u8(..); self.rng.usize(1..200)];
        let _ = self.store.commit_catalog(&self.catalog, &[]).unwrap();
    }

    fn reopen(&mut self) {
        self.was_killed = self.rng.bool();
        if !self.was_killed {
            let _ = self.store.close().unwrap();
        }
        self.is_fresh = true;
        let (visible, next) = (self.store.visible_seq(), self.store.staged_seq());
        self.store = Store::open(self.storage.clone(), &self.options).unwrap();
        assert_eq!((self.store.visible_seq(), self.store.staged_seq()), (visible, next));
        assert_eq!(self.store.catalog(), self.catalog);
        self.snapshots.clear();
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
