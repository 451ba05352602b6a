//! Lengths and counts beyond reason, wherever one is read: in documents, ids and messages, in the
//! files of a database behind checksums that are right, and in the heads of documents in pieces.
//! They are refused with a type, and no memory is asked for because of a number alone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod damage_support;
mod host_support;
mod store_script;

use std::alloc::System;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ciborium::cbor;
use damage_support::format::reseal;
use damage_support::subjects::subjects;
use damage_support::{options, read_all, verify};
use entidb::codec::bytes::{put_slice, put_varint};
use entidb::codec::id::Id;
use entidb::codec::value::Value;
use entidb::host::Host;
use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::MemoryStorage;
use entidb::storage::fault::{Image, SimStorage};
use entidb::{At, Database, Durability, Error, ErrorKind, Geometry, Options};
use host_support::{PLENTY, declaration, declare_tasks, document, encode, int_id, task, write};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The allocator counts for all tests of this file together.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const HUGE: [u64; 6] = [0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 1 << 63, u64::MAX];

/// Holds what `work` allocates in all, whether it frees it again or not, to so many bytes.
fn within<T>(most: usize, context: &str, work: impl FnOnce() -> T) -> T {
    let region = Region::new(ALLOCATOR);
    let result = work();
    let bytes = region.change().bytes_allocated;
    assert!(bytes <= most, "{context}: {bytes} bytes were allocated, {most} are the most");
    result
}

/// A length as a varint, and as the heads that CBOR has for it.
fn heads(n: u64) -> Vec<Vec<u8>> {
    let mut varint = Vec::new();
    put_varint(&mut varint, n);
    let mut heads = vec![varint];
    for major in [2_u8, 3, 4, 5] {
        heads.push([&[(major << 5) + 27][..], &n.to_be_bytes()].concat());
        if let Ok(n) = u32::try_from(n) {
            heads.push([&[(major << 5) + 26][..], &n.to_be_bytes()].concat());
        }
    }
    heads
}

#[test]
fn a_value_or_an_id_that_claims_to_be_long_is_refused_for_little_memory() {
    let _alone = alone();
    let around: [(&[u8], &[u8]); 5] =
        [(b"", b""), (b"\x81", b""), (b"\xa1\x61a", b""), (b"\xa1", b"\x01"), (b"\x82\x01", b"ab")];
    let mut tried = 0;
    for head in HUGE.into_iter().flat_map(heads) {
        for (before, after) in around {
            let bytes = [before, &head, after].concat();
            let context = format!("{bytes:x?}");
            if head[0] >> 5 >= 2 {
                let error = within(4096, &context, || Value::decode(&bytes)).unwrap_err();
                let kinds = [ErrorKind::Corrupt, ErrorKind::InvalidInput];
                assert!(kinds.contains(&error.kind()), "{context}: {error:?}");
            }
            for tag in 0..4 {
                let id = [&[tag][..], &bytes].concat();
                drop(within(4096, &context, || Id::decode(&id)));
            }
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
}

type Memory = Host<MemoryStorage>;
type Send = fn(&mut Memory, u32, &[u8]) -> Result<(), Error>;

fn messages(tasks: u32) -> Vec<(Vec<u8>, Send)> {
    let batch = host_support::Batch::default()
        .insert(tasks, 100, &task(1, "inserted"))
        .put_if(tasks, 2, &task(2, "put if"), [1; 32])
        .update(tasks, 3, &document(&[("project", 5.into())]), &["title", "none"])
        .delete(tasks, 4);
    let mut ids = Vec::new();
    for id in 0..3 {
        put_slice(&mut ids, &int_id(id));
    }
    let collection = cbor!({ "name" => "more", "indexes" => [{ "fields" => ["a", "b.c"] }] });
    let spec = cbor!({ "fields" => ["project", "title"], "each" => false, "kind" => "hash" });
    let value = |n: i64| ciborium::Value::Bytes(encode(&n.into()));
    let query = cbor!({
        "collection" => tasks,
        "index" => { "fields" => ["project"], "lower" => { "values" => [value(0)] } },
        "skip" => 1, "take" => 3,
    });
    vec![
        (batch.0, |host, _, bytes| host.stage(bytes, Durability::Strict).map(drop)),
        (ids, |host, tasks, bytes| host.get_many(0, tasks, bytes).map(drop)),
        (int_id(3), |host, tasks, bytes| host.get(0, tasks, bytes).map(drop)),
        (declaration(), |host, _, bytes| host.declare(bytes).map(drop)),
        (encode(&collection.unwrap()), |host, _, bytes| host.create_collection(bytes).map(drop)),
        (encode(&spec.unwrap()), |host, tasks, bytes| host.create_index(tasks, bytes).map(drop)),
        (encode(&query.unwrap()), |host, _, bytes| host.query_page(0, bytes, PLENTY, 2).map(drop)),
    ]
}

#[test]
fn a_message_with_a_huge_length_anywhere_is_refused_for_little_memory() {
    let _alone = alone();
    let geometry = Geometry { manifest_area_bytes: 256 * 1024, ..Geometry::TINY };
    let options = Options { database_id: [7; 16], geometry, ..Options::default() };
    let mut host = Host::open(MemoryStorage::new(), &options).unwrap();
    let tasks = declare_tasks(&mut host);
    let batch = (0..6).fold(host_support::Batch::default(), |batch, n| {
        batch.insert(tasks, n, &task(n, &format!("task {n}")))
    });
    write(&mut host, &batch);
    let mut refused = 0;
    for (message, send) in messages(tasks) {
        for head in HUGE.into_iter().flat_map(heads) {
            for at in 0..message.len() {
                let bytes = [&message[..at], &head, &message[at + 1..]].concat();
                let context = format!("{head:x?} at {at} of {message:x?}");
                let sent = within(128 * 1024, &context, || send(&mut host, tasks, &bytes));
                let Err(error) = sent else {
                    // It was still a message.
                    let _ = host.commit().unwrap();
                    continue;
                };
                let never = [ErrorKind::Corrupt, ErrorKind::Io, ErrorKind::QuotaExceeded];
                assert!(!never.contains(&error.kind()), "{context}: {error:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 5_000, "{refused}");
}

fn use_all(image: Image) -> Result<(), Error> {
    let store = Store::open(SimStorage::from_image(image, 1), &options())?;
    drop(read_all(&store, false));
    verify(&store).map(drop)
}

#[test]
fn files_with_a_huge_length_anywhere_cost_no_more_memory_than_they_are_worth() {
    let _alone = alone();
    let mut refused = 0;
    for subject in subjects().iter().filter(|subject| subject.has_documents).take(2) {
        let most = 64 * usize::try_from(subject.image.total_len()).unwrap();
        for region in &subject.layout.regions {
            for at in region.at..region.end() {
                for (n, fixed) in HUGE.into_iter().zip([4, 4, 4, 8, 8, 8]) {
                    let mut varint = Vec::new();
                    put_varint(&mut varint, n);
                    // Each place meets one of the numbers in both of their forms.
                    if (at as u64).wrapping_add(n).is_multiple_of(3) {
                        continue;
                    }
                    for number in [&n.to_le_bytes()[..fixed], &varint] {
                        let mut image = subject.image.clone();
                        let room = &mut image.file_mut(region.file)[at..region.end()];
                        let len = number.len().min(room.len());
                        room[..len].copy_from_slice(&number[..len]);
                        reseal(&mut image, region);
                        let context = format!("{}: {n:x} at {at} of {region:?}", subject.name);
                        refused += u64::from(within(most, &context, || use_all(image)).is_err());
                    }
                }
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}

#[test]
fn a_document_in_pieces_that_claims_to_be_long_is_refused_for_little_memory() {
    let _alone = alone();
    for (len, pieces) in [(1 << 24, 1), (1 << 24, 1 << 24), (1 << 31, 1), (u64::MAX, u64::MAX)] {
        let storage = MemoryStorage::new();
        let options = options();
        let mut db = Database::open(storage.clone(), &options).unwrap();
        let (tasks, _) = db.create_collection("tasks", &[]).unwrap();
        let put = task(1, "whole");
        db_put(&mut db, tasks, &int_id(1), &put);
        let _ = db.close().unwrap();
        let mut store = Store::open(storage.clone(), &options).unwrap();
        let documents =
            KeyRange { lower: Bound::Included(vec![1]), upper: Bound::Excluded(vec![2]) };
        let view = View::at(store.visible_seq());
        let mut scan = store.scan(view, &documents, Direction::Forward).unwrap();
        assert!(scan.advance().unwrap());
        let key = scan.key().to_vec();
        drop(scan);
        let mut head = vec![1];
        put_varint(&mut head, len);
        put_varint(&mut head, pieces);
        let mut batch = Batch::new();
        batch.put(&key, &head).unwrap();
        store.stage(&batch).unwrap().unwrap();
        let _ = store.commit(Durability::Strict).unwrap();
        drop(store);
        let db = Database::open(storage, &options).unwrap();
        let context = format!("{len} bytes in {pieces} pieces");
        let error = within(64 * 1024, &context, || db.get(At::Latest, tasks, &int_id(1)));
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Corrupt, "{context}");
    }
}

fn db_put(
    db: &mut Database<MemoryStorage>,
    collection: entidb::CollectionId,
    id: &[u8],
    document: &[u8],
) {
    let change = entidb::Change::Put(document);
    let op = entidb::Op { collection, id, change, if_match: entidb::IfMatch::Any };
    db.stage(&[op]).unwrap();
    let _ = db.commit(Durability::Strict).unwrap();
}
