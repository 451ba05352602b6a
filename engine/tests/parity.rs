//! The same calls give the same bytes and the same answers, on every storage and every time
//! . `tests/parity.spec.ts` plays the same logs in a browser.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod parity_support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use entidb::storage::{FileId, MemoryStorage, Read, Storage};
use parity_support::player::{Files, Player, check};
use parity_support::reading::read_everything;
use parity_support::recorder::Part;
use parity_support::workload::{Scale, Workload};

/// All bytes of a database.
fn image<S: Storage>(storage: &S) -> [Vec<u8>; 3] {
    FileId::ALL.map(|file| {
        let mut bytes = vec![0; usize::try_from(storage.len(file).unwrap()).unwrap()];
        assert_eq!(storage.read_at(file, 0, &mut bytes).unwrap(), Read::Done);
        bytes
    })
}

fn assert_same_image(a: &[Vec<u8>; 3], b: &[Vec<u8>; 3]) {
    for (file, (a, b)) in FileId::ALL.into_iter().zip(a.iter().zip(b)) {
        let differs = a.iter().zip(b).position(|(a, b)| a != b);
        assert_eq!((differs, a.len()), (None, b.len()), "{}", file.name());
    }
}

fn replay<F: Files>(files: F, parts: &[&Part]) -> F {
    let mut player = Player::new(files);
    for part in parts {
        check(&mut player, &part.calls, &part.answers);
    }
    player.files
}

fn play_everywhere(scale: Scale, calls: u64, seed: u64) -> (Part, Part) {
    let storage = MemoryStorage::new();
    let mut workload = Workload::new(storage.clone(), scale, seed);
    workload.run(calls / 2);
    workload.die();
    let first = workload.recorder.take();
    let half = image(&storage);
    workload.open();
    workload.run(calls);
    workload.close();
    let second = workload.recorder.take();
    let whole = image(&storage);

    let directory = tempfile::tempdir().unwrap();
    let files = replay(directory.path().to_path_buf(), &[&first]);
    assert_same_image(&image(&files.open().unwrap()), &half);
    let files: PathBuf = replay(files, &[&second]);
    assert_same_image(&image(&files.open().unwrap()), &whole);
    let again = replay(MemoryStorage::new(), &[&first, &second]);
    assert_same_image(&image(&again), &whole);

    workload.open();
    read_everything(&mut workload.recorder);
    (first, second)
}

#[test]
fn an_op_log_gives_the_same_bytes_in_memory_and_in_files() {
    play_everywhere(Scale::DEFAULT, 3_000, 1);
}

#[test]
fn an_op_log_gives_the_same_bytes_where_everything_happens_all_the_time() {
    let (first, second) = play_everywhere(Scale::TINY, 12_000, 4);
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for part in [&first, &second] {
        for (call, answer) in part.calls.lines().zip(part.answers.lines()) {
            let name = parity_support::call::Call::parse(call).name;
            let kind = match answer {
                failed if failed.starts_with('!') => failed.split(':').next().unwrap(),
                bytes if name == "stage" || name == "txCommit" => &bytes[..2],
                "" | "true" | "false" => answer,
                _ => "an answer",
            };
            *seen.entry(format!("{name} -> {kind}")).or_default() += 1;
            if kind.starts_with('!') {
                *seen.entry(format!("any -> {kind}")).or_default() += 1;
            }
        }
    }
    // A log in which one of these never happens shows nothing about it.
    for wanted in [
        "stage -> 00",
        "stage -> 01",
        "stage -> 02",
        "stage -> ! UniqueViolation",
        "stage -> ! AlreadyExists",
        "txCommit -> 00",
        "txCommit -> 02",
        "txCommit -> ! Conflict",
        "createIndex -> an answer",
        "dropIndex -> ",
        "buildStep -> an answer",
        "buildStep -> ! UniqueViolation",
        "clear -> ",
        "dropCollection -> ",
        "compactReport -> an answer",
        "any -> ! SnapshotExpired",
        "step -> true",
        "close -> ",
        "free -> ",
    ] {
        assert!(seen.contains_key(wanted), "the log has no {wanted:?}, only {seen:#?}");
    }
}
