//! How cost grows with size: loads documents of about 200 bytes with three indexes under random ids into
//! files, and prints what the storage was asked for. Everything printed is a count, but for the times.
//!
//! `cargo bench --bench scale -- [documents] [batch]`

use std::time::Instant;

use entidb::codec::id::Id;
use entidb::codec::value::Value;
use entidb::storage::FileStorage;
use entidb::{
    At, Change, CollectionId, CollectionSchema, Database, Durability, IfMatch, IndexSpec, Op, Options,
    Staged, Undeclared,
};

type Db = Database<FileStorage>;

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    let documents = args.next().map_or(1_000_000, |n| n.parse().expect("a number of documents"));
    let batch = args.next().map_or(100, |n| n.parse().expect("a batch size"));
    let directory = tempfile::tempdir().expect("a directory for the files");
    let mut db = open(directory.path());
    let schema = CollectionSchema {
        name: "people".into(),
        indexes: vec![
            IndexSpec::ordered(["country", "age"]),
            IndexSpec::ordered(["email"]).unique(),
            IndexSpec::ordered(["score"]),
        ],
    };
    let declared = db.declare(&[schema], Undeclared::Drop).expect("a schema");
    let people = declared.collections[0];
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

fn id_of(n: u64) -> Vec<u8> {
    let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (n.wrapping_mul(0xD1B5_4A32_D192_ED03) >> 17);
    Id::from(format!("{mixed:016x}{n:010x}")).encode().expect("an id")
}

fn document(n: u64) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(n);
    let text = |rng: &mut fastrand::Rng, len: usize| -> Value {
        Value::from((0..len).map(|_| rng.alphabetic()).collect::<String>())
    };
    let fields = [
        ("country", Value::from(format!("country {}", rng.u32(..200)))),
        ("age", Value::from(f64::from(rng.u32(18..99)))),
        ("email", Value::from(format!("person{n}@example.org"))),
        ("score", Value::from(rng.f64())),
        ("name", text(&mut rng, 18)),
        ("about", text(&mut rng, 60)),
        ("active", Value::from(rng.bool())),
    ];
    let object = fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    Value::Object(object).encode().expect("a document")
}

fn put_all(db: &mut Db, people: CollectionId, numbers: std::ops::Range<u64>) {
    let documents: Vec<_> = numbers.map(|n| (id_of(n), document(n))).collect();
    let ops: Vec<Op<'_>> = documents
        .iter()
        .map(|(id, document)| Op {
            collection: people,
            id,
            change: Change::Put(document),
            if_match: IfMatch::Any,
        })
        .collect();
    match db.stage(&ops).expect("a staged commit") {
        Staged::Seq { .. } | Staged::Committed { .. } => {}
        Staged::GroupFull => unreachable!("the group is empty"),
    }
    let _ = db.commit(Durability::Relaxed).expect("a commit");
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
    println!("stored {} MB in {} segments, volume {} MB", stored >> 20, stats.segments, stats.volume_bytes >> 20);
    println!("rewriting {:.1}x of what is stored", stats.bytes_written as f64 / stored as f64);
    println!("levels {:?}, merges {}, moves {}", stats.level_bytes, stats.merges, stats.moves);
    println!("resident {} MB", resident_mb());
}

fn single_puts(db: &mut Db, people: CollectionId, documents: u64) {
    put_all(db, people, documents..documents + 1);
    let before = db.stats().store;
    for n in 0..1000 {
        let (id, document) = (id_of(documents + 1 + n), document(documents + 1 + n));
        let change = Change::Put(&document);
        let op = Op { collection: people, id: &id, change, if_match: IfMatch::Any };
        let Staged::Seq { .. } = db.stage(&[op]).expect("a staged commit") else {
            unreachable!("a small commit")
        };
        let _ = db.commit(Durability::Strict).expect("a commit");
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
