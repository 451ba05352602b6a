//! The class that JavaScript holds, in a real dedicated worker over real files.
#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_cmp,
    reason = "tests may fail"
)]

use entidb::codec::bytes::{put_slice, put_varint};
use entidb_wasm::{Engine, list, remove};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// The encoded id of the integer 1, and a document without properties.
const ID: [u8; 9] = [1, 0x80, 0, 0, 0, 0, 0, 0, 1];
const EMPTY: [u8; 1] = [0xa0];
/// `{ name: "t", indexes: [] }`
const COLLECTION: &[u8] = b"\xa2\x64name\x61t\x67indexes\x80";

fn options(name: &str, storage: &str, more: &[(&str, JsValue)]) -> JsValue {
    let options = Object::new();
    let set = |key: &str, value: &JsValue| Reflect::set(&options, &key.into(), value).unwrap();
    set("name", &name.into());
    set("storage", &storage.into());
    set("databaseId", &Uint8Array::from(&[5_u8; 16][..]));
    for (key, value) in more {
        set(key, value);
    }
    options.into()
}

fn kind(thrown: &JsValue) -> String {
    Reflect::get(thrown, &"kind".into()).unwrap().as_string().unwrap()
}

/// A batch that puts one document.
fn put(collection: u32, document: &[u8]) -> Vec<u8> {
    let mut batch = vec![2];
    put_varint(&mut batch, u64::from(collection));
    put_slice(&mut batch, &ID);
    put_slice(&mut batch, document);
    batch
}

/// `{ text: "xxx..." }` of about `length` bytes.
fn long_document(length: u32) -> Vec<u8> {
    let mut document = b"\xa1\x64text\x7a".to_vec();
    document.extend(length.to_be_bytes());
    document.extend(std::iter::repeat_n(b'x', length as usize));
    document
}

/// The same as answers have it: one key, and its text apart from what says how long it is.
fn long_row(length: u32) -> Vec<u8> {
    let mut tokens = vec![2, 0, 0x40];
    put_varint(&mut tokens, u64::from(length));
    let mut row = Vec::new();
    for part in [b"\x04text".len(), tokens.len(), length as usize, 0] {
        put_varint(&mut row, part as u64);
    }
    row.extend(b"\x04text");
    row.append(&mut tokens);
    row.extend(std::iter::repeat_n(b'x', length as usize));
    row
}

#[wasm_bindgen_test]
async fn a_committed_document_is_there_after_reopening() {
    let name = "engine";
    remove(name.into()).await.unwrap();
    let engine = Engine::open(options(name, "opfs", &[])).await.unwrap();
    assert!(engine.created().unwrap());
    assert_eq!(engine.database_id().unwrap(), [5; 16]);
    let collection = engine.create_collection(COLLECTION).unwrap();
    let (document, row) = (long_document(100_000), long_row(100_000));
    assert_eq!(engine.stage(&put(collection, &document), true).unwrap()[0], 0);
    assert!(engine.has_staged().unwrap());
    engine.commit().unwrap();
    engine.settle().unwrap();
    let sequence = engine.sequence().unwrap();
    assert_eq!(engine.get(0, collection, &ID).unwrap(), Some(row.clone()));
    assert_eq!(engine.get_raw(0, collection, &ID).unwrap(), 100_017);
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let at = u32::try_from(engine.raw_pointer().unwrap()).unwrap();
    let raw = Uint8Array::new_with_byte_offset_and_length(&memory.buffer(), at, 100_017);
    assert_eq!(raw.to_vec(), row);
    engine.close().unwrap();
    assert_eq!(kind(&engine.sequence().unwrap_err()), "Closed");

    let engine = Engine::open(options(name, "opfs", &[])).await.unwrap();
    assert!(!engine.created().unwrap());
    assert_eq!(engine.sequence().unwrap(), sequence);
    let collection = engine.collection_id("t").unwrap();
    assert_eq!(engine.get(0, collection, &ID).unwrap(), Some(row));
    assert_eq!(engine.get_raw(0, collection, &[1, 0x80, 0, 0, 0, 0, 0, 0, 2]).unwrap(), -1);
    engine.close().unwrap();
    assert!(remove(name.into()).await.unwrap());
}

#[wasm_bindgen_test]
async fn a_database_that_could_not_be_opened_leaves_nothing_behind() {
    let name = "refused";
    remove(name.into()).await.unwrap();
    for more in [vec![("createIfMissing", false.into())], vec![("readOnly", true.into())]] {
        let thrown = Engine::open(options(name, "opfs", &more)).await.unwrap_err();
        assert_eq!(kind(&thrown), "NotFound");
    }
    let odd = Object::new();
    Reflect::set(&odd, &"blockBytes".into(), &3.into()).unwrap();
    let geometry = [("geometry", JsValue::from(odd))];
    let thrown = Engine::open(options(name, "opfs", &geometry)).await.unwrap_err();
    assert_eq!(kind(&thrown), "InvalidInput");
    assert!(!list().await.unwrap().iter().any(|found| found == name));
}

#[wasm_bindgen_test]
async fn a_second_opener_is_told_who_could_hold_the_database() {
    let name = "shared";
    remove(name.into()).await.unwrap();
    let engine = Engine::open(options(name, "opfs", &[])).await.unwrap();
    let soon = [("lockTimeoutMs", 50.into())];
    let thrown = Engine::open(options(name, "opfs", &soon)).await.unwrap_err();
    assert_eq!(kind(&thrown), "Locked");
    let message = Reflect::get(&thrown, &"message".into()).unwrap().as_string().unwrap();
    assert!(message.contains("another tab"), "{message}");
    engine.close().unwrap();
    let engine = Engine::open(options(name, "opfs", &[])).await.unwrap();
    let exists = [("errorIfExists", true.into())];
    engine.close().unwrap();
    let thrown = Engine::open(options(name, "opfs", &exists)).await.unwrap_err();
    assert_eq!(kind(&thrown), "AlreadyExists");
    assert!(remove(name.into()).await.unwrap(), "what was there before stays");
}

#[wasm_bindgen_test]
async fn misuse_is_thrown_as_an_object_with_a_kind() {
    let engine = Engine::open(options("m", "memory", &[])).await.unwrap();
    let collection = engine.create_collection(COLLECTION).unwrap();
    let thrown = [
        (engine.create_collection(COLLECTION).map(drop), "AlreadyExists"),
        (engine.create_collection(&[COLLECTION, &[0]].concat()).map(drop), "InvalidInput"),
        (engine.stage(&[9], true).map(drop), "InvalidInput"),
        (engine.stage(&put(collection + 9, &EMPTY), true).map(drop), "NotFound"),
        (engine.get(77, collection, &ID).map(drop), "Closed"),
        (engine.tick(f64::NAN), "InvalidInput"),
        (engine.step(-1.0).map(drop), "InvalidInput"),
    ];
    for (result, expected) in thrown {
        assert_eq!(kind(&result.unwrap_err()), expected);
    }
    for more in [
        vec![("cacheBytes", "much".into())],
        vec![("databaseId", Uint8Array::from(&[1_u8][..]).into())],
        vec![("storage", "disk".into())],
    ] {
        let thrown = Engine::open(options("m", "memory", &more)).await.unwrap_err();
        assert_eq!(kind(&thrown), "InvalidInput", "{more:?}");
    }
}

#[wasm_bindgen_test]
async fn reports_are_plain_objects() {
    let engine = Engine::open(options("r", "memory", &[])).await.unwrap();
    let collection = engine.create_collection(COLLECTION).unwrap();
    engine.stage(&put(collection, &EMPTY), false).unwrap();
    engine.commit().unwrap();
    let writes = Reflect::get(&engine.stats().unwrap(), &"writes".into()).unwrap();
    assert_eq!(writes.as_f64(), Some(1.0));
    assert!(engine.build_step(10.0, 1e6).unwrap().is_undefined());
    assert!(engine.compact_report().unwrap().is_undefined());
    engine.compact_begin().unwrap();
    while engine.step(65_536.0).unwrap() {
        let progress: Option<Array> = engine.compact_progress().unwrap();
        assert!(progress.is_none_or(|progress| progress.length() == 2));
    }
    let report = engine.compact_report().unwrap();
    let records = Reflect::get(&report, &"outputRecords".into()).unwrap();
    assert!(records.as_f64().is_some());
}
