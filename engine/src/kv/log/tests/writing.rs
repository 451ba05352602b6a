//! Appending: one write a frame, files that grow by doubling, and writes that fail.

use super::*;
use crate::kv::root::NUMBERS_END;
use crate::storage::fault::{Fault, Repeat};

fn frame_of(payload: usize, first_seq: u64) -> FrameBuilder {
    let mut frame = FrameBuilder::default();
    frame.set_catalog(&vec![7; payload]).unwrap();
    frame.seal(first_seq, 0, Durability::Strict);
    frame
}

#[test]
fn a_frame_is_one_write_and_the_file_doubles_up_to_its_largest_size() {
    let io = io_of(&[]);
    let header = header(1, 1, 0);
    let mut writer = begin(&io, &header);
    let mut lens = vec![io.len(FileId::LogA).unwrap()];
    let (mut seq, payload) = (1, 201);
    while writer.fits(payload) {
        let before = io.stats();
        writer.append(&io, &mut frame_of(payload, seq)).unwrap();
        let after = io.stats();
        assert_eq!(after.writes - before.writes, 1);
        assert_eq!(after.bytes_written - before.bytes_written, 241);
        assert_eq!(after.syncs, before.syncs);
        lens.push(io.len(FileId::LogA).unwrap());
        seq += 1;
    }
    lens.dedup();
    assert_eq!(lens, [2048, 4096, 8192, 16384]);
    assert_eq!(writer.tail(), 1024 + 241 * (seq - 1));
    let refused = writer.append(&io, &mut frame_of(payload, seq));
    assert_eq!(kind_of(refused), Some(ErrorKind::LimitExceeded));
    let rest = usize::try_from(16384 - writer.tail()).unwrap() - 40;
    assert!(writer.fits(rest) && !writer.fits(rest + 1));
    writer.append(&io, &mut frame_of(rest, seq)).unwrap();
    assert_eq!(writer.tail(), 16384);
    let (read, tail) = read_back(&io, &header, None);
    assert_eq!((read.len() as u64, tail.unwrap().end_offset), (seq, 16384));
}

#[test]
fn the_largest_frame_fits_into_every_new_epoch() {
    for geometry in [Geometry::TINY, Geometry::DEFAULT] {
        let io = io_of(&[]);
        let writer = LogWriter::begin(&io, FileId::LogA, &header(1, 1, 0), &geometry).unwrap();
        assert!(writer.fits(geometry.frame_bytes_max()));
        assert!(!writer.fits(geometry.frame_bytes_max() + 1));
        assert!(!writer.fits(usize::MAX));
    }
}

#[test]
fn a_frame_whose_write_failed_is_never_read_and_ends_the_epoch() {
    for fault in [Fault::ShortWrite, Fault::Io, Fault::Quota] {
        let io = io_of(&[]);
        let header = header(1, 1, 0);
        let mut writer = begin(&io, &header);
        writer.append(&io, &mut frame_of(50, 1)).unwrap();
        let calls = io.storage().counts().calls;
        io.storage().fail_at(calls, fault, Repeat::Once);
        writer.append(&io, &mut frame_of(300, 2)).unwrap_err();
        assert!(!writer.fits(1));
        let refused = writer.append(&io, &mut frame_of(50, 2));
        assert_eq!(kind_of(refused), Some(ErrorKind::LimitExceeded));
        writer.kill_tail(&io).unwrap();
        assert!(!writer.fits(1), "the epoch is over");
        let (read, tail) = read_back(&io, &header, None);
        assert_eq!((read.len(), tail.unwrap().torn), (1, false));
        let durable = io.storage().durable_image();
        assert_eq!(durable, io.storage().image(), "the zeros are durable");
        let tail = usize::try_from(writer.tail()).unwrap();
        assert_eq!(&durable.file(FileId::LogA)[tail..][..40], &[0; 40]);
    }
}

#[test]
fn a_file_that_cannot_grow_leaves_the_epoch_as_it_was() {
    let io = io_of(&[]);
    let header = header(1, 1, 0);
    let mut writer = begin(&io, &header);
    let before = io.storage().image();
    io.storage().set_quota(Some(before.total_len()));
    let refused = writer.append(&io, &mut frame_of(2000, 1));
    assert_eq!(kind_of(refused), Some(ErrorKind::QuotaExceeded));
    writer.kill_tail(&io).unwrap();
    assert_eq!(io.storage().image(), before, "no write had failed, so there is nothing to undo");
    writer.append(&io, &mut frame_of(500, 1)).unwrap();
    assert_eq!(read_back(&io, &header, None).0.len(), 1);
}

#[test]
fn a_new_epoch_is_durable_before_its_first_frame_and_needs_its_room_at_once() {
    let io = io_of(&[]);
    io.storage().set_quota(Some(2047));
    let begun = LogWriter::begin(&io, FileId::LogA, &header(1, 1, 0), &Geometry::TINY);
    assert_eq!(kind_of(begun), Some(ErrorKind::QuotaExceeded));
    assert_eq!(io.len(FileId::LogA).unwrap(), 0);
    io.storage().set_quota(None);
    begin(&io, &header(1, 1, 0));
    assert_eq!(io.storage().durable_image(), io.storage().image());
    assert_eq!(io.stats().writes, 1);
}

#[test]
fn frames_that_contradict_the_epoch_are_refused_and_change_nothing() {
    let io = io_of(&[]);
    let mut writer = begin(&io, &header(1, 11, 0));
    let before = bytes_of(&io);
    let mut unsealed = FrameBuilder::default();
    unsealed.push_commit([]).unwrap();
    let mut durable_too_early = frame_of(9, 11);
    durable_too_early.seal(11, 11, Durability::Strict);
    let mut changed_after_sealing = frame_of(9, 11);
    changed_after_sealing.clear();
    changed_after_sealing.push_commit([]).unwrap();
    let mut empty = FrameBuilder::default();
    empty.seal(11, 0, Durability::Strict);
    let wrong_number = frame_of(9, 12);
    for mut frame in [unsealed, durable_too_early, changed_after_sealing, empty, wrong_number] {
        let refused = writer.append(&io, &mut frame);
        assert_eq!(kind_of(refused), Some(ErrorKind::InvalidInput));
    }
    assert_eq!(bytes_of(&io), before);
    writer.append(&io, &mut frame_of(9, 11)).unwrap();
    let (a, b) = (header(0, 1, 0), header(1, 5, 5));
    for header in [a, b] {
        let begun = LogWriter::begin(&io, FileId::LogA, &header, &Geometry::TINY);
        assert_eq!(kind_of(begun), Some(ErrorKind::InvalidInput));
    }
}

#[test]
fn sequence_numbers_do_not_wrap() {
    let io = io_of(&[]);
    let header = Header { reserved_through: NUMBERS_END - 1, ..header(1, 1, 0) };
    let mut writer = begin(&io, &Header { first_seq: u64::MAX - 2000, ..header });
    writer.append(&io, &mut frame_of(9, u64::MAX - 2000)).unwrap();
    let mut writer = begin(&io, &Header { epoch: 2, first_seq: u64::MAX - 1, ..header });
    writer.append(&io, &mut frame_of(9, u64::MAX - 1)).unwrap();
    let refused = writer.append(&io, &mut frame_of(9, u64::MAX));
    assert_eq!(kind_of(refused), Some(ErrorKind::LimitExceeded));
}

#[test]
fn a_large_log_is_read_once_and_in_large_pieces() {
    let geometry = Geometry::DEFAULT;
    let mut io = io_of(&[]);
    io.set_layout(geometry, 0);
    let header = header(1, 1, 0);
    let mut writer = LogWriter::begin(&io, FileId::LogA, &header, &geometry).unwrap();
    let mut rng = fastrand::Rng::with_seed(3);
    let (mut seq, mut largest) = (1, 0);
    loop {
        let payload = if rng.u8(0..20) == 0 { rng.usize(1..400_000) } else { rng.usize(1..3000) };
        if !writer.fits(payload) {
            break;
        }
        writer.append(&io, &mut frame_of(payload, seq)).unwrap();
        largest = largest.max(payload);
        seq += 1;
    }
    let before = io.stats();
    let (read, _) = read_back(&io, &header, None);
    assert_eq!(read.len() as u64, seq - 1);
    let after = io.stats();
    let len = io.len(FileId::LogA).unwrap();
    assert!(after.bytes_read - before.bytes_read <= len, "no byte is read twice");
    assert!(after.reads - before.reads <= len / (64 * 1024) * 2 + 2);
    assert!(largest > 64 * 1024, "some frames are longer than a piece");
}
