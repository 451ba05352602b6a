//! Collections and indexes as they come and go (R-028, R-041, R-075, R-096, R-125, R-132, R-138,
//!

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    missing_docs,
    reason = "helpers of tests may fail"
)]

mod db_support;

use db_support::{build_all, commit, database, delete, doc, error, find, id, ids, num, put, tiny};
use entidb::codec::value::Value;
use entidb::storage::fault::SimStorage;
use entidb::storage::{MemoryStorage, Synced};
use entidb::{At, BuildBudget, CollectionSchema, Database, ErrorKind, IndexSpec, Undeclared};

fn schema(name: &str, indexes: &[IndexSpec]) -> CollectionSchema {
    CollectionSchema { name: name.to_owned(), indexes: indexes.to_vec() }
}

#[test]
fn declaring_makes_what_is_missing_and_drops_what_is_gone_in_one_commit() {
    let mut db = Database::open(MemoryStorage::new(), &tiny()).unwrap();
    let (a, b) = (IndexSpec::ordered(["a"]), IndexSpec::ordered(["b"]).unique());
    let first = [schema("tasks", &[a.clone(), b.clone()]), schema("people", &[])];
    let before = db.sequence();
    let declared = db.declare(&first, Undeclared::Drop).unwrap();
    assert_eq!(db.sequence(), before + 1);
    assert_eq!((declared.builds.len(), declared.synced), (0, Synced::Done));
    let again = db.declare(&first, Undeclared::Drop).unwrap();
    assert_eq!((&again, db.sequence()), (&declared, before + 1), "nothing to do, nothing written");

    let tasks = declared.collections[0];
    commit(&mut db, &[put(tasks, &id(1), &doc([("a", num(1.0))]))]).unwrap();
    let c = IndexSpec::hash(["c"]);
    let kept = db.declare(&[schema("tasks", std::slice::from_ref(&c))], Undeclared::Keep).unwrap();
    assert_eq!(kept.builds.len(), 1, "there are documents to build it over");
    assert_eq!(db.indexes(tasks).unwrap().len(), 3);
    db.declare(&[schema("tasks", &[a, c])], Undeclared::Drop).unwrap();
    let left: Vec<_> = db.indexes(tasks).unwrap().into_iter().map(|info| info.spec).collect();
    assert!(!left.contains(&b) && left.len() == 2);
    assert_eq!(db.collections().len(), 2, "collections that are not declared stay");
}

#[test]
fn a_schema_that_is_refused_changes_nothing() {
    let (mut db, _) = database(&[]);
    let before = (db.sequence(), db.collections());
    let fields: Vec<String> = (0..9).map(|n| format!("f{n}")).collect();
    for bad in [
        IndexSpec::ordered(Vec::<String>::new()),
        IndexSpec::ordered(fields),
        IndexSpec::ordered(["a", "a"]),
        IndexSpec::ordered(["a..b"]),
    ] {
        let refused = error(db.declare(&[schema("new", &[bad])], Undeclared::Keep));
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{refused}");
    }
    for name in ["", "a\nb", &"x".repeat(129)] {
        assert_eq!(error(db.create_collection(name, &[])).kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(error(db.create_collection("tasks", &[])).kind(), ErrorKind::AlreadyExists);
    assert_eq!(error(db.collection_id("nobody")).kind(), ErrorKind::NotFound);
    assert_eq!((db.sequence(), db.collections()), before);
}

#[test]
fn a_collection_that_cannot_be_made_durable_does_not_exist_and_uses_up_no_id() {
    let storage = SimStorage::new(1);
    let mut db = Database::open(storage.clone(), &tiny()).unwrap();
    let (first, _) = db.create_collection("first", &[]).unwrap();
    storage.set_quota(Some(0));
    let mut names = 0;
    // The log has room for some; when it has not, nothing is left of the attempt.
    let refused = loop {
        match db.create_collection(&format!("{names}{}", "x".repeat(100)), &[]) {
            Ok(_) => names += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused.kind(), ErrorKind::QuotaExceeded);
    assert_eq!(db.collections().len(), 1 + names);
    storage.set_quota(None);
    let (next, _) = db.create_collection("next", &[]).unwrap();
    // Two ids for each collection: its handle and its data.
    assert_eq!(next.0, first.0 + 2 * u32::try_from(1 + names).unwrap());
}

#[test]
fn handles_are_never_used_again_and_dropped_ones_are_not_found() {
    let (mut db, tasks) = database(&[]);
    let _ = db.drop_collection(tasks).unwrap();
    let (again, _) = db.create_collection("tasks", &[]).unwrap();
    assert!(again > tasks);
    let (key, document) = (id("a"), doc([]));
    let refused = error(db.stage(&[put(tasks, &key, &document)]));
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert_eq!(error(db.get(At::Latest, tasks, &key)).kind(), ErrorKind::NotFound);
}

#[test]
fn changes_of_the_schema_stand_outside_of_groups() {
    let (mut db, tasks) = database(&[]);
    let (key, document) = (id("a"), doc([]));
    db.stage(&[put(tasks, &key, &document)]).unwrap();
    assert_eq!(error(db.clear(tasks)).kind(), ErrorKind::InvalidInput);
    assert_eq!(error(db.create_collection("x", &[])).kind(), ErrorKind::InvalidInput);
    assert!(db.has_staged());
}

fn unique_n() -> IndexSpec {
    IndexSpec::ordered(["n"]).unique()
}

#[test]
fn a_build_goes_on_where_it_was_after_reopening_and_keeps_up_with_writes() {
    let storage = MemoryStorage::new();
    let mut db = Database::open(storage.clone(), &tiny()).unwrap();
    let (tasks, _) = db.create_collection("tasks", &[]).unwrap();
    let write = |db: &mut Database<MemoryStorage>, key: i64, n: f64| {
        commit(db, &[put(tasks, &id(key), &doc([("n", num(n))]))])
    };
    for n in 0..100_i32 {
        write(&mut db, i64::from(n), f64::from(n)).unwrap();
    }
    let _ = db.create_index(tasks, &unique_n()).unwrap();
    let budget = BuildBudget { documents: 10, bytes: 1 << 20 };
    for _ in 0..4 {
        let progress = db.build_step(budget).unwrap().unwrap();
        assert_eq!(progress.total, 100);
    }
    let _ = db.close().unwrap();
    let mut db = Database::open(storage, &tiny()).unwrap();
    assert_eq!(db.indexes(tasks).unwrap()[0].entries, 40);
    // Behind and ahead of the build: changed, deleted, new; a value taken from one to the other.
    write(&mut db, 5, 1005.0).unwrap();
    write(&mut db, 90, 5.0).unwrap();
    commit(&mut db, &[delete(tasks, &id(6)), delete(tasks, &id(91))]).unwrap();
    write(&mut db, 91, 6.0).unwrap();
    write(&mut db, -1, -1.0).unwrap();
    let taken = error(write(&mut db, -2, 7.0));
    assert_eq!(taken.kind(), ErrorKind::UniqueViolation, "as the index knows already");
    assert_eq!(build_all(&mut db).unwrap(), 10, "9 slices of 7 are left, the end, and the catalog");
    let info = &db.indexes(tasks).unwrap()[0];
    assert!(info.ready);
    assert_eq!((info.entries, info.distinct), (100, 100));
    for (n, owner) in [(5.0, 90), (6.0, 91), (-1.0, -1), (1005.0, 5), (50.0, 50)] {
        let plan = find(tasks, &["n"], &[num(n)]);
        assert_eq!(ids(&mut db, At::Latest, &plan).unwrap(), [owner.into()]);
    }
}

#[test]
fn a_build_that_meets_a_duplicate_drops_the_index_and_says_which() {
    let (mut db, tasks) = database(&[]);
    for key in 0..30_i64 {
        let n = if key == 25 { 3.0 } else { f64::from(i32::try_from(key).unwrap()) };
        commit(&mut db, &[put(tasks, &id(key), &doc([("n", num(n))]))]).unwrap();
    }
    let _ = db.create_index(tasks, &unique_n()).unwrap();
    let refused = error(build_all(&mut db));
    assert_eq!(refused.kind(), ErrorKind::UniqueViolation);
    assert_eq!(refused.details().id, Some(id(25)));
    assert_eq!(refused.details().path.as_deref(), Some("n"));
    assert_eq!((db.builds().len(), db.indexes(tasks).unwrap().len()), (0, 0));
    assert_eq!(build_all(&mut db).unwrap(), 0);
    // What is in the way is put right, and the index can be had.
    commit(&mut db, &[put(tasks, &id(25), &doc([("n", num(25.0))]))]).unwrap();
    let _ = db.create_index(tasks, &unique_n()).unwrap();
    build_all(&mut db).unwrap();
    assert!(db.indexes(tasks).unwrap()[0].ready);
}

/// The place of a build is kept as the id of the last document, as it is encoded.
#[test]
fn a_build_over_the_longest_ids_can_be_flushed_between_its_steps() {
    let (mut db, tasks) = database(&[]);
    for last in 'a'..='d' {
        let longest = id(format!("{}{last}", "\0".repeat(511)));
        commit(&mut db, &[put(tasks, &longest, &doc([("n", num(1.0))]))]).unwrap();
    }
    let _ = db.create_index(tasks, &IndexSpec::ordered(["n"])).unwrap();
    while db.build_step(BuildBudget { documents: 1, bytes: 1 << 20 }).unwrap().is_some() {
        let _ = db.checkpoint().unwrap();
    }
    assert_eq!(ids(&mut db, At::Latest, &find(tasks, &["n"], &[num(1.0)])).unwrap().len(), 4);
}

#[test]
fn clearing_takes_one_step_and_snapshots_still_see_everything() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["n"]), unique_n()]);
    for key in 0..50_i64 {
        let n = f64::from(i32::try_from(key).unwrap());
        commit(&mut db, &[put(tasks, &id(key), &doc([("n", num(n))]))]).unwrap();
    }
    let snapshot = db.snapshot().unwrap();
    let before = db.sequence();
    let _ = db.clear(tasks).unwrap();
    assert_eq!(db.sequence(), before + 1);
    let all = find(tasks, &["n"], &[]);
    assert_eq!(ids(&mut db, At::Latest, &all).unwrap(), []);
    assert_eq!(db.count(At::Latest, tasks).unwrap(), 0);
    // Its values are free again.
    commit(&mut db, &[put(tasks, &id(99), &doc([("n", num(1.0))]))]).unwrap();
    let _ = db.checkpoint().unwrap();
    db.compact_begin().unwrap();
    while db.step(1 << 20).unwrap() {}
    assert_eq!(ids(&mut db, At::Snapshot(&snapshot), &all).unwrap().len(), 50);
    assert_eq!(db.count(At::Snapshot(&snapshot), tasks).unwrap(), 50);
}

#[test]
fn large_documents_lie_in_chunks_that_go_with_them() {
    let storage = MemoryStorage::new();
    let mut db = Database::open(storage.clone(), &tiny()).unwrap();
    let (tasks, _) = db.create_collection("tasks", &[IndexSpec::ordered(["n"])]).unwrap();
    let key = id("a");
    for len in [0, 900, 1024, 1025, 5000, 3 << 20, 2048, 0] {
        let bytes: Vec<u8> = (0..=250).cycle().take(len).collect();
        let document = doc([("n", num(1.0)), ("data", Value::Bytes(bytes))]);
        commit(&mut db, &[put(tasks, &key, &document)]).unwrap();
        assert_eq!(db.get(At::Latest, tasks, &key).unwrap(), Some(document));
        assert_eq!(ids(&mut db, At::Latest, &find(tasks, &["n"], &[num(1.0)])).unwrap().len(), 1);
    }
    let _ = db.close().unwrap();
    let db = Database::open(storage, &tiny()).unwrap();
    assert_eq!(db.count(At::Latest, tasks).unwrap(), 1);
}

#[test]
fn the_application_keeps_a_version_of_its_own() {
    let storage = MemoryStorage::new();
    let mut db = Database::open(storage.clone(), &tiny()).unwrap();
    assert_eq!(db.schema_version(), 0);
    let _ = db.set_schema_version(7).unwrap();
    let _ = db.close().unwrap();
    assert_eq!(Database::open(storage, &tiny()).unwrap().schema_version(), 7);
}
