//! Damaged segments answer rightly or say that they are corrupt.

use std::cmp::Reverse;
use std::sync::Arc;

use super::{Model, Shape, build, memory, new_io, random_model};
use crate::codec::seal::BlockKind;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::entry::Kind;
use crate::kv::io::Io;
use crate::kv::segment::block::Target;
use crate::kv::segment::block_builder::BlockBuilder;
use crate::kv::segment::block_cursor::BlockCursor;
use crate::kv::segment::footer::Footer;
use crate::kv::segment::{Block, Lookup, Segment, SegmentCursor, SegmentMeta};
use crate::options::Geometry;
use crate::storage::{FileId, MemoryStorage, Read, Storage};

fn is_located(error: &Error) -> bool {
    error.kind() == ErrorKind::Corrupt
        && error.details().file == Some("volume")
        && error.details().offset.is_some()
}

/// Whatever can be read is what was written; the rest is corrupt, with its place.
fn check(io: &Io<MemoryStorage>, meta: &SegmentMeta, model: &Model) -> bool {
    let segment = Arc::new(Segment::new(meta.clone()));
    let mut damaged = false;
    let mut value = Vec::new();
    for ((key, Reverse(seq)), (kind, expected)) in model {
        match segment.get(io, key, *seq, &mut value) {
            Ok(Lookup::Found) => assert_eq!((kind, expected), (&Kind::Put, &value)),
            Ok(Lookup::Deleted) => assert_eq!(*kind, Kind::Delete),
            Ok(Lookup::Absent) => panic!("an entry has vanished"),
            Err(error) => {
                assert!(is_located(&error), "{error:?}");
                damaged = true;
            }
        }
    }
    damaged |= check_scan(io, &segment, model).inspect_err(|e| assert!(is_located(e))).is_err();
    damaged
}

fn check_scan(io: &Io<MemoryStorage>, segment: &Arc<Segment>, model: &Model) -> Result<()> {
    let mut cursor = SegmentCursor::new(Arc::clone(segment));
    cursor.seek_first(io)?;
    for ((key, Reverse(seq)), (_, value)) in model {
        assert_eq!((cursor.key(), cursor.seq(), cursor.value()), (&key[..], *seq, &value[..]));
        cursor.next(io)?;
    }
    cursor.seek_last(io)?;
    for ((key, Reverse(seq)), (_, value)) in model.iter().rev() {
        assert_eq!((cursor.key(), cursor.seq(), cursor.value()), (&key[..], *seq, &value[..]));
        cursor.prev(io)?;
    }
    Ok(())
}

#[test]
fn every_flipped_byte_of_a_segment_is_noticed_or_harmless() {
    let geometry = Geometry { chunk_bytes: 512, ..Geometry::TINY };
    let model = random_model(5, Shape::Numbers, 60, 300);
    let io = memory(geometry);
    let built = build(&io, &model);
    let (segment, model) = &built[0];
    let meta = segment.meta();
    let mut noticed = 0;
    for offset in 0..meta.len {
        let unit = meta.units[(offset / geometry.unit_bytes) as usize];
        let at = io.unit_offset(unit) + u64::from(offset % geometry.unit_bytes);
        let mut byte = [0];
        assert_eq!(io.storage().read_at(FileId::Volume, at, &mut byte).unwrap(), Read::Done);
        let flipped = byte[0] ^ (1 << (offset % 8));
        io.storage().write_at(FileId::Volume, at, &[flipped]).unwrap();
        let cold = new_io(io.storage().clone(), geometry, 1 << 20);
        noticed += u32::from(check(&cold, meta, model));
        io.storage().write_at(FileId::Volume, at, &byte).unwrap();
    }
    // Only the padding between blocks tells nothing.
    assert!(noticed * 20 > meta.len * 19, "{noticed} of {}", meta.len);
    assert!(!check(&new_io(io.storage().clone(), geometry, 1 << 20), meta, model));
}

#[test]
fn a_manifest_that_points_elsewhere_is_noticed() {
    let model = random_model(6, Shape::SharedPrefix, 300, 100);
    let io = memory(Geometry::TINY);
    let built = build(&io, &model);
    let (meta, other) = (built[0].0.meta(), built[1].0.meta());
    let edits: [&dyn Fn(&mut SegmentMeta); 8] = [
        &|meta| meta.id += 1,
        &|meta| meta.units.reverse(),
        &|meta| meta.units.clone_from(&other.units),
        &|meta| meta.units.truncate(1),
        &|meta| meta.footer = other.footer,
        &|meta| meta.footer_hash ^= 1,
        &|meta| meta.footer.offset = u32::MAX,
        &|meta| meta.footer.len = u32::MAX,
    ];
    for edit in edits {
        let mut changed = meta.clone();
        edit(&mut changed);
        let io = new_io(io.storage().clone(), Geometry::TINY, 1 << 20);
        let error = Segment::new(changed).footer(&io).unwrap_err();
        assert!(is_located(&error), "{error:?}");
    }
}

/// Uses a block in every way; no result is wanted but that there is one.
fn exercise(block: &Arc<Block>, random: &mut fastrand::Rng) -> Result<()> {
    let mut cursor = BlockCursor::default();
    for _ in 0..6 {
        let key: Vec<u8> = (0..random.usize(..12)).map(|_| random.u8(..4)).collect();
        let delta = random.choice([None, Some(3), Some(u64::MAX)]).unwrap();
        let target = Target { key: &key, delta };
        if let Some(found) = block.seek(target)? {
            cursor.enter(Arc::clone(block), found, &key);
        }
        for _ in 0..random.usize(..30) {
            let _ = if random.bool() { cursor.step()? } else { cursor.step_back()? };
            assert!(cursor.key().len() <= 1 << 16);
        }
    }
    cursor.enter_first(Arc::clone(block))?;
    while cursor.step()? {}
    cursor.enter_last(Arc::clone(block))?;
    while cursor.step_back()? {}
    Ok(())
}

#[test]
fn a_block_that_lies_under_a_sound_checksum_never_panics_or_hangs() {
    let mut random = fastrand::Rng::with_seed(7);
    let (mut refused, mut taken) = (0, 0);
    for round in 0..30_000 {
        let mut builder = BlockBuilder::new(random.usize(1..6));
        let mut key = Vec::new();
        for n in 0..random.u8(1..25) {
            key.truncate(random.usize(..=key.len()));
            key.extend([n, random.u8(..4)]);
            builder.add(&key, random.u64(..9), Kind::Put, &vec![3; random.usize(..5)]).unwrap();
        }
        let mut bytes = builder.finish().unwrap().to_vec();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            let any = random.u8(..);
            bytes[at] = random.choice([0, 1, 0x80, 0xff, any]).unwrap();
        }
        if round % 3 == 0 {
            bytes.truncate(random.usize(..bytes.len()));
        }
        let result = Block::open(BlockKind::Data, bytes, 99)
            .and_then(|block| exercise(&Arc::new(block), &mut random));
        match result {
            Ok(()) => taken += 1,
            Err(error) => {
                assert!(is_located(&error), "{error:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 10_000 && taken > 100, "{refused} refused, {taken} taken");
}

#[test]
fn entries_out_of_order_are_corrupt_in_both_directions() {
    let entries: [(&[u8], u64); 3] = [(b"b", 5), (b"a", 5), (b"c", 5)];
    let repeated: [(&[u8], u64); 3] = [(b"a", 5), (b"a", 5), (b"c", 5)];
    for entries in [entries, repeated] {
        let mut builder = BlockBuilder::new(16);
        for (key, delta) in entries {
            builder.add(key, delta, Kind::Put, b"").unwrap();
        }
        let bytes = builder.finish().unwrap().to_vec();
        let block = Arc::new(Block::open(BlockKind::Data, bytes, 99).unwrap());
        let mut cursor = BlockCursor::default();
        cursor.enter_first(Arc::clone(&block)).unwrap();
        assert!(is_located(&cursor.step().unwrap_err()));
        assert!(is_located(&cursor.enter_last(block).unwrap_err()));
    }
}

#[test]
fn a_footer_of_random_bytes_is_refused_without_a_panic() {
    let model = random_model(8, Shape::Nested, 50, 10);
    let io = memory(Geometry::TINY);
    let (segment, _) = build(&io, &model).remove(0);
    let footer = segment.footer(&io).unwrap();
    let payload = footer.encode();
    assert_eq!(&Footer::decode(&payload).unwrap(), footer);
    let mut random = fastrand::Rng::with_seed(8);
    for _ in 0..50_000 {
        let mut damaged = payload.clone();
        let at = random.usize(..damaged.len());
        let any = random.u8(..);
        damaged[at] = random.choice([0x80, 0xff, any]).unwrap();
        damaged.truncate(random.usize(damaged.len() / 2..=damaged.len()));
        let _ = Footer::decode(&damaged);
    }
    let newer = [&payload[..8], &[9, 0], &payload[10..]].concat();
    assert_eq!(Footer::decode(&newer).unwrap_err().kind(), ErrorKind::VersionMismatch);
}
