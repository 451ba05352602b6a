//! Databases that earlier versions made are read for ever; those of a newer format are refused.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod parity_support;

use std::path::{Path, PathBuf};

use entidb::storage::{FileId, MemoryStorage, Read, Storage};
use entidb::{
    Change, Database, Durability, ErrorKind, IfMatch, Op, Options, Outcome, Result, Staged,
};
use parity_support::player::Player;
use parity_support::recorder::{Part, Recorder};
use parity_support::told::told;

/// Where the superblocks are, and what in them is where. FORMAT.md, section 5.1.
const SUPERBLOCKS: [usize; 2] = [0, 4096];
const MAJOR: usize = 8;
const MINOR: usize = 10;
const CHECKSUM: usize = 128;

/// The directory of every image there is.
fn images() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/images");
    let inside = |directory: &Path| {
        let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let mut directories: Vec<_> = entries.filter(|path| path.is_dir()).collect();
        directories.sort();
        directories
    };
    let images: Vec<_> = inside(&root).iter().flat_map(|version| inside(version)).collect();
    assert!(images.len() >= 2, "the images are there");
    images
}

/// A copy of an image, as opening writes to it.
fn copy(image: &Path) -> MemoryStorage {
    let storage = MemoryStorage::new();
    for file in FileId::ALL {
        storage.write_at(file, 0, &std::fs::read(image.join(file.name())).unwrap()).unwrap();
    }
    storage
}

fn bytes(storage: &MemoryStorage) -> [Vec<u8>; 3] {
    FileId::ALL.map(|file| {
        let mut bytes = vec![0; usize::try_from(storage.len(file).unwrap()).unwrap()];
        assert_eq!(storage.read_at(file, 0, &mut bytes).unwrap(), Read::Done);
        bytes
    })
}

fn open(storage: &MemoryStorage) -> Result<Database<MemoryStorage>> {
    Database::open(storage.clone(), &Options { create_if_missing: false, ..Options::default() })
}

/// Reads everything, which must give what it gave when the image was made.
fn check_reading(image: &Path, storage: MemoryStorage) {
    let reading = Part::load(image, "reading").unwrap();
    let mut recorder = Recorder::new(Player::new(storage));
    for line in reading.calls.lines() {
        recorder.play(line);
    }
    let told = told(&recorder.take());
    for ((call, kept), now) in
        reading.calls.lines().zip(reading.answers.lines()).zip(told.answers.lines())
    {
        let call: String = call.chars().take(200).collect();
        assert_eq!(now, kept, "the answer to {call}");
    }
    assert_eq!(told, reading);
}

#[test]
fn images_of_all_versions_hold_what_they_always_held() {
    for image in images() {
        check_reading(&image, copy(&image));
    }
}

#[test]
fn images_of_all_versions_can_be_worked_on() {
    let id = entidb::codec::id::Id::from("after").encode().unwrap();
    for image in images() {
        let storage = copy(&image);
        let mut db = open(&storage).unwrap();
        let people = db.collection_id("people").unwrap();
        let op = |change| Op { collection: people, id: &id, change, if_match: IfMatch::Any };
        let staged = db.stage(&[op(Change::Insert(&[0xa0]))]).unwrap();
        assert!(matches!(staged, Staged::Seq { .. }));
        let _ = db.commit(Durability::Strict).unwrap();
        db.compact_begin().unwrap();
        while db.step(1 << 20).unwrap() {}
        drop(db);
        let mut db = open(&storage).unwrap();
        let Staged::Seq { outcomes, .. } = db.stage(&[op(Change::Delete)]).unwrap() else {
            unreachable!("a small commit")
        };
        assert_eq!(outcomes, [Outcome::Deleted(true)]);
        let _ = db.commit(Durability::Strict).unwrap();
        let _ = db.close().unwrap();
        drop(db);
        // The document that came and went left no trace: the rest is as it always was.
        check_reading(&image, storage);
    }
}

/// Writes another version into both superblocks.
fn set_version(storage: &MemoryStorage, at: usize, version: u16) {
    let mut volume = bytes(storage)[0].clone();
    for start in SUPERBLOCKS {
        let block = &mut volume[start..start + CHECKSUM + 4];
        block[at..at + 2].copy_from_slice(&version.to_le_bytes());
        let checksum = crc32fast::hash(&block[..CHECKSUM]);
        block[CHECKSUM..].copy_from_slice(&checksum.to_le_bytes());
    }
    storage.write_at(FileId::Volume, 0, &volume).unwrap();
}

#[test]
fn a_newer_major_version_is_refused_and_nothing_is_written() {
    for image in images() {
        let storage = copy(&image);
        set_version(&storage, MAJOR, 2);
        let before = bytes(&storage);
        for create_if_missing in [false, true] {
            let options = Options { create_if_missing, ..Options::default() };
            let refused = Database::open(storage.clone(), &options).map(drop).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::VersionMismatch);
            assert!(refused.message().contains("newer version"), "{refused}");
            assert!(bytes(&storage) == before, "nothing was written");
        }
    }
}

#[test]
fn a_newer_minor_version_is_read() {
    for image in images() {
        let storage = copy(&image);
        set_version(&storage, MINOR, 7);
        check_reading(&image, storage);
    }
}
