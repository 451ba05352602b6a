//! Transactions against each other: no anomaly survives validation (R-081 to,
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

use db_support::{
    Db, commit, commit_tx, database, database_with, delete, doc, error, find, id, ids, insert, num,
    put,
};
use entidb::codec::value::Value;
use entidb::{
    At, CollectionId, Database, ErrorKind, IfMatch, IndexSpec, Op, Options, Outcome, QueryPlan,
    Staged, Transaction,
};

fn balances(db: &mut Db, tasks: CollectionId) {
    let (a, b) = (id("a"), id("b"));
    let document = doc([("n", num(1.0))]);
    commit(db, &[put(tasks, &a, &document), put(tasks, &b, &document)]).unwrap();
}

fn read(db: &Db, tx: &mut Transaction, tasks: CollectionId, key: &str) -> Option<Vec<u8>> {
    db.get(At::Transaction(tx), tasks, &id(key)).unwrap()
}

fn set(db: &mut Db, tx: &mut Transaction, tasks: CollectionId, key: &str, n: f64) {
    let (key, document) = (id(key), doc([("n", num(n))]));
    db.tx_write(tx, &[put(tasks, &key, &document)]).unwrap();
}

#[test]
fn write_skew_is_a_conflict_whichever_commits_first() {
    let (mut db, tasks) = database(&[]);
    balances(&mut db, tasks);
    let (mut one, mut two) = (db.begin().unwrap(), db.begin().unwrap());
    for tx in [&mut one, &mut two] {
        read(&db, tx, tasks, "a");
        read(&db, tx, tasks, "b");
    }
    set(&mut db, &mut one, tasks, "a", -1.0);
    set(&mut db, &mut two, tasks, "b", -1.0);
    // In one group, so that the second is held against a commit that is staged only.
    assert!(matches!(db.tx_commit(&mut one).unwrap(), Staged::Seq { .. }));
    assert_eq!(error(db.tx_commit(&mut two)).kind(), ErrorKind::Conflict);
}

#[test]
fn a_discarded_group_conflicts_with_nobody() {
    let (mut db, tasks) = database(&[]);
    balances(&mut db, tasks);
    let mut tx = db.begin().unwrap();
    read(&db, &mut tx, tasks, "a");
    set(&mut db, &mut tx, tasks, "b", 5.0);
    let (a, document) = (id("a"), doc([("n", num(9.0))]));
    db.stage(&[put(tasks, &a, &document)]).unwrap();
    db.discard();
    commit_tx(&mut db, &mut tx).unwrap();
}

#[test]
fn blind_writes_of_one_document_do_not_conflict_and_the_last_commit_wins() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["n"])]);
    let (mut one, mut two) = (db.begin().unwrap(), db.begin().unwrap());
    set(&mut db, &mut one, tasks, "a", 1.0);
    set(&mut db, &mut two, tasks, "a", 2.0);
    commit_tx(&mut db, &mut two).unwrap();
    commit_tx(&mut db, &mut one).unwrap();
    let rows = ids(&mut db, At::Latest, &find(tasks, &["n"], &[])).unwrap();
    assert_eq!(rows.len(), 1, "one entry, though both began without the document");
    assert_eq!(db.get(At::Latest, tasks, &id("a")).unwrap(), Some(doc([("n", num(1.0))])));
}

#[test]
fn phantoms_are_conflicts_as_far_as_the_range_was_delivered() {
    let spec = IndexSpec::ordered(["n"]);
    for (inserted, conflicts) in [(0.5, true), (1.5, true), (7.0, false)] {
        let (mut db, tasks) = database(std::slice::from_ref(&spec));
        for n in 1..=5_i32 {
            let (key, document) = (id(i64::from(n)), doc([("n", num(f64::from(n)))]));
            commit(&mut db, &[put(tasks, &key, &document)]).unwrap();
        }
        let mut tx = db.begin().unwrap();
        let plan = QueryPlan { take: Some(3), ..find(tasks, &["n"], &[]) };
        assert_eq!(ids(&mut db, At::Transaction(&mut tx), &plan).unwrap().len(), 3);
        set(&mut db, &mut tx, tasks, "result", 100.0);
        let (key, document) = (id("new"), doc([("n", num(inserted))]));
        commit(&mut db, &[put(tasks, &key, &document)]).unwrap();
        let committed = commit_tx(&mut db, &mut tx);
        assert_eq!(committed.is_err(), conflicts, "{inserted}");
    }
}

#[test]
fn a_document_delivered_by_an_index_counts_as_read_whole() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["n"])]);
    let (key, document) = (id("a"), doc([("n", num(1.0)), ("note", "x".into())]));
    commit(&mut db, &[put(tasks, &key, &document)]).unwrap();
    let mut tx = db.begin().unwrap();
    ids(&mut db, At::Transaction(&mut tx), &find(tasks, &["n"], &[num(1.0)])).unwrap();
    set(&mut db, &mut tx, tasks, "b", 1.0);
    // The index entry stays the same.
    let document = doc([("n", num(1.0)), ("note", "y".into())]);
    commit(&mut db, &[put(tasks, &key, &document)]).unwrap();
    assert_eq!(error(commit_tx(&mut db, &mut tx)).kind(), ErrorKind::Conflict);
}

#[test]
fn absence_and_counts_are_read_as_well() {
    for by_count in [false, true] {
        let (mut db, tasks) = database(&[]);
        let mut tx = db.begin().unwrap();
        if by_count {
            assert_eq!(db.count(At::Transaction(&mut tx), tasks).unwrap(), 0);
        } else {
            assert_eq!(read(&db, &mut tx, tasks, "a"), None);
        }
        set(&mut db, &mut tx, tasks, "b", 1.0);
        balances(&mut db, tasks);
        assert_eq!(error(commit_tx(&mut db, &mut tx)).kind(), ErrorKind::Conflict);
    }
}

#[test]
fn a_transaction_older_than_what_is_remembered_conflicts() {
    let (mut db, tasks) = database_with(&Options::default(), &[]);
    let mut tx = db.begin().unwrap();
    set(&mut db, &mut tx, tasks, "mine", 1.0);
    let document = doc([]);
    for n in 0..6000 {
        let key = id(format!("{n:0400}"));
        loop {
            if !matches!(db.stage(&[put(tasks, &key, &document)]).unwrap(), Staged::GroupFull) {
                break;
            }
            let _ = db.commit(entidb::Durability::Relaxed).unwrap();
        }
    }
    assert_eq!(error(commit_tx(&mut db, &mut tx)).kind(), ErrorKind::Conflict);
}

#[test]
fn clearing_a_collection_or_dropping_an_index_read_is_a_conflict() {
    let spec = IndexSpec::ordered(["n"]);
    for clears in [false, true] {
        let (mut db, tasks) = database(std::slice::from_ref(&spec));
        balances(&mut db, tasks);
        let mut tx = db.begin().unwrap();
        ids(&mut db, At::Transaction(&mut tx), &find(tasks, &["n"], &[num(7.0)])).unwrap();
        set(&mut db, &mut tx, tasks, "c", 1.0);
        let _ = if clears { db.clear(tasks) } else { db.drop_index(tasks, &spec) }.unwrap();
        assert_eq!(error(commit_tx(&mut db, &mut tx)).kind(), ErrorKind::Conflict);
    }
}

#[test]
fn a_failed_call_leaves_the_transaction_as_it_was() {
    let (mut db, tasks) = database(&[]);
    balances(&mut db, tasks);
    let mut tx = db.begin().unwrap();
    let (a, c, document) = (id("a"), id("c"), doc([("n", num(2.0))]));
    let ops = [insert(tasks, &c, &document), insert(tasks, &a, &document)];
    assert_eq!(error(db.tx_write(&mut tx, &ops)).kind(), ErrorKind::AlreadyExists);
    assert_eq!(read(&db, &mut tx, tasks, "c"), None);
    assert_eq!(db.count(At::Transaction(&mut tx), tasks).unwrap(), 2);
    db.tx_write(&mut tx, &[delete(tasks, &a), insert(tasks, &c, &document)]).unwrap();
    commit_tx(&mut db, &mut tx).unwrap();
    assert_eq!(db.count(At::Latest, tasks).unwrap(), 2);
}

#[test]
fn writes_are_seen_by_every_path_and_by_nobody_else() {
    let specs = [
        IndexSpec::ordered(["n"]),
        IndexSpec::hash(["n"]),
        IndexSpec::ordered(["tags"]).each(),
        IndexSpec::ordered(["slug"]).unique(),
    ];
    let (mut db, tasks) = database(&specs);
    let mut tx = db.begin().unwrap();
    let tags = Value::Array(vec!["x".into(), "y".into()]);
    let document = doc([("n", num(3.0)), ("tags", tags), ("slug", "s".into())]);
    let key = id("a");
    db.tx_write(&mut tx, &[put(tasks, &key, &document)]).unwrap();
    let plans = [
        find(tasks, &["n"], &[num(3.0)]),
        find(tasks, &["tags"], &["y".into()]),
        find(tasks, &["slug"], &["s".into()]),
        QueryPlan::scan(tasks),
    ];
    for plan in &plans {
        assert_eq!(ids(&mut db, At::Transaction(&mut tx), plan).unwrap(), ["a".into()], "{plan:?}");
        assert_eq!(ids(&mut db, At::Latest, plan).unwrap(), [], "{plan:?}");
    }
    db.tx_write(&mut tx, &[delete(tasks, &key)]).unwrap();
    for plan in &plans {
        assert_eq!(ids(&mut db, At::Transaction(&mut tx), plan).unwrap(), [], "{plan:?}");
    }
}

#[test]
fn documents_may_share_a_unique_value_until_the_commit() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["slug"]).unique()]);
    let (a, b) = (id("a"), id("b"));
    let (x, y) = (doc([("slug", "x".into())]), doc([("slug", "y".into())]));
    commit(&mut db, &[put(tasks, &a, &x), put(tasks, &b, &y)]).unwrap();

    let mut tx = db.begin().unwrap();
    db.tx_write(&mut tx, &[put(tasks, &b, &x)]).unwrap();
    let plan = find(tasks, &["slug"], &["x".into()]);
    let shared = ids(&mut db, At::Transaction(&mut tx), &plan).unwrap();
    assert_eq!(shared, ["a".into(), "b".into()], "both have it for now");
    db.tx_write(&mut tx, &[put(tasks, &a, &y)]).unwrap();
    commit_tx(&mut db, &mut tx).unwrap();
    assert_eq!(ids(&mut db, At::Latest, &plan).unwrap(), ["b".into()]);

    let mut tx = db.begin().unwrap();
    db.tx_write(&mut tx, &[put(tasks, &b, &y)]).unwrap();
    let refused = error(commit_tx(&mut db, &mut tx));
    assert_eq!(refused.kind(), ErrorKind::UniqueViolation);
    assert_eq!(refused.details().collection.as_deref(), Some("tasks"));
    assert_eq!(refused.details().path.as_deref(), Some("slug"));
    assert_eq!(refused.details().id.as_deref(), Some(&*b));
}

/// Enough to outgrow the memory of a transaction many times over.
fn write_much(db: &mut Db, tx: &mut Transaction, tasks: CollectionId) {
    for n in 0..400_i32 {
        let document = doc([
            ("n", num(f64::from(n % 10))),
            ("slug", format!("s{n}").into()),
            ("pad", Value::Bytes(vec![1; 300])),
        ]);
        let key = id(i64::from(n));
        let outcomes = db.tx_write(tx, &[put(tasks, &key, &document)]).unwrap();
        assert_eq!(outcomes, [Outcome::Written]);
    }
}

fn spilled() -> (Db, CollectionId, Transaction) {
    let (mut db, tasks) =
        database(&[IndexSpec::ordered(["n"]), IndexSpec::ordered(["slug"]).unique()]);
    let mut tx = db.begin().unwrap();
    write_much(&mut db, &mut tx, tasks);
    (db, tasks, tx)
}

#[test]
fn a_transaction_larger_than_memory_commits_by_itself_and_whole() {
    let (mut db, tasks, mut tx) = spilled();
    assert_eq!(db.count(At::Transaction(&mut tx), tasks).unwrap(), 400);
    assert_eq!(db.count(At::Latest, tasks).unwrap(), 0);
    assert!(matches!(db.tx_commit(&mut tx).unwrap(), Staged::Committed { .. }));
    assert_eq!(db.count(At::Latest, tasks).unwrap(), 400);
    let plan = find(tasks, &["n"], &[num(3.0)]);
    assert_eq!(ids(&mut db, At::Latest, &plan).unwrap().len(), 40);
    assert_eq!(db.indexes(tasks).unwrap().iter().map(|i| i.entries).sum::<u64>(), 800);
}

#[test]
fn a_large_transaction_waits_for_the_open_group() {
    let (mut db, tasks, mut tx) = spilled();
    let (key, document) = (id("other"), doc([]));
    db.stage(&[put(tasks, &key, &document)]).unwrap();
    assert_eq!(db.tx_commit(&mut tx).unwrap(), Staged::GroupFull);
    let _ = db.commit(entidb::Durability::Strict).unwrap();
    assert!(matches!(db.tx_commit(&mut tx).unwrap(), Staged::Committed { .. }));
    assert_eq!(db.count(At::Latest, tasks).unwrap(), 401, "counts of both");
}

#[test]
fn a_large_transaction_conflicts_with_a_change_among_what_it_wrote() {
    let slug = doc([("slug", "elsewhere".into())]);
    let plain = doc([("n", num(1.0))]);
    // Between its ids; behind them; behind them, but in its unique index.
    for (key, document, conflicts) in
        [(id(7), &plain, true), (id("z"), &plain, false), (id("z"), &slug, true)]
    {
        let (mut db, tasks, mut tx) = spilled();
        commit(&mut db, &[put(tasks, &key, document)]).unwrap();
        assert_eq!(commit_tx(&mut db, &mut tx).is_err(), conflicts, "{key:?}");
        let count = db.count(At::Latest, tasks).unwrap();
        assert_eq!(count, if conflicts { 1 } else { 401 });
    }
}

#[test]
fn a_large_transaction_conflicts_with_a_change_of_indexes() {
    let (mut db, tasks, mut tx) = spilled();
    let _ = db.create_index(tasks, &IndexSpec::ordered(["pad"])).unwrap();
    assert_eq!(error(commit_tx(&mut db, &mut tx)).kind(), ErrorKind::Conflict);
}

#[test]
fn others_conflict_with_a_large_transaction() {
    let (mut db, tasks, mut tx) = spilled();
    let mut other = db.begin().unwrap();
    read(&db, &mut other, tasks, "unrelated");
    set(&mut db, &mut other, tasks, "zz", 1.0);
    commit_tx(&mut db, &mut tx).unwrap();
    // It counts as having written all of the collection.
    assert_eq!(error(commit_tx(&mut db, &mut other)).kind(), ErrorKind::Conflict);
}

#[test]
fn a_large_transaction_swaps_unique_values_and_may_not_share_them() {
    for swaps in [true, false] {
        let (mut db, tasks, mut tx) = spilled();
        let (a, b) = (id(1), id(2));
        let (one, two) = (doc([("slug", "s1".into())]), doc([("slug", "s2".into())]));
        db.tx_write(&mut tx, &[put(tasks, &a, &two)]).unwrap();
        if swaps {
            db.tx_write(&mut tx, &[put(tasks, &b, &one)]).unwrap();
        }
        let committed = commit_tx(&mut db, &mut tx);
        if !swaps {
            assert_eq!(error(committed).kind(), ErrorKind::UniqueViolation);
            assert_eq!(db.count(At::Latest, tasks).unwrap(), 0);
            continue;
        }
        committed.unwrap();
        for (slug, n) in [("s1", 2), ("s2", 1)] {
            let plan = find(tasks, &["slug"], &[slug.into()]);
            assert_eq!(ids(&mut db, At::Latest, &plan).unwrap(), [n.into()]);
        }
        // The entries are ordinary ones again: a third document cannot have the value.
        let key = id("c");
        let refused = error(commit(&mut db, &[put(tasks, &key, &one)]));
        assert_eq!(refused.kind(), ErrorKind::UniqueViolation);
    }
}

#[test]
fn if_match_in_a_transaction_is_read_and_validated() {
    let (mut db, tasks) = database(&[]);
    balances(&mut db, tasks);
    let hash = db.hash(At::Latest, tasks, &id("a")).unwrap().unwrap();
    let mut tx = db.begin().unwrap();
    let (key, document) = (id("a"), doc([("n", num(5.0))]));
    let op = Op { if_match: IfMatch::Hash(hash), ..put(tasks, &key, &document) };
    db.tx_write(&mut tx, &[op]).unwrap();
    let other = doc([("n", num(6.0))]);
    commit(&mut db, &[put(tasks, &key, &other)]).unwrap();
    assert_eq!(error(commit_tx(&mut db, &mut tx)).kind(), ErrorKind::Conflict);
    let stale = Op { if_match: IfMatch::Hash(hash), ..put(tasks, &key, &document) };
    assert_eq!(error(db.stage(&[stale])).kind(), ErrorKind::Conflict);
}

#[test]
fn a_dropped_transaction_gives_its_snapshot_back_and_is_counted() {
    let (mut db, tasks) = database(&[]);
    let mut tx = db.begin().unwrap();
    set(&mut db, &mut tx, tasks, "a", 1.0);
    drop(tx);
    db.tick(1);
    let stats = db.stats();
    assert_eq!((stats.transactions_aborted, stats.snapshots), (1, 0));
    assert_eq!(db.count(At::Latest, tasks).unwrap(), 0);
    assert!(!db.has_staged());
}

#[test]
fn a_transaction_left_alone_expires() {
    let (mut db, tasks) = database(&[]);
    let mut tx = db.begin().unwrap();
    set(&mut db, &mut tx, tasks, "a", 1.0);
    db.tick(59_000);
    set(&mut db, &mut tx, tasks, "a", 2.0);
    db.tick(118_000);
    assert!(db.get(At::Transaction(&mut tx), tasks, &id("a")).unwrap().is_some());
    db.tick(178_000);
    assert_eq!(error(commit_tx(&mut db, &mut tx)).kind(), ErrorKind::SnapshotExpired);
}

#[test]
fn a_read_only_transaction_writes_nothing() {
    let (mut db, tasks) = database(&[]);
    balances(&mut db, tasks);
    let before = db.sequence();
    let mut tx = db.begin().unwrap();
    read(&db, &mut tx, tasks, "a");
    commit_tx(&mut db, &mut tx).unwrap();
    assert_eq!(db.sequence(), before);
}

#[test]
fn a_database_and_its_handles_can_move_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Db>();
    is_send::<Transaction>();
    is_send::<entidb::Snapshot>();
    is_send::<entidb::Cursor>();
    is_send::<Database<entidb::storage::FileStorage>>();
}
