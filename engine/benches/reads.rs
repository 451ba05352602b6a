//! Reads of orders of about 450 bytes, each kind in a function of its own, so that a profiler can
//! tell what each costs: `scripts/long/instructions.mjs` counts their instructions.
//!
//! `cargo bench --bench reads -- [orders]`
#![expect(clippy::expect_used, clippy::cast_precision_loss, reason = "a benchmark")]

#[path = "../tests/orders_support/mod.rs"]
mod orders_support;

use std::time::Instant;

use entidb::At;
use entidb::storage::MemoryStorage;
use orders_support::{ABSENT, Orders, PER_CUSTOMER, RANGE};

/// Holds all blocks.
const WARM_BYTES: usize = 64 << 20;
/// Holds the index and the filter, and few of the documents.
const COLD_BYTES: usize = 1 << 20;

/// Reads documents, and says how many.
type Workload = fn(&mut Orders) -> u64;

const WARM: [(&str, Workload); 6] = [
    ("get", measured_get),
    ("get_absent", measured_get_absent),
    ("get_many", measured_get_many),
    ("lookup", measured_lookup),
    ("range", measured_range),
    ("scan", measured_scan),
];
const COLD: [(&str, Workload); 2] =
    [("get_cold", measured_get_cold), ("lookup_cold", measured_lookup_cold)];

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    let count = args.next().map_or(20_000, |n| n.parse().expect("a number of orders"));
    let storage = MemoryStorage::new();
    let mut warm = Orders::load(storage.clone(), WARM_BYTES, count);
    warm.scan();
    for n in 0..count / PER_CUSTOMER {
        warm.lookup(n);
    }
    for n in (0..count - RANGE).step_by(50) {
        warm.range(n);
    }
    run(&mut warm, &WARM);
    drop(warm);
    let mut cold = Orders::load(storage, COLD_BYTES, count);
    run(&mut cold, &COLD);
}

fn run(orders: &mut Orders, workloads: &[(&str, Workload)]) {
    for (name, workload) in workloads {
        let started = now();
        let documents = workload(orders);
        let each = started.elapsed().as_secs_f64() * 1e6 / documents.max(1) as f64;
        println!("{name} {documents} documents, {each:.3} us each");
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> Instant {
    Instant::now()
}

fn gets(orders: &Orders, ids: impl Iterator<Item = u64>) -> u64 {
    let id = |n| orders.ids.get(usize::try_from(n).ok()?);
    let get = |id: &Vec<u8>| orders.db.get(At::Latest, orders.id, id).expect("a read");
    ids.filter_map(id).filter_map(get).count() as u64
}

#[inline(never)]
fn measured_get(orders: &mut Orders) -> u64 {
    gets(orders, (0..4_000).map(|n| n * 7_919 % orders.count))
}

#[inline(never)]
fn measured_get_absent(orders: &mut Orders) -> u64 {
    assert_eq!(gets(orders, (0..ABSENT).map(|n| orders.count + n)), 0);
    ABSENT
}

#[inline(never)]
fn measured_get_many(orders: &mut Orders) -> u64 {
    let mut found = 0;
    for round in 0..50 {
        let numbers = (0..100).map(|n| (round * 100 + n) * 7_919 % orders.count);
        let id = |n| orders.ids.get(usize::try_from(n).ok()?).map(Vec::as_slice);
        let ids: Vec<_> = numbers.filter_map(id).collect();
        let documents = orders.db.get_many(At::Latest, orders.id, &ids).expect("reads");
        found += documents.iter().flatten().count() as u64;
    }
    found
}

#[inline(never)]
fn measured_lookup(orders: &mut Orders) -> u64 {
    let found = (0..100).map(|n| orders.lookup(n * 37)).sum();
    assert_eq!(found, 100 * PER_CUSTOMER);
    found
}

#[inline(never)]
fn measured_range(orders: &mut Orders) -> u64 {
    let last = orders.count - RANGE;
    (0..50).map(|n| orders.range(n * 7_919 % last)).sum()
}

#[inline(never)]
fn measured_scan(orders: &mut Orders) -> u64 {
    orders.scan()
}

#[inline(never)]
fn measured_get_cold(orders: &mut Orders) -> u64 {
    gets(orders, (0..4_000).map(|n| n * 6_271 % orders.count))
}

#[inline(never)]
fn measured_lookup_cold(orders: &mut Orders) -> u64 {
    (0..100).map(|n| orders.lookup(n * 41)).sum()
}
