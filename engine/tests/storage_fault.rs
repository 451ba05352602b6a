//! The simulated storage fails the calls it was told to fail, in the way it was told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use entidb::storage::fault::{Fault, Image, PowerCut, Repeat, Reread, SimStorage};
use entidb::storage::{Barrier, FileId, Read, Storage, Synced};
use entidb::{Durability, ErrorKind, Result};

const FILE: FileId = FileId::Volume;
const OTHER: FileId = FileId::LogA;

fn strict(sim: &SimStorage, file: FileId) -> Result<Synced> {
    sim.sync(file, Durability::Strict)
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

fn bytes(sim: &SimStorage, len: usize) -> Vec<u8> {
    let mut buf = vec![0; len];
    assert_eq!(sim.read_at(FILE, 0, &mut buf).unwrap(), Read::Done);
    buf
}

/// Synced ones, and over them twos at risk.
fn overwritten() -> SimStorage {
    let sim = SimStorage::new(5);
    sim.write_at(FILE, 0, &[1; 2048]).unwrap();
    let _ = strict(&sim, FILE).unwrap();
    sim.write_at(FILE, 0, &[2; 2048]).unwrap();
    sim.write_at(OTHER, 0, &[2; 16]).unwrap();
    sim.reset_counts();
    sim
}

#[test]
fn a_fault_happens_once_or_forever_and_to_the_calls_it_fits() {
    let sim = SimStorage::new(1);
    sim.fail_at(1, Fault::Io, Repeat::Once);
    sim.write_at(FILE, 0, b"a").unwrap();
    assert_eq!(kind(sim.write_at(FILE, 1, b"b")), ErrorKind::Io);
    assert_eq!(sim.len(FILE).unwrap(), 1);
    sim.write_at(FILE, 1, b"b").unwrap();

    sim.fail_at(0, Fault::Quota, Repeat::Forever);
    assert!(strict(&sim, FILE).is_ok(), "a sync needs no room");
    for _ in 0..3 {
        assert_eq!(kind(sim.write_at(FILE, 0, b"c")), ErrorKind::QuotaExceeded);
        assert_eq!(kind(sim.set_len(OTHER, 5)), ErrorKind::QuotaExceeded);
    }
    assert_eq!(bytes(&sim, 2), b"ab");
    sim.heal();
    sim.write_at(FILE, 0, b"c").unwrap();
}

#[test]
fn a_short_write_leaves_its_first_half() {
    let sim = overwritten();
    sim.fail_at(0, Fault::ShortWrite, Repeat::Once);
    assert_eq!(kind(sim.write_at(FILE, 100, &[3; 100])), ErrorKind::Io);
    let found = bytes(&sim, 2048);
    assert!(found[100..150].iter().all(|b| *b == 3));
    assert!(found[150..].iter().all(|b| *b == 2));
}

#[test]
fn a_misdirected_write_lands_elsewhere_and_says_nothing() {
    let sim = overwritten();
    sim.fail_at(0, Fault::Misdirected { offset: 1000 }, Repeat::Once);
    sim.write_at(FILE, 0, &[3; 10]).unwrap();
    let found = bytes(&sim, 2048);
    assert!(found[1000..1010].iter().all(|b| *b == 3));
    assert!(found[..1000].iter().all(|b| *b == 2));
}

#[test]
fn a_failed_sync_loses_pages_that_later_syncs_believe_clean() {
    let mut outcomes = std::collections::HashSet::new();
    for seed in 0..50 {
        for reread in [Reread::Old, Reread::New] {
            let start = Image { files: [vec![1; 2048], Vec::new(), Vec::new()] };
            let sim = SimStorage::from_image(start, seed);
            sim.write_at(FILE, 0, &[2; 2048]).unwrap();
            sim.write_at(OTHER, 0, &[2; 16]).unwrap();
            sim.fail_at(0, Fault::SyncFails { reread }, Repeat::Once);
            assert_eq!(kind(strict(&sim, FILE)), ErrorKind::Io);
            let durable = sim.durable_image().file(FILE).to_vec();
            match reread {
                Reread::New => assert_eq!(bytes(&sim, 2048), [2; 2048]),
                Reread::Old => assert_eq!(bytes(&sim, 2048), durable),
            }
            assert_eq!(strict(&sim, FILE).unwrap(), Synced::Done);
            assert_eq!(sim.durable_image().file(FILE), durable, "the retry wrote nothing");
            assert_eq!(sim.power_cut(PowerCut::default()).everything_kept().file(FILE), durable);
            assert_eq!(sim.image().file(OTHER), [2; 16], "the other file is not concerned");
            outcomes.insert(durable.contains(&2));
        }
    }
    assert_eq!(outcomes.len(), 2, "something reached the medium in some runs, nothing in others");
}

#[test]
fn a_sync_that_lies_makes_nothing_durable() {
    let sim = overwritten();
    sim.fail_at(0, Fault::SyncLies, Repeat::Once);
    assert_eq!(strict(&sim, FILE).unwrap(), Synced::Done);
    assert_eq!(sim.durable_image().file(FILE), [1; 2048]);
    assert_eq!(strict(&sim, FILE).unwrap(), Synced::Done);
    assert_eq!(sim.durable_image().file(FILE), [2; 2048]);
}

#[test]
fn the_quota_refuses_growth_of_the_three_files_together_and_nothing_else() {
    let sim = SimStorage::new(1);
    sim.write_at(FILE, 0, &[1; 60]).unwrap();
    sim.set_quota(Some(100));
    sim.write_at(OTHER, 0, &[1; 40]).unwrap();
    for result in [sim.write_at(FILE, 55, &[2; 6]), sim.set_len(OTHER, 41)] {
        assert_eq!(kind(result), ErrorKind::QuotaExceeded);
    }
    assert_eq!(bytes(&sim, 60), [1; 60], "a refused write wrote nothing");
    sim.write_at(FILE, 50, &[2; 10]).unwrap();
    assert!(strict(&sim, FILE).is_ok());
    sim.set_len(FILE, 50).unwrap();
    sim.set_len(OTHER, 50).unwrap();
    sim.set_quota(None);
    sim.set_len(OTHER, 500).unwrap();
}

#[test]
fn reads_fail_and_flip_bits_where_they_were_told_to() {
    let sim = overwritten();
    sim.fail_reads_in(FILE, 100..101);
    assert_eq!(kind(sim.read_at(FILE, 0, &mut [0; 101])), ErrorKind::Io);
    assert_eq!(kind(sim.read_at(FILE, 100, &mut [0; 1])), ErrorKind::Io);
    assert_eq!(bytes(&sim, 100), [2; 100]);
    sim.heal();
    sim.flip_bit(FILE, 100, 7);
    let mut expected = [2; 200];
    expected[100] = 0x82;
    assert_eq!(bytes(&sim, 200), expected);
    assert_eq!(sim.image().file(FILE)[100], 2, "the medium is read wrong, not changed");
    sim.heal();
    sim.reset_counts();
    sim.fail_read(1, Repeat::Once);
    let results: Vec<bool> = (0..3).map(|_| sim.read_at(FILE, 0, &mut [0]).is_ok()).collect();
    assert_eq!(results, [true, false, true]);
    sim.fail_read(3, Repeat::Forever);
    assert!(sim.read_at(FILE, 0, &mut [0]).is_err() && sim.read_at(OTHER, 0, &mut [0]).is_err());
}

#[test]
fn calls_and_bytes_are_counted_by_file() {
    let sim = SimStorage::new(1);
    sim.write_at(FILE, 0, &[1; 100]).unwrap();
    sim.write_at(OTHER, 0, &[1; 10]).unwrap();
    sim.set_len(FILE, 50).unwrap();
    let _ = strict(&sim, OTHER).unwrap();
    let _ = sim.sync(OTHER, Durability::Relaxed).unwrap();
    bytes(&sim, 30);
    assert!(sim.read_at(FILE, 90, &mut [0]).is_err());
    let counts = sim.counts();
    assert_eq!(counts.calls, 5);
    let volume = counts.of(FILE);
    assert_eq!((volume.writes, volume.bytes_written, volume.set_lens), (1, 100, 1));
    assert_eq!((volume.reads, volume.bytes_read, volume.syncs), (2, 30, 0));
    let log = counts.of(OTHER);
    assert_eq!((log.writes, log.bytes_written, log.syncs, log.syncs_relaxed), (1, 10, 1, 1));
    assert_eq!(counts.total().writes, 2);
    sim.reset_counts();
    assert_eq!(sim.counts().calls, 0);
}

fn pending(sim: &SimStorage, file: FileId) -> Barrier {
    match strict(sim, file).unwrap() {
        Synced::Pending(barrier) => barrier,
        Synced::Done => panic!("an asynchronous storage does not sync at once"),
    }
}

#[test]
fn a_barrier_commits_whole_in_order_and_only_when_told() {
    let sim = SimStorage::new(1);
    sim.make_asynchronous();
    sim.write_at(FILE, 0, &[1; 3000]).unwrap();
    let one = pending(&sim, FILE);
    sim.write_at(FILE, 0, &[2; 3000]).unwrap();
    let two = pending(&sim, FILE);
    sim.write_at(FILE, 0, &[3; 3000]).unwrap();
    assert!(one < two);
    assert_eq!(sim.outstanding(), [one, two]);
    assert_eq!(sim.kill_image(), Image::default());
    let lost: Vec<Vec<u8>> = sim
        .power_cut(PowerCut::default())
        .images(10, 0)
        .map(|image| image.file(FILE).to_vec())
        .collect();
    assert_eq!(lost, [vec![], vec![1; 3000], vec![2; 3000]]);
    sim.complete(two);
    assert_eq!(sim.kill_image().file(FILE), [2; 3000]);
    assert_eq!(sim.outstanding(), []);
    assert_eq!(bytes(&sim, 3000), [3; 3000]);
    sim.restart();
    assert_eq!(bytes(&sim, 3000), [2; 3000]);
}

#[test]
fn a_failed_barrier_takes_everything_since_with_it() {
    let sim = SimStorage::new(1);
    sim.make_asynchronous();
    let mut barriers = Vec::new();
    for byte in 1..=3 {
        sim.write_at(FILE, 0, &[byte; 100]).unwrap();
        sim.write_at(OTHER, 0, &[byte; 100]).unwrap();
        barriers.push(pending(&sim, FILE));
    }
    sim.fail(barriers[1]);
    assert_eq!(bytes(&sim, 100), [1; 100]);
    assert_eq!(sim.len(OTHER).unwrap(), 0, "no barrier covered it");
    assert_eq!(sim.outstanding(), [barriers[0]]);
    sim.complete(barriers[0]);
    assert_eq!(sim.durable_image().file(FILE), [1; 100]);
}

#[test]
fn chunks_are_missing_until_they_are_fetched_and_after_they_were_evicted() {
    let sim = SimStorage::from_image(Image { files: [vec![1; 5000], vec![2; 10], vec![]] }, 1);
    sim.keep_chunks(1000, 1000);
    let mut buf = [0; 1500];
    assert_eq!(sim.read_at(FILE, 900, &mut buf).unwrap(), Read::Missing);
    assert!(!buf.contains(&1), "nothing that is missing is given away");
    assert_eq!(sim.read_at(OTHER, 0, &mut buf[..10]).unwrap(), Read::Missing);
    assert_eq!(sim.fetch_missing(), 4);
    assert_eq!(sim.fetch_missing(), 0);
    assert_eq!(sim.read_at(FILE, 900, &mut buf).unwrap(), Read::Done);
    assert_eq!(buf, [1; 1500]);
    assert_eq!(sim.read_at(FILE, 2999, &mut buf[..2]).unwrap(), Read::Missing);
    assert_eq!(kind(sim.read_at(FILE, 5000, &mut buf[..1])), ErrorKind::Io);

    sim.write_at(FILE, 1000, &[3; 10]).unwrap();
    sim.evict();
    for (file, offset, expected) in [
        (FILE, 0, Read::Done),
        (FILE, 1000, Read::Done),
        (FILE, 2000, Read::Missing),
        (OTHER, 0, Read::Done),
    ] {
        assert_eq!(sim.read_at(file, offset, &mut buf[..1]).unwrap(), expected, "{offset}");
    }
    let _ = strict(&sim, FILE).unwrap();
    sim.evict();
    assert_eq!(sim.read_at(FILE, 1000, &mut buf[..1]).unwrap(), Read::Missing);
}

#[test]
fn part_of_a_chunk_that_is_not_at_hand_cannot_be_written() {
    let sim = SimStorage::from_image(Image { files: [vec![1; 3500], vec![], vec![]] }, 1);
    sim.keep_chunks(1000, 0);
    for (offset, len) in [(10, 10), (0, 999), (999, 2), (500, 1500), (3400, 50), (4000, 5)] {
        let error = sim.write_at(FILE, offset, &vec![2; len]).unwrap_err();
        assert!(error.message().contains("not at hand"), "{offset}, {len}: {error}");
    }
    for (offset, len) in [(0, 1000), (1000, 2000), (3000, 500), (3500, 700), (4150, 10)] {
        sim.write_at(FILE, offset, &vec![2; len]).unwrap();
    }
    assert_eq!(bytes(&sim, 4200), [2; 4200]);
}
