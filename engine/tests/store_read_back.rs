//! What an open has merely read back, after a sync that failed: it may lie in the memory of the
//! system only, until the store has written it once more.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

mod store_script;

use entidb::Durability;
use entidb::kv::Store;
use entidb::storage::Synced;
use entidb::storage::fault::{Fault, PowerCut, Repeat, Reread, SimStorage};
use store_script::{History, Host, Step, check, key, open};

/// A store opened on files whose newest commit, or large write set, failed at a sync, of which a
/// seed says what it brought to the medium: all bytes are read back, and no sync will ever bring
/// the others there.
fn reopened(large: bool, seed: u64) -> Option<(SimStorage, Store<SimStorage>, History)> {
    let sim = SimStorage::new(seed);
    let mut history = History::default();
    let mut host = Host::new(&sim, 0);
    let mut store = host.open().unwrap();
    let writes = |n| vec![vec![(key(1, n), Some(vec![7; 40]))]];
    host.run_step(&mut store, &Step::Group(writes(1), Durability::Strict), &mut history).unwrap();
    let reread = Reread::New;
    sim.fail_at(sim.counts().calls + seed % 24, Fault::SyncFails { reread }, Repeat::Once);
    let step =
        if large { Step::Large(writes(2)) } else { Step::Group(writes(2), Durability::Strict) };
    host.run_step(&mut store, &step, &mut history).err()?;
    drop(store);
    sim.restart();
    let store = open(&sim).unwrap();
    let found = check(&store, &history.of_process(), "opened again");
    history.states.truncate(found + 1);
    history.acknowledged = found;
    Some((sim, store, history))
}

/// Does something strict that writes nothing of its own; all that was there is promised then.
fn survives(promise: impl Fn(&mut Store<SimStorage>) -> entidb::Result<Synced>) {
    let mut tried = 0;
    for large in [false, true] {
        for seed in 0..96 {
            let Some((sim, mut store, mut history)) = reopened(large, seed) else { continue };
            assert_eq!(promise(&mut store).unwrap(), Synced::Done);
            history.strict = history.acknowledged;
            let cut = SimStorage::from_image(sim.power_cut(PowerCut::default()).nothing_kept(), 1);
            check(&open(&cut).unwrap(), &history, &format!("large {large}, seed {seed}"));
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried} syncs failed");
}

#[test]
fn a_strict_commit_of_nothing_makes_durable_what_the_open_has_found() {
    survives(|store| store.commit(Durability::Strict));
}

#[test]
fn a_checkpoint_makes_durable_what_the_open_has_found() {
    survives(Store::flush);
}

#[test]
fn what_an_open_shows_is_safe_from_a_loss_of_power() {
    for count in 1..40 {
        let sim = SimStorage::new(u64::from(count));
        let mut history = History::default();
        let mut host = Host::new(&sim, 0);
        let mut store = host.open().unwrap();
        for n in 0..count {
            let writes = vec![vec![(key(1, n), Some(vec![7; 40]))]];
            let step = Step::Group(writes, Durability::Relaxed);
            host.run_step(&mut store, &step, &mut history).unwrap();
        }
        drop(store);
        sim.restart();
        let store = open(&sim).unwrap();
        check(&store, &history.of_process(), "opened again");
        let cut = SimStorage::from_image(sim.power_cut(PowerCut::default()).nothing_kept(), 1);
        check(&open(&cut).unwrap(), &history.of_process(), &format!("{count} commits, cut"));
    }
}
