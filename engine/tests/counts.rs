//! What reads and writes cost, counted at the storage, and that it does not grow with the database.
//!
//! `COUNTS_DOCUMENTS=1000000` goes further than 100,000 documents.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod people_support;

use entidb::storage::MemoryStorage;
use entidb::{At, CollectionId, Database, Durability, Options};
use fastrand::Rng;
use people_support::{declare, id_of, put};

type Db = Database<MemoryStorage>;

const PUTS: u64 = 200;
const GETS: u64 = 5_000;
/// A tenth of what 100,000 people take, so that their blocks do not all stay in memory.
const CACHE_BYTES: usize = 4 << 20;

/// What the storage was asked for in all.
#[derive(Debug)]
struct Costs {
    /// By [`PUTS`] puts.
    log_bytes: u64,
    /// By [`GETS`] gets of documents that are there.
    reads: u64,
    /// By [`GETS`] gets of documents that are not there.
    absent_reads: u64,
}

fn sizes() -> Vec<u64> {
    let last = std::env::var("COUNTS_DOCUMENTS").map_or(100_000, |n| n.parse().unwrap());
    [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|n| *n <= last).collect()
}

#[test]
fn a_commit_is_one_write_and_one_sync_and_costs_do_not_grow_with_the_database() {
    let options = Options { cache_bytes: CACHE_BYTES, ..Options::default() };
    let mut db = Database::open(MemoryStorage::new(), &options).unwrap();
    let people = declare(&mut db);
    let (mut count, mut costs) = (0, Vec::new());
    for size in sizes() {
        while count < size {
            put(&mut db, people, count..count + 100, Durability::Relaxed);
            db.settle().unwrap();
            count += 100;
        }
        costs.push(measure(&mut db, people, &mut count));
    }
    println!("{costs:#?}");
    let first = costs.first().unwrap().log_bytes;
    for cost in &costs {
        assert!(cost.log_bytes.abs_diff(first) * 10 <= first, "{costs:#?}");
        assert!(cost.reads <= GETS, "at most one for each: {costs:#?}");
        assert!(cost.absent_reads * 50 <= GETS, "at most one for fifty: {costs:#?}");
    }
}

fn measure(db: &mut Db, people: CollectionId, count: &mut u64) -> Costs {
    let _ = db.checkpoint().unwrap();
    // The first commit begins a log.
    put(db, people, *count..*count + 1, Durability::Strict);
    let before = db.stats().store;
    for n in *count + 1..=*count + PUTS {
        let before = db.stats().store;
        put(db, people, n..n + 1, Durability::Strict);
        let after = db.stats().store;
        assert_eq!(after.storage_writes - before.storage_writes, 1);
        assert_eq!(after.storage_syncs - before.storage_syncs, 1);
    }
    let log_bytes = db.stats().store.log_bytes - before.log_bytes;
    *count += PUTS + 1;
    // Reads are about what lies in segments.
    let _ = db.checkpoint().unwrap();
    let mut rng = Rng::with_seed(*count);
    let mut gets = |from: u64, to: u64| {
        let before = db.stats().store.storage_reads;
        for _ in 0..GETS {
            let found = db.get(At::Latest, people, &id_of(rng.u64(from..to))).unwrap();
            assert_eq!(found.is_some(), from == 0);
        }
        db.stats().store.storage_reads - before
    };
    gets(0, *count);
    Costs { log_bytes, reads: gets(0, *count), absent_reads: gets(*count * 2, *count * 3) }
}
