//! Access paths: which index answers, what it says where none does, what it takes (R-030, R-046,
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

use std::ops::Bound;

use db_support::{commit, database, doc, error, find, id, ids, num, put};
use entidb::codec::value::Value;
use entidb::{Access, At, CollectionId, ErrorKind, IndexSpec, Output, PageLimits, QueryPlan};

fn fill(db: &mut db_support::Db, tasks: CollectionId, count: i32) {
    for n in 0..count {
        let tags = Value::Array(vec![num(f64::from(n % 3)), num(f64::from(n % 4) + 10.0)]);
        let document =
            doc([("a", num(f64::from(n % 5))), ("b", num(f64::from(n))), ("tags", tags)]);
        commit(db, &[put(tasks, &id(i64::from(n)), &document)]).unwrap();
    }
}

fn range(collection: CollectionId, field: &str, lower: f64, upper: f64) -> QueryPlan {
    let encode = |x| vec![num(x).encode().unwrap()];
    let access = Access::Index {
        fields: vec![field.to_owned()],
        equal: vec![],
        lower: Bound::Included(encode(lower)),
        upper: Bound::Included(encode(upper)),
        prefix: None,
    };
    QueryPlan::over(collection, access)
}

#[test]
fn a_missing_index_is_named_in_full_and_a_building_one_is_not_used() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["b", "a"]), IndexSpec::hash(["c", "a"])]);
    fill(&mut db, tasks, 3);
    let refused = error(db.cursor(At::Latest, &find(tasks, &["a", "b"], &[num(1.0)])));
    assert_eq!(refused.kind(), ErrorKind::IndexRequired);
    assert!(refused.message().contains("index('a', 'b')"), "{refused}");
    // A hash index answers neither a part of its fields nor an order.
    for plan in [find(tasks, &["c"], &[num(1.0)]), find(tasks, &["c", "a"], &[num(1.0)])] {
        assert_eq!(error(db.cursor(At::Latest, &plan)).kind(), ErrorKind::IndexRequired);
    }
    let _ = db.create_index(tasks, &IndexSpec::ordered(["a"])).unwrap();
    let building = error(db.cursor(At::Latest, &find(tasks, &["a"], &[])));
    assert_eq!(building.kind(), ErrorKind::IndexRequired);
    assert!(building.message().contains("being built"), "{building}");
    db_support::build_all(&mut db).unwrap();
    assert_eq!(ids(&mut db, At::Latest, &find(tasks, &["a"], &[])).unwrap().len(), 3);
}

#[test]
fn what_a_query_takes_is_what_it_needs() {
    let specs = [IndexSpec::ordered(["a", "b"]), IndexSpec::ordered(["tags"]).each()];
    let (mut db, tasks) = database(&specs);
    fill(&mut db, tasks, 60);
    let plan = QueryPlan { take: Some(3), ..find(tasks, &["a"], &[num(2.0)]) };
    let explain = db.explain(At::Latest, &plan).unwrap();
    assert_eq!(
        (explain.path.as_str(), explain.examined, explain.returned),
        ("index('a', 'b')", 3, 3)
    );
    let reads = db.stats().entries_examined;

    // Counting all of an index or collection goes by the counters.
    for plan in [QueryPlan::scan(tasks), find(tasks, &["a"], &[])] {
        let plan = QueryPlan { output: Output::Count, skip: 10, ..plan };
        let explain = db.explain(At::Latest, &plan).unwrap();
        assert_eq!((explain.examined, explain.returned), (0, 50));
    }
    assert_eq!(db.stats().entries_examined, reads);

    // Each document has two entries between 0 and 20, and is one row.
    let explain = db.explain(At::Latest, &range(tasks, "tags", 0.0, 20.0)).unwrap();
    assert_eq!((explain.examined, explain.returned), (120, 60));
    let stats = db.stats();
    assert_eq!((stats.scans, stats.index_lookups), (1, 3), "only scans scan");
}

#[test]
fn each_yields_a_document_at_its_first_match_in_either_direction() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["tags"]).each()]);
    for (key, tags) in [(1, [1.0, 9.0]), (2, [5.0, 5.0]), (3, [0.0, 7.0])] {
        let document = doc([("tags", Value::Array(tags.map(num).to_vec()))]);
        commit(&mut db, &[put(tasks, &id(key), &document)]).unwrap();
    }
    let forward = range(tasks, "tags", 1.0, 9.0);
    let rows = ids(&mut db, At::Latest, &forward).unwrap();
    assert_eq!(rows, [1.into(), 2.into(), 3.into()]);
    let backward = QueryPlan { reverse: true, ..forward };
    let rows = ids(&mut db, At::Latest, &backward).unwrap();
    assert_eq!(rows, [1.into(), 3.into(), 2.into()]);
}

#[test]
fn a_cursor_keeps_its_snapshot_while_everything_changes() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["b"])]);
    fill(&mut db, tasks, 40);
    let mut cursor = db.cursor(At::Latest, &find(tasks, &["b"], &[])).unwrap();
    let limits = PageLimits { bytes: 1, documents: 10 };
    let mut seen = 0;
    while !cursor.is_done() {
        let page = db.page(&mut cursor, None, limits).unwrap();
        assert!(page.rows.len() <= 1, "one row is more than the bytes allow already");
        seen += page.count;
        match seen {
            5 => drop(db.clear(tasks).unwrap()),
            9 => drop(db.drop_index(tasks, &IndexSpec::ordered(["b"])).unwrap()),
            12 => drop(db.drop_collection(tasks).unwrap()),
            _ => fill_more(&mut db, seen),
        }
    }
    assert_eq!(seen, 40);
}

/// Work that makes the store merge, and drop what nobody needs.
fn fill_more(db: &mut db_support::Db, n: u64) {
    if let Ok(other) = db.create_collection(&format!("c{n}"), &[]) {
        fill(db, other.0, 3);
    }
    let _ = db.checkpoint().unwrap();
    db.compact_begin().unwrap();
    while db.step(1 << 20).unwrap() {}
}

#[test]
fn an_unused_snapshot_expires_and_says_so() {
    let (mut db, tasks) = database(&[]);
    fill(&mut db, tasks, 3);
    let snapshot = db.snapshot().unwrap();
    let mut cursor = db.cursor(At::Snapshot(&snapshot), &QueryPlan::scan(tasks)).unwrap();
    db.tick(30_000);
    assert_eq!(db.count(At::Snapshot(&snapshot), tasks).unwrap(), 3);
    db.tick(80_000);
    assert_eq!(db.count(At::Snapshot(&snapshot), tasks).unwrap(), 3);
    // A clock that runs backwards does not bring anything back or forward.
    db.tick(5);
    db.tick(140_000);
    let expired = error(db.count(At::Snapshot(&snapshot), tasks));
    assert_eq!(expired.kind(), ErrorKind::SnapshotExpired);
    let limits = PageLimits { bytes: 1000, documents: 10 };
    assert_eq!(error(db.page(&mut cursor, None, limits)).kind(), ErrorKind::SnapshotExpired);
    assert_eq!(db.stats().snapshots, 0);
}

#[test]
fn junk_is_refused_by_name() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["a", "b"])]);
    let junk = [0xff, 0x00];
    let with_id = doc([("id", num(1.0))]);
    let key = id("a");
    for (key, document) in
        [(&key[..], &junk[..]), (&junk, &doc([])), (&[], &doc([])), (&key, &with_id)]
    {
        let refused = error(db.stage(&[put(tasks, key, document)]));
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{key:?} {document:?}");
        assert_eq!(refused.details().collection.as_deref(), Some("tasks"));
    }
    assert_eq!(error(db.get(At::Latest, tasks, &junk)).kind(), ErrorKind::InvalidInput);
    let mut plan = find(tasks, &["a"], &[num(1.0)]);
    if let Access::Index { equal, .. } = &mut plan.access {
        equal.push(vec![0xff]);
    }
    assert_eq!(error(db.cursor(At::Latest, &plan)).kind(), ErrorKind::InvalidInput);
    let long = doc([("a", "x".repeat(1025).as_str().into())]);
    let refused = error(db.stage(&[put(tasks, &key, &long)]));
    assert_eq!(refused.kind(), ErrorKind::LimitExceeded);
    assert!(refused.message().contains("kind: 'hash'"), "{refused}");
    assert!(!db.has_staged());
    let limits = PageLimits { bytes: 1000, documents: 10 };
    let mut tx = db.begin().unwrap();
    let mut cursor = db.cursor(At::Transaction(&mut tx), &QueryPlan::scan(tasks)).unwrap();
    assert_eq!(error(db.page(&mut cursor, None, limits)).kind(), ErrorKind::InvalidInput);
}
