//! What fuzzing asks of blocks and segments.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to panic is what these functions are for"
)]

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use entidb_hot::hash::xxh3_64_with_seed;

use super::block::{Block, Target, kind_of};
use super::block_builder::BlockBuilder;
use super::block_cursor::BlockCursor;
use super::builder::SegmentBuilder;
use super::cursor::SegmentCursor;
use super::meta::{BlockPtr, SegmentMeta};
use super::reader::{Keep, Lookup, Segment, pointer};
use crate::codec::seal::{self, BlockKind, Place, SEAL_BYTES};
use crate::error::{Error, ErrorKind, Result};
use crate::kv::entry::Kind;
use crate::kv::io::Io;
use crate::limits::RAW_BLOCK_BYTES_MAX;
use crate::options::Geometry;
use crate::storage::{FileId, MemoryStorage};

/// Entries in the order of the store: by key, then the greatest number first. No value is a delete.
pub type Entries = BTreeMap<(Vec<u8>, Reverse<u64>), Option<Vec<u8>>>;

const PLACE: Place = Place { segment: 7, offset: 4096 };
const CHECKSUM_BYTES: usize = 8;
const BASE_SEQ: u64 = 1000;
const DATABASE_ID: [u8; 16] = *b"sixteen bytes id";
/// Blocks that are sealed anew: more than a segment of the geometry used here has.
const BLOCKS_MAX: usize = 4096;

/// One change of a file.
#[derive(Clone, Copy, Debug)]
pub struct Edit {
    /// Which byte, counted around the end.
    pub at: u32,
    /// What it is combined with by exclusive or.
    pub flip: u8,
}

impl Edit {
    /// Makes the change, if there is a byte.
    pub fn apply(self, bytes: &mut [u8]) {
        let at = usize::try_from(self.at).unwrap_or(0) % bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= self.flip;
        }
    }
}

/// An entry as a block has it.
type Found = (Vec<u8>, u64, Kind, Vec<u8>);

fn current(cursor: &BlockCursor) -> Found {
    let (block, entry) = cursor.current().unwrap();
    (cursor.key().to_vec(), entry.delta, kind_of(entry), block.value(entry).to_vec())
}

fn forward(block: &Arc<Block>) -> Result<Vec<Found>> {
    let mut cursor = BlockCursor::default();
    cursor.enter_first(Arc::clone(block))?;
    let mut found = vec![current(&cursor)];
    while cursor.step()? {
        found.push(current(&cursor));
        assert!(found.len() <= block.bytes().len(), "a block has fewer entries than bytes");
    }
    Ok(found)
}

fn backward(block: &Arc<Block>) -> Result<Vec<Found>> {
    let mut cursor = BlockCursor::default();
    cursor.enter_last(Arc::clone(block))?;
    let mut found = vec![current(&cursor)];
    while cursor.step_back()? {
        found.push(current(&cursor));
        assert!(found.len() <= block.bytes().len(), "a block has fewer entries than bytes");
    }
    found.reverse();
    Ok(found)
}

/// Whether the entry is at or after the target.
fn admits(found: &Found, key: &[u8], delta: u64) -> bool {
    (found.0.as_slice(), Reverse(found.1)) >= (key, Reverse(delta))
}

/// A payload of entries that anybody could have written, under a right checksum.
pub fn block(payload: &[u8], is_index: bool, probes: &[(Vec<u8>, u64)]) {
    check_block(payload, if is_index { BlockKind::Index } else { BlockKind::Data }, probes);
}

fn check_block(payload: &[u8], kind: BlockKind, probes: &[(Vec<u8>, u64)]) {
    let block = match Block::open(kind, payload.to_vec(), 99) {
        Ok(block) => Arc::new(block),
        Err(error) => return check_error(&error),
    };
    for (key, delta) in probes {
        match block.seek(Target { key, delta: Some(*delta) }) {
            Ok(Some(found)) => {
                let mut cursor = BlockCursor::default();
                cursor.enter(Arc::clone(&block), found, key);
                let _ = cursor.step();
                let _ = cursor.step_back();
            }
            Ok(None) => {}
            Err(error) => check_error(&error),
        }
    }
    match (forward(&block), backward(&block)) {
        (Ok(forward), Ok(backward)) => {
            assert_eq!(forward, backward, "both directions see the same");
            let ascending = forward
                .iter()
                .zip(forward.iter().skip(1))
                .all(|(a, b)| (&a.0, Reverse(a.1)) < (&b.0, Reverse(b.1)));
            assert!(ascending, "what is shown is in order");
        }
        (forward, backward) => {
            forward.err().iter().chain(&backward.err()).for_each(check_error);
        }
    }
}

/// A block of these entries gives them back, and finds each; what is left of it after some changes
/// is dealt with.
pub fn built_block(interval: usize, entries: &Entries, probes: &[(Vec<u8>, u64)], edits: &[Edit]) {
    let mut builder = BlockBuilder::new(interval.clamp(1, 64));
    let mut model = Vec::new();
    for ((key, Reverse(delta)), value) in entries {
        let bytes = value.clone().unwrap_or_default();
        if builder.size_bytes_with(key.len(), bytes.len()) >= RAW_BLOCK_BYTES_MAX {
            break;
        }
        let kind = if value.is_some() { Kind::Put } else { Kind::Delete };
        builder.add(key, *delta, kind, &bytes).unwrap();
        model.push((key.clone(), *delta, kind, bytes));
    }
    if model.is_empty() {
        return;
    }
    let mut payload = builder.finish().unwrap().to_vec();
    let block = Arc::new(Block::open(BlockKind::Data, payload.clone(), 99).unwrap());
    assert_eq!(forward(&block).unwrap(), model);
    assert_eq!(backward(&block).unwrap(), model);
    let own = model.iter().map(|(key, delta, ..)| (key.clone(), *delta));
    for (key, delta) in own.chain(probes.iter().cloned()) {
        let wanted = model.iter().find(|found| admits(found, &key, delta));
        let found = block.seek(Target { key: &key, delta: Some(delta) }).unwrap();
        let found = found.map(|found| {
            let mut cursor = BlockCursor::default();
            cursor.enter(Arc::clone(&block), found, &key);
            current(&cursor)
        });
        assert_eq!(found.as_ref(), wanted, "what is looked for is found");
    }
    for edit in edits {
        edit.apply(&mut payload);
    }
    check_block(&payload, BlockKind::Data, probes);
}

/// A sealed block of anything, its checksum right: it opens to what it was made of, or is refused.
pub fn sealed_block(body: &[u8], probes: &[(Vec<u8>, u64)]) {
    let checksum = xxh3_64_with_seed(body, seed(PLACE)).to_le_bytes();
    let sealed = [body, &checksum].concat();
    for kind in [BlockKind::Data, BlockKind::Index, BlockKind::Filter, BlockKind::Footer] {
        if let Ok(payload) = seal::open(sealed.clone(), kind, PLACE) {
            assert!(payload.len() < RAW_BLOCK_BYTES_MAX);
            if matches!(kind, BlockKind::Data | BlockKind::Index) {
                check_block(&payload, kind, probes);
            }
            let mut press = seal::Sealer::default();
            press.pack(&payload, kind);
            let again = seal::open(press.stamp(PLACE).to_vec(), kind, PLACE);
            assert_eq!(again.ok(), Some(payload), "a block opens to what was sealed");
        }
    }
}

/// Builds a segment, holds it against its entries, changes bytes of it and reads it again: under
/// its old checksums every answer is right or an error, under new ones it is any answer.
pub fn segment(entries: &Entries, edits: &[Edit], resealed: bool) {
    let storage = MemoryStorage::new();
    let mut io = Io::new(storage.clone(), 1 << 16);
    io.set_layout(Geometry::TINY, 0);
    let Some((mut meta, model)) = build(&io, entries) else { return };
    let segment = Arc::new(Segment::new(meta.clone()));
    read(&io, &segment, &model, true).unwrap();

    for edit in edits {
        let offset = edit.at % meta.len;
        let unit = meta.units[(offset / Geometry::TINY.unit_bytes) as usize];
        let at = io.unit_offset(unit) + u64::from(offset % Geometry::TINY.unit_bytes);
        let mut byte = [0];
        io.read_exact(FileId::Volume, at, &mut byte).unwrap();
        io.write(FileId::Volume, at, &[byte[0] ^ edit.flip]).unwrap();
    }
    if resealed {
        reseal_segment(&io, &mut meta);
    }
    let mut cold = Io::new(storage, 1 << 16);
    cold.set_layout(Geometry::TINY, 0);
    let segment = Arc::new(Segment::new(meta));
    if let Err(error) = read(&cold, &segment, &model, !resealed) {
        check_error(&error);
    }
}

/// One segment of as many entries as it takes.
fn build(io: &Io<MemoryStorage>, entries: &Entries) -> Option<(SegmentMeta, Entries)> {
    let mut builder = SegmentBuilder::new(1, DATABASE_ID, &Geometry::TINY, BASE_SEQ);
    let mut taken = 0;
    let alloc = &mut || {
        taken += 1;
        Ok((taken - 1) ^ 3)
    };
    let mut model = Entries::new();
    for ((key, Reverse(seq)), value) in entries {
        let seq = BASE_SEQ.saturating_add(*seq);
        let bytes = value.as_deref().unwrap_or_default();
        let kind = if value.is_some() { Kind::Put } else { Kind::Delete };
        if builder.should_cut(key) {
            break;
        }
        if builder.add(io, alloc, key, seq, kind, bytes).is_ok() {
            model.insert((key.clone(), Reverse(seq)), value.clone());
        }
    }
    if builder.is_empty() {
        return None;
    }
    let meta = builder.finish(io, alloc).unwrap();
    // A volume has whole units.
    let units = meta.units.iter().max().map_or(0, |unit| unit + 1);
    io.set_len(FileId::Volume, io.unit_offset(units)).unwrap();
    Some((meta, model))
}

/// Reads a segment in every way. `exact`: what it answers is what the model holds.
fn read(
    io: &Io<MemoryStorage>,
    segment: &Arc<Segment>,
    model: &Entries,
    exact: bool,
) -> Result<()> {
    let mut value = Vec::new();
    let mut damage = None;
    for ((key, Reverse(seq)), expected) in model {
        match segment.get(io, key, *seq, &mut value) {
            Ok(Lookup::Found) => {
                assert!(!exact || expected.as_ref() == Some(&value), "the value is right");
            }
            Ok(Lookup::Deleted) => assert!(!exact || expected.is_none(), "it was deleted"),
            Ok(Lookup::Absent) => assert!(!exact, "an entry has vanished"),
            Err(error) => damage = Some(error),
        }
    }
    walk(io, segment, model, exact)?;
    damage.map_or(Ok(()), Err)
}

fn walk(
    io: &Io<MemoryStorage>,
    segment: &Arc<Segment>,
    model: &Entries,
    exact: bool,
) -> Result<()> {
    let steps_max = segment.meta().len;
    for backward in [false, true] {
        let mut cursor = SegmentCursor::new(Arc::clone(segment));
        if backward { cursor.seek_last(io) } else { cursor.seek_first(io) }?;
        let mut wanted = model.iter();
        let mut steps = 0;
        while cursor.valid() {
            let next = if backward { wanted.next_back() } else { wanted.next() };
            let found = (cursor.key(), cursor.seq(), cursor.value());
            let next = next.map(|((key, Reverse(seq)), value)| {
                (key.as_slice(), *seq, value.as_deref().unwrap_or_default())
            });
            assert!(!exact || next == Some(found), "{found:?} instead of {next:?}");
            steps += 1;
            assert!(steps <= steps_max, "a segment has fewer entries than bytes");
            if backward { cursor.prev(io) } else { cursor.next(io) }?;
        }
        assert!(!exact || wanted.next().is_none(), "entries have vanished");
    }
    Ok(())
}

fn seed(place: Place) -> u64 {
    (place.segment << 24) | u64::from(place.offset)
}

/// Puts right checksums over the blocks of a segment, and over its footer in `meta`.
pub(crate) fn reseal_segment(io: &Io<MemoryStorage>, meta: &mut SegmentMeta) {
    if let Some(checksum) = reseal_block(io, meta, meta.footer) {
        meta.footer_hash = checksum;
    }
    let segment = Segment::new(meta.clone());
    let Ok(footer) = segment.footer(io) else { return };
    let parts = footer.filter.iter().map(|ptr| (*ptr, None));
    let mut blocks: Vec<_> = parts.chain([(footer.root, Some(footer.levels))]).collect();
    for _ in 0..BLOCKS_MAX {
        let Some((ptr, level)) = blocks.pop() else { return };
        reseal_block(io, meta, ptr);
        let Some(below) = level.and_then(|level| level.checked_sub(1)) else { continue };
        let Ok(block) = segment.block(io, ptr, BlockKind::Index, Keep::No) else { continue };
        let mut at = 0;
        while let Ok(Some(entry)) = block.entry(at) {
            blocks.extend(pointer(&block, &entry).map(|ptr| (ptr, Some(below))));
            at = entry.end;
        }
    }
}

/// The checksum that the block has now; none where there can be no block.
fn reseal_block(io: &Io<MemoryStorage>, meta: &SegmentMeta, ptr: BlockPtr) -> Option<u64> {
    let unit_bytes = io.geometry().unit_bytes;
    let unit = *meta.units.get(usize::try_from(ptr.offset / unit_bytes).ok()?)?;
    let start = ptr.offset % unit_bytes;
    let len = usize::try_from(ptr.len).ok()?;
    if ptr.len > unit_bytes - start || len < SEAL_BYTES {
        return None;
    }
    let offset = io.unit_offset(unit) + u64::from(start);
    let mut sealed = vec![0; len];
    io.read_exact(FileId::Volume, offset, &mut sealed).ok()?;
    let body = sealed.get(..len - CHECKSUM_BYTES)?;
    let place = Place { segment: meta.id, offset: ptr.offset };
    let checksum = xxh3_64_with_seed(body, seed(place));
    io.write(FileId::Volume, offset + body.len() as u64, &checksum.to_le_bytes()).ok()?;
    Some(checksum)
}

fn check_error(error: &Error) {
    match error.kind() {
        ErrorKind::VersionMismatch => {}
        ErrorKind::Corrupt => assert!(error.details().file == Some("volume"), "{error:?}"),
        _ => panic!("a segment is read, damaged or newer: {error:?}"),
    }
}
