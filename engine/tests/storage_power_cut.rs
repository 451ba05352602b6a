//! The simulated storage can lose, keep, tear and reorder what was not synced, and nothing else.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::collections::HashSet;

use entidb::storage::fault::{Image, PIECES_EXHAUSTIVE_MAX, PowerCut, SimStorage, When};
use entidb::storage::{FileId, Read, Storage, Synced};
use entidb::{Durability, ErrorKind};

const WHOLE: PowerCut =
    PowerCut { sector_bytes: 512, tear_bytes: 512, garbage: false, stale: false };

fn sync(sim: &SimStorage, file: FileId) {
    assert_eq!(sim.sync(file, Durability::Strict).unwrap(), Synced::Done);
}

/// A volume of `len` synced bytes 1.
fn synced(len: usize) -> SimStorage {
    let sim = SimStorage::new(1);
    sim.write_at(FileId::Volume, 0, &vec![1; len]).unwrap();
    sync(&sim, FileId::Volume);
    sim
}

fn volume(image: &Image) -> &[u8] {
    image.file(FileId::Volume)
}

#[test]
fn only_a_strict_sync_of_the_same_file_makes_durable() {
    let sim = SimStorage::new(1);
    for file in FileId::ALL {
        sim.write_at(file, 0, b"bytes").unwrap();
    }
    assert_eq!(sim.sync(FileId::Volume, Durability::Relaxed).unwrap(), Synced::Done);
    assert_eq!(sim.durable_image(), Image::default());
    sync(&sim, FileId::LogA);
    for file in FileId::ALL {
        let expected: &[u8] = if file == FileId::LogA { b"bytes" } else { b"" };
        assert_eq!(sim.durable_image().file(file), expected, "{file:?}");
        assert_eq!(sim.kill_image().file(file), b"bytes", "{file:?}");
    }
}

#[test]
fn every_subset_of_the_sectors_can_remain() {
    let sim = synced(4 * 512);
    for sector in 0..4_u8 {
        sim.write_at(FileId::Volume, u64::from(sector) * 512, &[2; 512]).unwrap();
    }
    let cuts = sim.power_cut(WHOLE);
    assert_eq!(cuts.at_risk(), 4);
    let found: HashSet<Vec<u8>> = cuts
        .images(0, 0)
        .map(|image| volume(&image).chunks(512).map(|sector| sector[0]).collect())
        .collect();
    // All sixteen: also those that have a later write and lack an earlier one.
    assert_eq!(found.len(), 16);
    assert!(found.contains(&vec![1, 1, 1, 2]) && found.contains(&vec![2, 2, 2, 2]));
    assert_eq!(volume(&cuts.nothing_kept()), vec![1; 2048]);
    assert_eq!(cuts.everything_kept(), sim.image());
}

#[test]
fn a_write_is_split_at_the_sectors_of_the_medium() {
    let sim = synced(4096 * 3);
    sim.write_at(FileId::Volume, 500, &[2; 600]).unwrap();
    assert_eq!(sim.power_cut(WHOLE).at_risk(), 3);
    let large = PowerCut { sector_bytes: 4096, ..WHOLE };
    assert_eq!(sim.power_cut(large).at_risk(), 1);
    let middle = sim.power_cut(WHOLE).subset(|piece| piece == 1);
    let expected = [vec![1; 512], vec![2; 512], vec![1; 4096 * 3 - 1024]].concat();
    assert_eq!(volume(&middle), expected);
}

#[test]
fn files_are_lost_independently_of_order() {
    let sim = SimStorage::new(1);
    for file in FileId::ALL {
        sim.set_len(file, 512).unwrap();
        sync(&sim, file);
        sim.write_at(file, 0, &[7; 512]).unwrap();
    }
    let found: HashSet<[u8; 3]> =
        sim.power_cut(WHOLE).images(0, 0).map(|i| FileId::ALL.map(|f| i.file(f)[0])).collect();
    assert_eq!(found.len(), 8);
    assert!(found.contains(&[0, 0, 7]));
}

#[test]
fn length_lags_behind_the_data_and_leads_it() {
    let sim = synced(512);
    sim.write_at(FileId::Volume, 512, &[2; 512]).unwrap();
    let found: HashSet<Vec<u8>> =
        sim.power_cut(WHOLE).images(0, 0).map(|i| volume(&i).to_vec()).collect();
    let old = vec![1; 512];
    let led = [vec![1; 512], vec![0; 512]].concat();
    let new = [vec![1; 512], vec![2; 512]].concat();
    assert_eq!(found, HashSet::from([old, led, new]));
}

#[test]
fn a_lost_cut_leaves_stale_bytes_and_a_kept_one_zeros() {
    let sim = synced(1000);
    sim.set_len(FileId::Volume, 10).unwrap();
    sim.set_len(FileId::Volume, 1000).unwrap();
    let cuts = sim.power_cut(WHOLE);
    assert_eq!(volume(&cuts.subset(|piece| piece == 1)), vec![1; 1000]);
    assert_eq!(volume(&cuts.subset(|piece| piece == 0)), vec![1; 10]);
    assert_eq!(volume(&cuts.everything_kept()), [vec![1; 10], vec![0; 990]].concat());
}

#[test]
fn pieces_tear_at_the_chosen_granularity_with_and_without_garbage() {
    let sim = synced(512);
    sim.write_at(FileId::Volume, 0, &[2; 512]).unwrap();
    let boundaries = |model: PowerCut| {
        let mut offsets = HashSet::new();
        let mut garbage = 0;
        for image in sim.power_cut(model).images(8_000, 9).skip(2) {
            let bytes = volume(&image);
            offsets.extend((1..512).filter(|i| bytes[i - 1] != bytes[*i]));
            garbage += usize::from(bytes.iter().any(|b| !(1..=2).contains(b)));
        }
        (offsets, garbage)
    };
    let (offsets, garbage) = boundaries(PowerCut { tear_bytes: 1, ..WHOLE });
    assert!(offsets.len() > 500, "any byte can be a boundary: {}", offsets.len());
    assert_eq!(garbage, 0);
    let (offsets, garbage) = boundaries(PowerCut { tear_bytes: 128, ..WHOLE });
    assert_eq!(offsets, HashSet::from([128, 256, 384]));
    assert_eq!(garbage, 0);
    let (offsets, _) = boundaries(WHOLE);
    assert_eq!(offsets, HashSet::new());
    let (_, garbage) = boundaries(PowerCut::default());
    assert!(garbage > 100, "garbage is common: {garbage}");
}

#[test]
fn bytes_that_no_unsynced_write_covers_never_change() {
    let sim = synced(3000);
    sim.write_at(FileId::Volume, 700, &[2; 900]).unwrap();
    sim.write_at(FileId::Volume, 2000, &[3; 10]).unwrap();
    for image in sim.power_cut(PowerCut::default()).images(3_000, 4) {
        let bytes = volume(&image);
        assert_eq!(bytes.len(), 3000);
        for range in [0..700, 1600..2000, 2010..3000] {
            assert!(bytes[range].iter().all(|b| *b == 1));
        }
    }
}

#[test]
fn many_pieces_are_drawn_and_include_nothing_everything_and_mixtures() {
    let sim = SimStorage::new(1);
    for file in FileId::ALL {
        sim.set_len(file, 64 * 512).unwrap();
        sync(&sim, file);
        sim.write_at(file, 0, &vec![5; 64 * 512]).unwrap();
    }
    let cuts = sim.power_cut(WHOLE);
    assert!(cuts.at_risk() > PIECES_EXHAUSTIVE_MAX);
    let kept =
        |image: &Image, file| image.file(file).chunks(512).filter(|sector| sector[0] == 5).count();
    let images: Vec<[usize; 3]> =
        cuts.images(300, 7).map(|i| FileId::ALL.map(|f| kept(&i, f))).collect();
    assert_eq!(images.len(), 302);
    assert_eq!(images[0], [0; 3]);
    assert_eq!(images[1], [64; 3]);
    let whole_beside_nothing = |k: &[usize; 3]| k.contains(&0) && k.contains(&64);
    assert!(images.iter().skip(2).any(whole_beside_nothing));
    assert!(images.iter().any(|k| k.iter().all(|n| (1..64).contains(n))));
    let distinct: HashSet<_> = cuts.images(300, 7).map(|i| i.files).collect();
    assert!(distinct.len() > 200, "{}", distinct.len());
}

/// A scripted history with every kind of change.
fn history(seed: u64) -> SimStorage {
    let sim = SimStorage::new(seed);
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..200 {
        let file = FileId::ALL[rng.usize(..3)];
        match rng.u8(..10) {
            0..7 => {
                let bytes = vec![rng.u8(..); rng.usize(..2000)];
                sim.write_at(file, rng.u64(..20_000), &bytes).unwrap();
            }
            7 => sim.set_len(file, rng.u64(..20_000)).unwrap(),
            _ => sync(&sim, file),
        }
    }
    sim
}

#[test]
fn the_same_seed_gives_the_same_images_and_another_seed_others() {
    for seed in 0..20 {
        let run = |image_seed| -> Vec<Image> {
            history(seed).power_cut(PowerCut::default()).images(20, image_seed).collect()
        };
        assert!(run(3) == run(3), "seed {seed}");
        assert!(run(3) != run(4), "seed {seed}");
    }
}

#[test]
fn keeping_everything_is_the_live_image_and_nothing_the_durable_one() {
    for seed in 0..200 {
        let sim = history(seed);
        let cuts = sim.power_cut(PowerCut::default());
        assert!(cuts.everything_kept() == sim.image(), "seed {seed}");
        assert!(cuts.nothing_kept() == sim.durable_image(), "seed {seed}");
        for file in FileId::ALL {
            sync(&sim, file);
        }
        assert!(sim.durable_image() == sim.image(), "seed {seed}");
        assert_eq!(sim.power_cut(PowerCut::default()).images(50, 0).count(), 1);
    }
}

#[test]
fn the_power_goes_before_or_after_any_call_and_stays_off() {
    for n in 0..3 {
        for when in [When::Before, When::After] {
            let sim = SimStorage::new(1);
            sim.crash_at(n, when);
            let calls: [&dyn Fn() -> Result<(), entidb::Error>; 3] = [
                &|| sim.write_at(FileId::LogA, 0, b"frame"),
                &|| sim.set_len(FileId::Volume, 10),
                &|| sim.sync(FileId::LogA, Durability::Strict).map(|_| ()),
            ];
            for (i, call) in (0..).zip(calls) {
                assert_eq!(call().is_ok(), i < n, "call {i} of a crash at {n}");
            }
            assert!(sim.is_off());
            let error = sim.len(FileId::Volume).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io);
            assert!(error.message().contains("the power is off"), "{error}");
            assert!(sim.read_at(FileId::LogA, 0, &mut [0; 5]).is_err());
            let done = n + u64::from(when == When::After);
            let live = sim.image();
            assert_eq!(live.file(FileId::LogA).len(), if done > 0 { 5 } else { 0 });
            assert_eq!(live.file(FileId::Volume).len(), if done > 1 { 10 } else { 0 });
            assert_eq!(sim.durable_image().file(FileId::LogA).is_empty(), done < 3);
        }
    }
}

#[test]
fn bytes_read_back_after_a_restart_are_still_at_risk() {
    let sim = synced(512);
    sim.write_at(FileId::Volume, 0, &[2; 512]).unwrap();
    sim.crash_at(0, When::Before);
    assert!(sim.write_at(FileId::Volume, 0, &[9]).is_err());
    sim.restart();
    assert!(!sim.is_off());
    let mut buf = [0; 512];
    assert_eq!(sim.read_at(FileId::Volume, 0, &mut buf).unwrap(), Read::Done);
    assert_eq!(buf, [2; 512]);
    assert_eq!(volume(&sim.power_cut(WHOLE).nothing_kept()), [1; 512]);
    sync(&sim, FileId::Volume);
    assert_eq!(volume(&sim.power_cut(WHOLE).nothing_kept()), [2; 512]);
}

#[test]
fn a_length_without_its_data_can_show_what_the_medium_held_before() {
    let stale = PowerCut { stale: true, ..WHOLE };
    let mut found = HashSet::new();
    for seed in 0..200 {
        let sim = synced(512);
        sim.write_at(FileId::Volume, 512, &[2; 512]).unwrap();
        for (model, may_be_stale) in [(stale, true), (WHOLE, false)] {
            let image = sim.power_cut(model).random(seed);
            let bytes = volume(&image);
            assert_eq!(bytes[..512], [1; 512], "durable bytes never change");
            if bytes.len() == 1024 && bytes[512] != 2 {
                let is_stale = bytes[512..].iter().any(|byte| *byte != 0);
                assert!(may_be_stale || !is_stale);
                found.insert(is_stale);
            }
        }
    }
    assert_eq!(found.len(), 2, "zeros in some images, stale bytes in others");
}

#[test]
fn a_file_can_be_found_missing_and_the_logs_under_each_others_names() {
    let image = Image { files: [vec![1], vec![2], vec![3]] };
    let files = |image: Image| image.files;
    assert_eq!(files(image.clone().without(FileId::LogA)), [vec![1], vec![], vec![3]]);
    assert_eq!(files(image.with_logs_swapped()), [vec![1], vec![3], vec![2]]);
    assert_eq!(FileId::ALL[1], FileId::LogA);
}
