//! Scripts of store operations, the states that they commit, and the check of a store against them.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::ops::Bound;

use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::fault::{PowerCut, SimStorage};
use entidb::storage::{FileId, Storage};
use entidb::{Durability, Error, ErrorKind, Geometry, Options, Result};
use fastrand::Rng;

/// A write of a script: a key, and a value or none.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// One operation.
#[derive(Clone, Debug)]
pub enum Step {
    /// A group of commits, acknowledged together.
    Group(Vec<Vec<Write>>, Durability),
    /// A new catalog, with the prefixes that it retires.
    Catalog(Vec<u8>, Vec<Vec<u8>>),
    /// A write set that does not go through the log, in pieces.
    Large(Vec<Vec<Write>>),
    Flush,
    Work(u64),
    Settle,
    Compact,
    Close,
}

/// Operations in order.
#[derive(Clone, Debug, Default)]
pub struct Script(pub Vec<Step>);

/// What a store holds: entries and catalog.
pub type State = (BTreeMap<Vec<u8>, Vec<u8>>, Vec<u8>);

/// The states that a run went through, and how far they are promised.
#[derive(Clone, Debug)]
pub struct History {
    /// Every state that was ever about to be committed, oldest first.
    pub states: Vec<State>,
    /// The newest one that was acknowledged as safe from a loss of power.
    pub strict: usize,
    /// The newest one that was acknowledged at all.
    pub acknowledged: usize,
}

impl Default for History {
    fn default() -> Self {
        Self::from(State::default())
    }
}

impl From<State> for History {
    fn from(state: State) -> Self {
        Self { states: vec![state], strict: 0, acknowledged: 0 }
    }
}

impl History {
    /// The same, with what a process knows rather than what a medium is sure to hold.
    pub fn of_process(&self) -> Self {
        Self { strict: self.acknowledged, ..self.clone() }
    }

    /// Forgets the states after `found`, which can come no more.
    pub fn cut_after(&mut self, found: usize) {
        self.states.truncate(found + 1);
        self.strict = self.strict.min(found);
        self.acknowledged = self.acknowledged.min(found);
    }

    fn last(&self) -> State {
        self.states.last().cloned().unwrap_or_default()
    }

    fn acknowledge(&mut self, durability: Durability) {
        self.acknowledged = self.states.len() - 1;
        if durability == Durability::Strict {
            self.strict = self.acknowledged;
        }
    }
}

/// Calls of a store with misses before it counts as one that never ends.
const RETRIES_MAX: usize = 200;
/// Chunks of the volume that a host always has at hand end here: superblocks, roots and manifests.
pub const HEAD_BYTES: u64 = 32 * 1024;

/// Opens what the storage holds, in the smallest geometry.
pub fn open(storage: &SimStorage) -> Result<Store<SimStorage>> {
    let options = Options {
        database_id: *b"crash simulation",
        geometry: Geometry::TINY,
        cache_bytes: 64 * 1024,
        ..Options::default()
    };
    Store::open(storage.clone(), &options)
}

/// Runs a script until it ends or the storage stops it, and notes what it commits.
pub fn run(storage: &SimStorage, script: &Script, history: &mut History) -> Result<()> {
    let mut host = Host::new(storage, 0);
    let mut store = host.open()?;
    for step in &script.0 {
        host.run_step(&mut store, step, history)?;
    }
    Ok(())
}

/// Whoever calls a store: fetches what it misses and calls again, and waits for barriers.
pub struct Host {
    sim: SimStorage,
    rng: Rng,
    /// Whether chunks are dropped between calls.
    pub evicts: bool,
    /// Calls that had to be made again.
    pub retries: u64,
    /// Barriers that were waited for.
    pub waits: u64,
    /// The barrier that fails, counted from 0.
    pub fails_at: Option<u64>,
}

impl Host {
    pub fn new(sim: &SimStorage, seed: u64) -> Self {
        let rng = Rng::with_seed(seed);
        Self { sim: sim.clone(), rng, evicts: false, retries: 0, waits: 0, fails_at: None }
    }

    /// Opens the store, with what a host of chunks keeps at hand.
    pub fn open(&mut self) -> Result<Store<SimStorage>> {
        for file in FileId::ALL {
            let len = self.sim.len(file)?;
            let len = if file == FileId::Volume { len.min(HEAD_BYTES) } else { len };
            let mut bytes = vec![0; usize::try_from(len).unwrap()];
            let _ = self.sim.read_at(file, 0, &mut bytes)?;
        }
        self.sim.fetch_missing();
        let mut store = open(&self.sim);
        for _ in 0..RETRIES_MAX {
            if !store.as_ref().is_err_and(Error::is_missing) {
                break;
            }
            assert!(self.sim.fetch_missing() > 0, "a miss that names nothing");
            store = open(&self.sim);
        }
        let mut store = store?;
        self.wait(&mut store, false)?;
        Ok(store)
    }

    /// One call, as often as it takes.
    pub fn call<T>(
        &mut self,
        store: &mut Store<SimStorage>,
        call: impl FnMut(&mut Store<SimStorage>) -> Result<T>,
    ) -> Result<T> {
        let result = self.retry(store, call)?;
        self.wait(store, false)?;
        Ok(result)
    }

    /// Stages a commit.
    fn stage(&mut self, store: &mut Store<SimStorage>, batch: &Batch) -> Result<Option<u64>> {
        let staged = self.retry(store, |store| store.stage(batch))?;
        self.wait(store, true)?;
        Ok(staged)
    }

    fn retry<T>(
        &mut self,
        store: &mut Store<SimStorage>,
        mut call: impl FnMut(&mut Store<SimStorage>) -> Result<T>,
    ) -> Result<T> {
        if self.evicts && self.rng.u8(..4) == 0 {
            self.sim.evict();
        }
        for _ in 0..RETRIES_MAX {
            let before = store.visible_seq();
            let result = call(store);
            if store.is_pending() {
                assert_eq!(store.visible_seq(), before, "nothing is visible before its barrier");
            }
            if !result.as_ref().is_err_and(Error::is_missing) {
                return result;
            }
            assert!(self.sim.fetch_missing() > 0, "a miss that names nothing");
            self.retries += 1;
        }
        panic!("a call that never ends");
    }

    /// Waits for the commit on its way, and for other barriers now and then.
    fn wait(&mut self, store: &mut Store<SimStorage>, group_is_open: bool) -> Result<()> {
        while store.is_pending() {
            let commits = !group_is_open && store.staged_seq() > store.visible_seq();
            if !commits && self.rng.bool() {
                break;
            }
            self.wait_once(store)?;
        }
        Ok(())
    }

    /// Waits for everything, then notes what is promised.
    fn acknowledge(
        &mut self,
        store: &mut Store<SimStorage>,
        durability: Durability,
        history: &mut History,
    ) -> Result<()> {
        while !self.sim.outstanding().is_empty() {
            self.wait_once(store)?;
        }
        history.acknowledge(durability);
        Ok(())
    }

    /// Barriers complete in order, some of them before the store hears of any.
    fn wait_once(&mut self, store: &mut Store<SimStorage>) -> Result<()> {
        let outstanding = self.sim.outstanding();
        let barrier = outstanding[self.rng.usize(..outstanding.len())];
        if self.fails_at == Some(self.waits) {
            self.sim.fail(barrier);
            let error = Error::new(ErrorKind::Io, "a barrier was made to fail");
            store.barrier_failed(error.clone());
            return Err(error);
        }
        self.sim.complete(barrier);
        self.waits += 1;
        store.barrier_done(barrier)
    }

    /// One step of a script.
    pub fn run_step(
        &mut self,
        store: &mut Store<SimStorage>,
        step: &Step,
        history: &mut History,
    ) -> Result<()> {
        match step {
            Step::Group(commits, durability) => self.group(store, commits, *durability, history)?,
            Step::Catalog(bytes, retired) => {
                let (mut entries, _) = history.last();
                entries.retain(|key, _| !retired.iter().any(|prefix| key.starts_with(prefix)));
                history.states.push((entries, bytes.clone()));
                let _ = self.call(store, |store| store.commit_catalog(bytes, retired))?;
                self.acknowledge(store, Durability::Strict, history)?;
            }
            Step::Large(pieces) => self.large(store, pieces, history)?,
            Step::Flush => {
                let _ = self.call(store, Store::flush)?;
                self.acknowledge(store, Durability::Strict, history)?;
            }
            Step::Work(budget) => {
                self.call(store, |store| store.step(*budget))?;
            }
            Step::Settle => self.call(store, Store::settle)?,
            Step::Compact => {
                self.call(store, Store::compact_begin)?;
                while self.call(store, |store| store.step(4096))? {}
            }
            Step::Close => {
                let _ = self.call(store, Store::close)?;
                self.acknowledge(store, Durability::Strict, history)?;
                *store = self.open()?;
            }
        }
        Ok(())
    }

    fn group(
        &mut self,
        store: &mut Store<SimStorage>,
        commits: &[Vec<Write>],
        durability: Durability,
        history: &mut History,
    ) -> Result<()> {
        let acknowledge = |host: &mut Self, store: &mut _, history: &mut History| {
            let _ = host.call(store, |store| store.commit(durability))?;
            host.acknowledge(store, durability, history)
        };
        for writes in commits {
            let batch = batch_of(writes)?;
            let staged = match self.stage(store, &batch) {
                Ok(None) => {
                    acknowledge(self, store, history)?;
                    let staged = self.stage(store, &batch);
                    assert!(!matches!(staged, Ok(None)), "an empty group takes a commit");
                    staged
                }
                staged => staged,
            };
            if staged.is_err() {
                store.discard();
            }
            staged?;
            let state = after(history.last(), writes);
            history.states.push(state);
        }
        acknowledge(self, store, history)
    }

    fn large(
        &mut self,
        store: &mut Store<SimStorage>,
        pieces: &[Vec<Write>],
        history: &mut History,
    ) -> Result<()> {
        let mut batch = Batch::new();
        let mut state = history.last();
        for writes in pieces {
            write(&mut batch, writes)?;
            self.call(store, |store| store.spill(&mut batch))?;
            state = after(state, writes);
        }
        history.states.push(state);
        let _ = self.call(store, |store| store.commit_spilled(&mut batch))?;
        self.acknowledge(store, Durability::Strict, history)
    }
}

fn batch_of(writes: &[Write]) -> Result<Batch> {
    let mut batch = Batch::new();
    write(&mut batch, writes)?;
    Ok(batch)
}

fn write(batch: &mut Batch, writes: &[Write]) -> Result<()> {
    for (key, value) in writes {
        match value {
            Some(value) => batch.put(key, value)?,
            None => batch.delete(key)?,
        }
    }
    Ok(())
}

fn after((mut entries, catalog): State, writes: &[Write]) -> State {
    for (key, value) in writes {
        match value {
            Some(value) => entries.insert(key.clone(), value.clone()),
            None => entries.remove(key),
        };
    }
    (entries, catalog)
}

/// What a store holds, read by scans both ways and by single lookups. Entries under prefixes that the
/// catalog retired may still be there: nobody reads under them again.
pub fn state_of(store: &Store<SimStorage>) -> State {
    try_state_of(store).unwrap()
}

/// The same, where reading may fail.
pub fn try_state_of(store: &Store<SimStorage>) -> Result<State> {
    let range = KeyRange { lower: Bound::Unbounded, upper: Bound::Unbounded };
    let view = View::at(store.visible_seq());
    let read = |direction| {
        let mut scan = store.scan(view, &range, direction)?;
        let mut entries = Vec::new();
        while scan.advance()? {
            entries.push((scan.key().to_vec(), scan.value().to_vec()));
        }
        Ok(entries)
    };
    let forward: Vec<_> = read(Direction::Forward)?;
    let mut reverse: Vec<_> = read(Direction::Reverse)?;
    reverse.reverse();
    assert_eq!(forward, reverse, "both directions see the same");
    let mut value = Vec::new();
    for (key, expected) in &forward {
        assert!(store.get(view, key, &mut value)?, "a scanned key is found by itself");
        assert_eq!(&value, expected);
    }
    Ok((forward.into_iter().collect(), store.catalog().to_vec()))
}

/// Holds a store against a history: it must be one of its states, and none before the last promise.
/// Returns which one it is.
pub fn check(store: &Store<SimStorage>, history: &History, context: &str) -> usize {
    let state = state_of(store);
    let Some(found) = history.find(&state) else {
        let (entries, catalog) = (state.0.len(), state.1);
        panic!("{context}: no state of the run; catalog {catalog:?}, {entries} entries")
    };
    assert!(
        found >= history.strict,
        "{context}: state {found} of {}, but {} was acknowledged",
        history.states.len() - 1,
        history.strict
    );
    found
}

impl History {
    /// Which state this is; the newest one that is equal.
    pub fn find(&self, (entries, catalog): &State) -> Option<usize> {
        let matches = |state: &State| {
            let unread = |key: &&Vec<u8>| key.starts_with(&RETIRED_PREFIX) && state.1 != *b"";
            let seen: BTreeMap<_, _> = entries.iter().filter(|(key, _)| !unread(key)).collect();
            let wanted: BTreeMap<_, _> = state.0.iter().filter(|(key, _)| !unread(key)).collect();
            state.1 == *catalog && seen == wanted
        };
        self.states.iter().rposition(matches)
    }
}

/// Opens, checks, works on, closes, opens and checks again; then once more with a crash in between.
pub fn continue_and_check(storage: &SimStorage, history: &History, context: &str) {
    let store = open(storage).unwrap_or_else(|error| panic!("{context}: {error:?}"));
    let found = check(&store, history, context);
    drop(store);
    let state = history.states[found].clone();
    let mut again = History::from(state);
    run(storage, &Script::more(), &mut again).unwrap_or_else(|error| panic!("{context}, goes on: {error:?}"));
    let cut = storage.power_cut(PowerCut::default()).nothing_kept();
    let survivor = SimStorage::from_image(cut, 1);
    let store = open(&survivor).unwrap_or_else(|error| panic!("{context}, cut again: {error:?}"));
    check(&store, &again, &format!("{context}, cut again"));
}

/// Keys that random scripts retire lie under this prefix.
pub const RETIRED_PREFIX: [u8; 5] = [3, 0, 0, 0, 9];

/// The key `n` of a space.
pub fn key(space: u8, n: u32) -> Vec<u8> {
    let mut key = vec![space, 0, 0, 0, 1];
    key.extend_from_slice(&n.to_be_bytes());
    key
}

impl Script {
    /// What goes on after a crash.
    pub fn more() -> Self {
        Self(vec![
            Step::Group(vec![vec![(key(1, 77), Some(vec![7; 40]))]], Durability::Strict),
            Step::Flush,
            Step::Group(vec![vec![(key(1, 78), Some(vec![8; 40]))]], Durability::Strict),
        ])
    }

    /// Scripts for one mechanism each.
    pub fn scripted() -> Vec<(&'static str, Self)> {
        let put = |n: u32, len: usize| (key(1, n), Some(vec![n.to_le_bytes()[0]; len]));
        let one = |n, len| Step::Group(vec![vec![put(n, len)]], Durability::Strict);
        let relaxed = |n| Step::Group(vec![vec![put(n, 30)]], Durability::Relaxed);
        let fill = |from: u32, count: u32| (from..from + count).map(|n| one(n, 200));
        vec![
            ("first commits", Self((0..4).map(|n| one(n, 20)).collect())),
            ("a group", Self(vec![Step::Group(
                (0..5).map(|n| vec![put(n, 50), put(n + 10, 5)]).collect(),
                Durability::Strict,
            )])),
            ("relaxed, then strict", Self(vec![relaxed(1), relaxed(2), one(3, 9), relaxed(4)])),
            ("deletes", Self(vec![one(1, 9), one(2, 9), Step::Group(
                vec![vec![(key(1, 1), None)]],
                Durability::Strict,
            )])),
            ("a flush", Self(vec![one(1, 300), one(2, 300), Step::Flush, one(3, 10)])),
            ("two flushes and a merge", Self(
                fill(0, 6).chain([Step::Flush]).chain(fill(3, 6)).chain([Step::Flush, Step::Work(1 << 20)]).collect(),
            )),
            ("logs recycled", Self(fill(0, 90).step_by(1).collect())),
            ("a catalog", Self(vec![
                one(1, 9),
                Step::Catalog(b"first".to_vec(), Vec::new()),
                one(2, 9),
                Step::Catalog(b"second".to_vec(), Vec::new()),
            ])),
            ("a large write set", Self(vec![
                one(1, 9),
                Step::Large(vec![
                    (0..20).map(|n| put(n, 300)).collect(),
                    (10..30).map(|n| put(n, 200)).collect(),
                ]),
                one(2, 9),
            ])),
            ("closed and opened", Self(vec![one(1, 9), Step::Close, one(2, 9), Step::Close, Step::Close])),
            ("compacted", Self(
                fill(0, 8).chain([Step::Flush]).chain(fill(0, 8)).chain([Step::Compact, one(9, 9)]).collect(),
            )),
            ("retired", Self(vec![
                Step::Group(
                    vec![vec![([&RETIRED_PREFIX[..], b"x"].concat(), Some(vec![1; 90]))]],
                    Durability::Strict,
                ),
                Step::Flush,
                Step::Catalog(b"without".to_vec(), vec![RETIRED_PREFIX.to_vec()]),
                one(1, 9),
                Step::Flush,
                Step::Compact,
            ])),
        ]
    }

    /// A random script of `len` operations.
    pub fn random(seed: u64, len: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let write = |rng: &mut Rng| -> Write {
            let space = [1, 3, 9][rng.usize(..3)];
            let value = (rng.u8(..5) > 0).then(|| vec![rng.u8(..); rng.usize(..700)]);
            (key(space, rng.u32(..40)), value)
        };
        let writes = |rng: &mut Rng, most: usize| -> Vec<Write> {
            (0..rng.usize(1..=most)).map(|_| write(rng)).collect()
        };
        let steps = (0..len).map(|at| match rng.u8(..24) {
            0..=12 => {
                let commits = (0..rng.usize(1..4)).map(|_| writes(&mut rng, 4)).collect();
                let relaxed = rng.u8(..4) == 0;
                Step::Group(commits, if relaxed { Durability::Relaxed } else { Durability::Strict })
            }
            13 => Step::Catalog(vec![u8::try_from(at).unwrap_or(255) + 1], Vec::new()),
            14 | 15 => Step::Large((0..rng.usize(1..3)).map(|_| writes(&mut rng, 30)).collect()),
            16 => Step::Flush,
            17..=19 => Step::Work(rng.u64(1..20_000)),
            20 | 21 => Step::Settle,
            22 => Step::Compact,
            _ => Step::Close,
        });
        Self(steps.collect())
    }
}
