//! The store on a storage whose calls fail one by one: a failure is answered with a typed error,
//! takes nothing that was acknowledged, and either changes nothing or ends the store until it is
//! opened again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::kv::{Store, View};
use entidb::storage::fault::{Fault, PowerCut, Repeat, Reread, SimStorage};
use entidb::storage::{FileId, Storage};
use entidb::{Durability, ErrorKind};
use store_script::{History, Host, Script, Step, check, key, open, run, state_of, try_state_of};

/// Images after a loss of power that are looked at for each fault, beyond the two extremes.
const RANDOM_IMAGES: u64 = 2;

fn seeds(default: u64) -> u64 {
    std::env::var("STORE_FAULT_SEEDS").map_or(default, |seeds| seeds.parse().unwrap())
}

fn workloads(random: u64) -> Vec<(String, Script)> {
    let scripted = Script::scripted().into_iter().map(|(name, script)| (name.to_string(), script));
    let random = (0..random).map(|seed| (format!("seed {seed}"), Script::random(seed, 24)));
    scripted.chain(random).collect()
}

fn calls_of(script: &Script) -> u64 {
    let sim = SimStorage::new(1);
    run(&sim, script, &mut History::default()).unwrap();
    sim.counts().calls
}

/// Whether every call is refused.
fn is_poisoned(store: &mut Store<SimStorage>) -> bool {
    let read = store.get(View::at(u64::MAX), b"k", &mut Vec::new());
    let Err(error) = read else { return false };
    assert_eq!(error.kind(), ErrorKind::Io);
    for refused in [
        store.settle().unwrap_err(),
        store.step(1).unwrap_err(),
        store.commit(Durability::Strict).unwrap_err(),
        store.flush().unwrap_err(),
        store.close().unwrap_err(),
    ] {
        assert_eq!(refused.kind(), ErrorKind::Io, "{refused}");
    }
    true
}

/// What came of a script on a failing storage.
#[derive(Debug, Default)]
struct Told {
    failures: u64,
    poisonings: u64,
}

/// Runs a script to its end, whatever fails on the way: goes on with a store that still answers,
/// and opens one anew that does not. With `reread_old` that one may find no more than what a medium
/// is sure to hold.
fn endure(
    sim: &SimStorage,
    script: &Script,
    history: &mut History,
    reread_old: bool,
    context: &str,
) -> Told {
    let mut host = Host::new(sim, 0);
    let mut told = Told::default();
    let mut store = None;
    for (at, step) in script.0.iter().enumerate() {
        let context = format!("{context}, step {at}");
        let mut open_store = match store.take() {
            Some(store) => store,
            None => match host.open() {
                Ok(store) => store,
                Err(error) => {
                    assert!(
                        matches!(error.kind(), ErrorKind::Io | ErrorKind::QuotaExceeded),
                        "{error}"
                    );
                    told.failures += 1;
                    sim.heal();
                    host.open().unwrap_or_else(|error| panic!("{context}: {error:?}"))
                }
            },
        };
        let Err(error) = host.run_step(&mut open_store, step, history) else {
            store = Some(open_store);
            continue;
        };
        told.failures += 1;
        let kind = error.kind();
        assert!(matches!(kind, ErrorKind::Io | ErrorKind::QuotaExceeded), "{context}: {error:?}");
        open_store.discard();
        if is_poisoned(&mut open_store) {
            told.poisonings += 1;
            drop(open_store);
            sim.restart();
            let reopened = host.open().unwrap_or_else(|error| panic!("{context}: {error:?}"));
            let promised = if reread_old { history.clone() } else { history.of_process() };
            let found = check(&reopened, &promised, &context);
            history.cut_after(found);
            store = Some(reopened);
        } else {
            let found = check(&open_store, &history.of_process(), &context);
            history.cut_after(found);
            store = Some(open_store);
        }
    }
    told
}

/// Nothing that was promised is gone after the power went, and work goes on.
fn cut_and_check(sim: &SimStorage, history: &History, context: &str) {
    let cuts = sim.power_cut(PowerCut::default());
    let random = (0..RANDOM_IMAGES).map(|seed| cuts.random(seed));
    for image in [cuts.nothing_kept(), cuts.everything_kept()].into_iter().chain(random) {
        let survivor = SimStorage::from_image(image, 3);
        let store = open(&survivor).unwrap_or_else(|error| panic!("{context}, cut: {error:?}"));
        let found = check(&store, history, &format!("{context}, cut"));
        drop(store);
        let mut again = History::from(history.states[found].clone());
        run(&survivor, &Script::more(), &mut again)
            .unwrap_or_else(|error| panic!("{context}, goes on: {error:?}"));
    }
}

fn sweep(fault: Fault, repeat: Repeat, random: u64) -> Told {
    let mut sum = Told::default();
    let reread_old = fault == Fault::SyncFails { reread: Reread::Old };
    for (name, script) in workloads(random) {
        for call in 0..calls_of(&script) {
            let context = format!("{name}, {fault:?} {repeat:?} at call {call}");
            let sim = SimStorage::new(call);
            sim.fail_at(call, fault, repeat);
            let mut history = History::default();
            let told = endure(&sim, &script, &mut history, reread_old, &context);
            sim.heal();
            cut_and_check(&sim, &history, &context);
            sum.failures += told.failures;
            sum.poisonings += told.poisonings;
        }
    }
    println!("{fault:?} {repeat:?}: {sum:?}");
    assert!(sum.failures > 0);
    sum
}

#[test]
fn a_call_that_fails_takes_nothing_acknowledged_along() {
    assert!(sweep(Fault::Io, Repeat::Once, seeds(4)).poisonings > 0);
    assert!(sweep(Fault::Io, Repeat::Forever, seeds(1)).poisonings > 0);
}

#[test]
fn a_write_that_stops_half_way_takes_nothing_acknowledged_along() {
    assert!(sweep(Fault::ShortWrite, Repeat::Once, seeds(4)).poisonings > 0);
}

#[test]
fn a_sync_that_fails_ends_the_store_whatever_is_read_back_afterwards() {
    for reread in [Reread::Old, Reread::New] {
        let told = sweep(Fault::SyncFails { reread }, Repeat::Once, seeds(4));
        assert!(told.poisonings > 0);
    }
}

#[test]
fn a_full_storage_refuses_a_commit_and_keeps_everything_else() {
    sweep(Fault::Quota, Repeat::Once, seeds(4));
    sweep(Fault::Quota, Repeat::Forever, seeds(1));
}

#[test]
fn writes_resume_once_there_is_space_again() {
    for (name, script) in workloads(seeds(4)) {
        let sim = SimStorage::new(1);
        run(&sim, &script, &mut History::default()).unwrap();
        let peak = sim.image().total_len();
        for limit in (0..=peak + 1024).step_by(3 * 1024 + 1) {
            let context = format!("{name}, {limit} bytes");
            let sim = SimStorage::new(limit);
            let mut history = History::default();
            run(&sim, &Script::default(), &mut history).unwrap();
            sim.set_quota(Some(limit));
            let mut host = Host::new(&sim, 0);
            let mut store = host.open().unwrap();
            for (at, step) in script.0.iter().enumerate() {
                let Err(error) = host.run_step(&mut store, step, &mut history) else { continue };
                assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{context}, step {at}: {error}");
                store.discard();
                let found = check(&store, &history.of_process(), &format!("{context}, step {at}"));
                history.cut_after(found);
            }
            sim.set_quota(None);
            let more = Script(vec![
                Step::Group(
                    vec![vec![(key(1, 1), None), (key(1, 2), Some(vec![3; 90]))]],
                    Durability::Strict,
                ),
                Step::Flush,
            ]);
            for step in &more.0 {
                host.run_step(&mut store, step, &mut history)
                    .unwrap_or_else(|error| panic!("{context}, resumed: {error:?}"));
            }
            check(&store, &history, &context);
            cut_and_check(&sim, &history, &context);
        }
    }
}

#[test]
fn a_write_that_lands_elsewhere_is_noticed_or_harmless() {
    for (name, script) in workloads(2) {
        let calls = calls_of(&script);
        for call in 0..calls {
            for offset in [0, 4096, 8192, 12_288 + 77, 20_000, 40_960] {
                let sim = SimStorage::new(call);
                sim.fail_at(call, Fault::Misdirected { offset }, Repeat::Once);
                let mut history = History::default();
                let context = format!("{name}, call {call} to {offset}");
                let ran = run(&sim, &script, &mut history);
                let store = open(&SimStorage::from_image(sim.image(), 1));
                let state = store.and_then(|store| try_state_of(&store));
                match (ran, state) {
                    (_, Ok(state)) => assert!(history.find(&state).is_some(), "{context}"),
                    (Err(error), _) | (_, Err(error)) => assert!(
                        matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Io),
                        "{context}: {error:?}"
                    ),
                }
            }
        }
    }
}

#[test]
fn a_read_that_fails_changes_nothing() {
    let sim = SimStorage::new(5);
    let mut history = History::default();
    run(&sim, &Script::random(5, 60), &mut history).unwrap();
    let image = sim.image();
    let clean = SimStorage::from_image(image.clone(), 1);
    let wanted = state_of(&open(&clean).unwrap());
    let reads = clean.counts().total().reads;
    for n in 0..reads {
        for repeat in [Repeat::Once, Repeat::Forever] {
            let sim = SimStorage::from_image(image.clone(), 1);
            sim.fail_read(n, repeat);
            let error = open(&sim).and_then(|store| try_state_of(&store)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "read {n}: {error}");
            assert_eq!(sim.image(), image, "read {n}");
            sim.heal();
            assert_eq!(state_of(&open(&sim).unwrap()), wanted);
        }
    }
    let sim = SimStorage::from_image(image.clone(), 1);
    let store = open(&sim).unwrap();
    sim.fail_reads_in(FileId::Volume, 0..sim.len(FileId::Volume).unwrap());
    assert_eq!(try_state_of(&store).unwrap_err().kind(), ErrorKind::Io);
    sim.heal();
    assert_eq!(state_of(&store), wanted, "a store reads on once its storage does");
}

/// The length of a file can be lost with a sync that failed as well as its bytes, and the system
/// goes on telling the new one. The last unit of a volume need not be written to its end.
#[test]
fn a_length_that_a_failed_sync_lost_is_not_built_upon() {
    let one = |n: u32| Step::Group(vec![vec![(key(1, n), Some(vec![1; 40]))]], Durability::Relaxed);
    for segments in 0..8 {
        for seed in 0..6 {
            let sim = SimStorage::new(seed);
            let mut host = Host::new(&sim, 0);
            let mut history = History::default();
            let mut store = host.open().unwrap();
            for n in 0..segments {
                host.run_step(&mut store, &one(n), &mut history).unwrap();
                host.run_step(&mut store, &Step::Flush, &mut history).unwrap();
            }
            host.run_step(&mut store, &one(50), &mut history).unwrap();
            let reread = Reread::New;
            sim.fail_at(sim.counts().calls, Fault::SyncFails { reread }, Repeat::Once);
            host.run_step(&mut store, &Step::Flush, &mut history).unwrap_err();
            sim.restart();
            store = host.open().unwrap();
            for n in 60..76 {
                // A large write set takes the last unit there is, where a commit has more of them.
                let large = Step::Large(vec![vec![(key(1, n), Some(vec![1; 40]))]]);
                host.run_step(&mut store, &large, &mut history).unwrap();
                let context = format!("{segments} segments, seed {seed}, {n}");
                cut_and_check(&sim, &history, &context);
            }
        }
    }
}
