//! Scripts of store operations, the states that they commit, and the check of a store against them.

use std::collections::BTreeMap;
use std::ops::Bound;

use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::fault::SimStorage;
use entidb::{Durability, Geometry, Options, Result};

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
}

impl Default for History {
    fn default() -> Self {
        Self { states: vec![State::default()], strict: 0 }
    }
}

impl History {
    fn last(&self) -> State {
        self.states.last().cloned().unwrap_or_default()
    }

    fn acknowledge(&mut self, durability: Durability) {
        if durability == Durability::Strict {
            self.strict = self.states.len() - 1;
        }
    }
}

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
    let mut store = open(storage)?;
    for step in &script.0 {
        run_step(&mut store, storage, step, history)?;
    }
    Ok(())
}

fn run_step(
    store: &mut Store<SimStorage>,
    storage: &SimStorage,
    step: &Step,
    history: &mut History,
) -> Result<()> {
    match step {
        Step::Group(commits, durability) => {
            for writes in commits {
                let batch = batch_of(writes)?;
                if store.stage(&batch)?.is_none() {
                    let _ = store.commit(*durability)?;
                    history.acknowledge(*durability);
                    assert!(store.stage(&batch)?.is_some(), "an empty group takes a commit");
                }
                let state = after(history.last(), writes);
                history.states.push(state);
            }
            let _ = store.commit(*durability)?;
            history.acknowledge(*durability);
        }
        Step::Catalog(bytes, retired) => {
            let (mut entries, _) = history.last();
            entries.retain(|key, _| !retired.iter().any(|prefix| key.starts_with(prefix)));
            history.states.push((entries, bytes.clone()));
            let _ = store.commit_catalog(bytes, retired)?;
            history.acknowledge(Durability::Strict);
        }
        Step::Large(pieces) => {
            let mut batch = Batch::new();
            let mut state = history.last();
            for writes in pieces {
                write(&mut batch, writes)?;
                store.spill(&mut batch)?;
                state = after(state, writes);
            }
            history.states.push(state);
            store.commit_spilled(&mut batch)?;
            history.acknowledge(Durability::Strict);
        }
        Step::Flush => {
            let _ = store.flush()?;
            history.acknowledge(Durability::Strict);
        }
        Step::Work(budget) => {
            store.step(*budget)?;
        }
        Step::Settle => store.settle()?,
        Step::Compact => {
            store.compact_begin()?;
            while store.step(4096)? {}
        }
        Step::Close => {
            let _ = store.close()?;
            history.acknowledge(Durability::Strict);
            *store = open(storage)?;
        }
    }
    Ok(())
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
    let range = KeyRange { lower: Bound::Unbounded, upper: Bound::Unbounded };
    let view = View::at(store.visible_seq());
    let read = |direction| {
        let mut scan = store.scan(view, &range, direction).unwrap();
        let mut entries = Vec::new();
        while scan.advance().unwrap() {
            entries.push((scan.key().to_vec(), scan.value().to_vec()));
        }
        entries
    };
    let forward = read(Direction::Forward);
    let mut reverse = read(Direction::Reverse);
    reverse.reverse();
    assert_eq!(forward, reverse, "both directions see the same");
    let mut value = Vec::new();
    for (key, expected) in &forward {
        assert!(store.get(view, key, &mut value).unwrap(), "a scanned key is found by itself");
        assert_eq!(&value, expected);
    }
    (forward.into_iter().collect(), store.catalog().to_vec())
}

/// Holds a store against a history: it must be one of its states, and none before the last promise.
/// Returns which one it is.
pub fn check(store: &Store<SimStorage>, history: &History, context: &str) -> usize {
    let (entries, catalog) = state_of(store);
    let matches = |state: &State| {
        let unread = |key: &&Vec<u8>| key.starts_with(&RETIRED_PREFIX) && state.1 != *b"";
        let seen: BTreeMap<_, _> =
            entries.iter().filter(|(key, _)| !unread(key)).collect();
        let wanted: BTreeMap<_, _> =
            state.0.iter().filter(|(key, _)| !unread(key)).collect();
        state.1 == catalog && seen == wanted
    };
    let found = history.states.iter().rposition(matches);
    let found = found.unwrap_or_else(|| {
        panic!("{context}: no state of the run; catalog {catalog:?}, {} entries", entries.len())
    });
    assert!(
        found >= history.strict,
        "{context}: state {found} of {}, but {} was acknowledged",
        history.states.len() - 1,
        history.strict
    );
    found
}

/// Opens, checks, works on, closes, opens and checks again; then once more with a crash in between.
pub fn continue_and_check(storage: &SimStorage, history: &History, context: &str) {
    let store = open(storage).unwrap_or_else(|error| panic!("{context}: {error:?}"));
    let found = check(&store, history, context);
    drop(store);
    let state = history.states[found].clone();
    let mut again = History { states: vec![state], strict: 0 };
    let more = Script(vec![
        Step::Group(vec![vec![(key(1, 77), Some(vec![7; 40]))]], Durability::Strict),
        Step::Flush,
        Step::Group(vec![vec![(key(1, 78), Some(vec![8; 40]))]], Durability::Strict),
    ]);
    run(storage, &more, &mut again).unwrap_or_else(|error| panic!("{context}, goes on: {error:?}"));
    let cut = storage.power_cut(entidb::storage::fault::PowerCut::default()).nothing_kept();
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
        let mut rng = fastrand::Rng::with_seed(seed);
        let write = |rng: &mut fastrand::Rng| -> Write {
            let space = [1, 3, 9][rng.usize(..3)];
            let value = (rng.u8(..5) > 0).then(|| vec![rng.u8(..); rng.usize(..700)]);
            (key(space, rng.u32(..40)), value)
        };
        let writes = |rng: &mut fastrand::Rng, most: usize| -> Vec<Write> {
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
