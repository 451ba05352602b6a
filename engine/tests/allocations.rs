//! How often a warm read asks for memory: for its answer, and for nothing beside it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail")]

mod orders_support;

use std::alloc::System;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ciborium::cbor;
use entidb::codec::bytes::put_slice;
use entidb::host::Host;
use entidb::storage::MemoryStorage;
use entidb::{At, Options};
use orders_support::{Orders, id_of};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The allocator counts for all tests of this file together.
static ALONE: Mutex<()> = Mutex::new(());

const ORDERS: u64 = 3_000;
const CACHE_BYTES: usize = 16 << 20;

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often `work` asks for memory, and what it returns.
fn allocations<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let region = Region::new(ALLOCATOR);
    let result = work();
    let change = region.change();
    (change.allocations + change.reallocations, result)
}

#[test]
fn a_warm_get_allocates_the_document_and_an_absent_one_nothing() {
    let _alone = alone();
    let orders = Orders::load(MemoryStorage::new(), CACHE_BYTES, ORDERS);
    for n in (0..ORDERS).step_by(7) {
        let (id, absent) = (id_of(n), id_of(ORDERS + n));
        let get = |id: &[u8]| orders.db.get(At::Latest, orders.id, id).unwrap();
        let _ = (get(&id), get(&absent));
        let (count, found) = allocations(|| get(&id));
        assert!(found.is_some() && count == 1, "{n}: {count} allocations");
        let (count, found) = allocations(|| get(&absent));
        assert!(found.is_none() && count == 0, "{n}: {count} allocations for an absent one");
    }
}

#[test]
fn a_host_allocates_answers_and_not_documents() {
    let _alone = alone();
    let storage = MemoryStorage::new();
    let collection = Orders::load(storage.clone(), CACHE_BYTES, ORDERS).id.0;
    let options = Options { cache_bytes: CACHE_BYTES, ..Options::default() };
    let mut host = Host::open(storage, &options).unwrap();
    let mut ids = Vec::new();
    for n in 0..200 {
        let id = id_of(n * 11);
        host.get(0, collection, &id).unwrap();
        let (count, found) = allocations(|| host.get(0, collection, &id).unwrap());
        assert!(found.is_some() && count == 1, "{count} allocations");
        put_slice(&mut ids, &id);
    }
    let mut request = Vec::new();
    let scan = cbor!({ "collection" => collection, "scan" => {} }).unwrap();
    ciborium::into_writer(&scan, &mut request).unwrap();
    let mut page = || host.query_page(0, &request, 1 << 20, 1_000).unwrap();
    page();
    let (count, _) = allocations(page);
    assert!(count < 250, "{count} allocations for a page of 1,000 documents");
    let (count, _) = allocations(|| host.get_many(0, collection, &ids).unwrap());
    assert!(count < 60, "{count} allocations for 200 documents");
}
