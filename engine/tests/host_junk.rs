//! Messages that are no messages: truncated, flipped, with lengths beyond reason. Each is refused
//! with a type, or was still a message; none panics, and a refused one changes nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod host_support;

use ciborium::cbor;
use entidb::codec::bytes::put_slice;
use entidb::host::Host;
use entidb::storage::MemoryStorage;
use entidb::{Durability, Error, ErrorKind};
use fastrand::Rng;
use host_support::{
    Batch, PLENTY, build, declaration, declare_tasks, document, encode, host, int_id, scan, task,
    visible, write,
};

const ROUNDS: u32 = 6_000;

type Memory = Host<MemoryStorage>;

/// A call that takes a message, and the collection where it needs one.
type Send = fn(&mut Memory, u32, &[u8]) -> Result<(), Error>;

/// One message with the call that takes it.
struct Message {
    bytes: Vec<u8>,
    send: Send,
}

fn messages(tasks: u32, hash: [u8; 32]) -> Vec<Message> {
    let batch = Batch::default()
        .insert(tasks, 100, &task(1, "inserted"))
        .put(tasks, 1, &task(2, "put"))
        .put_if(tasks, 2, &task(2, "put if"), hash)
        .put_new(tasks, 101, &task(2, "put new"))
        .update(tasks, 3, &document(&[("project", 5.into())]), &["title", "none"])
        .delete(tasks, 4);
    let value = |n: i64| ciborium::Value::Bytes(encode(&n.into()));
    let by_index = cbor!({
        "collection" => tasks,
        "index" => {
            "fields" => ["project"],
            "lower" => { "values" => [value(0)], "open" => true },
            "upper" => { "values" => [value(7)] },
        },
        "reverse" => true, "skip" => 1, "take" => 3, "output" => "ids",
    })
    .unwrap();
    let mut ids = Vec::new();
    for id in 0..6 {
        put_slice(&mut ids, &int_id(id));
    }
    let collection = cbor!({ "name" => "more", "indexes" => [{ "fields" => ["a", "b.c"] }] });
    let spec = cbor!({ "fields" => ["project", "title"], "each" => false, "kind" => "hash" });
    vec![
        Message {
            bytes: batch.0,
            send: |host, _, bytes| host.stage(bytes, Durability::Strict).map(drop),
        },
        Message {
            bytes: Batch::default().delete(tasks, 1).put(tasks, 2, &task(1, "in tx")).0,
            send: |host, _, bytes| {
                let tx = host.begin()?;
                let result = host.tx_stage(tx, bytes).map(drop);
                host.rollback(tx);
                result
            },
        },
        Message { bytes: ids, send: |host, tasks, bytes| host.get_many(0, tasks, bytes).map(drop) },
        Message {
            bytes: int_id(3),
            send: |host, tasks, bytes| host.get(0, tasks, bytes).map(drop),
        },
        Message {
            bytes: int_id(3),
            send: |host, tasks, bytes| host.hash(0, tasks, bytes).map(drop),
        },
        Message { bytes: declaration(), send: |host, _, bytes| host.declare(bytes).map(drop) },
        Message {
            bytes: encode(&collection.unwrap()),
            send: |host, _, bytes| host.create_collection(bytes).map(drop),
        },
        Message {
            bytes: encode(&spec.unwrap()),
            send: |host, tasks, bytes| host.create_index(tasks, bytes).map(drop),
        },
        Message { bytes: encode(&by_index), send: query },
        Message { bytes: encode(&scan(tasks)), send: query },
    ]
}

fn query(host: &mut Memory, _: u32, bytes: &[u8]) -> Result<(), Error> {
    host.query_count(0, bytes)?;
    host.explain(0, bytes)?;
    let cursor = host.query(0, bytes)?;
    let page = host.page(cursor, PLENTY, 2);
    host.close_cursor(cursor);
    page.map(drop)
}

/// Breaks a message in one to three ways.
fn broken(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.u32(1..=3) {
        let at = rng.usize(0..=bytes.len());
        match rng.u32(0..6) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << rng.u32(0..8),
            2 if at < bytes.len() => bytes[at] = *rng.choice(&[0, 1, 0x7f, 0x80, 0xff]).unwrap(),
            3 => {
                // A length beyond reason, as a varint or as a head of CBOR.
                let huge: &[u8] = rng
                    .choice(&[
                        &[0xff, 0xff, 0xff, 0xff, 0x0f][..],
                        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                        &[0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                        &[0x9b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff],
                        &[0xbf, 0x9f, 0x9f, 0x9f, 0x9f, 0x9f, 0x9f, 0x9f, 0x9f, 0x9f],
                    ])
                    .unwrap();
                bytes.splice(at..at, huge.iter().copied());
            }
            4 => {
                let end = rng.usize(at..=bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                let end = rng.usize(at..=bytes.len());
                bytes.drain(at..end);
            }
        }
    }
    bytes
}

fn seeded() -> (Memory, u32) {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    let batch = (0..8).fold(Batch::default(), |batch, id| {
        batch.insert(tasks, id, &task(id % 3, &format!("task {id}")))
    });
    write(&mut host, &batch);
    (host, tasks)
}

#[test]
fn whole_messages_are_taken() {
    let (mut host, tasks) = seeded();
    let hash = host.hash(0, tasks, &int_id(2)).unwrap().unwrap();
    for message in messages(tasks, hash) {
        (message.send)(&mut host, tasks, &message.bytes).unwrap();
        let _ = host.commit().unwrap();
        build(&mut host);
    }
}

#[test]
fn a_broken_message_is_refused_with_a_type_and_changes_nothing() {
    let mut rng = Rng::with_seed(0x6a75_6e6b);
    let (mut host, tasks) = seeded();
    let (mut refused, mut taken) = (0, 0);
    let mut kinds = Vec::new();
    for round in 0..ROUNDS {
        if round % 100 == 0 {
            (host, _) = seeded();
        }
        let hash = host.hash(0, tasks, &int_id(2)).unwrap().unwrap_or_default();
        let all = messages(tasks, hash);
        let message = rng.choice(&all).unwrap();
        let bytes = broken(&message.bytes, &mut rng);
        let before = visible(&mut host);
        let Err(error) = (message.send)(&mut host, tasks, &bytes) else {
            taken += 1;
            let _ = host.commit().unwrap();
            // An index over what was flipped may turn out not to be unique.
            let _ = host.build_step(100, PLENTY as u64);
            continue;
        };
        refused += 1;
        assert_eq!(visible(&mut host), before, "round {round}: {error}");
        assert!(
            !matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Io | ErrorKind::Closed),
            "round {round}: {error}"
        );
        kinds.push(error.kind().name());
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert!(refused > ROUNDS / 3 && taken > ROUNDS / 50, "{refused} refused, {taken} taken");
    assert!(kinds.len() >= 3, "{kinds:?}");
}

#[test]
fn an_empty_batch_and_one_with_too_many_writes_are_dealt_with() {
    let (mut host, tasks) = seeded();
    host.stage(&[], Durability::Strict).unwrap();
    let _ = host.commit().unwrap();
    let one = Batch::default().delete(tasks, 1).0;
    let many = one.repeat(entidb::host::ops::OPS_MAX + 1);
    let before = visible(&mut host);
    let error = host.stage(&many, Durability::Strict).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert_eq!(visible(&mut host), before);
}
