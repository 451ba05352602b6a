//! Handles that are unknown, closed, of another kind or too many.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod host_support;

use std::collections::BTreeSet;

use entidb::host::Host;
use entidb::storage::MemoryStorage;
use entidb::{Durability, Error, ErrorKind};
use host_support::{
    Batch, PLENTY, declare_tasks, encode, host, int_id, page, scan, task, visible, write,
};

fn with_three_tasks() -> (Host<MemoryStorage>, u32) {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    let batch = (0..3).fold(Batch::default(), |batch, id| {
        batch.insert(tasks, id, &task(id, &format!("task {id}")))
    });
    write(&mut host, &batch);
    (host, tasks)
}

/// What every call that takes a view says about `view`.
fn as_view(host: &mut Host<MemoryStorage>, tasks: u32, view: u32) -> Vec<Error> {
    let id = int_id(1);
    let request = encode(&scan(tasks));
    vec![
        host.get(view, tasks, &id).unwrap_err(),
        host.get_many(view, tasks, &[1, 1]).unwrap_err(),
        host.has(view, tasks, &id).unwrap_err(),
        host.count(view, tasks).unwrap_err(),
        host.hash(view, tasks, &id).unwrap_err(),
        host.query(view, &request).unwrap_err(),
        host.query_page(view, &request, 1, 1).unwrap_err(),
        host.query_count(view, &request).unwrap_err(),
        host.explain(view, &request).map(drop).unwrap_err(),
    ]
}

/// What every call that takes a transaction says about `transaction`.
fn as_transaction(host: &mut Host<MemoryStorage>, tasks: u32, transaction: u32) -> Vec<Error> {
    let batch = Batch::default().put(tasks, 9, &task(9, "never"));
    vec![
        host.tx_stage(transaction, &batch.0).unwrap_err(),
        host.tx_commit(transaction, Durability::Strict).unwrap_err(),
    ]
}

fn assert_closed(errors: &[Error]) {
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    }
}

#[test]
fn an_unknown_handle_is_closed_to_every_call() {
    let (mut host, tasks) = with_three_tasks();
    let before = visible(&mut host);
    for handle in [1_000_000, u32::MAX] {
        assert_closed(&as_view(&mut host, tasks, handle));
        assert_closed(&as_transaction(&mut host, tasks, handle));
        assert_closed(&[host.page(handle, PLENTY, 1).unwrap_err()]);
        host.rollback(handle);
        host.release(handle);
        host.close_cursor(handle);
    }
    assert_closed(&as_transaction(&mut host, tasks, 0));
    assert_eq!(visible(&mut host), before);
}

#[test]
fn a_handle_of_one_kind_is_none_of_another() {
    let (mut host, tasks) = with_three_tasks();
    let snapshot = host.snapshot().unwrap();
    let transaction = host.begin().unwrap();
    let cursor = host.query(0, &encode(&scan(tasks))).unwrap();
    assert_closed(&as_view(&mut host, tasks, cursor));
    assert_closed(&as_transaction(&mut host, tasks, snapshot));
    assert_closed(&as_transaction(&mut host, tasks, cursor));
    for handle in [snapshot, transaction] {
        assert_closed(&[host.page(handle, PLENTY, 1).unwrap_err()]);
    }
    // Giving up a handle as what it is not leaves it alone.
    host.rollback(snapshot);
    host.release(transaction);
    host.close_cursor(transaction);
    host.rollback(cursor);
    assert_eq!(host.count(snapshot, tasks).unwrap(), 3);
    assert_eq!(host.count(transaction, tasks).unwrap(), 3);
    assert_eq!(page(&host.page(cursor, PLENTY, 9).unwrap()).rows.len(), 3);
}

#[test]
fn what_was_closed_stays_closed_and_its_number_is_not_given_again() {
    let (mut host, tasks) = with_three_tasks();
    let mut seen = BTreeSet::new();
    for _ in 0..50 {
        let snapshot = host.snapshot().unwrap();
        let transaction = host.begin().unwrap();
        let cursor = host.query(snapshot, &encode(&scan(tasks))).unwrap();
        for handle in [snapshot, transaction, cursor] {
            assert!(handle != 0 && seen.insert(handle), "{handle} was given before");
        }
        host.release(snapshot);
        host.rollback(transaction);
        host.close_cursor(cursor);
        assert_closed(&as_view(&mut host, tasks, snapshot));
        assert_closed(&as_view(&mut host, tasks, transaction));
        assert_closed(&as_transaction(&mut host, tasks, transaction));
        assert_closed(&[host.page(cursor, PLENTY, 1).unwrap_err()]);
    }
}

#[test]
fn a_cursor_outlives_the_snapshot_it_began_on_but_not_its_transaction() {
    let (mut host, tasks) = with_three_tasks();
    let request = encode(&scan(tasks));
    let snapshot = host.snapshot().unwrap();
    let on_snapshot = host.query(snapshot, &request).unwrap();
    host.release(snapshot);
    write(&mut host, &Batch::default().delete(tasks, 0).delete(tasks, 1));
    assert_eq!(page(&host.page(on_snapshot, PLENTY, 9).unwrap()).rows.len(), 3);

    let transaction = host.begin().unwrap();
    let in_transaction = host.query(transaction, &request).unwrap();
    host.tx_commit(transaction, Durability::Strict).unwrap();
    assert_closed(&[host.page(in_transaction, PLENTY, 9).unwrap_err()]);
}

#[test]
fn a_cursor_is_closed_with_its_last_page() {
    let (mut host, tasks) = with_three_tasks();
    let cursor = host.query(0, &encode(&scan(tasks))).unwrap();
    let mut pages = 0;
    while !page(&host.page(cursor, PLENTY, 1).unwrap()).done {
        pages += 1;
        assert!(pages < 10);
    }
    assert_closed(&[host.page(cursor, PLENTY, 1).unwrap_err()]);
}

#[test]
fn too_many_handles_are_refused_and_room_comes_back() {
    let (mut host, tasks) = with_three_tasks();
    let request = encode(&scan(tasks));
    let mut cursors = Vec::new();
    let refused = loop {
        match host.query(0, &request) {
            Ok(cursor) => cursors.push(cursor),
            Err(error) => break error,
        }
        assert!(cursors.len() < 100_000);
    };
    assert_eq!(refused.kind(), ErrorKind::LimitExceeded);
    host.close_cursor(cursors[0]);
    host.query(0, &request).unwrap();
    for cursor in cursors {
        host.close_cursor(cursor);
    }

    let mut snapshots = Vec::new();
    let refused = loop {
        match host.snapshot() {
            Ok(snapshot) => snapshots.push(snapshot),
            Err(error) => break error,
        }
        assert!(snapshots.len() < 100_000);
    };
    assert_eq!(refused.kind(), ErrorKind::LimitExceeded);
    host.release(snapshots[0]);
    host.snapshot().unwrap();
}
