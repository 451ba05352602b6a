//! Reading a whole database, by every access path.

use entidb::IndexKind;
use serde_json::json;

use super::call::hex;
use super::messages;
use super::player::Files;
use super::recorder::Recorder;

const PAGE_BYTES: u32 = 64 * 1024;
const PAGE_ROWS: u32 = 500;
/// Fields that every document has.
const ALWAYS_THERE: [&str; 2] = ["country", "email"];

/// Reads every document through its collection and through each index. The counts must be right.
pub fn read_everything<F: Files>(recorder: &mut Recorder<F>) {
    let collections = recorder.bytes("collections", json!([])).unwrap();
    for collection in messages::decode(&collections).as_array().unwrap() {
        let id: u32 = messages::field(collection, "id").deserialized().unwrap();
        let count: u64 = recorder.call("count", json!([0, id])).parse().unwrap();
        let rows = read_all(recorder, &messages::scan(id, false));
        assert_eq!(rows, count, "collection {id} has as many documents as it counts");
        let indexes = recorder.bytes("indexes", json!([id])).unwrap();
        for index in messages::decode(&indexes).as_array().unwrap() {
            let spec = messages::spec_of(&messages::field(index, "spec"));
            let ready: bool = messages::field(index, "ready").deserialized().unwrap();
            let entries: u64 = messages::field(index, "entries").deserialized().unwrap();
            if !ready || spec.kind == IndexKind::Hash {
                continue;
            }
            let rows = read_all(recorder, &messages::index(id, &spec, None, "documents"));
            if ALWAYS_THERE.contains(&spec.fields[0].as_str()) {
                assert_eq!(rows, count, "{spec:?} leads to each document");
            }
            if !spec.each {
                assert_eq!(rows, entries, "{spec:?} has an entry for each");
            }
        }
    }
}

fn read_all<F: Files>(recorder: &mut Recorder<F>, request: &[u8]) -> u64 {
    let args = json!([0, hex(request), PAGE_BYTES, PAGE_ROWS]);
    let mut page = recorder.bytes("queryPage", args).unwrap();
    let mut rows = messages::rows(&page);
    while let Some(cursor) = messages::cursor(&page) {
        page = recorder.bytes("page", json!([cursor, PAGE_BYTES, PAGE_ROWS])).unwrap();
        rows += messages::rows(&page);
    }
    rows
}
