//! What building and reading cost, counted in calls of the storage.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::sync::Arc;

use super::{
    BASE_SEQ, DATABASE_ID, Model, Shape, build, memory, new_io, random_model, shuffled_units,
};
use crate::codec::bytes::Reader;
use crate::codec::space::{Space, prefix};
use crate::error::{ErrorKind, Result};
use crate::kv::entry::Kind;
use crate::kv::segment::{Lookup, Segment, SegmentBuilder, SegmentCursor, SegmentMeta};
use crate::options::{Durability, Geometry};
use crate::storage::{FileId, MemoryStorage, Read, Storage, Synced};

fn documents(count: u64) -> Model {
    let document = |n: u64| {
        let key = [&prefix(Space::Documents, 7)[..], &(2 * n).to_be_bytes()].concat();
        let value = format!("name: city {n}, country: {}, people: {}", n % 190, n * n % 99_991);
        ((key, Reverse(BASE_SEQ + n)), (Kind::Put, value.into_bytes()))
    };
    (0..count).map(document).collect()
}

fn absent(n: u64) -> Vec<u8> {
    [&prefix(Space::Documents, 7)[..], &(2 * n + 1).to_be_bytes()].concat()
}

#[test]
fn a_warm_get_reads_nothing_and_a_cold_one_reads_one_block_per_level() {
    let model = documents(60_000);
    let io = memory(Geometry::DEFAULT);
    let built = build(&io, &model);
    assert_eq!(built.len(), 1);
    let mut value = Vec::new();
    for (key, Reverse(seq)) in model.keys().step_by(997) {
        let cold = Segment::new(built[0].0.meta().clone());
        let io = new_io(io.storage().clone(), Geometry::DEFAULT, 1 << 20);
        assert_eq!(cold.get(&io, key, *seq, &mut value).unwrap(), Lookup::Found);
        assert!(io.stats().reads <= 5, "footer, filter, two levels, data: {:?}", io.stats());
        let before = io.stats();
        assert_eq!(cold.get(&io, key, *seq, &mut value).unwrap(), Lookup::Found);
        assert_eq!(io.stats().reads, before.reads);
        assert_eq!(io.stats().cache_misses, before.cache_misses);
    }
}

#[test]
fn an_absent_key_is_refused_by_the_filter_all_but_always() {
    for geometry in [Geometry::TINY, Geometry::DEFAULT] {
        let model = documents(60_000);
        let io = memory(geometry);
        let (mut passed, mut asked) = (0, 0);
        for (segment, _) in build(&io, &model) {
            for n in 0..60_000 {
                let key = absent(n);
                if key > segment.meta().min_key && key < segment.meta().max_key {
                    asked += 1;
                    passed += u32::from(segment.may_contain(&io, &key).unwrap());
                }
            }
        }
        assert!(asked > 50_000);
        assert!(passed * 1_000 < asked * 3, "{passed} of {asked}");
    }
}

#[test]
fn the_filter_knows_every_key_it_was_given() {
    for geometry in [Geometry::TINY, Geometry::DEFAULT] {
        for shape in Shape::ALL {
            let model = random_model(4, shape, 4_000, 100);
            let io = memory(geometry);
            for (segment, model) in build(&io, &model) {
                for (key, _) in model.keys() {
                    assert!(segment.may_contain(&io, key).unwrap());
                }
            }
        }
    }
}

#[test]
fn keys_outside_of_a_segment_cost_no_read_at_all() {
    let model = documents(1_000);
    let io = memory(Geometry::DEFAULT);
    let (segment, _) = build(&io, &model).remove(0);
    let before = io.stats();
    let mut value = Vec::new();
    for key in [&[][..], &[1, 0, 0, 0, 6, 9], &absent(1_000), &[0xff; 30]] {
        assert_eq!(segment.get(&io, key, u64::MAX, &mut value).unwrap(), Lookup::Absent);
    }
    let (first, _) = model.keys().next().unwrap();
    assert_eq!(segment.get(&io, first, BASE_SEQ - 1, &mut value).unwrap(), Lookup::Absent);
    assert_eq!(io.stats(), before);
}

#[test]
fn a_merge_leaves_the_cache_to_the_readers() {
    let io = memory(Geometry::DEFAULT);
    let (segment, _) = build(&io, &documents(20_000)).remove(0);
    let mut cursor = SegmentCursor::for_merge(Arc::clone(&segment));
    cursor.seek_first(&io).unwrap();
    while cursor.valid() {
        cursor.next(&io).unwrap();
    }
    assert!(io.cached_bytes() < 100_000, "index blocks only: {}", io.cached_bytes());
}

#[test]
fn segments_end_at_a_change_of_prefix_and_before_they_are_too_long() {
    let mut model = documents(30_000);
    for space in [Space::Ordered, Space::Unique, Space::Counters] {
        let key = prefix(space, 3).to_vec();
        model.insert((key, Reverse(BASE_SEQ)), (Kind::Put, vec![1; 50]));
    }
    for geometry in [Geometry::TINY, Geometry::DEFAULT] {
        let io = memory(geometry);
        let built = build(&io, &model);
        let segment_bytes = u64::from(geometry.unit_bytes * geometry.segment_units_max);
        for ((segment, _), (next, _)) in built.iter().zip(built.iter().skip(1)) {
            let (meta, next) = (segment.meta(), next.meta());
            assert_eq!(meta.min_key[..5], meta.max_key[..5]);
            if meta.max_key[..5] == next.min_key[..5] {
                let len = u64::from(meta.len);
                assert!(len > segment_bytes * 7 / 10, "{len} of {segment_bytes}");
            }
        }
        assert_eq!(built.iter().map(|(s, _)| s.meta().entries).sum::<u64>(), 30_003);
    }
}

#[test]
fn what_does_not_fit_is_refused_before_it_is_written() {
    let geometry = Geometry::TINY;
    let io = memory(geometry);
    let alloc = &mut shuffled_units();
    let new = || SegmentBuilder::new(1, DATABASE_ID, &geometry, BASE_SEQ);
    let refusals = [
        (vec![1; crate::limits::KEY_BYTES_MAX + 1], BASE_SEQ, 0, ErrorKind::LimitExceeded),
        (vec![1; 9], BASE_SEQ, geometry.entry_value_bytes_max() + 1, ErrorKind::LimitExceeded),
        (vec![1; 9], BASE_SEQ - 1, 0, ErrorKind::Corrupt),
        (vec![1; 8], BASE_SEQ, 0, ErrorKind::Corrupt),
        (vec![1; 9], BASE_SEQ + 5, 0, ErrorKind::Corrupt),
    ];
    for (key, seq, len, kind) in refusals {
        let mut builder = new();
        builder.add(&io, alloc, &[1; 9], BASE_SEQ + 5, Kind::Put, b"").unwrap();
        let added = builder.add(&io, alloc, &key, seq, Kind::Put, &vec![0; len]);
        assert_eq!(added.unwrap_err().kind(), kind);
    }
    let mut builder = new();
    let too_long = (0_u64..).find_map(|n| {
        let mut random = fastrand::Rng::with_seed(n);
        let value: Vec<u8> = (0..200).map(|_| random.u8(..)).collect();
        builder.add(&io, alloc, &n.to_be_bytes(), BASE_SEQ, Kind::Put, &value).err()
    });
    assert_eq!(too_long.unwrap().kind(), ErrorKind::LimitExceeded);
    assert!(new().finish(&io, alloc).is_err(), "a segment without entries");
}

#[test]
fn whatever_is_added_when_a_segment_need_not_be_cut_still_fits() {
    for seed in 0..120 {
        let mut random = fastrand::Rng::with_seed(seed);
        let geometry = Geometry { segment_units_max: random.u32(3..6), ..Geometry::TINY };
        let key_len_max = random.choice([1, 20, 600, crate::limits::KEY_BYTES_MAX - 9]).unwrap();
        let value_max = geometry.value_bytes_max();
        let value_min = random.choice([0, value_max - 30, value_max]).unwrap();
        let mut model = Model::new();
        for n in 0_u32..200 {
            let tail = vec![7; random.usize(..key_len_max)];
            let key = [&[4, 0, 0, 0, 1][..], &n.to_be_bytes(), &tail].concat();
            let len = random.usize(value_min..=value_max);
            let value = (0..len).map(|_| random.u8(..)).collect();
            model.insert((key, Reverse(BASE_SEQ)), (Kind::Put, value));
        }
        let io = memory(geometry);
        assert!(build(&io, &model).len() > 1);
    }
}

#[test]
fn writes_are_whole_chunks_each_once_and_all_counted() {
    for geometry in [Geometry::TINY, Geometry::DEFAULT] {
        let storage = Watched::default();
        let io = new_io(storage, geometry, 0);
        for (segment, _) in build(&io, &documents(9_000)) {
            let chunks = segment.meta().len.next_multiple_of(geometry.chunk_bytes);
            assert!(chunks as usize <= segment.meta().units.len() * geometry.unit_bytes as usize);
        }
        let chunk = u64::from(geometry.chunk_bytes);
        let mut seen = std::collections::BTreeSet::new();
        for (offset, len) in io.storage().writes.borrow().iter() {
            assert!(offset % chunk == 0 && len % chunk == 0);
            for chunk in offset / chunk..(offset + len) / chunk {
                assert!(seen.insert(chunk), "a chunk was written twice");
            }
        }
        let written = seen.len() as u64 * chunk;
        assert_eq!(io.stats().bytes_written, written);
    }
}

#[test]
fn a_meta_survives_the_manifest_in_few_bytes() {
    let (segment, _) = build(&memory(Geometry::DEFAULT), &documents(500)).remove(0);
    let mut bytes = Vec::new();
    segment.meta().put(&mut bytes);
    let read = SegmentMeta::read(&mut Reader::new(&bytes)).unwrap();
    assert_eq!(&read, segment.meta());
    assert!(bytes.len() < 90, "{} bytes", bytes.len());
}

#[test]
fn what_a_job_keeps_can_be_sent_to_another_thread() {
    fn sendable<T: Send>() {}
    sendable::<crate::kv::io::Io<MemoryStorage>>();
    sendable::<(SegmentBuilder, SegmentCursor, Arc<Segment>)>();
}

#[derive(Default)]
struct Watched {
    storage: MemoryStorage,
    writes: RefCell<Vec<(u64, u64)>>,
}

impl Storage for Watched {
    fn len(&self, file: FileId) -> Result<u64> {
        self.storage.len(file)
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        self.storage.read_at(file, offset, buf)
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        self.writes.borrow_mut().push((offset, bytes.len() as u64));
        self.storage.write_at(file, offset, bytes)
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        self.storage.set_len(file, len)
    }

    fn sync(&self, file: FileId, durability: Durability) -> Result<Synced> {
        self.storage.sync(file, durability)
    }
}
