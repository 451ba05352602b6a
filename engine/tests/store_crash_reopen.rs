//! What files hold after processes that ended in the middle, whether or not the power went with
//! them: files that lost their names, syncs that lied, lengths, numbers, and bytes that a process
//! has merely read.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::kv::Store;
use entidb::storage::FileId;
use entidb::storage::fault::{Fault, PowerCut, Repeat, SimStorage, When};
use entidb::{Durability, ErrorKind, Geometry, Options};
use store_script::crash::{calls_of, crashed, open_and_check};
use store_script::{History, Host, Script, Step, Workload, check, key, open, run, try_state_of};

/// A name that was never made durable: its file is missing, empty, or stands under the name of
/// another. Whatever is answered then is right, and it is never a new database over a known one.
#[test]
fn a_file_that_lost_its_name_is_harmless_or_noticed_r021() {
    let mut answers = [0_u64; 2];
    for (workload, call) in crash_points() {
        let (sim, history) = crashed(&workload.script, call, When::After);
        let left = sim.kill_image();
        let whole = open(&SimStorage::from_image(left.clone(), 1)).unwrap();
        let is_known = !whole.created() && history.acknowledged > 0;
        let missing = FileId::ALL.map(|file| left.clone().without(file));
        let both = left.clone().without(FileId::LogA).without(FileId::LogB);
        let images = missing.into_iter().chain([both, left.clone().with_logs_swapped()]);
        // Before the first log there is nothing beside the volume that could be known by.
        let has_log = left.file(FileId::LogA).len() + left.file(FileId::LogB).len() > 0;
        for (n, image) in images.enumerate().skip(usize::from(!has_log)) {
            let context = format!("{}: call {call}, image {n}", workload.name);
            let survivor = SimStorage::from_image(image, call);
            match open(&survivor).and_then(|store| Ok((try_state_of(&store)?, store.created()))) {
                Ok((state, created)) => {
                    let found = history.find(&state);
                    let promised = history.of_process().strict;
                    assert!(found.is_some_and(|found| found >= promised), "{context}");
                    assert!(!(created && is_known), "{context}: a new database over a known one");
                    answers[0] += 1;
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "{context}: {error}");
                    answers[1] += 1;
                }
            }
        }
    }
    assert!(answers.iter().all(|count| *count > 1000), "{answers:?}");
    print_images(answers.iter().sum());
}

/// Tells the scripts that count what tests try.
fn print_images(images: u64) {
    println!("reliability {{\"images\":{images}}}");
}

/// Every call of every scripted workload.
fn crash_points() -> impl Iterator<Item = (Workload, u64)> {
    Workload::scripted().into_iter().flat_map(|workload| {
        let calls = calls_of(&workload);
        (0..calls).map(move |call| (workload.clone(), call))
    })
}

/// A platform whose syncs say that they are done and do nothing, as in private windows: a kill
/// takes nothing, and what a loss of power leaves is a state of the past or noticed.
#[test]
fn under_syncs_that_do_nothing_a_kill_takes_nothing_and_nothing_is_made_up_r021() {
    let mut answers = [0_u64; 2];
    for workload in Workload::scripted() {
        let calls = calls_of(&workload);
        for call in 0..calls {
            let context = format!("{}: call {call}", workload.name);
            let sim = SimStorage::new(call);
            sim.fail_at(0, Fault::SyncLies, Repeat::Forever);
            sim.crash_at(call, When::After);
            let mut history = History::default();
            let _ = run(&sim, &workload.script, &mut history);
            let killed = SimStorage::from_image(sim.kill_image(), 1);
            open_and_check(&killed, &history.of_process(), &context);
            let lost = sim.power_cut(PowerCut::default()).random(call);
            let survivor = SimStorage::from_image(lost, 1);
            match open(&survivor).and_then(|store| try_state_of(&store)) {
                Ok(state) => {
                    assert!(history.find(&state).is_some(), "{context}: no state of the run");
                    answers[0] += 1;
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "{context}: {error}");
                    answers[1] += 1;
                }
            }
        }
    }
    assert!(answers.iter().all(|count| *count > 100), "{answers:?}");
    print_images(2 * answers.iter().sum::<u64>());
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
}

/// Each life overwrites the same keys and ends by a loss of power, a kill or a close. What is there
/// is never more than what a few lives leave.
#[test]
fn a_hundred_lives_that_overwrite_the_same_keys_need_no_more_room_than_a_few_r130() {
    for ending in [Ending::Cut, Ending::Kill, Ending::Close] {
        let mut image = SimStorage::new(1).image();
        let mut history = History::default();
        let mut peaks = [0, 0];
        for round in 0..100 {
            let sim = SimStorage::from_image(image, round);
            let (store, found) = open_and_check(&sim, &history, &format!("{ending:?} {round}"));
            drop(store);
            history = history.survive(found);
            let commit = |n: u32| {
                let round = u8::try_from(round).unwrap();
                let writes = (0..8).map(|k| (key(1, n % 2 + k * 2), Some(vec![round; 120])));
                Step::Group(vec![writes.collect()], Durability::Strict)
            };
            let mut steps: Vec<_> = (0..6).map(commit).collect();
            steps.push(if ending == Ending::Close { Step::Close } else { Step::Work(1 << 20) });
            run(&sim, &Script(steps), &mut history).unwrap();
            image = match ending {
                Ending::Cut => sim.power_cut(PowerCut::default()).random(round),
                Ending::Kill | Ending::Close => sim.kill_image(),
            };
            let peak = &mut peaks[usize::from(round >= 30)];
            *peak = image.total_len().max(*peak);
        }
        assert!(peaks[1] <= peaks[0], "{ending:?}: {peaks:?}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Cut,
    Kill,
    Close,
}

/// The process ends and the power stays on: what a new process reads back is at risk until it is
/// synced.
#[test]
fn what_a_new_process_builds_on_survives_a_loss_of_power_r021() {
    let mut images = 0;
    for (workload, call) in crash_points() {
        let context = format!("{}: call {call}", workload.name);
        let (sim, history) = crashed(&workload.script, call, When::After);
        sim.restart();
        // The call at which the power would have gone counts as done: the process ended there.
        let (_, found) = open_and_check(&sim, &history.of_process(), &context);
        let mut history = history.survive(found);
        run(&sim, &Script::more(), &mut history).unwrap();
        let cuts = sim.power_cut(PowerCut::default());
        for image in [cuts.nothing_kept(), cuts.random(call)] {
            open_and_check(&SimStorage::from_image(image, call), &history, &context);
            images += 1;
        }
    }
    print_images(images);
}

#[test]
fn numbers_of_lost_commits_are_never_given_out_again_r021() {
    let one = |n| Step::Group(vec![vec![(key(1, n), Some(vec![1; 20]))]], Durability::Relaxed);
    for closes in [false, true] {
        let sim = SimStorage::new(3);
        let mut seen = 0;
        let mut image = sim.image();
        for round in 0..12 {
            let sim = SimStorage::from_image(image, round);
            let mut store = open(&sim).unwrap();
            assert!(closes || store.visible_seq() <= seen);
            let mut host = Host::new(&sim, round);
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
