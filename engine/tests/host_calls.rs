//! Every call of the host, through its messages.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod host_support;

use ciborium::cbor;
use entidb::{Durability, ErrorKind, Geometry};
use host_support::{
    Batch, PLENTY, all_rows, build, declare_tasks, decode, document, documents, encode, field, get,
    host, int_id, options, page, scan, task, visible, write,
};

use entidb::codec::bytes::{Reader, put_slice};
use entidb::host::Host;
use entidb::storage::MemoryStorage;

/// Status, sequence number and the rest of the answer to staged writes.
fn staged(answer: &[u8]) -> (u8, u64, Vec<u8>) {
    let mut reader = Reader::new(answer);
    let status = reader.u8().unwrap();
    let seq = if status == 1 { 0 } else { reader.varint().unwrap() };
    (status, seq, reader.rest().to_vec())
}

#[test]
fn writes_answer_what_their_caller_needs() {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    let batch = Batch::default()
        .insert(tasks, 1, &task(1, "a"))
        .put(tasks, 2, &task(1, "b"))
        .put_new(tasks, 3, &task(2, "c"))
        .update(tasks, 1, &document(&[("project", 9.into())]), &["title"])
        .delete(tasks, 3)
        .delete(tasks, 4);
    let before = host.sequence();
    let (status, seq, outcomes) = staged(&host.stage(&batch.0, Durability::Strict).unwrap());
    assert_eq!((status, seq), (0, before + 1));
    assert!(host.has_staged());
    let mut outcomes = Reader::new(&outcomes);
    let updated = documents(outcomes.slice().unwrap());
    assert_eq!(updated, [Some(document(&[("project", 9.into())]))]);
    assert_eq!(outcomes.rest(), [1, 0]);

    assert_eq!(host.count(0, tasks).unwrap(), 0, "nothing is visible before the commit");
    let _ = host.commit().unwrap();
    assert_eq!(host.sequence(), seq);
    assert!(!host.has_staged());
    assert_eq!(host.count(0, tasks).unwrap(), 2);
    assert_eq!(get(&mut host, 0, tasks, &int_id(2)).unwrap(), Some(task(1, "b")));
    assert_eq!(get(&mut host, 0, tasks, &int_id(3)).unwrap(), None);
    assert!(host.has(0, tasks, &int_id(1)).unwrap());
}

#[test]
fn a_put_is_conditional_on_the_hash_of_what_is_stored() {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    write(&mut host, &Batch::default().insert(tasks, 1, &task(1, "a")));
    let hash = host.hash(0, tasks, &int_id(1)).unwrap().unwrap();
    assert_eq!(host.hash(0, tasks, &int_id(2)).unwrap(), None);
    write(&mut host, &Batch::default().put_if(tasks, 1, &task(2, "b"), hash));
    let stale = Batch::default().put_if(tasks, 1, &task(3, "c"), hash);
    let there = Batch::default().put_new(tasks, 1, &task(3, "c"));
    for refused in [stale, there] {
        let error = host.stage(&refused.0, Durability::Strict).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
    assert!(!host.has_staged());
    assert_eq!(get(&mut host, 0, tasks, &int_id(1)).unwrap(), Some(task(2, "b")));
}

#[test]
fn many_documents_come_in_the_order_asked_and_a_long_answer_stops_early() {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    let long = "x".repeat(3_000_000);
    for id in 0..8 {
        let text = format!("{id}{long}");
        write(&mut host, &Batch::default().insert(tasks, id, &document(&[("t", text.into())])));
    }
    let mut wanted: Vec<i64> = vec![7, 99, 3, 3, 0, 1, 2, 4, 5, 6];
    let mut answered = Vec::new();
    while !wanted.is_empty() {
        let mut ids = Vec::new();
        for id in &wanted {
            put_slice(&mut ids, &int_id(*id));
        }
        let answer = host.get_many(0, tasks, &ids).unwrap();
        let before = answered.len();
        for document in documents(&answer) {
            answered.push((wanted.remove(0), document));
        }
        assert!(answered.len() > before, "every answer gets further");
    }
    for (id, document) in answered {
        assert_eq!(document, get(&mut host, 0, tasks, &int_id(id)).unwrap(), "{id}");
    }
}

#[test]
fn queries_page_through_their_rows_in_every_form() {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    let mut batch = Batch::default();
    for id in 0..100 {
        batch = batch.insert(tasks, id, &task(id % 3, &format!("title {id:03}")));
    }
    write(&mut host, &batch);

    for rows in [1, 7, 1000] {
        let found = all_rows(&mut host, 0, &scan(tasks), rows);
        assert_eq!(found.len(), 100);
        assert!(found.iter().zip(0..).all(|((id, _), n)| *id == int_id(n)));
    }
    let one = ciborium::Value::Bytes(encode(&1.into()));
    let of_project = cbor!({
        "collection" => tasks,
        "index" => { "fields" => ["project"], "equal" => [one] },
        "reverse" => true, "skip" => 1, "take" => 5, "output" => "ids",
    })
    .unwrap();
    let ids: Vec<_> = [94, 91, 88, 85, 82].map(|id| (int_id(id), None)).into();
    assert_eq!(all_rows(&mut host, 0, &of_project, 2), ids);
    assert_eq!(host.query_count(0, &encode(&of_project)).unwrap(), 5);
    assert_eq!(host.query_count(0, &encode(&scan(tasks))).unwrap(), 100);

    let titles = cbor!({
        "collection" => tasks,
        "index" => { "fields" => ["title"], "prefix" => "title 01" },
    })
    .unwrap();
    assert_eq!(all_rows(&mut host, 0, &titles, 4).len(), 10);
    let explain = host.explain(0, &encode(&titles)).unwrap();
    assert_eq!(explain.returned, 10);

    let from_97 = cbor!({
        "collection" => tasks,
        "scan" => { "lower" => { "id" => ciborium::Value::Bytes(int_id(97)), "open" => true } },
        "output" => "count",
    })
    .unwrap();
    let counted = page(&host.query_page(0, &encode(&from_97), PLENTY, 10).unwrap());
    assert_eq!((counted.count, counted.rows.len(), counted.done), (2, 0, true));
}

#[test]
fn a_query_needs_an_index_that_is_declared() {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    let request = cbor!({ "collection" => tasks, "index" => { "fields" => ["nowhere"] } }).unwrap();
    let error = host.query(0, &encode(&request)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IndexRequired);
    assert!(error.message().contains("nowhere"), "{error}");
}

#[test]
fn a_transaction_sees_its_own_writes_and_others_only_what_was_committed() {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    write(&mut host, &Batch::default().insert(tasks, 1, &task(1, "a")));
    let snapshot = host.snapshot().unwrap();
    let tx = host.begin().unwrap();
    let batch = Batch::default().delete(tasks, 1).insert(tasks, 2, &task(2, "b"));
    assert_eq!(host.tx_stage(tx, &batch.0).unwrap(), [0, 0, 1]);
    assert_eq!(all_rows(&mut host, tx, &scan(tasks), 1), [(int_id(2), Some(task(2, "b")))]);
    assert_eq!(all_rows(&mut host, 0, &scan(tasks), 1), [(int_id(1), Some(task(1, "a")))]);

    let (status, _, outcomes) = staged(&host.tx_commit(tx, Durability::Relaxed).unwrap());
    assert_eq!((status, outcomes.len()), (0, 0));
    let _ = host.commit().unwrap();
    assert_eq!(all_rows(&mut host, 0, &scan(tasks), 1), [(int_id(2), Some(task(2, "b")))]);
    assert_eq!(all_rows(&mut host, snapshot, &scan(tasks), 1), [(int_id(1), Some(task(1, "a")))]);
    host.release(snapshot);
    host.release(snapshot);
}

#[test]
fn a_transaction_built_on_what_changed_is_a_conflict_and_over() {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    write(&mut host, &Batch::default().insert(tasks, 1, &task(1, "a")));
    let tx = host.begin().unwrap();
    host.get(tx, tasks, &int_id(1)).unwrap();
    host.tx_stage(tx, &Batch::default().put(tasks, 2, &task(2, "b")).0).unwrap();
    write(&mut host, &Batch::default().put(tasks, 1, &task(1, "c")));
    let error = host.tx_commit(tx, Durability::Strict).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(host.get(tx, tasks, &int_id(1)).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(host.count(0, tasks).unwrap(), 1);
}

#[test]
fn a_snapshot_left_alone_expires_by_the_callers_clock() {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    host.tick(1_000);
    let snapshot = host.snapshot().unwrap();
    host.tick(60_000);
    assert_eq!(host.count(snapshot, tasks).unwrap(), 0);
    host.tick(119_000);
    assert_eq!(host.count(snapshot, tasks).unwrap(), 0, "its use kept it");
    host.tick(180_000);
    let error = host.count(snapshot, tasks).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SnapshotExpired);
}

#[test]
fn a_full_group_stages_nothing_until_it_is_committed() {
    let geometry = Geometry { manifest_area_bytes: 64 * 1024, ..Geometry::TINY };
    let mut host = Host::open(MemoryStorage::new(), &options(geometry)).unwrap();
    let tasks = declare_tasks(&mut host);
    let filler = "x".repeat(500);
    let mut full = 0;
    for id in 0..100 {
        let batch = Batch::default().insert(tasks, id, &task(id, &format!("{id} {filler}")));
        let (status, ..) = staged(&host.stage(&batch.0, Durability::Relaxed).unwrap());
        if status == 1 {
            full += 1;
            let _ = host.commit().unwrap();
            host.settle().unwrap();
            let (status, ..) = staged(&host.stage(&batch.0, Durability::Relaxed).unwrap());
            assert_ne!(status, 1, "an empty group takes every commit");
        }
    }
    let _ = host.commit().unwrap();
    assert!(full > 2, "a group of this geometry fills up");
    assert_eq!(host.count(0, tasks).unwrap(), 100);
}

#[test]
fn collections_and_indexes_come_and_go() {
    let mut host = host();
    let notes = encode(&cbor!({ "name" => "notes", "indexes" => [] }).unwrap());
    let notes_id = host.create_collection(&notes).unwrap();
    assert_eq!(host.create_collection(&notes).unwrap_err().kind(), ErrorKind::AlreadyExists);
    let mut batch = Batch::default();
    for id in 0..50 {
        batch = batch.put(notes_id, id, &document(&[("tag", (id % 5).into())]));
    }
    write(&mut host, &batch);

    let spec = encode(&cbor!({ "fields" => ["tag"], "kind" => "hash" }).unwrap());
    let index = host.create_index(notes_id, &spec).unwrap();
    build(&mut host);
    let infos = decode(&host.indexes(notes_id).unwrap()).into_array().unwrap();
    assert_eq!(infos.len(), 1);
    assert_eq!(field(&infos[0], "id"), index.into());
    assert_eq!(field(&infos[0], "ready"), true.into());
    assert_eq!(field(&infos[0], "entries"), 50.into());
    assert_eq!(field(&field(&infos[0], "spec"), "kind"), "hash".into());
    host.drop_index(notes_id, &spec).unwrap();
    assert_eq!(host.drop_index(notes_id, &spec).unwrap_err().kind(), ErrorKind::NotFound);

    host.clear(notes_id).unwrap();
    assert_eq!(host.count(0, notes_id).unwrap(), 0);
    host.drop_collection(notes_id).unwrap();
    assert_eq!(host.collection_id("notes").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(host.count(0, notes_id).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(decode(&host.collections()).into_array().unwrap().len(), 0);
}

#[test]
fn a_database_closed_and_opened_again_has_what_was_committed() {
    let storage = MemoryStorage::new();
    let mut host = Host::open(storage.clone(), &options(Geometry::DEFAULT)).unwrap();
    assert!(host.created());
    let tasks = declare_tasks(&mut host);
    host.set_schema_version(4).unwrap();
    write(&mut host, &Batch::default().insert(tasks, 1, &task(1, "a")));
    host.settle().unwrap();
    while host.step(PLENTY as u64).unwrap() {}
    let _ = host.checkpoint().unwrap();
    let before = visible(&mut host);
    let _ = host.close().unwrap();
    drop(host);

    let mut host = Host::open(storage, &options(Geometry::DEFAULT)).unwrap();
    assert!(!host.created());
    assert_eq!(host.database_id(), [7; 16]);
    assert_eq!(host.schema_version(), 4);
    assert_eq!(visible(&mut host), before);
}

#[test]
fn a_compaction_reports_what_it_did() {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    for id in 0..20 {
        write(&mut host, &Batch::default().put(tasks, id, &task(1, &format!("{id}"))));
        write(&mut host, &Batch::default().delete(tasks, id));
    }
    host.compact_begin().unwrap();
    while host.step(1 << 16).unwrap() {}
    let report = host.compact_report().expect("the compaction is through");
    assert!(report.output_records < report.input_records);
    assert_eq!(host.compact_report().map(drop), None);
    assert_eq!(host.count(0, tasks).unwrap(), 0);
}
