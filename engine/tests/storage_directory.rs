//! A directory of files: one owner, durable names, and paths that cannot be used.

use std::fs;
use std::path::Path;

use entidb::storage::{FileId, FileStorage, Read, Storage, Synced};
use entidb::{Durability, ErrorKind};
use tempfile::tempdir;

type Opener = fn(&Path) -> entidb::Result<FileStorage>;

const OPENERS: [Opener; 3] = [
    |dir| FileStorage::open(dir),
    |dir| FileStorage::open_existing(dir),
    |dir| FileStorage::open_read_only(dir),
];

#[test]
fn a_second_open_is_locked_until_the_first_is_dropped() {
    let dir = tempdir().unwrap();
    let first = FileStorage::open(dir.path()).unwrap();
    for open in OPENERS {
        let error = open(dir.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
        assert!(error.message().contains("another process"), "{error}");
        assert_eq!(error.details().file, Some("volume"));
    }
    first.write_at(FileId::LogB, 0, b"still usable").unwrap();
    drop(first);
    let second = FileStorage::open(dir.path()).unwrap();
    assert_eq!(second.len(FileId::LogB).unwrap(), 12);
}

#[test]
fn readers_share_a_directory_but_not_with_a_writer() {
    let dir = tempdir().unwrap();
    let writer = FileStorage::open(dir.path()).unwrap();
    writer.write_at(FileId::Volume, 0, b"bytes").unwrap();
    drop(writer);
    let one = FileStorage::open_read_only(dir.path()).unwrap();
    let two = FileStorage::open_read_only(dir.path()).unwrap();
    assert_eq!(FileStorage::open(dir.path()).unwrap_err().kind(), ErrorKind::Locked);
    drop(one);
    assert_eq!(FileStorage::open(dir.path()).unwrap_err().kind(), ErrorKind::Locked);
    let mut buf = [0; 5];
    assert_eq!(two.read_at(FileId::Volume, 0, &mut buf).unwrap(), Read::Done);
    assert_eq!(&buf, b"bytes");
    drop(two);
    FileStorage::open(dir.path()).unwrap();
}

#[test]
fn a_reader_changes_nothing() {
    let dir = tempdir().unwrap();
    drop(FileStorage::open(dir.path()).unwrap());
    fs::remove_file(dir.path().join("log.b")).unwrap();
    let reader = FileStorage::open_read_only(dir.path()).unwrap();
    assert_eq!(reader.write_at(FileId::Volume, 0, b"x").unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(reader.set_len(FileId::LogA, 9).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(reader.sync(FileId::LogB, Durability::Strict).unwrap(), Synced::Done);
    assert_eq!(reader.len(FileId::LogB).unwrap(), 0);
    assert_eq!(reader.read_at(FileId::LogB, 0, &mut [0]).unwrap_err().kind(), ErrorKind::Io);
    assert!(!dir.path().join("log.b").exists());
    assert_eq!(fs::metadata(dir.path().join("log.a")).unwrap().len(), 0);
}

#[test]
fn only_open_makes_a_directory_and_its_files() {
    let parent = tempdir().unwrap();
    let dir = parent.path().join("db");
    for open in &OPENERS[1..] {
        assert_eq!(open(&dir).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(!dir.exists());
    }
    fs::create_dir(&dir).unwrap();
    for open in &OPENERS[1..] {
        assert_eq!(open(&dir).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    }
    fs::remove_dir(&dir).unwrap();
    drop(FileStorage::open(&dir).unwrap());
    let mut names: Vec<_> = fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["log.a", "log.b", "volume"]);
}

#[test]
fn opening_again_leaves_every_byte_and_makes_a_lost_log() {
    let dir = tempdir().unwrap();
    for (file, bytes) in FileId::ALL.iter().zip([b"volume", b"log..a", b"log..b"]) {
        fs::write(dir.path().join(file.name()), bytes).unwrap();
    }
    drop(FileStorage::open(dir.path()).unwrap());
    assert_eq!(fs::read(dir.path().join("volume")).unwrap(), b"volume");
    assert_eq!(fs::read(dir.path().join("log.b")).unwrap(), b"log..b");
    fs::remove_file(dir.path().join("log.a")).unwrap();
    let storage = FileStorage::open_existing(dir.path()).unwrap();
    assert_eq!(storage.len(FileId::LogA).unwrap(), 0);
    assert!(dir.path().join("log.a").exists());
}

#[test]
fn a_volume_missing_beside_its_logs_is_damage_and_not_an_empty_database() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("log.a"), b"frames").unwrap();
    for open in OPENERS {
        let error = open(dir.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(!dir.path().join("volume").exists());
    }
    // Empty logs are what an interrupted first open leaves.
    fs::write(dir.path().join("log.a"), b"").unwrap();
    FileStorage::open(dir.path()).unwrap();
}

#[test]
fn paths_that_cannot_be_used_are_typed_errors() {
    let parent = tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, b"not ours").unwrap();
    let kind = |path: &Path| FileStorage::open(path).unwrap_err().kind();
    assert_eq!(kind(&file), ErrorKind::InvalidInput);
    assert_eq!(kind(&file.join("below")), ErrorKind::InvalidInput);
    assert_eq!(kind(&parent.path().join("no").join("parent")), ErrorKind::NotFound);
    assert_eq!(kind(Path::new("nul\0byte")), ErrorKind::InvalidInput);
    assert_eq!(fs::read(&file).unwrap(), b"not ours");

    let dir = parent.path().join("db");
    fs::create_dir_all(dir.join("log.a")).unwrap();
    let error = FileStorage::open(&dir).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.details().file, Some("log.a"));
    fs::remove_dir(dir.join("log.a")).unwrap();
    FileStorage::open(&dir).unwrap();
}

#[cfg(unix)]
#[test]
fn a_path_without_permission_is_an_io_error() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempdir().unwrap();
    let dir = parent.path().join("db");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o500)).unwrap();
    // Whoever runs as root may do everything.
    if fs::write(dir.join("probe"), b"").is_err() {
        let error = FileStorage::open(&dir).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.message().contains("permission"), "{error}");
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    FileStorage::open(&dir).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_in_place_of_a_file_does_not_block() {
    let dir = tempdir().unwrap();
    let status = std::process::Command::new("mkfifo").arg(dir.path().join("volume")).status();
    if status.is_ok_and(|status| status.success()) {
        assert_eq!(FileStorage::open(dir.path()).unwrap_err().kind(), ErrorKind::Io);
        assert_eq!(FileStorage::open_read_only(dir.path()).unwrap_err().kind(), ErrorKind::Io);
    }
}
