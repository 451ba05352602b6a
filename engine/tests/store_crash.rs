//! The store under power cuts and kills: every call that changes a file is a place to stop, and
//! what a disk could hold then must open as a state that was committed, with nothing acknowledged
//! missing.

mod store_script;

use entidb::Geometry;
use entidb::storage::fault::{PowerCut, SimStorage, When};
use store_script::{History, Script, check, continue_and_check, open, run};

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
            for (at, image) in cuts.images(RANDOM_IMAGES, call).into_iter().enumerate() {
                let survivor = SimStorage::from_image(image, call);
                continue_and_check(&survivor, &history, &context(at));
                images += 1;
            }
            let killed = SimStorage::from_image(sim.kill_image(), call);
            check(&open(&killed).unwrap(), &history, &context(usize::MAX));
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
    let seeds: u64 = std::env::var("STORE_CRASH_SEEDS").map_or(12, |seeds| seeds.parse().unwrap());
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
            store.close().unwrap();
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
