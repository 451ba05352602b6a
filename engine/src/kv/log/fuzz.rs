//! What fuzzing asks of a log.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to panic is what these functions are for"
)]

use super::builder::FrameBuilder;
use super::frame::{FRAME_HEAD_BYTES, FrameHead, checksum};
use super::header::{HEADER_BYTES, Header, HeaderState, read_header};
use super::reader::{FrameView, replay};
use crate::error::{Error, ErrorKind};
use crate::kv::io::Io;
use crate::limits::LOG_HEAD_BYTES;
use crate::options::{Durability, Geometry};
use crate::storage::{FileId, MemoryStorage, Storage};

/// Where in a header its database's id and its epoch are, and what its checksum covers.
const ID_OFFSET: usize = 16;
const EPOCH_OFFSET: usize = 32;
const CHECKED_BYTES: usize = HEADER_BYTES - 4;
/// Where in a frame its checksum is.
const FRAME_CHECKSUM_OFFSET: usize = 32;
/// Bytes read for each byte of a file, and beyond: a window is refilled where a frame crosses it.
const READ_FACTOR_MAX: u64 = 8;
const READ_BYTES_MIN: u64 = 64 * 1024;

/// A whole log, read as an open reads it. Whatever is shown of it is encoded again to the same
/// bytes.
pub fn log(file: &[u8], through: Option<u64>) {
    let storage = MemoryStorage::new();
    storage.write_at(FileId::LogA, 0, file).unwrap();
    let mut io = Io::new(storage, 0);
    io.set_layout(Geometry::TINY, 0);
    let header = match read_header(&io, FileId::LogA, &database_id(file)) {
        Ok(HeaderState::Valid(header)) => header,
        Ok(HeaderState::Absent | HeaderState::Damaged) => return,
        Err(error) => return check_error(&error),
    };
    check_header(&header);
    let mut expected = header.first_seq;
    let mut end = u64::from(LOG_HEAD_BYTES);
    let mut frames = 0;
    let tail = replay(&io, FileId::LogA, &header, through, |frame| {
        assert_eq!(frame.first_seq(), expected, "commits follow each other");
        expected = frame.last_seq() + 1;
        end += check_frame(frame, file, header.epoch, end);
        frames += 1;
        Ok(())
    });
    match tail {
        Ok(tail) => {
            assert_eq!((tail.end_offset, tail.frames), (end, frames));
            assert_eq!(tail.last_seq, if frames > 0 { expected - 1 } else { header.prev_last_seq });
        }
        Err(error) => check_error(&error),
    }
    let bytes_max = file.len() as u64 * READ_FACTOR_MAX + READ_BYTES_MIN;
    assert!(io.stats().bytes_read <= bytes_max, "{} bytes were read", io.stats().bytes_read);
}

/// The id of the copy that a reader takes, so that the log counts as one of its own database.
fn database_id(file: &[u8]) -> [u8; 16] {
    let copies = file.chunks(HEADER_BYTES).take(2);
    let newest = copies.max_by_key(|copy| number(copy, EPOCH_OFFSET));
    newest.and_then(|copy| copy.get(ID_OFFSET..)?.first_chunk().copied()).unwrap_or_default()
}

fn check_header(header: &Header) {
    let storage = MemoryStorage::new();
    storage.write_at(FileId::LogB, 0, &header.encode(FileId::LogB).unwrap()).unwrap();
    let again = read_header(&Io::new(storage, 0), FileId::LogB, &header.database_id);
    assert_eq!(again.ok(), Some(HeaderState::Valid(*header)), "a header reads back");
}

/// Checks a frame at `offset`; its length.
fn check_frame(frame: &FrameView<'_>, file: &[u8], epoch: u64, offset: u64) -> u64 {
    let mut builder = FrameBuilder::default();
    if let Some(catalog) = frame.catalog() {
        builder.set_catalog(catalog).unwrap();
    }
    for (seq, commit) in (frame.first_seq()..).zip(frame.commits()) {
        let commit = commit.unwrap();
        assert_eq!(commit.seq(), seq);
        builder.push_commit(commit.entries()).unwrap();
    }
    let relaxed = frame.head.relaxed;
    let durability = if relaxed { Durability::Relaxed } else { Durability::Strict };
    builder.seal(frame.first_seq(), frame.head.durable_seq, durability);
    let bytes = builder.finish(epoch, offset, frame.first_seq()).unwrap();
    let start = usize::try_from(offset).unwrap();
    assert_eq!(file.get(start..start + bytes.len()), Some(bytes), "a frame has one form");
    bytes.len() as u64
}

fn check_error(error: &Error) {
    match error.kind() {
        ErrorKind::VersionMismatch => {}
        ErrorKind::Corrupt => assert!(error.details().file.is_some(), "{error:?}"),
        _ => panic!("a log is read, damaged or newer: {error:?}"),
    }
}

/// Puts right checksums over the headers of a log and over all that may be a frame in its place.
pub fn reseal_log(file: &mut [u8]) {
    let mut epoch = 0;
    for copy in file.chunks_mut(HEADER_BYTES).take(2).filter(|copy| copy.len() == HEADER_BYTES) {
        let (body, rest) = copy.split_at_mut(CHECKED_BYTES);
        rest.copy_from_slice(&entidb_hot::crc32::hash(body).to_le_bytes());
        epoch = epoch.max(number(body, EPOCH_OFFSET));
    }
    let mut at = LOG_HEAD_BYTES as usize;
    while let Some(rest) = file.get_mut(at..).filter(|rest| rest.len() >= FRAME_HEAD_BYTES) {
        let Ok(head) = FrameHead::decode(rest) else { return };
        let len = usize::try_from(head.frame_len()).unwrap_or(usize::MAX);
        let Some(frame) = rest.get_mut(..len) else { return };
        let (head, payload) = frame.split_at_mut(FRAME_HEAD_BYTES);
        let checksum = checksum(epoch, at as u64, head, payload).to_le_bytes();
        let place = head.get_mut(FRAME_CHECKSUM_OFFSET..FRAME_CHECKSUM_OFFSET + checksum.len());
        place.unwrap().copy_from_slice(&checksum);
        at += len;
    }
}

fn number(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
