//! Work on a store whose storage fails, loses power or loses its process at chosen calls. What was
//! acknowledged is there afterwards, and nothing is there by half.

use std::collections::BTreeMap;
use std::ops::Bound;

use arbitrary::{Arbitrary, Result, Unstructured};
use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::fault::{Fault, PowerCut, Repeat, Reread, SimStorage, When};
use entidb::{Durability, Geometry, Options};

use crate::decode;

const ROUNDS_MAX: usize = 4;
const STEPS_MAX: usize = 12;

#[derive(Debug, Arbitrary)]
struct Input {
    harsh: bool,
    rounds: Vec<Round>,
}

/// One process, from its start to its end.
#[derive(Debug, Arbitrary)]
struct Round {
    steps: Vec<Step>,
    /// The call at which it ends, and how.
    stops_at: u8,
    stop: Stop,
    /// Which image a loss of power leaves, and what a failing sync does.
    seed: u8,
    end: End,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum Stop {
    Never,
    Before,
    After,
    Io,
    Quota,
    ShortWrite,
    SyncFailsNew,
    SyncFailsOld,
}

/// What comes after the last call.
#[derive(Clone, Copy, Debug, Arbitrary)]
enum End {
    PowerRandom,
    PowerNothing,
    PowerEverything,
    Kill,
    /// The process ends, and what it wrote stays at risk.
    Restart,
}

#[derive(Debug, Arbitrary)]
enum Step {
    Group(Vec<Commit>, bool),
    Again,
    Large(Vec<Commit>),
    Catalog(u8),
    Flush,
    Work(u16),
    Settle,
    Compact,
    Close,
}

#[derive(Clone, Debug)]
struct Commit(Vec<(u8, Option<u8>)>);

impl<'a> Arbitrary<'a> for Commit {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let count = u.int_in_range(1..=4)?;
        (0..count).map(|_| u.arbitrary()).collect::<Result<_>>().map(Self)
    }
}

type State = (BTreeMap<Vec<u8>, Vec<u8>>, Vec<u8>);

/// The states that were ever about to be committed, and how far they are promised.
struct History {
    states: Vec<State>,
    strict: usize,
    acknowledged: usize,
}

impl History {
    fn last(&self) -> State {
        self.states.last().cloned().unwrap_or_default()
    }

    fn acknowledge(&mut self, strict: bool) {
        self.acknowledged = self.states.len() - 1;
        if strict {
            self.strict = self.acknowledged;
        }
    }
}

/// The target; see the [module](self).
pub fn run(data: &[u8]) {
    let Some(input) = decode::<Input>(data) else { return };
    let sector_bytes = if input.harsh { 512 } else { 4096 };
    let cut = PowerCut { sector_bytes, ..PowerCut::default() };
    let mut sim = SimStorage::new(1);
    let mut history = History { states: vec![State::default()], strict: 0, acknowledged: 0 };
    for round in input.rounds.iter().take(ROUNDS_MAX) {
        sim.reset_counts();
        plan(&sim, round);
        let _ = work(&sim, &round.steps, &mut history);
        let mut promised = history.strict;
        // A sync that failed may have taken back what was at risk.
        let kept = !matches!(round.stop, Stop::SyncFailsNew | Stop::SyncFailsOld);
        let seed = round.seed.into();
        sim = match round.end {
            End::Kill if kept => {
                promised = history.acknowledged;
                SimStorage::from_image(sim.kill_image(), seed)
            }
            End::Restart if kept => {
                promised = history.acknowledged;
                sim.restart();
                sim
            }
            End::PowerNothing => SimStorage::from_image(sim.power_cut(cut).nothing_kept(), seed),
            End::PowerEverything => {
                SimStorage::from_image(sim.power_cut(cut).everything_kept(), seed)
            }
            _ => SimStorage::from_image(sim.power_cut(cut).random(seed), seed),
        };
        let store = open(&sim).expect("what a crash left opens");
        let state = state_of(&store).expect("what a crash left can be read");
        let found = history.states.iter().rposition(|known| *known == state);
        let found = found.expect("a state that was committed, whole");
        assert!(
            found >= promised,
            "state {found} of {}, {promised} was acknowledged",
            history.states.len() - 1
        );
        history = History { states: vec![state], strict: 0, acknowledged: 0 };
    }
}

fn plan(sim: &SimStorage, round: &Round) {
    let call = u64::from(round.stops_at);
    let fault = match round.stop {
        Stop::Never => return,
        Stop::Before => return sim.crash_at(call, When::Before),
        Stop::After => return sim.crash_at(call, When::After),
        Stop::Io => Fault::Io,
        Stop::Quota => Fault::Quota,
        Stop::ShortWrite => Fault::ShortWrite,
        Stop::SyncFailsNew => Fault::SyncFails { reread: Reread::New },
        Stop::SyncFailsOld => Fault::SyncFails { reread: Reread::Old },
    };
    let repeat = if round.seed.is_multiple_of(2) { Repeat::Once } else { Repeat::Forever };
    sim.fail_at(call, fault, repeat);
}

fn open(sim: &SimStorage) -> entidb::Result<Store<SimStorage>> {
    let options = Options {
        database_id: *b"made by a fuzzer",
        geometry: Geometry::TINY,
        cache_bytes: 1 << 15,
        ..Options::default()
    };
    Store::open(sim.clone(), &options)
}

/// Does the steps until one fails.
fn work(sim: &SimStorage, steps: &[Step], history: &mut History) -> entidb::Result<()> {
    let mut store = open(sim)?;
    for step in steps.iter().take(STEPS_MAX) {
        match step {
            Step::Group(commits, strict) => group(&mut store, commits, *strict, history)?,
            Step::Again => {
                let commit = Commit((0..40).map(|n| (n, Some(n))).collect());
                group(&mut store, &[commit], true, history)?;
            }
            Step::Large(pieces) => large(&mut store, pieces, history)?,
            Step::Catalog(byte) => {
                let catalog = vec![*byte; 1 + usize::from(*byte % 60)];
                let (entries, _) = history.last();
                history.states.push((entries, catalog.clone()));
                let _ = store.commit_catalog(&catalog, &[])?;
                history.acknowledge(true);
            }
            Step::Flush => {
                let _ = store.flush()?;
                history.acknowledge(true);
            }
            Step::Work(budget) => drop(store.step(u64::from(*budget) + 1)?),
            Step::Settle => store.settle()?,
            Step::Compact => {
                store.compact_begin()?;
                while store.step(4096)? {}
            }
            Step::Close => {
                let _ = store.close()?;
                history.acknowledge(true);
                drop(store);
                store = open(sim)?;
            }
        }
        let state = state_of(&store)?;
        assert!(state == history.last(), "what was committed is what is read");
    }
    Ok(())
}

fn group(
    store: &mut Store<SimStorage>,
    commits: &[Commit],
    strict: bool,
    history: &mut History,
) -> entidb::Result<()> {
    let durability = if strict { Durability::Strict } else { Durability::Relaxed };
    for commit in commits.iter().take(4) {
        let mut batch = Batch::new();
        let state = write(&mut batch, commit, history.last())?;
        if store.stage(&batch)?.is_none() {
            let _ = store.commit(durability)?;
            history.acknowledge(strict);
            assert!(store.stage(&batch)?.is_some(), "an empty group takes a commit");
        }
        history.states.push(state);
    }
    let _ = store.commit(durability)?;
    history.acknowledge(strict);
    Ok(())
}

fn large(
    store: &mut Store<SimStorage>,
    pieces: &[Commit],
    history: &mut History,
) -> entidb::Result<()> {
    let mut batch = Batch::new();
    let mut state = history.last();
    for piece in pieces.iter().take(4) {
        state = write(&mut batch, piece, state)?;
        store.spill(&mut batch)?;
    }
    if batch.is_empty() {
        return Ok(());
    }
    history.states.push(state);
    let _ = store.commit_spilled(&mut batch)?;
    history.acknowledge(true);
    Ok(())
}

fn write(batch: &mut Batch, commit: &Commit, mut state: State) -> entidb::Result<State> {
    for (n, value) in &commit.0 {
        let key = vec![1 + n % 4, 0, 0, 0, 1, n / 4];
        if let Some(len) = value {
            let value = vec![*n; usize::from(*len) * 3];
            batch.put(&key, &value)?;
            state.0.insert(key, value);
        } else {
            batch.delete(&key)?;
            state.0.remove(&key);
        }
    }
    Ok(state)
}

fn state_of(store: &Store<SimStorage>) -> entidb::Result<State> {
    let all = KeyRange { lower: Bound::Unbounded, upper: Bound::Unbounded };
    let view = View::at(store.visible_seq());
    let mut scan = store.scan(view, &all, Direction::Forward)?;
    let mut entries = BTreeMap::new();
    while scan.advance()? {
        entries.insert(scan.key().to_vec(), scan.value().to_vec());
    }
    let mut value = Vec::new();
    for (key, expected) in entries.iter().step_by(7) {
        assert!(store.get(view, key, &mut value)?, "a scanned key is found by itself");
        assert_eq!(&value, expected);
    }
    Ok((entries, store.catalog().to_vec()))
}
