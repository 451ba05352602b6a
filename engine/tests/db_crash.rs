//! The database under power cuts and kills: after a crash at any call it is as some commit left it,
//! with nothing acknowledged missing, and every index, count and sequence number agrees with what
//! looking at all documents says.
//!
//! `STORE_CRASH_ONLY`, `STORE_CRASH_CALL`, `STORE_CRASH_IMAGES`, `STORE_CRASH_FIRST` and
//! `STORE_CRASH_SEEDS` mean what they mean for the store.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod db_crash_support;
mod model_support;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use db_crash_support::kinds::Kind;
use db_crash_support::world::{History, World, open_and_check};
use entidb::storage::fault::{PowerCut, SimStorage, When};

/// Images of each crash point.
const IMAGES: u64 = 12;
/// Steps of a workload.
const STEPS: usize = 14;
/// Random workloads of each of the tests that share them.
const SEEDS: u64 = 12;

struct Workload {
    name: String,
    seed: u64,
    kinds: Vec<Kind>,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// A workload of some kinds of steps, over documents and indexes of a seed.
fn run(sim: &SimStorage, workload: &Workload, history: &mut History) -> entidb::Result<()> {
    let mut world = World::open(sim, workload.seed, history)?;
    for at in 0..STEPS {
        let kind = workload.kinds[(at + world.draw()) % workload.kinds.len()];
        world.step(kind)?;
    }
    Ok(())
}

fn sweep(workloads: impl IntoIterator<Item = Workload>) {
    let only = std::env::var("STORE_CRASH_ONLY").ok();
    let only_call = number("STORE_CRASH_CALL");
    let (mut count, mut points, mut images) = (0, 0, 0);
    let chosen = |workload: &Workload| only.as_ref().is_none_or(|only| *only == workload.name);
    for workload in workloads.into_iter().filter(chosen) {
        let runs = [1, 2].map(|seed| {
            let sim = SimStorage::new(seed);
            run(&sim, &workload, &mut History::default())
                .unwrap_or_else(|error| panic!("{}: {error:?}", workload.name));
            sim
        });
        assert!(runs[0].holds(&runs[1].image()), "{} runs twice and differs", workload.name);
        count += 1;
        let calls = 0..runs[0].counts().calls;
        for call in calls.filter(|call| only_call.is_none_or(|only| only == *call)) {
            let explored = catch_unwind(AssertUnwindSafe(|| explore(&workload, call)));
            images += explored.unwrap_or_else(|panic| {
                eprintln!(
                    "again: STORE_CRASH_ONLY='{}' STORE_CRASH_CALL={call} \
                     cargo test --locked -p entidb --test db_crash",
                    workload.name
                );
                resume_unwind(panic)
            });
            points += 2;
        }
    }
    println!("reliability {{\"workloads\":{count},\"crashPoints\":{points},\"images\":{images}}}");
}

/// Both sides of one call.
fn explore(workload: &Workload, call: u64) -> u64 {
    let most = number("STORE_CRASH_IMAGES").unwrap_or(IMAGES);
    let mut looked_at = 0;
    for when in [When::Before, When::After] {
        let sim = SimStorage::new(call);
        sim.crash_at(call, when);
        let mut history = History::default();
        let stopped = run(&sim, workload, &mut history);
        assert!(sim.is_off() || stopped.is_ok(), "call {call} did not stop the run");
        let cuts = sim.power_cut(PowerCut::default());
        let seed = call * 2 + u64::from(when == When::After);
        let torn = (2..most.max(3)).map(|n| cuts.random(seed * most + n));
        let images = [cuts.nothing_kept(), cuts.everything_kept()].into_iter().chain(torn);
        for (n, image) in images.enumerate() {
            let context = format!("{}: {when:?} call {call}, image {n}", workload.name);
            let survivor = SimStorage::from_image(image, seed);
            let (db, found) = open_and_check(&survivor, &history, &context);
            drop(db);
            looked_at += 1;
            if n == 2 {
                looked_at += go_on(&survivor, &history, found, seed, &context);
            }
        }
        let killed = SimStorage::from_image(sim.kill_image(), seed);
        open_and_check(&killed, &history.of_process(), &workload.name);
        looked_at += 1;
    }
    looked_at
}

/// Works on, loses the power, and looks again.
fn go_on(sim: &SimStorage, history: &History, found: usize, seed: u64, context: &str) -> u64 {
    let mut again = history.survive(found);
    let mut world = World::open(sim, seed, &mut again).unwrap();
    for kind in [Kind::Strict, Kind::CreateCollection, Kind::Build, Kind::Transaction] {
        world.step(kind).unwrap_or_else(|error| panic!("{context}, goes on: {error:?}"));
    }
    drop(world);
    let cut = sim.power_cut(PowerCut::default()).nothing_kept();
    let survivor = SimStorage::from_image(cut, 1);
    let (mut db, _) = open_and_check(&survivor, &again, &format!("{context}, cut again"));
    let _ = db.close().unwrap();
    let closed = survivor.image();
    let (mut db, _) = open_and_check(&survivor, &again, &format!("{context}, closed"));
    let _ = db.close().unwrap();
    assert!(survivor.holds(&closed), "{context}: a clean open changed something");
    2
}

fn scripted() -> Vec<Workload> {
    let of = |(name, kinds): (&str, &[Kind])| Workload {
        name: name.to_owned(),
        seed: name.len() as u64,
        kinds: kinds.to_vec(),
    };
    let scripts: [(&str, &[Kind]); 10] = [
        ("documents", &[Kind::Strict, Kind::Relaxed]),
        ("groups and checkpoints", &[Kind::Strict, Kind::Checkpoint]),
        ("transactions", &[Kind::Transaction, Kind::Strict]),
        ("more than memory takes", &[Kind::Strict, Kind::Large]),
        ("indexes made and dropped", &[Kind::Strict, Kind::CreateIndex, Kind::DropIndex]),
        ("indexes built", &[Kind::Strict, Kind::CreateIndex, Kind::Build, Kind::Relaxed]),
        ("collections", &[Kind::CreateCollection, Kind::Strict, Kind::DropCollection]),
        ("cleared", &[Kind::Strict, Kind::Clear, Kind::Checkpoint]),
        ("compactions", &[Kind::Strict, Kind::Checkpoint, Kind::Compact, Kind::Work]),
        ("closed and killed", &[Kind::Strict, Kind::Close, Kind::Relaxed, Kind::Kill]),
    ];
    scripts.map(of).into()
}

fn random(part: u64) -> impl Iterator<Item = Workload> {
    let count = number("STORE_CRASH_SEEDS").map_or(SEEDS, |seeds| seeds.div_ceil(16).max(1));
    let first = number("STORE_CRASH_FIRST").unwrap_or(0) + part * count;
    (first..first + count).map(|seed| Workload {
        name: format!("seed {seed}"),
        seed,
        kinds: Kind::random_half(seed),
    })
}

#[test]
fn a_crash_at_any_call_leaves_a_database_as_a_commit_left_it_r021() {
    sweep(scripted());
}

#[test]
fn a_crash_at_any_call_of_random_work_leaves_a_database_as_a_commit_left_it_1_r021() {
    sweep(random(0));
}

#[test]
fn a_crash_at_any_call_of_random_work_leaves_a_database_as_a_commit_left_it_2_r021() {
    sweep(random(1));
}
