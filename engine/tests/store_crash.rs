//! The store under power cuts and kills: every call that changes a file is a place to stop, and
//! what a disk could hold then must open as a state that was committed, with nothing acknowledged
//! missing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::kv::Store;
use entidb::storage::fault::{PowerCut, SimStorage, When};
use entidb::{Geometry, Options};
use store_script::{History, Script, Step, check, continue_and_check, key, open, run};

/// Images that are looked at for each place to stop, beyond the exhaustive ones.
const RANDOM_IMAGES: usize = 6;

fn sweep(name: &str, script: &Script) -> u64 {
    let dry = SimStorage::new(1);
    let mut history = History::default();
    run(&dry, script, &mut history).unwrap_or_else(|error| panic!("{name}: {error}"));
    let calls = dry.counts().calls;
    let mut images = 0;
    for call in 0..calls {
        for when in [When::Before, When::After] {
            let sim = SimStorage::new(call);
            sim.crash_at(call, when);
            let mut history = History::default();
            let stopped = run(&sim, script, &mut history);
            assert!(sim.is_off() || stopped.is_ok(), "{name}: call {call} did not stop the run");
            let context = |image: usize| format!("{name}: {when:?} call {call}, image {image}");
            let cuts = sim.power_cut(PowerCut::default());
            for (at, image) in cuts.images(RANDOM_IMAGES, call).enumerate() {
                let survivor = SimStorage::from_image(image, call);
                continue_and_check(&survivor, &history, &context(at));
                images += 1;
            }
            let killed = SimStorage::from_image(sim.kill_image(), call);
            check(&open(&killed).unwrap(), &history.of_process(), &context(usize::MAX));
            images += 1;
        }
    }
    images
}

#[test]
fn a_crash_at_any_call_leaves_a_committed_state_r021() {
    let mut images = 0;
    for (name, script) in Script::scripted() {
        images += sweep(name, &script);
    }
    assert!(images > 1000, "only {images} images were looked at");
}

#[test]
fn a_crash_at_any_call_of_random_work_leaves_a_committed_state_r021() {
    let seeds: u64 = std::env::var("STORE_CRASH_SEEDS").map_or(2, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        sweep(&format!("seed {seed}"), &Script::random(seed, 24));
    }
}

#[test]
fn a_hundred_crashes_and_reopens_leave_the_files_as_long_as_before_r130() {
    let sim = SimStorage::new(7);
    let mut history = History::default();
    run(&sim, &Script::random(3, 60), &mut history).unwrap();
    let mut lengths = None;
    for round in 0..100 {
        let survivor = SimStorage::from_image(sim.kill_image(), round);
        let mut store = open(&survivor).unwrap();
        check(&store, &history, &format!("round {round}"));
        if round % 2 == 0 {
            let _ = store.close().unwrap();
        }
        let now: Vec<usize> = survivor.image().files.iter().map(Vec::len).collect();
        if round >= 2 {
            let before = lengths.get_or_insert_with(|| now.clone());
            assert!(now.iter().zip(before.iter()).all(|(now, before)| now <= before), "{now:?}");
        }
    }
    assert!(Geometry::TINY.validate().is_ok());
}

#[test]
fn the_same_work_writes_the_same_bytes_r020() {
    for seed in 0..8 {
        let images: Vec<_> = (0..2)
            .map(|run_number| {
                let sim = SimStorage::new(run_number);
                run(&sim, &Script::random(seed, 80), &mut History::default()).unwrap();
                sim.image()
            })
            .collect();
        assert_eq!(images[0].files, images[1].files, "seed {seed}");
    }
}

/// Goes on with what a crash left, and crashes again at every call of that: each time what had been
/// promised by then must be there. Returns how many images were looked at.
fn crash_again(first: &SimStorage, history: &History, seed: u64, context: &str) -> u64 {
    let mut images = 0;
    let begins = first.image();
    for call in 0.. {
        let sim = SimStorage::from_image(begins.clone(), call);
        let found = check(&open(&sim).unwrap(), history, context);
        sim.reset_counts();
        let mut history = History::from(history.states[found].clone());
        sim.crash_at(call, if seed.is_multiple_of(2) { When::Before } else { When::After });
        let ended = run(&sim, &Script::more(), &mut history).is_ok();
        let cuts = sim.power_cut(PowerCut::default());
        for image in [cuts.nothing_kept(), cuts.random(seed ^ call), cuts.random(!seed ^ call)] {
            let survivor = SimStorage::from_image(image, call);
            let context = format!("{context}, again at call {call}");
            let store = open(&survivor).unwrap_or_else(|error| panic!("{context}: {error:?}"));
            check(&store, &history, &context);
            images += 1;
        }
        if ended {
            return images;
        }
    }
    images
}

#[test]
fn a_crash_while_going_on_after_a_crash_leaves_a_committed_state_r021() {
    let seeds: u64 = std::env::var("STORE_CRASH_SEEDS").map_or(2, |seeds| seeds.parse().unwrap());
    let scripted = Script::scripted().into_iter().map(|(name, script)| (name.to_string(), script));
    let random = (0..seeds).map(|seed| (format!("seed {seed}"), Script::random(seed, 24)));
    let mut images = 0;
    for (name, script) in scripted.chain(random) {
        let dry = SimStorage::new(1);
        run(&dry, &script, &mut History::default()).unwrap();
        for call in 0..dry.counts().calls {
            let sim = SimStorage::new(call);
            sim.crash_at(call, When::After);
            let mut history = History::default();
            let _ = run(&sim, &script, &mut history);
            let image = sim.power_cut(PowerCut::default()).random(call);
            let context = format!("{name}, call {call}");
            images += crash_again(&SimStorage::from_image(image, call), &history, call, &context);
        }
    }
    assert!(images > 10_000, "only {images} images were looked at");
}

/// The process ends and the power stays on: what a new process reads back is at risk until it is
/// synced.
#[test]
fn what_a_new_process_builds_on_survives_a_loss_of_power_r021() {
    for (name, script) in Script::scripted() {
        let dry = SimStorage::new(1);
        run(&dry, &script, &mut History::default()).unwrap();
        for call in 0..dry.counts().calls {
            let context = format!("{name}, call {call}");
            let sim = SimStorage::new(call);
            sim.crash_at(call, When::After);
            let mut history = History::default();
            let _ = run(&sim, &script, &mut history);
            sim.restart();
            // The call at which the power would have gone counts as done: the process ended there.
            let found = check(&open(&sim).unwrap(), &history.of_process(), &context);
            let mut history = History::from(history.states[found].clone());
            run(&sim, &Script::more(), &mut history).unwrap();
            let cuts = sim.power_cut(PowerCut::default());
            for image in [cuts.nothing_kept(), cuts.random(call)] {
                let survivor = SimStorage::from_image(image, call);
                check(&open(&survivor).unwrap(), &history, &context);
            }
        }
    }
}

#[test]
fn numbers_of_lost_commits_are_never_given_out_again_r021() {
    let one =
        |n| Step::Group(vec![vec![(key(1, n), Some(vec![1; 20]))]], entidb::Durability::Relaxed);
    for closes in [false, true] {
        let sim = SimStorage::new(3);
        let mut seen = 0;
        let mut image = sim.image();
        for round in 0..12 {
            let sim = SimStorage::from_image(image, round);
            let mut store = open(&sim).unwrap();
            assert!(closes || store.visible_seq() <= seen);
            let mut host = store_script::Host::new(&sim, round);
            let mut history = History::from(store_script::state_of(&store));
            let before = seen;
            for n in 0..4 {
                host.run_step(&mut store, &one(n), &mut history).unwrap();
                assert!(store.visible_seq() > before, "round {round}");
                seen = seen.max(store.visible_seq());
            }
            if closes && round % 2 == 0 {
                let _ = store.close().unwrap();
            }
            image = sim.power_cut(PowerCut::default()).nothing_kept();
        }
    }
}

#[test]
fn closing_an_unchanged_database_changes_no_byte_r130() {
    for seed in 0..20 {
        let sim = SimStorage::new(seed);
        run(&sim, &Script::random(seed, 40), &mut History::default()).unwrap();
        let mut store = open(&sim).unwrap();
        let _ = store.close().unwrap();
        let image = sim.image();
        for _ in 0..3 {
            let _ = store.close().unwrap();
            store = open(&sim).unwrap();
            let _ = store.close().unwrap();
            assert_eq!(sim.image(), image, "seed {seed}");
        }
    }
}

/// Nobody was told of a database whose making was cut off, so that making it again must go well,
/// however often that is cut off too.
#[test]
fn a_database_whose_making_was_cut_off_twice_is_made_again_r021() {
    let make = |sim: &SimStorage, id: u8| {
        let options =
            Options { database_id: [id; 16], geometry: Geometry::TINY, ..Options::default() };
        Store::open(sim.clone(), &options).map(|_| ())
    };
    for seed in 0..3_000 {
        let mut image = SimStorage::new(1).image();
        for round in 0..3_u8 {
            let sim = SimStorage::from_image(image, seed);
            sim.crash_at((seed + u64::from(round) * 7) % 9, When::After);
            let _ = make(&sim, round);
            image = sim.power_cut(PowerCut::default()).random(seed * 3 + u64::from(round));
        }
        let sim = SimStorage::from_image(image, seed);
        open(&sim).unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
    }
}
