//! Scripts of store operations, the states that they commit, and the check of a store against them.

#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test file uses a part of it, and helpers of tests may fail"
)]

pub mod crash;
mod host;
mod scripts;
mod swarm;
mod workloads;

use std::collections::BTreeMap;
use std::ops::Bound;

use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::fault::{PowerCut, SimStorage};
use entidb::{Durability, ErrorKind, Geometry, Options, Result};
pub use host::{Host, Seen};
pub use workloads::Workload;

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
    /// Begins a full compaction that steps of work carry out.
    CompactBegin,
    /// Makes relaxed commits safe.
    Sync,
    /// A commit that is staged and taken back.
    Discard(Vec<Write>),
    /// Holds a snapshot of the present.
    Pin,
    /// Lets the oldest snapshot go.
    Unpin,
    /// Reads the present and every snapshot.
    Look,
    /// The process ends and a new one begins; the power stays on.
    Kill,
    /// The same, with a process in between that only reads.
    ReadOnly,
    /// From now on the files may grow by so many bytes, or without limit.
    Quota(Option<u64>),
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
    /// The highest number that a commit was given.
    pub given: u64,
    /// The highest number given before the last crash: none up to it may be given again.
    pub floor: u64,
}

impl Default for History {
    fn default() -> Self {
        Self::from(State::default())
    }
}

impl From<State> for History {
    fn from(state: State) -> Self {
        Self { states: vec![state], strict: 0, acknowledged: 0, given: 0, floor: 0 }
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

    /// What is known after a crash that left state `found`.
    pub fn survive(&self, found: usize) -> Self {
        Self { given: self.given, floor: self.given, ..Self::from(self.states[found].clone()) }
    }

    /// Notes that a commit was given number `seq`.
    pub fn give(&mut self, seq: u64) {
        assert!(seq > self.floor, "number {seq} was given before a crash, up to {}", self.floor);
        self.given = self.given.max(seq);
    }

    pub fn last(&self) -> State {
        self.states.last().cloned().unwrap_or_default()
    }

    pub fn acknowledge(&mut self, durability: Durability) {
        self.acknowledged = self.states.len() - 1;
        if durability == Durability::Strict {
            self.strict = self.acknowledged;
        }
    }
}

/// Chunks of the volume that a host always has at hand end here: superblocks, roots and manifests.
pub const HEAD_BYTES: u64 = 32 * 1024;

/// Opens what the storage holds, in the smallest geometry.
pub fn open(storage: &SimStorage) -> Result<Store<SimStorage>> {
    open_with(storage, false)
}

pub fn open_with(storage: &SimStorage, read_only: bool) -> Result<Store<SimStorage>> {
    let options = Options {
        read_only,
        database_id: *b"crash simulation",
        geometry: Geometry::TINY,
        cache_bytes: 64 * 1024,
        ..Options::default()
    };
    Store::open(storage.clone(), &options)
}

/// Runs a script until it ends or the storage stops it, and notes what it commits.
pub fn run(storage: &SimStorage, script: &Script, history: &mut History) -> Result<()> {
    run_seen(storage, script, history).map(|_| ())
}

/// The same; returns what was seen on the way. Where space was taken away, what is refused for want
/// of it must have changed nothing.
pub fn run_seen(storage: &SimStorage, script: &Script, history: &mut History) -> Result<Seen> {
    let mut host = Host::new(storage, 0);
    let mut store = host.open()?;
    for step in &script.0 {
        match host.run_step(&mut store, step, history) {
            Err(error) if host.is_short && error.kind() == ErrorKind::QuotaExceeded => {
                store.discard();
                let found = check(&store, &history.of_process(), "refused for want of space");
                history.cut_after(found);
                host.seen.refusals += 1;
            }
            ran => ran?,
        }
        host.look_at(&store);
    }
    Ok(host.seen)
}

pub fn batch_of(writes: &[Write]) -> Result<Batch> {
    let mut batch = Batch::new();
    write(&mut batch, writes)?;
    Ok(batch)
}

pub fn write(batch: &mut Batch, writes: &[Write]) -> Result<()> {
    for (key, value) in writes {
        match value {
            Some(value) => batch.put(key, value)?,
            None => batch.delete(key)?,
        }
    }
    Ok(())
}

pub fn after((mut entries, catalog): State, writes: &[Write]) -> State {
    for (key, value) in writes {
        match value {
            Some(value) => entries.insert(key.clone(), value.clone()),
            None => entries.remove(key),
        };
    }
    (entries, catalog)
}

/// Whether two maps are equal but for what `catalog` retired.
pub fn is_same(
    entries: &BTreeMap<Vec<u8>, Vec<u8>>,
    wanted: &BTreeMap<Vec<u8>, Vec<u8>>,
    catalog: &[u8],
) -> bool {
    let has_retired = catalog.first() == Some(&RETIRED_MARK);
    let read = |(key, _): &(&Vec<u8>, _)| !has_retired || !is_retirable(key);
    entries.iter().filter(read).eq(wanted.iter().filter(read))
}

/// Whether scripts that retire anything retire this key.
fn is_retirable(key: &[u8]) -> bool {
    key.starts_with(&RETIRED_PREFIX) || key.starts_with(&ALSO_RETIRED_PREFIX)
}

/// What a store holds, read by scans both ways and by single lookups. Entries under prefixes that
/// the catalog retired may still be there: nobody reads under them again.
pub fn state_of(store: &Store<SimStorage>) -> State {
    try_state_of(store).unwrap()
}

/// The same, where reading may fail.
pub fn try_state_of(store: &Store<SimStorage>) -> Result<State> {
    let entries = entries_at(store, View::at(store.visible_seq()))?;
    Ok((entries, store.catalog().to_vec()))
}

/// What a store held at a snapshot.
pub fn entries_at(store: &Store<SimStorage>, view: View<'_>) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let range = KeyRange { lower: Bound::Unbounded, upper: Bound::Unbounded };
    let mut scan = store.scan(view, &range, Direction::Forward)?;
    let mut forward = Vec::new();
    while scan.advance()? {
        forward.push((scan.key().to_vec(), scan.value().to_vec()));
    }
    let mut scan = store.scan(view, &range, Direction::Reverse)?;
    for (key, value) in forward.iter().rev() {
        let same = scan.advance()? && scan.key() == key && scan.value() == value;
        assert!(same, "both directions see the same: {key:?}");
    }
    assert!(!scan.advance()?, "backwards there is more: {:?}", scan.key());
    let mut value = Vec::new();
    for (key, expected) in &forward {
        assert!(store.get(view, key, &mut value)?, "a scanned key is found by itself");
        assert_eq!(&value, expected);
    }
    Ok(forward.into_iter().collect())
}

/// Whether a scan finds a state and nothing else.
pub fn is_at(store: &Store<SimStorage>, (entries, catalog): &State) -> bool {
    let range = KeyRange { lower: Bound::Unbounded, upper: Bound::Unbounded };
    let view = View::at(store.visible_seq());
    let mut scan = store.scan(view, &range, Direction::Forward).unwrap();
    let has_retired = catalog.first() == Some(&RETIRED_MARK);
    let is_read = |key: &[u8]| !has_retired || !is_retirable(key);
    let mut wanted = entries.iter().filter(|(key, _)| is_read(key));
    while scan.advance().unwrap() {
        if !is_read(scan.key()) {
            continue;
        }
        let Some((key, value)) = wanted.next() else { return false };
        if (scan.key(), scan.value()) != (&key[..], &value[..]) {
            return false;
        }
    }
    wanted.next().is_none() && store.catalog() == catalog
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
        let matches = |state: &State| state.1 == *catalog && is_same(entries, &state.0, catalog);
        self.states.iter().rposition(matches)
    }
}

/// Opens, checks, works on, closes, opens and checks again; then once more with a crash in between.
pub fn continue_and_check(storage: &SimStorage, history: &History, context: &str) {
    let store = open(storage).unwrap_or_else(|error| panic!("{context}: {error:?}"));
    let found = check(&store, history, context);
    drop(store);
    let mut again = history.survive(found);
    run(storage, &Script::more(), &mut again)
        .unwrap_or_else(|error| panic!("{context}, goes on: {error:?}"));
    let cut = storage.power_cut(PowerCut::default()).nothing_kept();
    let survivor = SimStorage::from_image(cut, 1);
    let store = open(&survivor).unwrap_or_else(|error| panic!("{context}, cut again: {error:?}"));
    check(&store, &again, &format!("{context}, cut again"));
}

/// Keys that random scripts retire lie under this prefix.
pub const RETIRED_PREFIX: [u8; 5] = [3, 0, 0, 0, 9];

/// Catalogs begin with this once something was retired.
pub const RETIRED_MARK: u8 = 0xff;

/// And of scripts that retire more than one.
pub const ALSO_RETIRED_PREFIX: [u8; 5] = [3, 0, 0, 0, 10];

/// The key `n` of a space.
pub fn key(space: u8, n: u32) -> Vec<u8> {
    let mut key = vec![space, 0, 0, 0, 1];
    key.extend_from_slice(&n.to_be_bytes());
    key
}
