//! What answers hold is what was stored, whatever it is.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "codec_support/random.rs"]
mod random;

mod host_support;

use ciborium::cbor;
use entidb::codec::bytes::put_slice;
use entidb::codec::id::Id;
use entidb::codec::value::Value;
use entidb::host::Host;
use entidb::storage::MemoryStorage;
use fastrand::Rng;
use host_support::{all_rows, declare_tasks, documents, encode, get, host, page, scan, write};

/// Ids of every kind, each once.
fn ids(count: i64) -> Vec<Vec<u8>> {
    let id = |n: i64| match n % 5 {
        0 => Id::Int(n - 50),
        1 => Id::Int((1 << 53) - 1 - n),
        2 => Id::from(format!("01890a5d-ac96-774b-bcce-{n:012x}")),
        3 => Id::from(format!("plain {n}")),
        _ => Id::from(format!("\u{141}\0\u{1f600}{n}")),
    };
    let mut ids: Vec<_> = (0..count).map(|n| id(n).encode().unwrap()).collect();
    ids.sort_unstable();
    ids
}

fn store(host: &mut Host<MemoryStorage>, collection: u32, rows: &[(Vec<u8>, Vec<u8>)]) {
    for (id, document) in rows {
        let mut message = vec![2];
        entidb::codec::bytes::put_varint(&mut message, collection.into());
        put_slice(&mut message, id);
        put_slice(&mut message, document);
        write(host, &host_support::Batch(message));
    }
}

#[test]
fn every_answer_gives_back_what_was_stored() {
    let mut rng = Rng::with_seed(5);
    for levels in [1, 2, 4, 6] {
        let mut host = host();
        let tasks = declare_tasks(&mut host);
        let document = |_| random::object(&mut rng, levels).encode().unwrap();
        let rows: Vec<_> = ids(200).into_iter().zip((0..200).map(document)).collect();
        store(&mut host, tasks, &rows);

        let mut asked = Vec::new();
        for (id, document) in &rows {
            assert_eq!(get(&mut host, 0, tasks, id).unwrap().as_ref(), Some(document));
            put_slice(&mut asked, id);
            put_slice(&mut asked, &Id::from("nobody").encode().unwrap());
        }
        let found = documents(&host.get_many(0, tasks, &asked).unwrap());
        let expected = rows.iter().flat_map(|(_, document)| [Some(document.clone()), None]);
        assert_eq!(found, expected.collect::<Vec<_>>());

        for page_rows in [1, 3, 1000] {
            let found = all_rows(&mut host, 0, &scan(tasks), page_rows);
            assert_eq!(found.len(), rows.len());
            for (found, (id, document)) in found.into_iter().zip(&rows) {
                assert_eq!(found, (id.clone(), Some(document.clone())));
            }
        }
        let only_ids = cbor!({ "collection" => tasks, "scan" => {}, "output" => "ids" }).unwrap();
        let found = all_rows(&mut host, 0, &only_ids, 7);
        let expected: Vec<_> = rows.iter().map(|(id, _)| (id.clone(), None)).collect();
        assert_eq!(found, expected);
    }
}

/// Whoever keeps a piece of the text of an answer may keep all of its block.
#[test]
fn the_text_of_a_block_is_short_where_documents_are() {
    let mut host = host();
    let tasks = declare_tasks(&mut host);
    let text = |n: usize| Value::Text(format!("{n:0>300}"));
    let document = |n| Value::Object([("text".to_owned(), text(n))].into()).encode().unwrap();
    let rows: Vec<_> = (0..).zip(ids(200)).map(|(n, id)| (id, document(n))).collect();
    store(&mut host, tasks, &rows);
    let answer = host.query_page(0, &encode(&scan(tasks)), 1 << 20, 1000).unwrap();
    assert_eq!(page(&answer).rows.len(), 200);
    // A key is written once in each block.
    let blocks = answer.windows(5).filter(|bytes| bytes == b"\x04text").count();
    let least = 200 * 300 / (4096 + 300);
    assert!((least..=2 * least).contains(&blocks), "{blocks} blocks");
}
