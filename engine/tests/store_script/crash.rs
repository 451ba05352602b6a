//! Crashes at every call of a workload, and what must be true of everything that a disk could hold
//! then.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use entidb::kv::Store;
use entidb::storage::fault::{Cuts, Image, PowerCut, SimStorage, When};
use fastrand::Rng;

use super::workloads::Workload;
use super::{History, RETIRED_MARK, Script, check, is_at, open, run, run_seen};

/// Every so many images one is worked on after it was looked at.
const WORKED_ON: u64 = 4;
/// Pieces at risk that are taken apart in every way in short scripts.
const PIECES_ALL_MAX: usize = 10;

/// What was tried, printed at the end of each test.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tried {
    pub workloads: u64,
    /// Calls of the storage at which the power went, before and after each.
    pub crash_points: u64,
    /// Images that were opened and checked.
    pub images: u64,
}

impl Tried {
    pub fn add(&mut self, other: Self) {
        self.workloads += other.workloads;
        self.crash_points += other.crash_points;
        self.images += other.images;
    }

    /// Tells the scripts that count what tests try.
    pub fn print(&self) {
        let Self { workloads, crash_points, images } = self;
        println!(
            "reliability {{\"workloads\":{workloads},\"crashPoints\":{crash_points},\
             \"images\":{images}}}"
        );
    }
}

/// How much is tried, as the environment has it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Images of each crash point.
    pub images: u64,
    /// The one workload to run, and the one call to crash at.
    only: Option<String>,
    call: Option<u64>,
}

impl Plan {
    pub fn new(images: u64) -> Self {
        let number = |name| std::env::var(name).ok().map(|text: String| text.parse().unwrap());
        Self {
            images: number("STORE_CRASH_IMAGES").unwrap_or(images),
            only: std::env::var("STORE_CRASH_ONLY").ok(),
            call: number("STORE_CRASH_CALL"),
        }
    }

    /// Runs `explore` for each call of each workload; says how to do a failing one again.
    pub fn sweep(
        &self,
        workloads: impl IntoIterator<Item = Workload>,
        explore: impl Fn(&Self, &Workload, u64) -> u64,
    ) -> Tried {
        let mut tried = Tried::default();
        let chosen =
            |workload: &Workload| self.only.as_ref().is_none_or(|only| *only == workload.name);
        for workload in workloads.into_iter().filter(chosen) {
            let calls = calls_of(&workload);
            tried.workloads += 1;
            for call in (0..calls).filter(|call| self.call.is_none_or(|only| only == *call)) {
                let explored = catch_unwind(AssertUnwindSafe(|| explore(self, &workload, call)));
                tried.images += explored.unwrap_or_else(|panic| {
                    let name = &workload.name;
                    eprintln!(
                        "again: STORE_CRASH_ONLY='{name}' STORE_CRASH_CALL={call} \
                         cargo test --locked -p entidb --test store_crash"
                    );
                    resume_unwind(panic)
                });
                tried.crash_points += 2;
            }
        }
        tried.print();
        tried
    }
}

/// Runs a workload to its end, twice, to see that it shows what it is there for and writes the same
/// bytes each time; returns how many calls it makes.
pub fn calls_of(workload: &Workload) -> u64 {
    let runs = [1, 2].map(|seed| {
        let sim = SimStorage::new(seed);
        let seen = run_seen(&sim, &workload.script, &mut History::default());
        let seen = seen.unwrap_or_else(|error| panic!("{}: {error}", workload.name));
        assert!((workload.shows)(&seen), "{} shows only {seen:?}", workload.name);
        sim
    });
    assert!(runs[0].holds(&runs[1].image()), "{} runs twice and differs", workload.name);
    runs[0].counts().calls
}

/// How a medium loses what was not synced: another way for each image.
fn model(n: u64) -> PowerCut {
    let sizes: [(u32, u32); 5] = [(512, 1), (4096, 1), (512, 8), (4096, 512), (512, 512)];
    let (sector_bytes, tear_bytes) = sizes[usize::try_from(n % 5).unwrap()];
    PowerCut { sector_bytes, tear_bytes, garbage: !n.is_multiple_of(3), stale: n.is_multiple_of(2) }
}

/// The images to look at: every subset of what is at risk where there are no more than `most`, else
/// nothing, everything and torn ones.
fn images(cuts: &Cuts, most: u64, seed: u64) -> Vec<Image> {
    let mut rng = Rng::with_seed(seed);
    let pieces = cuts.at_risk();
    if pieces == 0 {
        return vec![cuts.nothing_kept()];
    }
    let subsets = 1_u64.checked_shl(u32::try_from(pieces).unwrap()).unwrap_or(u64::MAX);
    let is_short = pieces <= PIECES_ALL_MAX && subsets <= most;
    let mut images: Vec<Image> = if is_short {
        (0..subsets).map(|subset| cuts.subset(|piece| subset >> piece & 1 == 1)).collect()
    } else {
        vec![cuts.nothing_kept(), cuts.everything_kept()]
    };
    let torn = most.saturating_sub(images.len() as u64).max(2);
    images.extend((0..torn).map(|_| cuts.random(rng.u64(..))));
    images
}

/// What the script left when the power went, and what is known of it.
pub fn crashed(script: &Script, call: u64, when: When) -> (SimStorage, History) {
    let sim = SimStorage::new(call);
    sim.crash_at(call, when);
    let mut history = History::default();
    let stopped = run(&sim, script, &mut history);
    assert!(sim.is_off() || stopped.is_ok(), "call {call} did not stop the run");
    (sim, history)
}

/// Opens, and sees that opening by itself writes nothing.
fn open_unchanged(sim: &SimStorage, context: &str) -> Store<SimStorage> {
    let before = sim.counts().total();
    let store = open(sim).unwrap_or_else(|error| panic!("{context}: {error:?}"));
    let after = sim.counts().total();
    let has_written = (before.writes, before.set_lens) != (after.writes, after.set_lens);
    assert!(store.created() || !has_written, "{context}: opening has written");
    store
}

/// The same, and it finds a state of the history.
pub fn open_and_check(
    sim: &SimStorage,
    history: &History,
    context: &str,
) -> (Store<SimStorage>, usize) {
    let store = open_unchanged(sim, context);
    let found = check(&store, history, context);
    (store, found)
}

/// Both sides of one call: everything acknowledged is there and nothing is half there, work goes
/// on, and the power may go again.
pub fn explore_call(plan: &Plan, workload: &Workload, call: u64) -> u64 {
    let mut looked_at = 0;
    for when in [When::Before, When::After] {
        let (sim, history) = crashed(&workload.script, call, when);
        let seed = call * 2 + u64::from(when == When::After);
        let cuts = sim.power_cut(model(seed));
        for (n, image) in (0_u64..).zip(images(&cuts, plan.images, seed)) {
            let context = format!("{}: {when:?} call {call}, image {n}", workload.name);
            let survivor = SimStorage::from_image(image, seed);
            looked_at += if (n + seed).is_multiple_of(WORKED_ON) {
                work_on(&survivor, &history, &context)
            } else {
                look_twice(&survivor, &history, &context)
            };
        }
        let killed = SimStorage::from_image(sim.kill_image(), seed);
        let context = format!("{}: killed {when:?} call {call}", workload.name);
        looked_at += look_twice(&killed, &history.of_process(), &context);
    }
    looked_at
}

/// An open that is followed by another finds the same: the bytes are still those that were read in
/// every way, so that one scan tells.
fn look_twice(sim: &SimStorage, history: &History, context: &str) -> u64 {
    let (store, found) = open_and_check(sim, history, context);
    let seq = store.visible_seq();
    drop(store);
    let store = open_unchanged(sim, context);
    assert_eq!(seq, store.visible_seq(), "{context}: opened twice");
    assert!(is_at(&store, &history.states[found]), "{context}: opened twice");
    1
}

/// Works on, loses the power, closes, and opens without a change.
fn work_on(sim: &SimStorage, history: &History, context: &str) -> u64 {
    let (_, found) = open_and_check(sim, history, context);
    let mut again = history.survive(found);
    run(sim, &Script::more(), &mut again)
        .unwrap_or_else(|error| panic!("{context}, goes on: {error:?}"));
    let cut = sim.power_cut(PowerCut::default()).nothing_kept();
    let survivor = SimStorage::from_image(cut, 1);
    let context = format!("{context}, cut again");
    let (mut store, _) = open_and_check(&survivor, &again, &context);
    let _ = store.close().unwrap_or_else(|error| panic!("{context}: {error:?}"));
    let closed = survivor.image();
    let (mut store, _) = open_and_check(&survivor, &again, &context);
    let _ = store.close().unwrap();
    assert!(survivor.holds(&closed), "{context}: a clean open changed something");
    2
}

/// Crashes at every call of what comes after a crash, beginning with the recovery.
pub fn explore_recovery(plan: &Plan, workload: &Workload, call: u64) -> u64 {
    let mut looked_at = 0;
    let when = if call.is_multiple_of(2) { When::Before } else { When::After };
    let (sim, history) = crashed(&workload.script, call, when);
    let cuts = sim.power_cut(model(call));
    for (n, image) in (0_u64..).zip(images(&cuts, plan.images, call)) {
        let context = format!("{}, call {call}, image {n}", workload.name);
        for second in 0.. {
            let sim = SimStorage::from_image(image.clone(), second);
            let (_, found) = open_and_check(&sim, &history, &context);
            let mut history = history.survive(found);
            sim.reset_counts();
            sim.crash_at(second, if n % 2 == 0 { When::After } else { When::Before });
            let ended = run(&sim, &Script::more(), &mut history).is_ok();
            let cuts = sim.power_cut(model(second + n));
            for image in [cuts.nothing_kept(), cuts.random(call ^ second), cuts.random(second)] {
                let survivor = SimStorage::from_image(image, second);
                let context = format!("{context}, again at call {second}");
                open_and_check(&survivor, &history, &context);
                looked_at += 1;
            }
            if ended {
                break;
            }
        }
    }
    looked_at
}

/// A chain of `depth` crashes with random work between them, from one call on.
pub fn explore_chain(plan: &Plan, workload: &Workload, call: u64, depth: u64) -> u64 {
    let mut looked_at = 0;
    for chain in 0..plan.images {
        let mut rng = Rng::with_seed(call * 1000 + chain);
        let (mut sim, mut history) = crashed(&workload.script, call, When::After);
        for level in 1..=depth {
            let context = format!("{}, call {call}, chain {chain}, {level}", workload.name);
            let image = sim.power_cut(model(rng.u64(..))).random(rng.u64(..));
            sim = SimStorage::from_image(image, rng.u64(..));
            let (_, found) = open_and_check(&sim, &history, &context);
            looked_at += 1;
            history = history.survive(found);
            sim.reset_counts();
            sim.crash_at(rng.u64(..40), if rng.bool() { When::Before } else { When::After });
            let is_retired = history.last().1.first() == Some(&RETIRED_MARK);
            let steps = Script::swarm_over(rng.u64(..), 8, is_retired);
            let _ = run(&sim, &steps, &mut history);
        }
    }
    looked_at
}
