//! The payload of a frame: what is refused on the way in and on the way out.

use super::super::commits::{Commits, VALUE_BYTES_MAX};
use super::super::frame::{FrameHead, FrameKind};
use super::*;
use crate::limits::KEY_BYTES_MAX;

#[test]
fn a_refused_commit_leaves_the_frame_as_it_was() {
    let mut frame = FrameBuilder::default();
    push(&mut frame, &vec![(b"a".to_vec(), Kind::Put, b"1".to_vec())]).unwrap();
    let (bytes, commits) = (frame.bytes(), frame.commits());
    let key = |key: &[u8]| (key.to_vec(), Kind::Put, Vec::new());
    let refused: [(Entries, ErrorKind); 4] = [
        (vec![key(b"b"), key(b"a")], ErrorKind::InvalidInput),
        (vec![key(b"b"), key(b"b")], ErrorKind::InvalidInput),
        (vec![key(&[0; KEY_BYTES_MAX + 1])], ErrorKind::LimitExceeded),
        (vec![(vec![], Kind::Put, vec![0; VALUE_BYTES_MAX + 1])], ErrorKind::LimitExceeded),
    ];
    for (entries, kind) in refused {
        assert_eq!(kind_of(push(&mut frame, &entries)), Some(kind));
        assert_eq!((frame.bytes(), frame.commits()), (bytes, commits));
    }
    assert_eq!(kind_of(frame.set_catalog(b"catalog")), Some(ErrorKind::InvalidInput));
    frame.clear();
    assert_eq!(kind_of(frame.set_catalog(b"")), Some(ErrorKind::InvalidInput));
    frame.set_catalog(b"catalog").unwrap();
    assert_eq!(kind_of(push(&mut frame, &vec![])), Some(ErrorKind::InvalidInput));
    assert_eq!((frame.bytes(), frame.commits()), (7, 1));
}

#[test]
fn going_back_to_a_mark_takes_back_what_came_after_it() {
    let mut frame = FrameBuilder::default();
    let empty = frame.mark();
    assert!(empty.is_empty());
    push(&mut frame, &vec![(b"a".to_vec(), Kind::Put, b"1".to_vec())]).unwrap();
    let one = frame.mark();
    let bytes = frame.bytes();
    push(&mut frame, &vec![(b"b".to_vec(), Kind::Delete, vec![])]).unwrap();
    frame.rewind(one);
    assert_eq!((frame.bytes(), frame.commits(), one.is_empty()), (bytes, 1, false));
    frame.rewind(empty);
    assert_eq!((frame.bytes(), frame.commits()), (0, 0));
}

/// Everything that a payload of `count` commits is read as.
fn read(payload: &[u8], count: u32) -> Result<Vec<(u64, Entries)>> {
    let owned = |commit: Commit<'_>| {
        let entries = commit.entries().map(|(k, kind, v)| (k.to_vec(), kind, v.to_vec()));
        (commit.seq(), entries.collect())
    };
    Commits::new(payload, 1, count).map(|commit| commit.map(owned)).collect()
}

/// The payload that these commits have.
fn payload_of(commits: &[(u64, Entries)]) -> Result<Vec<u8>> {
    let mut frame = FrameBuilder::default();
    for (_, entries) in commits {
        push(&mut frame, entries)?;
    }
    frame.seal(1, 0, Durability::Strict);
    Ok(frame.finish(1, 1024, 1)?[40..].to_vec())
}

#[test]
fn a_payload_is_read_only_if_writing_it_gives_the_same_bytes() {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let count = rng.u32(1..4);
        let commits: Vec<_> = (1..=u64::from(count)).map(|n| (n, any_entries(&mut rng))).collect();
        let mut payload = payload_of(&commits).unwrap();
        assert_eq!(read(&payload, count).unwrap(), commits);
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(0..payload.len());
            match rng.u8(0..3) {
                0 => payload[at] = rng.u8(..),
                1 => payload[at] = payload[at].wrapping_add(1),
                _ => payload.insert(at, rng.u8(0..3)),
            }
        }
        match read(&payload, count) {
            Ok(commits) => {
                accepted += 1;
                assert_eq!(payload_of(&commits).unwrap(), payload);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt),
        }
    }
    assert!(accepted > 1000, "changed values are still sound: {accepted}");
}

#[test]
fn a_payload_cut_anywhere_is_refused() {
    let mut rng = fastrand::Rng::with_seed(2);
    for _ in 0..50 {
        let commits: Vec<_> = (1..4).map(|n| (n, any_entries(&mut rng))).collect();
        let payload = payload_of(&commits).unwrap();
        for cut in 0..payload.len() {
            assert_eq!(kind_of(read(&payload[..cut], 3)), Some(ErrorKind::Corrupt));
        }
        assert_eq!(kind_of(read(&payload, 2)), Some(ErrorKind::Corrupt));
        assert_eq!(kind_of(read(&payload, 4)), Some(ErrorKind::Corrupt));
    }
}

#[test]
fn a_sealed_frame_of_nonsense_is_damage_and_none_of_it_is_shown() {
    let mut rng = fastrand::Rng::with_seed(3);
    for _ in 0..500 {
        let header = header(5, 101, 90);
        let io = io_of(&[]);
        begin(&io, &header);
        let mut bytes = bytes_of(&io);
        let mut payload =
            payload_of(&[(1, any_entries(&mut rng)), (2, any_entries(&mut rng))]).unwrap();
        for byte in &mut payload {
            *byte = if rng.u8(0..4) == 0 { rng.u8(..) } else { *byte };
        }
        let head = FrameHead {
            payload_len: u32::try_from(payload.len()).unwrap(),
            kind: FrameKind::Commits,
            relaxed: false,
            first_seq: 101,
            durable_seq: 90,
            count: 2,
            checksum: 0,
        };
        bytes.truncate(HEAD);
        bytes.extend_from_slice(&head.encode_for(5, 1024, &payload));
        bytes.extend_from_slice(&payload);
        let (shown, tail) = read_back(&io_of(&bytes), &header, None);
        let is_sound = read(&payload, 2).is_ok();
        assert_eq!((shown.len(), tail.is_ok()), (usize::from(is_sound), is_sound));
        if let Err(error) = tail {
            assert_eq!((error.details().file, error.details().offset), (Some("log.a"), Some(1024)));
        }
    }
}
