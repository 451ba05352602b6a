//! The database on a storage whose calls fail one by one, in the middle of commits, transactions,
//! index builds, changes of the catalog and large write sets: a failure is answered with a typed
//! error and either changes nothing or ends the database until it is opened again; then it is as a
//! commit left it, with every index and count in agreement, and work goes on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod db_crash_support;
mod model_support;

use db_crash_support::faults::After;
use db_crash_support::kinds::Kind;
use db_crash_support::world::{History, World, open_and_check};
use entidb::storage::fault::{Fault, PowerCut, Repeat, Reread, SimStorage};
use entidb::{ErrorKind, Geometry};

/// Steps in their order, over and over.
const SCRIPTS: [(&str, &[Kind]); 8] = [
    ("documents", &[Kind::Strict, Kind::Relaxed, Kind::Checkpoint]),
    ("transactions", &[Kind::Transaction, Kind::Strict, Kind::Transaction, Kind::CreateCollection]),
    ("more than memory takes", &[Kind::Strict, Kind::Large, Kind::CreateIndex]),
    ("indexes", &[Kind::Large, Kind::CreateIndex, Kind::Build, Kind::DropIndex]),
    ("a build across opens", &[Kind::Strict, Kind::CreateIndex, Kind::Build, Kind::Kill]),
    ("a build across closes", &[Kind::Large, Kind::CreateIndex, Kind::Close, Kind::Build]),
    ("collections", &[Kind::CreateCollection, Kind::Strict, Kind::DropCollection, Kind::Clear]),
    ("versions and merges", &[Kind::SchemaVersion, Kind::Strict, Kind::Checkpoint, Kind::Compact]),
];
const STEPS: usize = 10;
const SEEDS: u64 = 2;
/// How often the steps are taken on a storage that is full.
const FULL_ROUNDS: usize = 12;

struct Workload {
    name: String,
    kinds: &'static [Kind],
    seed: u64,
}

fn workloads() -> impl Iterator<Item = Workload> {
    SCRIPTS.into_iter().flat_map(|(name, kinds)| {
        (0..SEEDS).map(move |seed| Workload { name: format!("{name}, seed {seed}"), kinds, seed })
    })
}

impl Workload {
    fn steps(&self) -> impl Iterator<Item = Kind> {
        self.kinds.iter().copied().cycle().take(STEPS)
    }

    /// Runs where nothing fails.
    fn run(&self, sim: &SimStorage, history: &mut History) {
        let mut world = World::open(sim, self.seed, history).unwrap();
        for kind in self.steps() {
            world.step(kind).unwrap_or_else(|error| panic!("{}: {error:?}", self.name));
        }
    }

    fn calls(&self) -> u64 {
        let sim = SimStorage::new(1);
        self.run(&sim, &mut History::default());
        sim.counts().calls
    }
}

/// How often a call failed, and how often that ended the database.
#[derive(Debug, Default)]
struct Told {
    failures: u64,
    poisonings: u64,
}

fn check_kind(error: &entidb::Error, context: &str) {
    let is_typed = matches!(error.kind(), ErrorKind::Io | ErrorKind::QuotaExceeded);
    assert!(is_typed && !error.message().is_empty(), "{context}: {error:?}");
}

/// Opens a database and makes its first collection, whatever fails on the way.
fn begin<'a>(
    sim: &SimStorage,
    seed: u64,
    mut history: &'a mut History,
    told: &mut Told,
    context: &str,
) -> World<'a> {
    loop {
        match World::try_open(sim, seed, history) {
            Ok(world) => return world,
            Err((error, back)) => {
                check_kind(&error, context);
                told.failures += 1;
                sim.restart();
                let (_, found) = open_and_check(sim, back, context);
                back.cut_after(found);
                history = back;
            }
        }
    }
}

/// Runs a workload to its end, whatever fails on the way.
fn endure(
    sim: &SimStorage,
    workload: &Workload,
    history: &mut History,
    reread_old: bool,
    context: &str,
) -> Told {
    let mut told = Told::default();
    let mut world = begin(sim, workload.seed, history, &mut told, context);
    for (at, kind) in workload.steps().enumerate() {
        let Err(error) = world.step(kind) else { continue };
        let context = format!("{context}, step {at}, {kind:?}: {error}");
        check_kind(&error, &context);
        told.failures += 1;
        told.poisonings += u64::from(world.recover(reread_old, &context) == After::Poisoned);
    }
    told
}

/// Nothing that was promised is gone after the power went, and work goes on.
fn cut_and_go_on(sim: &SimStorage, history: &History, seed: u64, context: &str) {
    let cuts = sim.power_cut(PowerCut::default());
    for image in [cuts.nothing_kept(), cuts.random(seed)] {
        let survivor = SimStorage::from_image(image, seed);
        let (db, found) = open_and_check(&survivor, history, &format!("{context}, cut"));
        drop(db);
        let mut again = history.survive(found);
        let mut world = World::open(&survivor, seed, &mut again).unwrap();
        for kind in [Kind::Strict, Kind::CreateIndex, Kind::Build, Kind::Transaction] {
            world.step(kind).unwrap_or_else(|error| panic!("{context}, goes on: {error:?}"));
        }
    }
}

fn sweep(fault: Fault, repeat: Repeat) -> Told {
    let mut sum = Told::default();
    let reread_old = fault == Fault::SyncFails { reread: Reread::Old };
    for workload in workloads() {
        for call in 0..workload.calls() {
            let context = format!("{}, {fault:?} {repeat:?} at call {call}", workload.name);
            let sim = SimStorage::new(call);
            sim.fail_at(call, fault, repeat);
            let mut history = History::default();
            let told = endure(&sim, &workload, &mut history, reread_old, &context);
            sim.heal();
            cut_and_go_on(&sim, &history, call, &context);
            sum.failures += told.failures;
            sum.poisonings += told.poisonings;
        }
    }
    println!("{fault:?} {repeat:?}: {sum:?}");
    assert!(sum.failures > 100, "{sum:?}");
    sum
}

#[test]
fn a_call_that_fails_once_takes_nothing_acknowledged_along() {
    assert!(sweep(Fault::Io, Repeat::Once).poisonings > 0);
}

#[test]
fn calls_that_fail_for_ever_take_nothing_acknowledged_along() {
    assert!(sweep(Fault::Io, Repeat::Forever).poisonings > 0);
}

#[test]
fn a_write_that_stops_half_way_takes_nothing_acknowledged_along() {
    assert!(sweep(Fault::ShortWrite, Repeat::Once).poisonings > 0);
    assert!(sweep(Fault::ShortWrite, Repeat::Forever).poisonings > 0);
}

#[test]
fn a_sync_that_fails_ends_the_database_whatever_is_read_back_afterwards() {
    for reread in [Reread::Old, Reread::New] {
        let told = sweep(Fault::SyncFails { reread }, Repeat::Once);
        assert!(told.poisonings > 0);
    }
}

#[test]
fn syncs_that_fail_for_ever_end_the_database() {
    let told = sweep(Fault::SyncFails { reread: Reread::New }, Repeat::Forever);
    assert!(told.poisonings > 0);
}

#[test]
fn a_read_that_fails_changes_nothing() {
    let mut sum = Told::default();
    // Those that look at everything in between would meet the failure there.
    let opens_again = |kind: &Kind| matches!(kind, Kind::Kill | Kind::Close);
    for workload in workloads().filter(|workload| !workload.kinds.iter().any(opens_again)) {
        let sim = SimStorage::new(1);
        workload.run(&sim, &mut History::default());
        for read in 0..sim.counts().total().reads {
            let context = format!("{}, read {read}", workload.name);
            let sim = SimStorage::new(read);
            sim.fail_read(read, Repeat::Once);
            let mut history = History::default();
            let told = endure(&sim, &workload, &mut history, false, &context);
            sum.failures += told.failures;
            sum.poisonings += told.poisonings;
            sim.heal();
            let (db, found) = open_and_check(&sim, &history.of_process(), &context);
            drop(db);
            let mut again = history.survive(found);
            let mut world = World::open(&sim, read, &mut again).unwrap();
            world.step(Kind::Strict).unwrap_or_else(|error| panic!("{context}: {error:?}"));
        }
    }
    println!("reads: {sum:?}");
    assert!(sum.failures > 50 && sum.poisonings == 0, "{sum:?}");
}

#[test]
fn a_full_storage_refuses_what_asks_for_room_and_keeps_everything_else() {
    let told = sweep(Fault::Quota, Repeat::Once);
    assert!(told.failures > told.poisonings);
    sweep(Fault::Quota, Repeat::Forever);
}

#[test]
fn all_kinds_of_work_resume_once_there_is_space_again() {
    for workload in workloads() {
        let sim = SimStorage::new(1);
        workload.run(&sim, &mut History::default());
        let peak = sim.image().total_len();
        let (mut refused, mut start) = (0, 0);
        for limit in (0..peak).step_by(4 * 1024 + 1) {
            let context = format!("{}, {limit} bytes", workload.name);
            let sim = SimStorage::new(limit);
            let mut history = History::default();
            // A close gives back what is free in the files.
            World::open(&sim, workload.seed, &mut history).unwrap().step(Kind::Close).unwrap();
            start = sim.image().total_len();
            sim.set_quota(Some(limit));
            let mut world = World::open(&sim, workload.seed, &mut history).unwrap();
            // Without any more room, long enough that none is left in what there is.
            let rounds = if limit == 0 { FULL_ROUNDS } else { 1 };
            for (at, kind) in (0..rounds).flat_map(|_| workload.steps()).enumerate() {
                let Err(error) = world.step(kind) else { continue };
                let context = format!("{context}, step {at}, {kind:?}: {error}");
                assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{context}");
                refused += 1;
                assert_eq!(world.recover(false, &context), After::Intact, "{context}");
            }
            sim.set_quota(None);
            for kind in workload.steps() {
                world.step(kind).unwrap_or_else(|error| panic!("{context}, resumed: {error:?}"));
            }
            drop(world);
            cut_and_go_on(&sim, &history, limit, &context);
        }
        // One that takes less than a unit more than it begins with finds that in what it has.
        let grows = peak >= start + u64::from(Geometry::TINY.unit_bytes);
        assert!(refused > 0 || !grows, "{}: nothing was refused", workload.name);
    }
}
