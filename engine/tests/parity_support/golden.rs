//! Small databases that hold something of everything the format knows.

use entidb::codec::value::Value;
use entidb::{Geometry, IndexSpec};
use fastrand::Rng;
use serde_json::json;

use super::call::{hex, sizes};
use super::documents;
use super::messages::{self, Write};
use super::player::Files;
use super::recorder::Recorder;

/// Longer than an entry can be, so that it is stored in chunks.
const LONG_BYTES: usize = 3_000;
const DOCUMENTS: u32 = 6;
/// As small as they can be, to keep the files small.
const GEOMETRY: Geometry =
    Geometry { log_bytes_max: 8 * 1024, memtable_bytes: 8 * 1024, ..Geometry::TINY };

/// How a database came to its end.
#[derive(Clone, Copy, PartialEq)]
pub enum End {
    /// Closed, after everything was compacted.
    Closed,
    /// Left as it was: frames in the logs, several levels, an index half built.
    Killed,
}

/// Makes the database.
pub fn make<F: Files>(recorder: &mut Recorder<F>, end: End) {
    let options = json!({
        "databaseId": hex(b"a golden image. "),
        "geometry": sizes(&GEOMETRY),
    });
    assert_eq!(recorder.call("open", json!([options])), "");
    // Compound, unique, with an entry for each element, and hashed.
    let people = create(recorder, "people", &[0, 1, 3, 4].map(|n| documents::specs()[n].clone()));
    let cleared = create(recorder, "cleared", &[]);
    let late = create(recorder, "late", &[]);
    let mut rng = Rng::with_seed(1);
    for n in 0..DOCUMENTS {
        put(recorder, &mut rng, people, n, n.is_multiple_of(3));
        put(recorder, &mut rng, cleared, n, false);
    }
    recorder.call("checkpoint", json!([]));
    recorder.call("clear", json!([cleared]));
    put_long(recorder, people, DOCUMENTS);
    put_many(recorder, &mut rng, late);
    for n in 0..DOCUMENTS / 2 {
        change(recorder, &mut rng, people, n);
    }
    let building = messages::spec(&IndexSpec::ordered(["age"]));
    recorder.call("createIndex", json!([late, hex(&building)]));
    recorder.call("buildStep", json!([2, 100_000]));
    recorder.call("setSchemaVersion", json!([3]));
    put(recorder, &mut rng, late, 1, false);
    if end == End::Closed {
        recorder.call("compactBegin", json!([]));
        while recorder.call("step", json!([100_000])) == "true" {}
    }
    let end = if end == End::Closed { "close" } else { "free" };
    recorder.call(end, json!([]));
}

fn create<F: Files>(recorder: &mut Recorder<F>, name: &str, specs: &[IndexSpec]) -> u32 {
    let message = messages::collection(name, specs);
    recorder.handle("createCollection", json!([hex(&message)])).unwrap()
}

fn write<F: Files>(recorder: &mut Recorder<F>, batch: &[u8], strict: bool) {
    recorder.call("stage", json!([hex(batch), strict]));
    recorder.call("commit", json!([]));
    recorder.call("settle", json!([]));
}

fn put<F: Files>(recorder: &mut Recorder<F>, rng: &mut Rng, collection: u32, n: u32, strict: bool) {
    let mut batch = Vec::new();
    let document = documents::document(rng, n, 300);
    messages::put_write(&mut batch, collection, &documents::id(n), &Write::Put(document));
    write(recorder, &batch, strict);
}

fn put_long<F: Files>(recorder: &mut Recorder<F>, collection: u32, n: u32) {
    let mut properties = documents::properties(&mut Rng::with_seed(2), n, 100);
    properties.insert("long".to_owned(), Value::from("long ".repeat(LONG_BYTES / 5)));
    let document = Value::Object(properties).encode().unwrap();
    let mut batch = Vec::new();
    messages::put_write(&mut batch, collection, &documents::id(n), &Write::Put(document));
    write(recorder, &batch, true);
}

/// A write set that does not go through the log.
fn put_many<F: Files>(recorder: &mut Recorder<F>, rng: &mut Rng, collection: u32) {
    let mut batch = Vec::new();
    for n in 0..DOCUMENTS {
        let mut properties = documents::properties(rng, n, 100);
        properties
            .insert("filler".to_owned(), Value::Bytes(vec![7; GEOMETRY.frame_bytes_max() / 4]));
        let document = Value::Object(properties).encode().unwrap();
        messages::put_write(&mut batch, collection, &documents::id(n), &Write::Put(document));
    }
    let answer = recorder.call("stage", json!([hex(&batch), true]));
    assert!(answer.starts_with("02"), "it was committed by itself");
}

/// Patches one document and deletes another.
fn change<F: Files>(recorder: &mut Recorder<F>, rng: &mut Rng, collection: u32, n: u32) {
    let (set, unset) = documents::patch(rng, n);
    let mut batch = Vec::new();
    messages::put_write(&mut batch, collection, &documents::id(n), &Write::Patch(set, unset));
    messages::put_write(&mut batch, collection, &documents::id(n + DOCUMENTS / 2), &Write::Delete);
    write(recorder, &batch, n.is_multiple_of(2));
}
