//! The state before the last root: it stays whole until the next root, so that the loss of one root
//! takes no commit along; and it does not count where the logs do not go on from it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::storage::FileId;
use entidb::storage::fault::SimStorage;
use entidb::{Durability, ErrorKind, Geometry};
use fastrand::Rng;
use store_script::{History, Host, Script, Step, Write, batch_of, check, key, open, try_state_of};

const ROOTS_OFFSET: usize = 8192;
const SLOT_BYTES: usize = 4096;
const MANIFESTS_OFFSET: usize = ROOTS_OFFSET + 2 * SLOT_BYTES;

/// Opens what `sim` holds without one slot or the other; how often that went well.
fn lose_each_slot(sim: &SimStorage, history: &History, context: &str) -> u64 {
    let mut opened = 0;
    for slot in 0..2 {
        let mut image = sim.image();
        let start = ROOTS_OFFSET + slot * SLOT_BYTES;
        image.file_mut(FileId::Volume)[start..start + SLOT_BYTES].fill(0);
        let context = format!("{context}, slot {slot}");
        match open(&SimStorage::from_image(image, 1)) {
            Ok(store) => {
                check(&store, &history.of_process(), &context);
                opened += 1;
            }
            // A database in which nothing was ever written has one root.
            Err(error) => assert_eq!(history.acknowledged, 0, "{context}: {error}"),
        }
    }
    opened
}

/// Loses each slot after each step of a script. Within a step the next manifest may be on
/// its way to where that of the older root lies.
fn run_and_lose_slots(name: &str, script: &Script) -> u64 {
    let sim = SimStorage::new(1);
    let mut host = Host::new(&sim, 0);
    let mut history = History::default();
    let mut store = host.open().unwrap();
    let mut opened = 0;
    for (at, step) in script.0.iter().enumerate() {
        host.run_step(&mut store, step, &mut history).unwrap();
        opened += lose_each_slot(&sim, &history, &format!("{name}, step {at}"));
    }
    opened
}

#[test]
fn a_root_that_is_lost_takes_no_commit_along() {
    let mut opened = 0;
    for (name, script) in Script::scripted() {
        opened += run_and_lose_slots(name, &script);
    }
    for seed in 0..4 {
        opened += run_and_lose_slots(&format!("seed {seed}"), &Script::random(seed, 60));
    }
    assert!(opened > 500, "only {opened} were opened");
}

/// Random bytes, which cannot be compressed: so many take a unit.
fn write(space: u8, n: u32, rng: &mut Rng) -> Write {
    let mut value = vec![0; 600];
    rng.fill(&mut value);
    (key(space, n), Some(value))
}

/// A large write set takes every unit that is free, while it is not committed.
#[test]
fn units_are_not_written_to_while_the_root_before_the_last_lists_them() {
    let mut rng = Rng::with_seed(1);
    let sim = SimStorage::new(1);
    let mut host = Host::new(&sim, 0);
    let mut history = History::default();
    let mut store = host.open().unwrap();
    for round in 0..6 {
        for n in 0..12 {
            let commit = (1..=2).map(|space| write(space, n, &mut rng)).collect();
            let step = Step::Group(vec![commit], Durability::Strict);
            host.run_step(&mut store, &step, &mut history).unwrap();
        }
        host.run_step(&mut store, &Step::Flush, &mut history).unwrap();
        while store.step(1 << 16).unwrap() {
            let writes: Vec<Write> = (0..300).map(|n| write(4, n, &mut rng)).collect();
            let mut batch = batch_of(&writes).unwrap();
            store.spill(&mut batch).unwrap();
            let context = format!("round {round}");
            assert_eq!(lose_each_slot(&sim, &history, &context), 2);
        }
    }
    assert!(store.stats().merges > 4);
}

#[test]
fn a_manifest_and_a_part_of_the_log_lost_together_are_noticed() {
    let sim = SimStorage::new(1);
    let mut host = Host::new(&sim, 0);
    let mut history = History::default();
    let mut store = host.open().unwrap();
    for n in 0..6 {
        let write = vec![(key(1, n), Some(vec![1; 60]))];
        let step = Step::Group(vec![write], Durability::Strict);
        host.run_step(&mut store, &step, &mut history).unwrap();
    }
    host.run_step(&mut store, &Step::Flush, &mut history).unwrap();
    drop(store);
    let image = sim.image();
    let area_bytes = usize::try_from(Geometry::TINY.manifest_area_bytes).unwrap();
    let (mut noticed, mut harmless) = (0, 0);
    for area in 0..2 {
        for file in [FileId::LogA, FileId::LogB] {
            for from in (0..image.file(file).len()).step_by(8) {
                let mut damaged = image.clone();
                let start = MANIFESTS_OFFSET + area * area_bytes;
                damaged.file_mut(FileId::Volume)[start..start + area_bytes].fill(0);
                damaged.file_mut(file)[from..].fill(0);
                let store = open(&SimStorage::from_image(damaged, 1));
                match store.and_then(|store| try_state_of(&store)) {
                    Ok(state) => {
                        assert_eq!(history.find(&state), Some(history.strict), "{area}, {from}");
                        harmless += 1;
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Corrupt, "{area}, {from}: {error}");
                        noticed += 1;
                    }
                }
            }
        }
    }
    assert!(noticed > 0 && harmless > 0, "{noticed} noticed, {harmless} harmless");
}
