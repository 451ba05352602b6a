//! How cost grows with size: loads documents of about 200 bytes with three indexes under random ids
//! into files, and prints what the storage was asked for. Everything printed is a count, but for
//! the times.
//!
//! `cargo bench --bench scale -- [documents] [batch]`
#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark may fail, and prints averages"
)]

#[path = "../tests/people_support/mod.rs"]
mod people_support;

use std::time::Instant;

use entidb::storage::FileStorage;
use entidb::{At, CollectionId, Database, Durability, Options};
use people_support::{declare, document, id_of, put};

type Db = Database<FileStorage>;

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    let documents = args.next().map_or(1_000_000, |n| n.parse().expect("a number of documents"));
    let batch = args.next().map_or(100, |n| n.parse().expect("a batch size"));
    let directory = tempfile::tempdir().expect("a directory for the files");
    let mut db = open(directory.path());
    let people = declare(&mut db);
    println!("{documents} documents in commits of {batch}, random ids, three indexes");
    load(&mut db, people, documents, batch);
    single_puts(&mut db, people, documents);
    gets(&db, people, documents);
    reopen(db, directory.path(), people, documents);
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> Instant {
    Instant::now()
}

fn open(path: &std::path::Path) -> Db {
    let storage = FileStorage::open(path).expect("a storage");
    Database::open(storage, &Options::default()).expect("a database")
}

fn put_all(db: &mut Db, people: CollectionId, numbers: std::ops::Range<u64>) {
    put(db, people, numbers, Durability::Relaxed);
    db.settle().expect("work between commits");
}

fn load(db: &mut Db, people: CollectionId, documents: u64, batch: u64) {
    let started = now();
    let raw: u64 = (0..1000).map(|n| document(n).len() as u64).sum::<u64>() / 1000;
    for from in (0..documents).step_by(usize::try_from(batch).expect("a batch size")) {
        put_all(db, people, from..(from + batch).min(documents));
        if from % (documents / 4).max(1) < batch {
            let stats = db.stats().store;
            println!("  {from:>9} levels {:?} runs {}", stats.level_bytes, stats.level0_runs);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let written = db.stats().store.bytes_written;
    while db.step(1 << 20).expect("idle work") {}
    let _ = db.checkpoint().expect("a checkpoint");
    let stats = db.stats().store;
    println!("document {raw} B; load {:.1} us each", seconds * 1e6 / documents as f64);
    println!("written {} MB, {} MB with idle work", written >> 20, stats.bytes_written >> 20);
    let stored = stats.level_bytes.iter().sum::<u64>();
    println!(
        "stored {} MB in {} segments, volume {} MB",
        stored >> 20,
        stats.segments,
        stats.volume_bytes >> 20
    );
    println!("rewriting {:.1}x of what is stored", stats.bytes_written as f64 / stored as f64);
    println!("levels {:?}, merges {}, moves {}", stats.level_bytes, stats.merges, stats.moves);
    println!("resident {} MB", resident_mb());
}

fn single_puts(db: &mut Db, people: CollectionId, documents: u64) {
    put_all(db, people, documents..documents + 1);
    let before = db.stats().store;
    for n in documents + 1..documents + 1001 {
        put(db, people, n..n + 1, Durability::Strict);
    }
    let after = db.stats().store;
    println!(
        "1000 strict puts: {} writes, {} syncs, {} log bytes each",
        after.storage_writes - before.storage_writes,
        after.storage_syncs - before.storage_syncs,
        (after.log_bytes - before.log_bytes) / 1000,
    );
}

fn gets(db: &Db, people: CollectionId, documents: u64) {
    let mut rng = fastrand::Rng::with_seed(1);
    for (name, offset) in [("warm-up", 0), ("present", 0), ("absent", documents * 2)] {
        let before = db.stats().store;
        let started = now();
        for _ in 0..20_000 {
            let id = id_of(offset + rng.u64(..documents));
            let found = db.get(At::Latest, people, &id).expect("a get").is_some();
            assert_eq!(found, offset == 0);
        }
        let after = db.stats().store;
        println!(
            "{name}: {:.4} storage reads and {:.2} us a get, cache {} MB",
            (after.storage_reads - before.storage_reads) as f64 / 20_000.0,
            started.elapsed().as_secs_f64() * 1e6 / 20_000.0,
            after.cache_bytes >> 20,
        );
    }
}

fn reopen(mut db: Db, path: &std::path::Path, people: CollectionId, documents: u64) {
    drop(db);
    let started = now();
    db = open(path);
    println!("open after a kill {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    let count = db.count(At::Latest, people).expect("a count");
    assert_eq!(count, documents + 1001);
    let _ = db.close().expect("a close");
    drop(db);
    let started = now();
    db = open(path);
    println!("open after a close {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    assert_eq!(db.count(At::Latest, people).expect("a count"), count);
    println!("resident {} MB at most", resident_mb());
}

/// The most memory that the process ever had, in MB; 0 where the system does not say.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) >> 10
}
