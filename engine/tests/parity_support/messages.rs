//! Batches and queries as bytes.

use ciborium::{Value, cbor};
use entidb::codec::bytes::{Reader, put_slice, put_varint};
use entidb::{IndexKind, IndexSpec};

/// A write to one document.
pub enum Write {
    Insert(Vec<u8>),
    Put(Vec<u8>),
    PutNew(Vec<u8>),
    Patch(Vec<u8>, Vec<String>),
    Delete,
}

/// Appends a write to a batch.
pub fn put_write(batch: &mut Vec<u8>, collection: u32, id: &[u8], write: &Write) {
    batch.push(match write {
        Write::Insert(_) => 1,
        Write::Put(_) => 2,
        Write::PutNew(_) => 4,
        Write::Patch(..) => 5,
        Write::Delete => 6,
    });
    put_varint(batch, u64::from(collection));
    put_slice(batch, id);
    match write {
        Write::Insert(document) | Write::Put(document) | Write::PutNew(document) => {
            put_slice(batch, document);
        }
        Write::Patch(patch, deleted) => {
            put_slice(batch, patch);
            put_varint(batch, deleted.len() as u64);
            for name in deleted {
                put_slice(batch, name.as_bytes());
            }
        }
        Write::Delete => {}
    }
}

/// A list of ids.
pub fn ids<'a>(ids: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut message = Vec::new();
    for id in ids {
        put_slice(&mut message, id);
    }
    message
}

/// A query over all documents.
pub fn scan(collection: u32, reverse: bool) -> Vec<u8> {
    let query = cbor!({ "collection" => collection, "scan" => {}, "reverse" => reverse });
    encode(&query.unwrap())
}

/// The ids of everything in an index, or of what has one value in its first field.
pub fn index(collection: u32, spec: &IndexSpec, equal: Option<Vec<u8>>, output: &str) -> Vec<u8> {
    let fields: Vec<Value> = spec.fields.iter().take(1).map(|f| f.as_str().into()).collect();
    let fields = match equal {
        Some(_) => fields,
        None => spec.fields.iter().map(|field| field.as_str().into()).collect(),
    };
    let equal: Vec<Value> = equal.into_iter().map(Value::Bytes).collect();
    let query = cbor!({
        "collection" => collection,
        "index" => { "fields" => fields, "equal" => equal },
        "output" => output,
    });
    encode(&query.unwrap())
}

pub fn collection(name: &str, indexes: &[IndexSpec]) -> Vec<u8> {
    let indexes: Vec<Value> = indexes.iter().map(spec_value).collect();
    encode(&cbor!({ "name" => name, "indexes" => indexes }).unwrap())
}

pub fn spec(spec: &IndexSpec) -> Vec<u8> {
    encode(&spec_value(spec))
}

fn spec_value(spec: &IndexSpec) -> Value {
    let kind = match spec.kind {
        IndexKind::Ordered => "ordered",
        IndexKind::Hash => "hash",
    };
    let (fields, unique, each) = (&spec.fields, spec.unique, spec.each);
    cbor!({ "fields" => fields, "unique" => unique, "each" => each, "kind" => kind }).unwrap()
}

/// The declaration of an index, read back.
pub fn spec_of(value: &Value) -> IndexSpec {
    let fields: Vec<String> = field(value, "fields").deserialized().unwrap();
    let kind = field(value, "kind");
    let is_hash = kind.as_text() == Some("hash");
    IndexSpec {
        unique: field(value, "unique").as_bool().unwrap(),
        each: field(value, "each").as_bool().unwrap(),
        ..if is_hash { IndexSpec::hash(fields) } else { IndexSpec::ordered(fields) }
    }
}

pub fn decode(message: &[u8]) -> Value {
    ciborium::from_reader(message).unwrap()
}

fn encode(message: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(message, &mut bytes).unwrap();
    bytes
}

/// The cursor that a page names, where there are more.
pub fn cursor(page: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(page);
    reader.u8().unwrap();
    u32::try_from(reader.varint().unwrap()).ok().filter(|cursor| *cursor != 0)
}

/// How many rows a page has.
pub fn rows(page: &[u8]) -> u64 {
    let mut reader = Reader::new(page);
    reader.u8().unwrap();
    reader.varint().unwrap();
    reader.varint().unwrap()
}

/// A property of a decoded answer.
pub fn field(map: &Value, name: &str) -> Value {
    let mut entries = map.as_map().unwrap().iter();
    entries.find(|(key, _)| key.as_text() == Some(name)).unwrap().1.clone()
}
