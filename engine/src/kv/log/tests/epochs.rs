//! Files are used again and again; only the epoch that is asked for is read.

use super::*;

#[test]
fn frames_of_an_older_epoch_are_never_read_even_where_they_would_fit() {
    for seed in 0..30 {
        let io = io_of(&[]);
        let old = header(4, 101, 90);
        let rng = fastrand::Rng::with_seed(seed);
        let (_, old_frames) = write_epoch(&io, &old, 8, Syncs::Always, &mut rng.clone());
        let stale = bytes_of(&io);
        // The same frames with the same numbers at the same places: only the epoch tells them
        // apart.
        for frames in 0..8 {
            let io = io_of(&stale);
            let new = header(6, 101, 90);
            let (writer, new_frames) =
                write_epoch(&io, &new, frames, Syncs::Always, &mut rng.clone());
            assert_eq!(new_frames, old_frames[..frames]);
            let (read, tail) = read_back(&io, &new, None);
            assert_eq!(read, new_frames);
            let tail = tail.unwrap();
            let last_seq = if frames == 0 { 90 } else { writer.last_seq };
            assert_eq!((tail.end_offset, tail.last_seq), (writer.tail(), last_seq));
        }
    }
}

#[test]
fn a_short_epoch_over_a_long_one_ends_where_it_ends() {
    let mut rng = fastrand::Rng::with_seed(2);
    let io = io_of(&[]);
    let mut prev_last_seq = 0;
    for epoch in 1..60 {
        let header = header(epoch, prev_last_seq + rng.u64(1..9), prev_last_seq);
        let frames = rng.usize(0..30);
        let (writer, frames) = write_epoch(&io, &header, frames, Syncs::Sometimes, &mut rng);
        assert_eq!(header_of(&io).unwrap(), HeaderState::Valid(header));
        let (read, tail) = read_back(&io, &header, None);
        assert_eq!(read, frames);
        assert_eq!(tail.unwrap().end_offset, writer.tail());
        prev_last_seq = frames.last().map_or(prev_last_seq, |frame| frame.last_seq);
    }
}

#[test]
fn epochs_in_the_two_files_do_not_see_each_other() {
    let io = io_of(&[]);
    let files = [FileId::LogA, FileId::LogB];
    let mut frame = FrameBuilder::default();
    for epoch in 1..9 {
        let header = header(epoch, epoch * 10 + 1, epoch * 10);
        let file = files[usize::from(epoch % 2 == 0)];
        let mut writer = LogWriter::begin(&io, file, &header, &Geometry::TINY).unwrap();
        frame.push_commit([(&b"key"[..], Kind::Put, &epoch.to_le_bytes()[..])]).unwrap();
        frame.seal(epoch * 10 + 1, 0, Durability::Relaxed);
        writer.append(&io, &mut frame).unwrap();
        frame.clear();
    }
    for (file, expected) in [(FileId::LogA, 7), (FileId::LogB, 8)] {
        let HeaderState::Valid(header) = read_header(&io, file, &ID).unwrap() else { panic!() };
        assert_eq!(header.epoch, expected);
        let mut seqs = Vec::new();
        let tail = replay(&io, file, &header, None, |view| {
            assert!(view.head.relaxed);
            seqs.extend(view.commits().map(|commit| commit.unwrap().seq()));
            Ok(())
        });
        assert_eq!((seqs, tail.unwrap().torn), (vec![expected * 10 + 1], false));
    }
}

#[test]
fn what_lies_beyond_the_next_epochs_beginning_is_dead_and_what_lies_before_must_be_there() {
    let io = io_of(&[]);
    let header = header(3, 101, 90);
    let mut rng = fastrand::Rng::with_seed(9);
    let (_, frames) = write_epoch(&io, &header, 6, Syncs::Always, &mut rng);
    for through in 80..frames[5].last_seq + 3 {
        let (read, tail) = read_back(&io, &header, Some(through));
        let whole = frames.iter().filter(|frame| frame.last_seq <= through).count();
        assert_eq!(read, frames[..whole], "{through}");
        let last_seq = if whole == 0 { 90 } else { frames[whole - 1].last_seq };
        if through <= 100 || last_seq == through {
            assert_eq!(tail.unwrap().last_seq, last_seq);
        } else {
            let error = tail.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{through}");
            assert_eq!(error.details().seq, Some(last_seq.max(100) + 1));
        }
    }
    // Dead frames may be damaged as they like.
    let mut bytes = bytes_of(&io);
    bytes[usize::try_from(frames[3].offset).unwrap()..][..40].fill(0xff);
    let (read, tail) = read_back(&io_of(&bytes), &header, Some(frames[2].last_seq));
    assert_eq!((read.len(), tail.unwrap().torn), (3, false));
}

#[test]
fn a_frame_out_of_sequence_is_damage() {
    let io = io_of(&[]);
    let written = header(3, 101, 90);
    write_epoch(&io, &written, 2, Syncs::Always, &mut fastrand::Rng::with_seed(1));
    let (read, tail) = read_back(&io, &header(3, 100, 90), None);
    assert_eq!((read.len(), kind_of(tail)), (0, Some(ErrorKind::Corrupt)));
}

#[test]
fn a_header_torn_over_an_older_one_is_one_of_the_two_or_none() {
    let (old, new) = (header(4, 101, 90), header(6, 301, 222));
    let (old_bytes, new_bytes) =
        (old.encode(FileId::LogA).unwrap(), new.encode(FileId::LogA).unwrap());
    let mut states = Vec::new();
    for cut in 0..=HEAD {
        let front = [&new_bytes[..cut], &old_bytes[cut..]].concat();
        let back = [&old_bytes[..cut], &new_bytes[cut..]].concat();
        if cut == HEAD / 2 {
            for halves in [&front, &back] {
                let state = header_of(&io_of(halves)).unwrap();
                assert_eq!(state, HeaderState::Valid(new), "the later epoch counts");
            }
        }
        states.push(header_of(&io_of(&front)).unwrap());
        states.push(header_of(&io_of(&back)).unwrap());
    }
    assert_eq!(states.first(), Some(&HeaderState::Valid(old)));
    assert!(states.contains(&HeaderState::Valid(new)));
    let known = [HeaderState::Valid(old), HeaderState::Valid(new)];
    assert!(states.iter().all(|state| known.contains(state)), "each copy has a sector of its own");
}
