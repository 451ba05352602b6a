//! The store on a storage that answers later: it writes the same bytes as on one that answers at
//! once, shows nothing before its barrier, and ends where a barrier fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::storage::fault::{Image, SimStorage};
use entidb::storage::{FileId, Storage};
use entidb::{Durability, Error, ErrorKind};
use store_script::{HEAD_BYTES, History, Host, Script, Step, check, key, open, state_of};

const CHUNK_BYTES: u32 = 4096;

fn seeds() -> u64 {
    std::env::var("STORE_ASYNC_SEEDS").map_or(60, |seeds| seeds.parse().unwrap())
}

fn workloads() -> impl Iterator<Item = (String, Script)> {
    let scripted = Script::scripted().into_iter().map(|(name, script)| (name.to_string(), script));
    let random = (0..seeds()).map(|seed| (format!("seed {seed}"), Script::random(seed, 80)));
    scripted.chain(random)
}

/// What a run on a storage that answers at once gives: files, states, answers of steps of work.
fn synchronous(script: &Script) -> (Image, History, Vec<bool>) {
    let sim = SimStorage::new(1);
    let mut host = Host::new(&sim, 0);
    let mut history = History::default();
    let mut store = host.open().unwrap();
    for step in &script.0 {
        host.run_step(&mut store, step, &mut history).unwrap();
    }
    (sim.image(), history, host.worked)
}

fn assert_same_bytes(left: &Image, right: &Image, context: &str) {
    for file in FileId::ALL {
        let (left, right) = (left.file(file), right.file(file));
        assert_eq!(left.len(), right.len(), "{context}: length of {}", file.name());
        let differs = left.iter().zip(right).position(|(left, right)| left != right);
        assert_eq!(differs, None, "{context}: {} differs", file.name());
    }
}

/// Runs a script on `sim`, compares, and returns calls run again and barriers waited for.
fn run_and_compare(sim: &SimStorage, script: &Script, evicts: bool, context: &str) -> (u64, u64) {
    let (image, expected, worked) = synchronous(script);
    let mut host = Host::new(sim, 9);
    host.evicts = evicts;
    let mut history = History::default();
    let mut store = host.open().unwrap();
    for (at, step) in script.0.iter().enumerate() {
        host.run_step(&mut store, step, &mut history)
            .unwrap_or_else(|error| panic!("{context}, step {at}: {error:?}"));
    }
    assert_eq!(history.states, expected.states);
    assert_eq!(host.worked, worked, "{context}");
    assert_same_bytes(&sim.image(), &image, context);
    (host.retries, host.waits)
}

#[test]
fn barriers_that_complete_late_change_no_byte() {
    let mut waits = 0;
    for (name, script) in workloads() {
        let sim = SimStorage::new(2);
        sim.make_asynchronous();
        waits += run_and_compare(&sim, &script, false, &name).1;
    }
    assert!(waits > 100, "{waits} waits");
}

#[test]
fn misses_change_no_byte() {
    let mut retries = 0;
    for (name, script) in workloads() {
        for asynchronous in [false, true] {
            let sim = SimStorage::new(2);
            sim.keep_chunks(CHUNK_BYTES, HEAD_BYTES);
            if asynchronous {
                sim.make_asynchronous();
            }
            retries += run_and_compare(&sim, &script, true, &name).0;
        }
    }
    assert!(retries > 100, "{retries} retries");
}

/// Runs a script up to the barrier with number `failing`, which fails; whether it came to that.
fn run_to_failure(sim: &SimStorage, script: &Script, failing: u64, context: &str) -> bool {
    let mut history = History::default();
    let mut host = Host::new(sim, failing);
    host.fails_at = Some(failing);
    let stopped = host.open().and_then(|mut store| {
        script.0.iter().try_for_each(|step| host.run_step(&mut store, step, &mut history))
    });
    let Err(error) = stopped else { return false };
    assert_eq!(error.kind(), ErrorKind::Io, "{context}: {error}");
    let killed = SimStorage::from_image(sim.kill_image(), 1);
    let store = open(&killed).unwrap_or_else(|error| panic!("{context}: {error:?}"));
    check(&store, &history.of_process(), context);
    true
}

#[test]
fn a_barrier_that_fails_leaves_what_earlier_ones_hold() {
    let mut failures = 0;
    for (name, script) in workloads().take(24) {
        for failing in 0.. {
            let sim = SimStorage::new(2);
            sim.make_asynchronous();
            if !run_to_failure(&sim, &script, failing, &format!("{name}, barrier {failing}")) {
                break;
            }
            failures += 1;
        }
    }
    assert!(failures > 100, "{failures} failures");
}

#[test]
fn a_store_whose_barrier_failed_refuses_every_call() {
    let sim = SimStorage::new(2);
    sim.make_asynchronous();
    let mut host = Host::new(&sim, 1);
    let mut store = host.open().unwrap();
    let error = Error::new(ErrorKind::Io, "the transaction was aborted");
    store.barrier_failed(error);
    let mut out = Vec::new();
    assert!(store.get(entidb::kv::View::at(9), b"k", &mut out).is_err());
    assert!(store.step(1).is_err() && store.settle().is_err() && store.flush().is_err());
    assert!(store.close().is_err() && store.sync_log(Durability::Strict).is_err());
}

#[test]
fn a_group_that_is_discarded_while_its_room_is_made_leaves_nothing() {
    let sim = SimStorage::new(2);
    sim.make_asynchronous();
    let mut host = Host::new(&sim, 1);
    let mut history = History::default();
    let mut store = host.open().unwrap();
    let first = Step::Group(vec![vec![(key(1, 1), Some(vec![1; 9]))]], Durability::Strict);
    host.run_step(&mut store, &Step::Close, &mut history).unwrap();
    let mut batch = entidb::kv::Batch::new();
    batch.put(&key(1, 5), b"never").unwrap();
    assert!(store.stage(&batch).unwrap().is_some());
    assert!(!sim.outstanding().is_empty(), "the first commit after an open begins an epoch");
    assert!(store.discard());
    while let Some(barrier) = sim.outstanding().pop() {
        sim.complete(barrier);
        store.barrier_done(barrier).unwrap();
    }
    assert_eq!(store.staged_seq(), store.visible_seq());
    host.run_step(&mut store, &first, &mut history).unwrap();
    check(&store, &history, "after the discarded group");
    let state = state_of(&store);
    drop(store);
    assert_eq!(state_of(&open(&SimStorage::from_image(sim.kill_image(), 1)).unwrap()), state);
    assert!(sim.len(FileId::LogA).unwrap() > 0);
}
