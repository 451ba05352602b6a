//! The bytes of a segment are a promise: the same on every platform, and from version to version.

use std::cmp::Reverse;

use xxhash_rust::xxh3::xxh3_64;

use super::{BASE_SEQ, Model, UNITS_START, build, memory};
use crate::codec::space::{Space, prefix};
use crate::kv::entry::Kind;
use crate::options::Geometry;
use crate::storage::{FileId, Read, Storage};

/// Documents of all sizes with older versions and deletes, and index entries.
fn entries() -> Model {
    let mut model = Model::new();
    for n in 0_u32..900 {
        let key = [&prefix(Space::Documents, 7)[..], &(n * n).to_be_bytes()].concat();
        let text = format!("city {n} of {}, ", n % 97);
        let len = if n % 100 == 7 { 1000 } else { (n * 31 % 120) as usize };
        let value = text.into_bytes().into_iter().cycle().take(len).collect();
        model.insert((key.clone(), Reverse(BASE_SEQ + u64::from(n))), (Kind::Put, value));
        if n % 10 == 3 {
            let older = u64::from(n / 2);
            model.insert((key, Reverse(BASE_SEQ + older)), (Kind::Delete, Vec::new()));
        }
        let mut key = prefix(Space::Ordered, 8).to_vec();
        key.extend_from_slice(format!("\u{6}name {}", n * 7919 % 1013).as_bytes());
        model.insert((key, Reverse(BASE_SEQ + u64::from(n))), (Kind::Put, Vec::new()));
    }
    for version in 0..300 {
        let key = prefix(Space::Unique, 9).to_vec();
        model.insert((key, Reverse(BASE_SEQ + version)), (Kind::Put, vec![9; 9]));
    }
    model
}

/// Length of the units and hash of their bytes.
fn fingerprint(geometry: Geometry) -> (u64, u64) {
    let io = memory(geometry);
    build(&io, &entries());
    let storage = io.storage();
    let len = storage.len(FileId::Volume).unwrap() - UNITS_START;
    let mut bytes = vec![0; usize::try_from(len).unwrap()];
    assert_eq!(storage.read_at(FileId::Volume, UNITS_START, &mut bytes).unwrap(), Read::Done);
    (len, xxh3_64(&bytes))
}

#[test]
fn the_bytes_of_segments_are_those_they_have_always_been() {
    for (geometry, golden) in [
        (Geometry::TINY, (65_536, 0x0c0e_37aa_46b5_b3be)),
        (Geometry::DEFAULT, (1_900_544, 0x8958_73f1_cbe8_4bcc)),
    ] {
        let found = fingerprint(geometry);
        assert_eq!(found, golden, "a new format version is due: {found:#x?}");
    }
}
