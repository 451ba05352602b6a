//! The head of the volume holds everything twice, and the first write after an open writes it once
//! more: the power may go while it does so, also where only one copy is left.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::Durability;
use entidb::storage::FileId;
use entidb::storage::fault::{Image, PowerCut, SimStorage, When};
use store_script::crash::open_and_check;
use store_script::{History, Script, Step, key, run};

const SUPERBLOCKS: [usize; 2] = [0, 4096];
const ROOTS_OFFSET: usize = 8192;
const SLOT_BYTES: usize = 4096;
const COPY_OFFSET: usize = 2048;
/// Bytes of the generation within a root, which every byte of its checksum depends on.
const GENERATION: usize = 8;

/// A database with a few commits, whose process ended.
fn made() -> (Image, History) {
    let sim = SimStorage::new(1);
    let mut history = History::default();
    let group = |n| Step::Group(vec![vec![(key(1, n), Some(vec![7; 40]))]], Durability::Strict);
    run(&sim, &Script(vec![group(1), Step::Flush, group(2), group(3)]), &mut history).unwrap();
    (sim.image(), history)
}

/// Where the copies of the root lie that counts.
fn roots(image: &Image) -> [usize; 2] {
    let volume = image.file(FileId::Volume);
    let generation = |slot: usize| {
        let at = ROOTS_OFFSET + slot * SLOT_BYTES + GENERATION;
        u64::from_le_bytes(volume[at..at + 8].try_into().unwrap())
    };
    let slot = usize::from(generation(1) > generation(0));
    let first = ROOTS_OFFSET + slot * SLOT_BYTES;
    [first, first + COPY_OFFSET]
}

/// Opens an image that has lost a copy, and goes on; the power goes at every call of the way until
/// there are as many copies as before. How many images of that were looked at.
fn go_on(image: &Image, history: &History, context: &str) -> u64 {
    let mut looked_at = 0;
    for call in 0.. {
        for when in [When::Before, When::After] {
            let sim = SimStorage::from_image(image.clone(), call);
            let context = format!("{context}, {when:?} call {call}");
            let (store, found) = open_and_check(&sim, history, &context);
            drop(store);
            let mut history = history.survive(found);
            sim.reset_counts();
            sim.crash_at(call, when);
            let ended = run(&sim, &Script::more(), &mut history).is_ok();
            for image in sim.power_cut(PowerCut::default()).images(24, call) {
                open_and_check(&SimStorage::from_image(image, 1), &history, &context);
                looked_at += 1;
            }
            if ended {
                return looked_at;
            }
        }
    }
    looked_at
}

#[test]
fn the_only_sound_copy_of_a_head_is_not_written_before_the_other() {
    let (image, history) = made();
    let [first, second] = roots(&image);
    let copies = [SUPERBLOCKS[0], SUPERBLOCKS[1], first, second];
    for copy in copies {
        let mut damaged = image.clone();
        damaged.file_mut(FileId::Volume)[copy + 20] ^= 1;
        let looked_at = go_on(&damaged, &history, &format!("without the copy at {copy}"));
        assert!(looked_at > 500, "{looked_at} images");
    }
}
