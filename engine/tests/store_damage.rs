//! Damaged files: a store either gives what it held, or says `Corrupt` and where; never anything
//! else.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::storage::FileId;
use entidb::storage::fault::{Image, SimStorage};
use entidb::{Durability, ErrorKind, Geometry, Options, Result};
use store_script::{
    History, Host, RETIRED_PREFIX, Script, State, Step, key, open, run, try_state_of,
};

/// Every so many bytes one is flipped; 1 for all of them.
fn stride() -> usize {
    std::env::var("STORE_DAMAGE_STRIDE").map_or(3, |stride| stride.parse().unwrap())
}

/// A small database with data in segments of two levels, in both logs, and a catalog.
fn script() -> Script {
    let put = |n: u32, len: usize| (key(1, n), Some(vec![n.to_le_bytes()[0]; len]));
    let group = |n: u32| Step::Group(vec![vec![put(n, 120), put(n + 50, 9)]], Durability::Strict);
    Script(vec![
        group(1),
        Step::Catalog(b"a catalog".to_vec(), vec![RETIRED_PREFIX.to_vec()]),
        Step::Large(vec![(20..40).map(|n| put(n, 200)).collect()]),
        group(2),
        Step::Flush,
        group(3),
    ])
}

fn made(closed: bool) -> (Image, State) {
    let sim = SimStorage::new(1);
    let mut host = Host::new(&sim, 1);
    let mut history = History::default();
    let mut store = host.open().unwrap();
    for step in &script().0 {
        host.run_step(&mut store, step, &mut history).unwrap();
    }
    if closed {
        let _ = store.close().unwrap();
    }
    (sim.image(), history.states.last().unwrap().clone())
}

fn read(image: Image) -> Result<State> {
    open(&SimStorage::from_image(image, 1)).and_then(|store| try_state_of(&store))
}

/// The state without its last commit, which a log cannot tell from one that was never finished.
fn without_last() -> State {
    let sim = SimStorage::new(1);
    let mut history = History::default();
    run(&sim, &script(), &mut history).unwrap();
    history.states[history.states.len() - 2].clone()
}

/// What a damaged image may give, and how often it gave what.
#[derive(Debug, Default)]
struct Tally {
    same: u64,
    corrupt: u64,
    tail_dropped: u64,
}

impl Tally {
    fn check(&mut self, image: Image, whole: &State, without_tail: Option<&State>, context: &str) {
        match read(image) {
            Ok(state) if state == *whole => self.same += 1,
            Ok(state) if Some(&state) == without_tail => self.tail_dropped += 1,
            Ok(_) => panic!("{context}: wrong data"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{context}: {error:?}");
                let details = error.details();
                assert!(details.file.is_some() && details.offset.is_some(), "{context}: {error:?}");
                self.corrupt += 1;
            }
        }
    }
}

#[test]
fn a_flipped_byte_of_a_closed_database_is_noticed_or_harmless() {
    let (image, state) = made(true);
    let mut tally = Tally::default();
    for file in FileId::ALL {
        for at in (0..image.file(file).len()).step_by(stride()) {
            let mut damaged = image.clone();
            damaged.file_mut(file)[at] ^= 1 << (at % 8);
            tally.check(damaged, &state, None, &format!("{} byte {at}", file.name()));
        }
    }
    println!("{tally:?}");
    assert!(tally.corrupt > 0 && tally.same > 0);
}

#[test]
fn a_flipped_byte_after_a_kill_loses_at_most_the_last_frame() {
    let (image, state) = made(false);
    let without_tail = without_last();
    let mut tally = Tally::default();
    for file in FileId::ALL {
        for at in (0..image.file(file).len()).step_by(stride()) {
            let mut damaged = image.clone();
            damaged.file_mut(file)[at] ^= 0x80 >> (at % 8);
            let tail = (file != FileId::Volume).then_some(&without_tail);
            tally.check(damaged, &state, tail, &format!("{} byte {at}", file.name()));
        }
    }
    println!("{tally:?}");
    assert!(tally.corrupt > 0 && tally.same > 0 && tally.tail_dropped > 0);
}

#[test]
fn a_sector_of_zeros_or_of_another_place_is_noticed_or_harmless() {
    let without_tail = without_last();
    for closed in [false, true] {
        let (image, state) = made(closed);
        let mut tally = Tally::default();
        for file in FileId::ALL {
            let len = image.file(file).len();
            let sectors = len / 512;
            for sector in 0..sectors {
                let range = sector * 512..sector * 512 + 512;
                let mut zeroed = image.clone();
                zeroed.file_mut(file)[range.clone()].fill(0);
                let tail = (!closed && file != FileId::Volume).then_some(&without_tail);
                let context = format!("{} sector {sector}, closed {closed}", file.name());
                tally.check(zeroed, &state, tail, &context);
                let other = (sector * 7 + 3) % sectors * 512;
                let mut moved = image.clone();
                let bytes = image.file(file)[other..other + 512].to_vec();
                moved.file_mut(file)[range].copy_from_slice(&bytes);
                tally.check(moved, &state, tail, &context);
            }
        }
        println!("closed {closed}: {tally:?}");
    }
}

#[test]
fn a_slot_of_4_kib_that_is_lost_never_takes_a_commit_along() {
    let put = |n: u32| (key(1, n), Some(vec![7; 200]));
    let large = |from: u32| Step::Large(vec![(from..from + 20).map(put).collect()]);
    for steps in [vec![large(0)], vec![large(0), Step::Flush, large(9)], script().0] {
        let sim = SimStorage::new(1);
        let mut host = Host::new(&sim, 1);
        let mut history = History::default();
        let mut store = host.open().unwrap();
        for step in &steps {
            host.run_step(&mut store, step, &mut history).unwrap();
        }
        for slot in 0..4 {
            let mut image = sim.image();
            image.file_mut(FileId::Volume)[slot * 4096..(slot + 1) * 4096].fill(0);
            let state = history.states.last().unwrap();
            Tally::default().check(image, state, None, &format!("slot {slot}"));
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_is_noticed_or_harmless() {
    let without_tail = without_last();
    for closed in [false, true] {
        let (image, state) = made(closed);
        let mut tally = Tally::default();
        for file in FileId::ALL {
            let len = image.file(file).len();
            for cut in (0..len).step_by(97).chain([1, len - 1]) {
                let mut damaged = image.clone();
                damaged.file_mut(file).truncate(cut);
                let tail = (!closed && file != FileId::Volume).then_some(&without_tail);
                let context = format!("{} cut to {cut}, closed {closed}", file.name());
                tally.check(damaged, &state, tail, &context);
            }
        }
        println!("closed {closed}: {tally:?}");
    }
}

#[test]
fn a_known_database_is_never_taken_for_a_new_one() {
    for closed in [false, true] {
        let (image, state) = made(closed);
        let mut superblocks = image.clone();
        superblocks.file_mut(FileId::Volume)[..8192].fill(0);
        assert_eq!(read(superblocks.clone()).unwrap_err().kind(), ErrorKind::Corrupt);
        superblocks.file_mut(FileId::LogA).clear();
        superblocks.file_mut(FileId::LogB).clear();
        assert_eq!(read(superblocks).unwrap_err().kind(), ErrorKind::Corrupt);
        let mut volume = image.clone();
        volume.file_mut(FileId::Volume).clear();
        assert_eq!(read(volume).unwrap_err().kind(), ErrorKind::Corrupt);
        let mut junk = image.clone();
        junk.file_mut(FileId::Volume).iter_mut().for_each(|byte| *byte = 0x5a);
        assert_eq!(read(junk).unwrap_err().kind(), ErrorKind::Corrupt);
        let mut swapped = image.clone();
        swapped.files.swap(1, 2);
        assert_eq!(read(swapped).unwrap(), state, "names of logs mean nothing");
        for file in [FileId::LogA, FileId::LogB] {
            let mut lost = image.clone();
            lost.file_mut(file).clear();
            Tally::default().check(lost, &state, None, file.name());
        }
    }
}

#[test]
fn files_of_another_database_are_noticed() {
    let (image, _) = made(false);
    let options = Options {
        database_id: *b"another database",
        geometry: Geometry::TINY,
        ..Options::default()
    };
    let other = SimStorage::new(1);
    let mut store = entidb::kv::Store::open(other.clone(), &options).unwrap();
    let mut batch = entidb::kv::Batch::new();
    batch.put(&key(1, 1), b"other").unwrap();
    let _ = store.stage(&batch).unwrap();
    let _ = store.commit(Durability::Strict).unwrap();
    for file in FileId::ALL {
        let mut mixed = image.clone();
        *mixed.file_mut(file) = other.image().file(file).to_vec();
        match read(mixed) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt, "{}", file.name()),
            // The other database never used this log: nothing is in it.
            Ok(_) => assert!(other.image().file(file).iter().all(|byte| *byte == 0), "{file:?}"),
        }
    }
}

/// Each file as it was at an earlier moment, beside the others as they are now.
#[test]
fn an_old_copy_of_a_file_is_noticed_or_harmless() {
    for seed in 0..12 {
        let sim = SimStorage::new(1);
        let mut host = Host::new(&sim, 1);
        let mut history = History::default();
        let mut store = host.open().unwrap();
        let mut images = Vec::new();
        for step in &Script::random(seed, 30).0 {
            host.run_step(&mut store, step, &mut history).unwrap();
            images.push(sim.image());
        }
        drop(store);
        let last = images.pop().unwrap();
        let now = read(last.clone()).unwrap();
        for (at, old) in images.iter().enumerate() {
            for file in [FileId::LogA, FileId::LogB] {
                let mut mixed = last.clone();
                *mixed.file_mut(file) = old.file(file).to_vec();
                match read(mixed) {
                    Ok(state) => assert!(
                        state == now || history.find(&state).is_some(),
                        "seed {seed}, {} as after step {at}",
                        file.name()
                    ),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}"),
                }
            }
        }
    }
}
