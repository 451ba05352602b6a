//! A database on a storage that is full: documents go one by one, all at once, or with their
//! collection, and others take their place.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

mod db_support;

use db_support::{commit, delete, doc, id, num, put};
use entidb::codec::value::Value;
use entidb::storage::fault::SimStorage;
use entidb::{At, CollectionId, Database, ErrorKind, Geometry, IndexSpec, Options};
use fastrand::Rng;

type Db = Database<SimStorage>;

const QUOTA: u64 = 3 << 20;
/// The usual sizes, thirty-two times smaller.
const GEOMETRY: Geometry = Geometry {
    unit_bytes: 8 * 1024,
    segment_units_max: 16,
    manifest_area_bytes: 32 * 1024,
    log_bytes_min: 8 * 1024,
    log_bytes_max: 128 * 1024,
    memtable_bytes: 128 * 1024,
    block_bytes: 1024,
    chunk_bytes: 4 * 1024,
};

fn full_database() -> (Db, CollectionId) {
    let sim = SimStorage::new(1);
    sim.set_quota(Some(QUOTA));
    let options = Options { geometry: GEOMETRY, ..Options::default() };
    let mut db = Database::open(sim, &options).unwrap();
    let tasks = create(&mut db);
    (db, tasks)
}

fn create(db: &mut Db) -> CollectionId {
    let indexes = ["a", "b"].map(|field| IndexSpec::ordered([field]));
    let (tasks, _) = db.create_collection("tasks", &indexes).unwrap();
    tasks
}

/// Puts documents with numbers from `from` on until the storage is full; the first one that it does
/// not take.
fn fill(db: &mut Db, tasks: CollectionId, from: u32) -> u32 {
    let mut rng = Rng::with_seed(u64::from(from));
    for n in from.. {
        let text: String = (0..rng.usize(100..700)).map(|_| rng.alphanumeric()).collect();
        let values = [("a", num(rng.f64())), ("b", num(rng.f64())), ("c", Value::Text(text))];
        match commit(db, &[put(tasks, &key(n), &doc(values))]) {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error}");
                return n;
            }
        }
        let _ = db.settle();
    }
    from
}

fn key(n: u32) -> Vec<u8> {
    id(format!("{:08x}", n.wrapping_mul(0x9e37_79b1)))
}

fn count(db: &Db, tasks: CollectionId) -> u64 {
    db.count(At::Latest, tasks).unwrap()
}

#[test]
fn documents_can_be_deleted_many_at_once() {
    let (mut db, tasks) = full_database();
    let mut from = 0;
    let mut first = 0;
    for round in 0..5 {
        let to = fill(&mut db, tasks, from);
        first = if round == 0 { to } else { first };
        assert!((to - from) * 10 >= first * 9, "round {round}: {} after {first}", to - from);
        assert_eq!(count(&db, tasks), u64::from(to - from));
        let keys: Vec<Vec<u8>> = (from..to).map(key).collect();
        // More than the log has room for.
        for keys in keys.chunks(500) {
            let deletes: Vec<_> = keys.iter().map(|key| delete(tasks, key)).collect();
            commit(&mut db, &deletes).unwrap();
        }
        assert_eq!(count(&db, tasks), 0);
        from = to;
    }
    assert!(first > 2_000, "{first} documents");
}

#[test]
fn documents_can_be_deleted_one_by_one() {
    let (mut db, tasks) = full_database();
    let to = fill(&mut db, tasks, 0);
    for n in 0..to {
        commit(&mut db, &[delete(tasks, &key(n))]).unwrap();
        let _ = db.settle();
    }
    assert_eq!(count(&db, tasks), 0);
    let again = fill(&mut db, tasks, to) - to;
    assert!(again * 10 >= to * 9, "{again} after {to}");
}

#[test]
fn a_collection_can_be_cleared_and_dropped() {
    let (mut db, mut tasks) = full_database();
    let first = fill(&mut db, tasks, 0);
    let mut from = first;
    for round in 0..6 {
        if round % 2 == 0 {
            let _ = db.clear(tasks).unwrap();
            assert_eq!(count(&db, tasks), 0);
        } else {
            let _ = db.drop_collection(tasks).unwrap();
            tasks = create(&mut db);
        }
        let to = fill(&mut db, tasks, from);
        assert!((to - from) * 10 >= first * 9, "round {round}: {} after {first}", to - from);
        from = to;
    }
}
