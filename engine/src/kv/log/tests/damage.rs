//! Damage is told from a torn tail by what later frames say.

use super::*;

const ALL_SYNCS: [Syncs; 3] = [Syncs::Always, Syncs::Never, Syncs::Sometimes];

fn sample(seed: u64, syncs: Syncs) -> (Header, Vec<Frame>, Vec<u8>) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let header = header(5, 101, 90);
    let io = io_of(&[]);
    let (writer, frames) = write_epoch(&io, &header, 6, syncs, &mut rng);
    let mut bytes = bytes_of(&io);
    // A little room behind the last frame is enough, and keeps the sweeps short.
    bytes.truncate(usize::try_from(writer.tail()).unwrap() + 60);
    (header, frames, bytes)
}

/// The only right answer where frame `bad` and no other is unreadable.
fn assert_answer(context: &str, header: &Header, frames: &[Frame], bad: usize, bytes: &[u8]) {
    let (read, tail) = read_back(&io_of(bytes), header, None);
    assert_eq!(read, frames[..bad], "{context}");
    let Some(lost) = frames.get(bad) else {
        assert_eq!(tail.unwrap().frames, frames.len() as u64, "{context}");
        return;
    };
    let is_proven = frames[bad + 1..].iter().any(|later| later.durable_seq >= lost.first_seq);
    match tail {
        Ok(tail) => {
            assert!(!is_proven, "{context}: acknowledged commits were dropped");
            assert_eq!(tail.end_offset, lost.offset, "{context}");
            assert_eq!(tail.last_seq, lost.first_seq.max(101) - 1 - if bad == 0 { 10 } else { 0 });
            assert!(tail.torn || bad + 1 == frames.len(), "{context}");
        }
        Err(error) => {
            assert!(is_proven, "{context}: a torn tail was taken for damage");
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            assert_eq!(error.details().file, Some("log.a"));
            assert_eq!(error.details().offset, Some(lost.offset));
            assert_eq!(error.details().seq, Some(lost.first_seq));
        }
    }
}

#[test]
fn every_bit_flip_is_survived_or_reported() {
    for (seed, syncs) in ALL_SYNCS.into_iter().enumerate() {
        let (header, frames, bytes) = sample(seed as u64, syncs);
        for at in 0..bytes.len() {
            let hit = frames.iter().rposition(|frame| frame.offset <= at as u64);
            let end = bytes.len() - 60;
            let bad = hit.filter(|_| at < end).unwrap_or(frames.len());
            for bit in 0..8 {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                assert_eq!(header_of(&io_of(&bytes)).unwrap(), HeaderState::Valid(header));
                let context = format!("{syncs:?}, byte {at}, bit {bit}");
                assert_answer(&context, &header, &frames, bad, &bytes);
            }
        }
    }
}

#[test]
fn the_last_frame_cut_at_every_byte_is_as_if_it_had_never_been() {
    for (seed, syncs) in ALL_SYNCS.into_iter().enumerate() {
        let (header, frames, bytes) = sample(seed as u64, syncs);
        let last = frames.len() - 1;
        let (start, end) = (usize::try_from(frames[last].offset).unwrap(), bytes.len() - 60);
        for cut in start..end {
            let is_same = bytes[cut..end].iter().all(|byte| *byte == 0);
            let bad = if is_same { last + 1 } else { last };
            let mut zeroed = bytes.clone();
            zeroed[cut..end].fill(0);
            assert_answer(&format!("zeros from {cut}"), &header, &frames, bad, &zeroed);
            assert_answer(&format!("cut at {cut}"), &header, &frames, last, &bytes[..cut]);
        }
    }
}

#[test]
fn any_damaged_range_gives_a_prefix_or_a_report() {
    let mut rng = fastrand::Rng::with_seed(11);
    for round in 0..3000 {
        let syncs = ALL_SYNCS[round % 3];
        let (header, frames, sound) = sample(rng.u64(0..8), syncs);
        let mut bytes = sound.clone();
        let start = rng.usize(HEAD..bytes.len());
        let end = rng.usize(start..bytes.len().min(start + 300));
        match rng.u8(0..3) {
            0 => bytes[start..end].fill(0),
            1 => bytes[start..end].iter_mut().for_each(|byte| *byte = rng.u8(..)),
            _ => {
                let to = rng.usize(HEAD..bytes.len() - (end - start));
                bytes.copy_within(start..end, to);
            }
        }
        let is_sound = |frame: &Frame| {
            let start = usize::try_from(frame.offset).unwrap();
            let next = frames.iter().find(|next| next.offset > frame.offset);
            let end = next.map_or(sound.len() - 60, |next| usize::try_from(next.offset).unwrap());
            bytes[start..end] == sound[start..end]
        };
        let bad = frames.iter().position(|frame| !is_sound(frame)).unwrap_or(frames.len());
        let (read, tail) = read_back(&io_of(&bytes), &header, None);
        assert_eq!(read, frames[..bad]);
        let is_proven = frames.get(bad).is_some_and(|lost| {
            let mut sound_later = frames[bad + 1..].iter().filter(|frame| is_sound(frame));
            sound_later.any(|later| later.durable_seq >= lost.first_seq)
        });
        assert_eq!(kind_of(tail), is_proven.then_some(ErrorKind::Corrupt), "round {round}");
    }
}

#[test]
fn two_lost_frames_are_reported_at_the_first() {
    let (header, frames, mut bytes) = sample(3, Syncs::Always);
    for bad in [1, 3] {
        bytes[usize::try_from(frames[bad].offset).unwrap() + 33] ^= 1;
    }
    assert_answer("two frames", &header, &frames, 1, &bytes);
}

#[test]
fn unsynced_frames_that_arrive_out_of_order_are_a_torn_tail() {
    let (header, frames, mut bytes) = sample(4, Syncs::Never);
    bytes[HEAD..usize::try_from(frames[3].offset).unwrap()].fill(0);
    let (read, tail) = read_back(&io_of(&bytes), &header, None);
    let expected = Tail { end_offset: HEAD as u64, last_seq: 90, frames: 0, torn: true };
    assert_eq!((read, tail.unwrap()), (vec![], expected));
}

#[test]
fn random_bytes_behind_a_header_are_never_a_frame() {
    let mut rng = fastrand::Rng::with_seed(5);
    for _ in 0..300 {
        let header = header(5, 101, 90);
        let io = io_of(&[]);
        begin(&io, &header);
        let mut bytes = bytes_of(&io);
        bytes.resize(rng.usize(HEAD..9000), 0);
        // Few different bytes make bytes that look like the head of a frame common.
        let most = *rng.choice(&[2, 3, 255]).unwrap();
        bytes[HEAD..].iter_mut().for_each(|byte| *byte = rng.u8(0..=most));
        let (read, tail) = read_back(&io_of(&bytes), &header, None);
        assert_eq!((read.len(), tail.unwrap().last_seq), (0, 90));
    }
}

#[test]
fn values_full_of_lookalikes_cannot_make_an_open_endless() {
    let header = header(5, 101, 90);
    let io = io_of(&[]);
    let mut writer = begin(&io, &header);
    let mut builder = FrameBuilder::default();
    let lookalike = |first_seq: u64| {
        let mut head = Vec::new();
        head.extend_from_slice(&5000_u32.to_le_bytes());
        head.extend_from_slice(&[1, 0, 0, 0]);
        head.extend_from_slice(&first_seq.to_le_bytes());
        head.extend_from_slice(&100_u64.to_le_bytes());
        head.extend_from_slice(&1_u32.to_le_bytes());
        head.resize(40, 0);
        head
    };
    let value: Vec<u8> = (0..280).flat_map(|_| lookalike(102)).collect();
    push(&mut builder, &vec![(b"key".to_vec(), Kind::Put, value)]).unwrap();
    builder.seal(101, 90, Durability::Strict);
    writer.append(&io, &mut builder).unwrap();
    let mut bytes = bytes_of(&io);
    let (read, tail) = read_back(&io_of(&bytes), &header, None);
    assert_eq!((read.len(), tail.is_ok()), (1, true), "as a value they are nothing special");
    bytes[HEAD + 33] ^= 1;
    let (_, tail) = read_back(&io_of(&bytes), &header, None);
    assert!(tail.unwrap_err().message().contains("too much of it looks like frames"));
}

#[test]
fn a_frame_is_found_wherever_it_lies_against_the_pieces_that_are_read() {
    let geometry = Geometry::DEFAULT;
    let header = header(5, 101, 90);
    // The search begins at the lost frame; pieces of 64 KiB overlap by less than a frame's head.
    for payload in 64 * 1024 - 100..64 * 1024 + 20 {
        let mut io = io_of(&[]);
        io.set_layout(geometry, 0);
        let mut writer = LogWriter::begin(&io, FileId::LogA, &header, &geometry).unwrap();
        let mut builder = FrameBuilder::default();
        for (seq, payload) in [(101, payload), (102, 1)] {
            builder.set_catalog(&vec![0; payload]).unwrap();
            builder.seal(seq, seq - 1, Durability::Strict);
            writer.append(&io, &mut builder).unwrap();
            builder.clear();
        }
        io.write(FileId::LogA, HEAD as u64, &[0; 40]).unwrap();
        let (read, tail) = read_back(&io, &header, None);
        assert_eq!((read.len(), kind_of(tail)), (0, Some(ErrorKind::Corrupt)), "{payload}");
    }
}
