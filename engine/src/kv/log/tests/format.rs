//! The bytes of FORMAT.md, section 7.

use std::fmt::Write;

use super::super::frame::FrameHead;
use super::super::header::HEADER_BYTES;
use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

#[test]
fn a_header_has_the_bytes_it_has_always_had() {
    let bytes = header(5, 101, 90).encode(FileId::LogB).unwrap();
    assert_eq!(bytes.len(), HEAD);
    assert_eq!(bytes[..HEADER_BYTES], bytes[HEADER_BYTES..]);
    assert_eq!(
        hex(&bytes[..96]),
        concat!(
            "456e74694c6f6745",
            "0100000002000000",
            "3031323334353637",
            "3839616263646566",
            "0500000000000000",
            "6500000000000000",
            "5a00000000000000",
            "0300000000000000",
            "4d04000000000000",
            "0000000000000000",
            "0000000000000000",
            "0000000000000000",
        )
    );
    assert!(bytes[96..508].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[508..512], crc32fast::hash(&bytes[..508]).to_le_bytes());
}

#[test]
fn a_frame_has_the_bytes_it_has_always_had() {
    let io = io_of(&[]);
    let mut writer = begin(&io, &header(5, 101, 90));
    let mut frame = FrameBuilder::default();
    frame
        .push_commit([
            (&b"a"[..], Kind::Put, &b"one"[..]),
            (&b"b"[..], Kind::Delete, &b"never written"[..]),
        ])
        .unwrap();
    frame.push_commit([(&b"c"[..], Kind::Put, &b""[..])]).unwrap();
    frame.seal(101, 90, Durability::Relaxed);
    writer.append(&io, &mut frame).unwrap();
    let bytes = bytes_of(&io);
    assert_eq!(
        hex(&bytes[HEAD..HEAD + 32]),
        concat!("1000000001010000", "6500000000000000", "5a00000000000000", "0200000000000000")
    );
    assert_eq!(hex(&bytes[HEAD + 36..HEAD + 40]), "00000000");
    assert_eq!(hex(&bytes[HEAD + 40..HEAD + 57]), "010161036f6e6502016200010163000000");
    let covered = [
        &5_u64.to_le_bytes()[..],
        &1024_u64.to_le_bytes(),
        &bytes[HEAD..][..32],
        &bytes[HEAD + 40..][..16],
    ];
    let checksum = crc32fast::hash(&covered.concat());
    assert_eq!(bytes[HEAD + 32..HEAD + 36], checksum.to_le_bytes());
}

#[test]
fn a_damaged_header_is_read_from_its_other_copy() {
    let header = header(5, 101, 90);
    let bytes = header.encode(FileId::LogA).unwrap();
    for copy in [0, HEADER_BYTES] {
        let mut one = bytes.clone();
        one[copy..copy + HEADER_BYTES].fill(0xa5);
        assert_eq!(header_of(&io_of(&one)).unwrap(), HeaderState::Valid(header));
        for at in 0..HEAD {
            let mut both = one.clone();
            both[at] ^= 0x10;
            let is_spare = (copy..copy + HEADER_BYTES).contains(&at);
            let expected = if is_spare { HeaderState::Valid(header) } else { HeaderState::Damaged };
            assert_eq!(header_of(&io_of(&both)).unwrap(), expected, "{at}");
        }
    }
    for len in 0..HEAD {
        let expected = match len {
            0 => HeaderState::Absent,
            1..512 => HeaderState::Damaged,
            _ => HeaderState::Valid(header),
        };
        assert_eq!(header_of(&io_of(&bytes[..len])).unwrap(), expected, "{len}");
    }
    assert_eq!(header_of(&io_of(&[0; 4096])).unwrap(), HeaderState::Absent);
}

#[test]
fn headers_of_newer_versions_and_other_databases_are_refused() {
    let sound = header(5, 101, 90).encode(FileId::LogA).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = sound.clone();
        for copy in [0, HEADER_BYTES] {
            bytes[copy + at] = byte;
            let checksum = crc32fast::hash(&bytes[copy..copy + 508]);
            bytes[copy + 508..copy + 512].copy_from_slice(&checksum.to_le_bytes());
        }
        header_of(&io_of(&bytes))
    };
    for (at, what) in [(8, "major version"), (72, "salt"), (87, "salt"), (88, "attempts")] {
        assert_eq!(kind_of(with(at, 9)), Some(ErrorKind::VersionMismatch), "{what}");
    }
    assert_eq!(kind_of(with(16, 9)), Some(ErrorKind::Corrupt), "another database");
    assert_eq!(with(12, 3).unwrap(), HeaderState::Damaged, "no known role");
    assert_eq!(with(32, 0).unwrap(), HeaderState::Damaged, "epoch 0");
    assert_eq!(with(40, 1).unwrap(), HeaderState::Damaged, "begins before its beginning");
    let minor = HeaderState::Valid(header(5, 101, 90));
    assert_eq!((with(10, 9).unwrap(), with(12, 2).unwrap()), (minor, minor));
    let volume = header(5, 101, 90).encode(FileId::Volume);
    assert_eq!(kind_of(volume), Some(ErrorKind::InvalidInput));
}

#[test]
fn heads_are_accepted_only_if_writing_them_gives_the_same_bytes() {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut accepted = 0;
    for _ in 0..200_000 {
        let mut bytes = [0_u8; 40];
        let filled = [0..1, 4..6, 8..9, 16..17, 24..25, 32..36];
        filled.into_iter().flatten().for_each(|at| bytes[at] = rng.u8(0..4));
        if rng.u8(0..4) == 0 {
            bytes[rng.usize(0..40)] = rng.u8(..);
        }
        let Ok(head) = FrameHead::decode(&bytes) else { continue };
        accepted += 1;
        let again = head.encode_for(1, 2, b"payload");
        assert_eq!((&again[..32], &again[36..]), (&bytes[..32], &bytes[36..]));
        assert!(head.durable_seq < head.first_seq && head.last_seq() >= head.first_seq);
    }
    assert!(accepted > 1000, "{accepted}");
}
