//! Every way to read a segment gives what a sorted map gives.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::{BASE_SEQ, Model, Shape, build, memory, new_io, random_model};
use crate::error::Result;
use crate::kv::entry::Kind;
use crate::kv::io::Io;
use crate::kv::segment::{Lookup, Segment, SegmentCursor};
use crate::options::{Durability, Geometry};
use crate::storage::{FileId, MemoryStorage, Read, Storage, Synced};

const TINIEST: Geometry = Geometry { chunk_bytes: 512, ..Geometry::TINY };

type Versioned = (Vec<u8>, Reverse<u64>);
type Entry<'a> = (&'a [u8], u64, Kind, &'a [u8]);

fn current(cursor: &SegmentCursor) -> Option<Entry<'_>> {
    let entry = || (cursor.key(), cursor.seq(), cursor.kind(), cursor.value());
    cursor.valid().then(entry)
}

fn entry<'a>(
    ((key, Reverse(seq)), (kind, value)): (&'a Versioned, &'a (Kind, Vec<u8>)),
) -> Entry<'a> {
    (key, *seq, *kind, value)
}

/// Runs a movement until it no longer asks for chunks; until then the cursor must not move.
fn retry(cursor: &mut SegmentCursor, mut movement: impl FnMut(&mut SegmentCursor) -> Result<()>) {
    let own = |cursor: &SegmentCursor| {
        current(cursor).map(|(key, seq, kind, value)| (key.to_vec(), seq, kind, value.to_vec()))
    };
    loop {
        let before = own(cursor);
        match movement(cursor) {
            Ok(()) => return,
            Err(error) if error.is_missing() => assert_eq!(own(cursor), before),
            Err(error) => panic!("{error}"),
        }
    }
}

fn check_walks<S: Storage>(io: &Io<S>, segment: &Arc<Segment>, model: &Model) {
    let mut cursor = SegmentCursor::for_merge(Arc::clone(segment));
    assert!(!cursor.valid());
    retry(&mut cursor, |cursor| cursor.seek_first(io));
    for expected in model.iter().map(entry) {
        assert_eq!(current(&cursor), Some(expected));
        retry(&mut cursor, |cursor| cursor.next(io));
    }
    assert_eq!(current(&cursor), None);
    retry(&mut cursor, |cursor| cursor.seek_last(io));
    for expected in model.iter().rev().map(entry) {
        assert_eq!(current(&cursor), Some(expected));
        retry(&mut cursor, |cursor| cursor.prev(io));
    }
    assert_eq!(current(&cursor), None);
}

/// A key near those of the model, and a sequence number near one of its.
fn probe(random: &mut fastrand::Rng, model: &Model) -> (Vec<u8>, u64) {
    let at = random.usize(..model.len());
    let (mut key, Reverse(mut seq)) = model.keys().nth(at).unwrap().clone();
    match random.u8(..8) {
        0 => key.push(random.u8(..)),
        1 => drop(key.pop()),
        2 => {
            let at = random.usize(..key.len());
            key[at] = key[at].wrapping_add(random.choice([1, 255]).unwrap());
        }
        3 => key = random.choice([vec![], vec![0xff; 9]]).unwrap(),
        _ => {}
    }
    match random.u8(..5) {
        0 => seq = seq.saturating_sub(1),
        1 => seq += 1,
        2 => seq = random.choice([0, BASE_SEQ - 1, BASE_SEQ, u64::MAX]).unwrap(),
        _ => {}
    }
    (key, seq)
}

fn check_seeks<S: Storage>(io: &Io<S>, segment: &Arc<Segment>, model: &Model, count: usize) {
    let mut random = fastrand::Rng::with_seed(count as u64);
    let mut cursor = SegmentCursor::new(Arc::clone(segment));
    for _ in 0..count {
        let (key, seq) = probe(&mut random, model);
        let target = (key.clone(), Reverse(seq));
        if random.bool() {
            retry(&mut cursor, |cursor| cursor.seek(io, &key, seq));
            assert_eq!(current(&cursor), model.range(&target..).next().map(entry));
        } else {
            retry(&mut cursor, |cursor| cursor.seek_before(io, &key));
            let newest = (key.clone(), Reverse(u64::MAX));
            let last = model.range(..newest).next_back();
            assert_eq!(current(&cursor), last.map(entry));
        }
        walk(io, &mut cursor, model, &mut random);
    }
}

fn walk<S: Storage>(
    io: &Io<S>,
    cursor: &mut SegmentCursor,
    model: &Model,
    random: &mut fastrand::Rng,
) {
    for _ in 0..random.usize(..40) {
        let Some((key, seq, ..)) = current(cursor) else {
            return;
        };
        let here = (key.to_vec(), Reverse(seq));
        let expected = if random.u8(..5) < 2 {
            retry(cursor, |cursor| cursor.next(io));
            model.range(here.clone()..).nth(1)
        } else {
            retry(cursor, |cursor| cursor.prev(io));
            model.range(..here.clone()).next_back()
        };
        assert_eq!(current(cursor), expected.map(entry));
    }
}

fn check_gets<S: Storage>(io: &Io<S>, segment: &Segment, model: &Model, count: usize) {
    let mut random = fastrand::Rng::with_seed(count as u64 + 1);
    let mut value = Vec::new();
    for _ in 0..count {
        let (key, seq) = probe(&mut random, model);
        let found = loop {
            match segment.get(io, &key, seq, &mut value) {
                Err(error) if error.is_missing() => {}
                found => break found.unwrap(),
            }
        };
        let newest = model.range((key.clone(), Reverse(seq))..).next().map(entry);
        match newest.filter(|(found, ..)| *found == key) {
            Some((.., Kind::Put, expected)) => {
                assert_eq!((found, value.as_slice()), (Lookup::Found, expected));
            }
            Some((.., Kind::Delete, _)) => assert_eq!(found, Lookup::Deleted),
            None => assert_eq!(found, Lookup::Absent),
        }
    }
}

#[test]
fn every_read_gives_what_a_sorted_map_gives() {
    let small_blocks = Geometry { block_bytes: 512, ..Geometry::DEFAULT };
    for (seed, geometry) in
        [Geometry::TINY, TINIEST, small_blocks, Geometry::DEFAULT].into_iter().enumerate()
    {
        for shape in Shape::ALL {
            for keys in [1, 2, 17, 400, 3_000] {
                let value_max = geometry.value_bytes_max();
                let model = random_model(seed as u64, shape, keys, value_max);
                let io = memory(geometry);
                for (segment, model) in build(&io, &model) {
                    check_walks(&io, &segment, &model);
                    check_seeks(&io, &segment, &model, 60);
                    check_gets(&io, &segment, &model, 60);
                }
            }
        }
    }
}

#[test]
fn versions_of_one_key_that_fill_many_blocks_are_told_apart() {
    for geometry in [Geometry::TINY, Geometry::DEFAULT] {
        let mut model = Model::new();
        for (n, versions) in [(1, 1), (2, 1_500), (3, 1), (4, 700)] {
            let key = [&[1, 0, 0, 0, 7][..], &[n; 20]].concat();
            for version in 0..versions {
                let value = (Kind::Put, vec![n; 37]);
                model.insert((key.clone(), Reverse(BASE_SEQ + 3 * version)), value);
            }
        }
        let io = memory(geometry);
        let built = build(&io, &model);
        for (segment, model) in &built {
            check_walks(&io, segment, model);
            check_seeks(&io, segment, model, 2_000);
            check_gets(&io, segment, model, 2_000);
        }
    }
}

#[test]
fn a_storage_that_must_fetch_changes_no_answer_and_moves_no_cursor_too_early() {
    for shape in Shape::ALL {
        let model = random_model(9, shape, 700, 500);
        let io = memory(TINIEST);
        let built = build(&io, &model);
        let storage = Stingy::over(io.storage().clone());
        let stingy = new_io(storage, TINIEST, 0);
        for (segment, model) in built {
            let segment = Arc::new(Segment::new(segment.meta().clone()));
            check_walks(&stingy, &segment, &model);
            check_seeks(&stingy, &segment, &model, 30);
            check_gets(&stingy, &segment, &model, 30);
        }
        assert!(stingy.storage().refused.get() > 100);
    }
}

/// Has a block only after it has been asked for it once, and forgets all others then.
struct Stingy {
    storage: MemoryStorage,
    at_hand: RefCell<BTreeSet<u64>>,
    refused: Cell<usize>,
}

impl Stingy {
    fn over(storage: MemoryStorage) -> Self {
        Self { storage, at_hand: RefCell::default(), refused: Cell::new(0) }
    }
}

impl Storage for Stingy {
    fn len(&self, file: FileId) -> Result<u64> {
        self.storage.len(file)
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        let mut at_hand = self.at_hand.borrow_mut();
        if at_hand.contains(&offset) {
            return self.storage.read_at(file, offset, buf);
        }
        if at_hand.len() > 40 {
            at_hand.clear();
        }
        at_hand.insert(offset);
        self.refused.set(self.refused.get() + 1);
        Ok(Read::Missing)
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        self.storage.write_at(file, offset, bytes)
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        self.storage.set_len(file, len)
    }

    fn sync(&self, file: FileId, durability: Durability) -> Result<Synced> {
        self.storage.sync(file, durability)
    }
}
