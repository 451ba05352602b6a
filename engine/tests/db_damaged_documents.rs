//! Documents that are none, behind right checksums: whatever reads one answers, or says which file
//! holds it, and leaves the other documents readable.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod db_support;

use std::ops::Bound;

use db_support::{build_all, commit, delete, doc, find, id, ids, num, put};
use entidb::codec::value::Value;
use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::MemoryStorage;
use entidb::{
    At, Change, CollectionId, Database, Durability, Error, ErrorKind, Geometry, IfMatch, IndexSpec,
    Op, Options, QueryPlan, Result,
};

type Db = Database<MemoryStorage>;

/// No documents, but for the first byte, which says that it is one.
const BROKEN: [&[u8]; 8] = [
    b"\x00",
    b"\x00\x1f",
    b"\x00\xa1",
    b"\x00\xa1\x61n",
    b"\x00\xbf\x61n\x01\xff",
    b"\x00\xa1\x61n\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x00\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x00\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
];

fn options() -> Options {
    Options { geometry: Geometry::TINY, ..Options::default() }
}

/// A database of three documents, the first of which was changed as no database would.
fn damaged(value: &[u8]) -> (Db, CollectionId) {
    let storage = MemoryStorage::new();
    let mut db = Database::open(storage.clone(), &options()).unwrap();
    let specs = [IndexSpec::ordered(["n"]), IndexSpec::hash(["u"]).unique()];
    let (tasks, _) = db.create_collection("tasks", &specs).unwrap();
    for n in 1..4 {
        let document = doc([("n", num(f64::from(n))), ("u", num(f64::from(n)))]);
        commit(&mut db, &[put(tasks, &id(i64::from(n)), &document)]).unwrap();
    }
    let _ = db.close().unwrap();
    let mut store = Store::open(storage.clone(), &options()).unwrap();
    let documents = KeyRange { lower: Bound::Included(vec![1]), upper: Bound::Excluded(vec![2]) };
    let mut scan =
        store.scan(View::at(store.visible_seq()), &documents, Direction::Forward).unwrap();
    assert!(scan.advance().unwrap());
    let key = scan.key().to_vec();
    drop(scan);
    let mut batch = Batch::new();
    batch.put(&key, value).unwrap();
    store.stage(&batch).unwrap().unwrap();
    let _ = store.commit(Durability::Strict).unwrap();
    let _ = store.close().unwrap();
    drop(store);
    let db = Database::open(storage, &options()).unwrap();
    (db, tasks)
}

/// All that reads a document on its way.
fn uses(db: &mut Db, tasks: CollectionId) -> Vec<(&'static str, Result<()>)> {
    let one = id(1);
    let whole = doc([("n", num(7.0)), ("u", num(7.0))]);
    let set = doc([("n", num(9.0))]);
    let patch = |if_match| Op {
        collection: tasks,
        id: &one,
        change: Change::Patch { set: &set, unset: vec!["u"] },
        if_match,
    };
    let replace = Op { if_match: IfMatch::Hash([3; 32]), ..put(tasks, &one, &whole) };
    let mut told = vec![
        ("get", db.get(At::Latest, tasks, &one).map(drop)),
        ("get many", db.get_many(At::Latest, tasks, &[&one]).map(drop)),
        ("hash", db.hash(At::Latest, tasks, &one).map(drop)),
        ("scan", ids(db, At::Latest, &QueryPlan::scan(tasks)).map(drop)),
    ];
    let by_index = find(tasks, &["n"], &[Value::Number(1.0)]);
    told.push(("query", ids(db, At::Latest, &by_index).map(drop)));
    for (name, op) in [
        ("patch", patch(IfMatch::Any)),
        ("patch of one that is the same", patch(IfMatch::Hash([3; 32]))),
        ("replace", replace),
        ("put", put(tasks, &one, &whole)),
        ("delete", delete(tasks, &one)),
    ] {
        told.push((name, db.stage(std::slice::from_ref(&op)).map(drop)));
        db.discard();
        let mut tx = db.begin().unwrap();
        let written = db.tx_write(&mut tx, std::slice::from_ref(&op)).map(drop);
        told.push((name, written.and_then(|()| db.tx_commit(&mut tx).map(drop))));
        db.discard();
    }
    let spec = IndexSpec::ordered(["u", "n"]);
    let _ = db.create_index(tasks, &spec).unwrap();
    told.push(("build", build_all(db).map(drop)));
    told
}

fn check_place(error: &Error, context: &str) {
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{context}: {error:?}");
    assert!(error.details().file.is_some(), "{context} names no file: {error:?}");
}

#[test]
fn whatever_meets_a_document_that_is_none_names_the_file_and_leaves_the_others_readable() {
    for value in BROKEN {
        let (mut db, tasks) = damaged(value);
        let mut refused = Vec::new();
        for (name, told) in uses(&mut db, tasks) {
            if let Err(error) = told {
                check_place(&error, &format!("{name} of {value:x?}"));
                refused.push(name);
            }
        }
        for name in ["hash", "patch of one that is the same"] {
            assert!(refused.contains(&name), "{name} took {value:x?} for a document");
        }
        let error = db.hash(At::Latest, tasks, &id(1)).unwrap_err();
        assert_eq!(error.details().collection.as_deref(), Some("tasks"));
        assert_eq!(error.details().id, Some(id(1)));
        assert!(error.message().contains("restore a backup"), "{error:?}");
        let other = doc([("n", num(2.0)), ("u", num(2.0))]);
        assert_eq!(db.get(At::Latest, tasks, &id(2)).unwrap(), Some(other));
    }
}
