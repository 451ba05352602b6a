//! A volume of more than four gigabytes, of which little was ever written: offsets on both sides of
//! 2^31 and 2^32.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use entidb::kv::{Batch, Store, View};
use entidb::storage::{FileId, Read, Storage, Synced};
use entidb::{Durability, Geometry, Options, Result};

const PAGE_BYTES: u64 = 4096;

/// A file as long as it says, in which only the pages exist that were written to.
#[derive(Default)]
struct File {
    len: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl File {
    /// The pages of a range, each with where its part lies in the range and in the page.
    fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
        let end = offset + len as u64;
        let mut at = offset;
        std::iter::from_fn(move || {
            let part = (at < end).then(|| {
                let (page, from) = (at / PAGE_BYTES, at % PAGE_BYTES);
                let len = (PAGE_BYTES - from).min(end - at);
                let usize_of = |n: u64| usize::try_from(n).unwrap();
                (page, usize_of(at - offset), usize_of(from), usize_of(len))
            });
            at += part.map_or(0, |(.., len)| len as u64);
            part
        })
    }
}

/// Files that take as much memory as was written to them, however long they are.
#[derive(Clone, Default)]
struct Sparse(Arc<Mutex<[File; 3]>>);

impl Sparse {
    fn with<T>(&self, file: FileId, work: impl FnOnce(&mut File) -> T) -> T {
        let at = FileId::ALL.iter().position(|other| *other == file).unwrap();
        work(self.0.lock().unwrap().get_mut(at).unwrap())
    }
}

impl Storage for Sparse {
    fn len(&self, file: FileId) -> Result<u64> {
        Ok(self.with(file, |file| file.len))
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        self.with(file, |file| {
            assert!(offset + buf.len() as u64 <= file.len, "read behind the end");
            buf.fill(0);
            for (page, at, from, len) in File::parts(offset, buf.len()) {
                if let Some(bytes) = file.pages.get(&page) {
                    let room = buf.get_mut(at..at + len).unwrap();
                    room.copy_from_slice(bytes.get(from..from + len).unwrap());
                }
            }
            Ok(Read::Done)
        })
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        self.with(file, |file| {
            for (page, at, from, len) in File::parts(offset, bytes.len()) {
                let empty = || vec![0; usize::try_from(PAGE_BYTES).unwrap()];
                let page = file.pages.entry(page).or_insert_with(empty);
                let room = page.get_mut(from..from + len).unwrap();
                room.copy_from_slice(bytes.get(at..at + len).unwrap());
            }
            file.len = file.len.max(offset + bytes.len() as u64);
            Ok(())
        })
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        self.with(file, |file| {
            file.pages.retain(|page, _| page * PAGE_BYTES < len);
            if let Some(bytes) = file.pages.get_mut(&(len / PAGE_BYTES)) {
                bytes.get_mut(usize::try_from(len % PAGE_BYTES).unwrap()..).unwrap().fill(0);
            }
            file.len = len;
            Ok(())
        })
    }

    fn sync(&self, _: FileId, _: Durability) -> Result<Synced> {
        Ok(Synced::Done)
    }
}

fn options() -> Options {
    // The largest units there can be, behind the largest manifests.
    let geometry = Geometry {
        unit_bytes: 1 << 24,
        segment_units_max: 1,
        manifest_area_bytes: 1 << 28,
        ..Geometry::TINY
    };
    Options { geometry, ..Options::default() }
}

/// Each collection has segments, and thereby units, of its own.
const COLLECTIONS: u32 = 280;

fn key(collection: u32) -> Vec<u8> {
    [&[1][..], &collection.to_be_bytes(), b"document"].concat()
}

fn write(store: &mut Store<Sparse>, collections: impl Iterator<Item = u32>, version: u8) {
    let mut batch = Batch::new();
    for collection in collections {
        batch.put(&key(collection), &[version; 50]).unwrap();
    }
    store.spill(&mut batch).unwrap();
    let _ = store.commit_spilled(&mut batch).unwrap();
}

fn check(store: &Store<Sparse>, version_of: impl Fn(u32) -> u8) {
    let mut value = Vec::new();
    for collection in 0..COLLECTIONS {
        let view = View::at(store.visible_seq());
        assert!(store.get(view, &key(collection), &mut value).unwrap());
        assert_eq!(value, [version_of(collection); 50], "collection {collection}");
    }
    let mut verification = store.verify_begin();
    while store.verify_step(&mut verification, 1 << 20).unwrap() {}
    assert!(verification.findings().is_ok(), "{:?}", verification.findings());
}

#[test]
fn what_lies_beyond_2_to_the_32_is_read_verified_and_merged() {
    let storage = Sparse::default();
    let mut store = Store::open(storage.clone(), &options()).unwrap();
    write(&mut store, 0..COLLECTIONS, 1);
    for end in [1 << 31, 1 << 32] {
        let written = storage.with(FileId::Volume, |file| {
            let beyond = file.pages.range(end / PAGE_BYTES..).count();
            (file.pages.len() - beyond, beyond)
        });
        assert!(written.0 > 20 && written.1 > 20, "{written:?} pages on both sides of {end}");
    }
    check(&store, |_| 1);
    let _ = store.close().unwrap();

    let mut store = Store::open(storage.clone(), &options()).unwrap();
    check(&store, |_| 1);
    write(&mut store, (0..COLLECTIONS).filter(|n| n % 2 == 1), 2);
    let version_of = |collection| if collection % 2 == 1 { 2 } else { 1 };
    check(&store, version_of);
    store.compact_begin().unwrap();
    while store.step(1 << 20).unwrap() {}
    check(&store, version_of);
    drop(store);

    let mut store = Store::open(storage.clone(), &options()).unwrap();
    check(&store, version_of);
    let _ = store.close().unwrap();
    let store = Store::open(storage, &options()).unwrap();
    check(&store, version_of);
}
