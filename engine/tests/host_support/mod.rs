//! Messages to a host, as a caller in another language would write them.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::must_use_candidate,
    reason = "each test file uses what it needs, and helpers of tests may fail"
)]

mod rows;

use ciborium::{Value, cbor};
use entidb::codec::bytes::{Reader, put_slice, put_varint};
use entidb::host::Host;
use entidb::storage::{MemoryStorage, Storage};
use entidb::{Durability, Geometry, Options, Result};
use rows::Rows;

/// Enough for every page and build of a test.
pub const PLENTY: usize = 1 << 20;

pub fn options(geometry: Geometry) -> Options {
    Options { database_id: [7; 16], geometry, ..Options::default() }
}

/// A new database in memory.
pub fn host() -> Host<MemoryStorage> {
    Host::open(MemoryStorage::new(), &options(Geometry::DEFAULT)).unwrap()
}

pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

pub fn decode(bytes: &[u8]) -> Value {
    ciborium::from_reader(bytes).unwrap()
}

/// The encoded id of a small integer.
pub fn int_id(n: i64) -> Vec<u8> {
    let mut id = vec![1];
    id.extend((n ^ i64::MIN).to_be_bytes());
    id
}

/// A canonical document of small integers and texts.
pub fn document(fields: &[(&str, Value)]) -> Vec<u8> {
    let mut fields = fields.to_vec();
    fields.sort_by_key(|(name, _)| (name.len(), name.to_string()));
    let entries = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
    encode(&Value::Map(entries))
}

/// A document as most tests use it.
pub fn task(project: i64, title: &str) -> Vec<u8> {
    document(&[("project", project.into()), ("title", title.into())])
}

/// A batch of writes.
#[derive(Clone, Default)]
pub struct Batch(pub Vec<u8>);

impl Batch {
    fn op(mut self, code: u8, collection: u32, id: &[u8]) -> Self {
        self.0.push(code);
        put_varint(&mut self.0, u64::from(collection));
        put_slice(&mut self.0, id);
        self
    }

    fn slice(mut self, bytes: &[u8]) -> Self {
        put_slice(&mut self.0, bytes);
        self
    }

    pub fn insert(self, collection: u32, id: i64, document: &[u8]) -> Self {
        self.op(1, collection, &int_id(id)).slice(document)
    }

    pub fn put(self, collection: u32, id: i64, document: &[u8]) -> Self {
        self.op(2, collection, &int_id(id)).slice(document)
    }

    pub fn put_if(self, collection: u32, id: i64, document: &[u8], hash: [u8; 32]) -> Self {
        let mut batch = self.op(3, collection, &int_id(id)).slice(document);
        batch.0.extend(hash);
        batch
    }

    pub fn put_new(self, collection: u32, id: i64, document: &[u8]) -> Self {
        self.op(4, collection, &int_id(id)).slice(document)
    }

    pub fn update(self, collection: u32, id: i64, patch: &[u8], deleted: &[&str]) -> Self {
        let mut batch = self.op(5, collection, &int_id(id)).slice(patch);
        put_varint(&mut batch.0, deleted.len() as u64);
        deleted.iter().fold(batch, |batch, name| batch.slice(name.as_bytes()))
    }

    pub fn delete(self, collection: u32, id: i64) -> Self {
        self.op(6, collection, &int_id(id))
    }
}

/// A declaration of the collection `tasks` with indexes over `project` and, unique, over `title`.
pub fn declaration() -> Vec<u8> {
    encode(
        &cbor!({
            "collections" => [{
                "name" => "tasks",
                "indexes" => [
                    { "fields" => ["project"] },
                    { "fields" => ["title"], "unique" => true },
                ],
            }],
        })
        .unwrap(),
    )
}

/// Declares `tasks`; its id.
pub fn declare_tasks<S: Storage>(host: &mut Host<S>) -> u32 {
    host.declare(&declaration()).unwrap();
    build(host);
    host.collection_id("tasks").unwrap()
}

/// Builds all indexes.
pub fn build<S: Storage>(host: &mut Host<S>) {
    while host.build_step(100, PLENTY as u64).unwrap().is_some() {}
}

/// Stages and commits.
pub fn write<S: Storage>(host: &mut Host<S>, batch: &Batch) -> Vec<u8> {
    let staged = host.stage(&batch.0, Durability::Strict).unwrap();
    let _ = host.commit().unwrap();
    staged
}

/// A page, read back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub done: bool,
    pub cursor: u32,
    pub count: u64,
    pub rows: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// A page of documents.
pub fn page(bytes: &[u8]) -> Page {
    page_of(bytes, true)
}

/// A page of documents, or else of ids.
pub fn page_of(bytes: &[u8], with_documents: bool) -> Page {
    let mut reader = Reader::new(bytes);
    let flags = reader.u8().unwrap();
    let cursor = u32::try_from(reader.varint().unwrap()).unwrap();
    let count = reader.varint().unwrap();
    let (mut rows, mut found) = (Rows::new(reader.rest()), Vec::new());
    while !rows.is_done() {
        let id = rows.id();
        found.push((id, with_documents.then(|| rows.document().unwrap())));
    }
    Page { done: flags & 1 != 0, cursor, count, rows: found }
}

/// The documents of an answer, in order.
pub fn documents(answer: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut rows = Rows::new(answer);
    let mut found = Vec::new();
    while !rows.is_done() {
        found.push(rows.document());
    }
    found
}

/// A document by its id.
pub fn get<S: Storage>(
    host: &mut Host<S>,
    view: u32,
    collection: u32,
    id: &[u8],
) -> Result<Option<Vec<u8>>> {
    let answer = host.get(view, collection, id)?;
    Ok(answer.map(|answer| documents(&answer).pop().flatten().unwrap()))
}

/// All rows of a query, in pages of `rows`.
pub fn all_rows<S: Storage>(
    host: &mut Host<S>,
    view: u32,
    request: &Value,
    rows: usize,
) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let with_documents = !request.as_map().unwrap().contains(&("output".into(), "ids".into()));
    let page = |answer: Vec<u8>| page_of(&answer, with_documents);
    let mut next = page(host.query_page(view, &encode(request), PLENTY, rows).unwrap());
    loop {
        assert!(next.rows.len() <= rows);
        found.append(&mut next.rows);
        if next.done {
            assert_eq!(next.cursor, 0);
            return found;
        }
        next = page(host.page(next.cursor, PLENTY, rows).unwrap());
    }
}

/// A query over all documents.
pub fn scan(collection: u32) -> Value {
    cbor!({ "collection" => collection, "scan" => {} }).unwrap()
}

/// Everything a reader can see, to tell whether anything has changed.
pub fn visible<S: Storage>(host: &mut Host<S>) -> Vec<u8> {
    let mut all = host.sequence().to_le_bytes().to_vec();
    all.push(u8::from(host.has_staged()));
    let collections = host.collections();
    let ids: Vec<u32> = decode(&collections)
        .into_array()
        .unwrap()
        .into_iter()
        .map(|info| u32::try_from(field(&info, "id").as_integer().unwrap()).unwrap())
        .collect();
    all.extend(collections);
    for id in ids {
        all.extend(host.count(0, id).unwrap().to_le_bytes());
        all.extend(host.indexes(id).unwrap());
        for (id, document) in all_rows(host, 0, &scan(id), 1000) {
            all.extend(id);
            all.extend(document.unwrap());
        }
    }
    all
}

/// A property of a decoded answer.
pub fn field(map: &Value, name: &str) -> Value {
    let entries = map.as_map().unwrap();
    let found = entries.iter().find(|(key, _)| key.as_text() == Some(name));
    found.unwrap_or_else(|| panic!("no {name} in {map:?}")).1.clone()
}
