//! Segments against a sorted map, over every geometry and shape of keys.

mod damage;
mod golden;
mod model;
mod reads;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Segment, SegmentBuilder};
use crate::codec::space::{Space, prefix};
use crate::error::Result;
use crate::kv::entry::Kind;
use crate::kv::io::Io;
use crate::options::Geometry;
use crate::storage::{MemoryStorage, Storage};

const UNITS_START: u64 = 1 << 16;
const BASE_SEQ: u64 = 1_000;
const DATABASE_ID: [u8; 16] = *b"sixteen bytes id";

/// Entries in the order of the store.
type Model = BTreeMap<(Vec<u8>, Reverse<u64>), (Kind, Vec<u8>)>;

/// Units in no simple order, as in a volume with holes.
fn shuffled_units() -> impl FnMut() -> Result<u32> {
    let mut taken = 0;
    move || {
        taken += 1;
        Ok((taken - 1) ^ 5)
    }
}

fn new_io<S: Storage>(storage: S, geometry: Geometry, cache_bytes: usize) -> Io<S> {
    let mut io = Io::new(storage, cache_bytes);
    io.set_layout(geometry, UNITS_START);
    io
}

/// Builds as many segments as the entries need, each with the entries it is to hold.
fn build<S: Storage>(io: &Io<S>, model: &Model) -> Vec<(Arc<Segment>, Model)> {
    let geometry = *io.geometry();
    let alloc = &mut shuffled_units();
    let mut built = Vec::new();
    let new = |id| SegmentBuilder::new(id, DATABASE_ID, &geometry, BASE_SEQ);
    let (mut builder, mut part) = (new(1), Model::new());
    let mut finish = |builder: SegmentBuilder, alloc: &mut dyn FnMut() -> Result<u32>, part| {
        let meta = builder.finish(io, alloc).unwrap();
        assert!(meta.units.len() <= geometry.segment_units_max as usize);
        built.push((Arc::new(Segment::new(meta)), part));
        built.len() as u64 + 1
    };
    for ((key, Reverse(seq)), (kind, value)) in model {
        if builder.should_cut(key) {
            let id = finish(builder, alloc, std::mem::take(&mut part));
            builder = new(id);
        }
        builder.add(io, alloc, key, *seq, *kind, value).unwrap();
        part.insert((key.clone(), Reverse(*seq)), (*kind, value.clone()));
    }
    finish(builder, alloc, part);
    built
}

/// Keys of one shape, in one space.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Whole numbers, as ids of documents.
    Numbers,
    /// Long keys that differ at their ends.
    SharedPrefix,
    /// Few different bytes and all lengths, so that keys are prefixes of each other.
    Nested,
    /// The longest keys there are, in part.
    Longest,
}

impl Shape {
    const ALL: [Self; 4] = [Self::Numbers, Self::SharedPrefix, Self::Nested, Self::Longest];

    fn key(self, random: &mut fastrand::Rng) -> Vec<u8> {
        let mut key = prefix(Space::Documents, 7).to_vec();
        match self {
            Self::Numbers => key.extend_from_slice(&random.u64(..5_000).to_be_bytes()),
            Self::SharedPrefix => {
                key.extend(std::iter::repeat_n(b'x', random.choice([40, 80]).unwrap()));
                key.extend_from_slice(&random.u16(..3_000).to_be_bytes());
            }
            Self::Nested => {
                let len = random.usize(..12);
                key.extend((0..len).map(|_| random.choice([0, 1, 0xff]).unwrap()));
            }
            Self::Longest => {
                let len = random.choice([3, 900, crate::limits::KEY_BYTES_MAX - 5]).unwrap();
                let byte = random.choice([0, 0x80, 0xff]).unwrap();
                key.extend(std::iter::repeat_n(byte, len - 2));
                key.extend_from_slice(&random.u16(..200).to_be_bytes());
            }
        }
        key
    }
}

/// Random entries: mostly one version of a key, now and then many.
fn random_model(seed: u64, shape: Shape, keys: usize, value_max: usize) -> Model {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut model = Model::new();
    for _ in 0..keys {
        let key = shape.key(&mut random);
        let versions = if random.u8(..30) == 0 { random.usize(1..40) } else { 1 };
        for _ in 0..versions {
            let delta_max = random.choice([0, 50, 1 << 40]).unwrap();
            let seq = BASE_SEQ + random.u64(..=delta_max);
            let len = if random.u8(..20) == 0 { value_max } else { random.usize(..60) };
            let value = (0..len).map(|at| if at % 3 == 0 { random.u8(..) } else { b'v' }).collect();
            let entry =
                if random.u8(..8) == 0 { (Kind::Delete, Vec::new()) } else { (Kind::Put, value) };
            model.insert((key.clone(), Reverse(seq)), entry);
        }
    }
    model
}

fn memory(geometry: Geometry) -> Io<MemoryStorage> {
    new_io(MemoryStorage::new(), geometry, 1 << 20)
}
