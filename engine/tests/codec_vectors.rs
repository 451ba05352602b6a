//! The vectors that every implementation of the format is held to; see
//! `fixtures/vectors/README.md`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::fmt::Write as _;

use entidb::codec::id::{self, Id};
use entidb::codec::value::Value;
use entidb::codec::{cbor, key};
use serde_json::Value as Json;

const DOCUMENTS: &str = include_str!("../fixtures/vectors/documents.json");
const IDS: &str = include_str!("../fixtures/vectors/ids.json");
const KEYS: &str = include_str!("../fixtures/vectors/keys.json");
const INVALID: &str = include_str!("../fixtures/vectors/invalid.json");

fn rows(file: &str) -> Vec<Json> {
    serde_json::from_str(file).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// The value that the README's notation stands for.
fn value(json: &Json) -> Value {
    let v = &json["v"];
    let text = || v.as_str().unwrap();
    match json["t"].as_str().unwrap() {
        "null" => Value::Null,
        "bool" => Value::Bool(v.as_bool().unwrap()),
        "number" => Value::Number(text().parse().unwrap()),
        "bigint" => Value::BigInt(text().parse().unwrap()),
        "text" => Value::from(text()),
        "repeat" => {
            let times = usize::try_from(v[1].as_u64().unwrap()).unwrap();
            Value::Text(v[0].as_str().unwrap().repeat(times))
        }
        "bytes" => Value::Bytes(unhex(text())),
        "date" => Value::Date(text().parse().unwrap()),
        "array" => Value::Array(v.as_array().unwrap().iter().map(value).collect()),
        "nested" => {
            let levels: u32 = text().parse().unwrap();
            (1..levels).fold(Value::Array(vec![]), |inner, _| Value::Array(vec![inner]))
        }
        "object" => {
            let pairs = v.as_array().unwrap().iter();
            let pairs = pairs.map(|pair| (pair[0].as_str().unwrap().to_owned(), value(&pair[1])));
            Value::Object(pairs.collect())
        }
        other => panic!("no type {other}"),
    }
}

fn id(json: &Json) -> Id {
    let text = json["v"].as_str().unwrap();
    match json["t"].as_str().unwrap() {
        "number" => Id::Int(text.parse().unwrap()),
        "text" => Id::from(text),
        other => panic!("no type {other} of ids"),
    }
}

#[test]
fn documents_encode_to_their_bytes_and_back() {
    let rows = rows(DOCUMENTS);
    assert!(rows.len() >= 60);
    for row in rows {
        let name = &row["name"];
        let document = value(&row["value"]);
        let bytes = document.encode().unwrap();
        if let Some(expected) = row.get("bytes") {
            assert_eq!(hex(&bytes), expected.as_str().unwrap(), "{name}");
        }
        cbor::validate(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(Value::decode(&bytes).unwrap(), document, "{name}");
        let hash = id::hash(&id(&row["id"]), &bytes).unwrap();
        assert_eq!(hex(&hash), row["hash"].as_str().unwrap(), "{name}");
    }
}

#[test]
fn ids_encode_to_their_keys_in_ascending_order_and_back() {
    let mut before = Vec::new();
    for row in rows(IDS) {
        let id = id(&row["id"]);
        let key = id.encode().unwrap();
        assert_eq!(hex(&key), row["key"].as_str().unwrap(), "{id:?}");
        assert_eq!(Id::decode(&key).unwrap(), id);
        id::check(&key).unwrap();
        assert!(before < key, "{id:?}");
        before = key;
    }
}

#[test]
fn index_values_are_what_the_vectors_say_and_ascend() {
    let mut before = Vec::new();
    for row in rows(KEYS) {
        let mut key = Vec::new();
        if row["value"]["t"] == "missing" {
            key::put_missing(&mut key);
        } else {
            key::encode_value(&value(&row["value"]).encode().unwrap(), &mut key).unwrap();
        }
        assert_eq!(hex(&key), row["key"].as_str().unwrap(), "{}", row["value"]);
        assert!(before <= key, "{}", row["value"]);
        before = key;
    }
}

#[test]
fn what_is_not_canonical_is_refused_with_its_kind() {
    for row in rows(INVALID) {
        let name = &row["name"];
        let bytes = unhex(row["bytes"].as_str().unwrap());
        let error = match row["what"].as_str().unwrap() {
            "document" => cbor::validate(&bytes),
            "value" => cbor::validate_value(&bytes),
            "id" => id::check(&bytes),
            other => panic!("nothing is a {other}"),
        };
        let error = error.expect_err(&format!("{name} was accepted"));
        assert_eq!(error.kind().name(), row["kind"].as_str().unwrap(), "{name}: {error}");
    }
}
