//! The limits of documents, ids, indexes and collections: what is at its largest is taken and read
//! back, and one more is refused with a type and changes nothing.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

mod db_support;

use std::collections::BTreeMap;

use db_support::{Db, build_all, commit, database_with, doc, find, id, ids, num, put};
use entidb::codec::id::Id;
use entidb::codec::value::Value;
use entidb::limits::{
    COLLECTION_NAME_BYTES_MAX, DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, ID_STRING_BYTES_MAX,
    INDEX_ENTRIES_PER_DOCUMENT_MAX, INDEX_FIELDS_MAX, INDEX_VALUES_BYTES_MAX, INDEXES_MAX,
    PATH_BYTES_MAX, SNAPSHOTS_MAX,
};
use entidb::{At, CollectionId, ErrorKind, Geometry, IndexSpec, Options, Result};

fn database(specs: &[IndexSpec]) -> (Db, CollectionId) {
    database_with(&Options { geometry: Geometry::DEFAULT, ..Options::default() }, specs)
}

/// Puts a document, which is there then or was refused and is not.
fn put_one(db: &mut Db, tasks: CollectionId, id: &[u8], document: &[u8]) -> Result<()> {
    let before = db.count(At::Latest, tasks).unwrap();
    let put = commit(db, &[put(tasks, id, document)]);
    let there = db.count(At::Latest, tasks).unwrap();
    if put.is_ok() {
        assert_eq!(db.get(At::Latest, tasks, id).unwrap().as_deref(), Some(document));
        assert_eq!(there, before + 1);
    } else {
        db.discard();
        assert_eq!(there, before);
    }
    put.map(drop)
}

fn is_refused<T: std::fmt::Debug>(result: Result<T>) {
    let error = result.unwrap_err();
    let kinds = [ErrorKind::LimitExceeded, ErrorKind::InvalidInput];
    assert!(kinds.contains(&error.kind()) && !error.message().is_empty(), "{error:?}");
}

#[test]
fn a_document_is_at_most_so_many_bytes() {
    let (mut db, tasks) = database(&[]);
    // Built by hand, as a value so large would not be encoded.
    let of = |bytes: usize| {
        let len = bytes - 8;
        let head = u32::try_from(len).unwrap().to_be_bytes();
        [b"\xa1\x61b\x5a", &head[..], &vec![7; len]].concat()
    };
    assert_eq!(of(DOCUMENT_BYTES_MAX).len(), DOCUMENT_BYTES_MAX);
    put_one(&mut db, tasks, &id(1), &of(DOCUMENT_BYTES_MAX)).unwrap();
    put_one(&mut db, tasks, &id(2), &of(DOCUMENT_BYTES_MAX - 1)).unwrap();
    is_refused(put_one(&mut db, tasks, &id(3), &of(DOCUMENT_BYTES_MAX + 1)));
    put_one(&mut db, tasks, &id(4), &doc([])).unwrap();
}

#[test]
fn a_document_is_at_most_so_deep() {
    let (mut db, tasks) = database(&[]);
    // Built by hand, as a value so deep would not be encoded.
    let arrays =
        |levels: usize| [b"\xa1\x61a".to_vec(), vec![0x81; levels - 2], b"\x80".to_vec()].concat();
    put_one(&mut db, tasks, &id(1), &arrays(DOCUMENT_DEPTH_MAX)).unwrap();
    is_refused(put_one(&mut db, tasks, &id(2), &arrays(DOCUMENT_DEPTH_MAX + 1)));
    is_refused(put_one(&mut db, tasks, &id(2), &arrays(100_000)));
}

#[test]
fn an_id_is_at_most_so_long_whatever_is_in_it() {
    let (mut db, tasks) = database(&[]);
    let document = doc([("a", num(1.0))]);
    for text in ["x", "\0", "\u{e9}", "\u{10ffff}"] {
        let longest = text.repeat(ID_STRING_BYTES_MAX / text.len());
        put_one(&mut db, tasks, &id(longest.as_str()), &document).unwrap();
        is_refused(Id::from(format!("{longest}{text}")).encode());
        let one = Id::from(text).encode().unwrap();
        put_one(&mut db, tasks, &one, &document).unwrap();
    }
    is_refused(put_one(&mut db, tasks, &[], &document));
    for n in [0, 1, -1, (1 << 53) - 1, 1 - (1 << 53)] {
        put_one(&mut db, tasks, &id(n), &document).unwrap();
        assert_eq!(Id::decode(&id(n)).unwrap(), Id::Int(n));
    }
    for n in [1 << 53, -(1 << 53), i64::MAX, i64::MIN] {
        is_refused(Id::Int(n).encode());
    }
}

#[test]
fn names_that_mean_something_elsewhere_are_names_like_any() {
    let names = ["__proto__", "constructor", "toString", "", "\0", "\u{10ffff}"];
    let specs = [IndexSpec::ordered(["__proto__"]), IndexSpec::hash(["constructor"])];
    let (mut db, tasks) = database(&specs);
    let map: BTreeMap<_, _> = names.map(|name| (name.to_owned(), num(4.0))).into();
    let document = Value::Object(map).encode().unwrap();
    put_one(&mut db, tasks, &id("__proto__"), &document).unwrap();
    for name in ["__proto__", "constructor"] {
        let plan = find(tasks, &[name], &[num(4.0)]);
        assert_eq!(ids(&mut db, At::Latest, &plan).unwrap(), [Id::from("__proto__")]);
    }
    let (more, _) = db.create_collection("__proto__", &[]).unwrap();
    assert_eq!(db.collection_id("__proto__").unwrap(), more);
}

#[test]
fn extremes_of_numbers_stand_in_their_order_in_an_index() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["n"])]);
    let sorted = [
        Value::Number(f64::NEG_INFINITY),
        Value::Number(f64::MIN),
        Value::BigInt(i64::MIN.into()),
        Value::Number(-f64::MIN_POSITIVE),
        Value::Number(-5e-324),
        Value::Number(0.0),
        Value::Number(5e-324),
        Value::Number(f64::MIN_POSITIVE),
        Value::Number(9_007_199_254_740_992.0),
        Value::BigInt(9_007_199_254_740_993),
        Value::BigInt(i64::MAX.into()),
        Value::BigInt(u64::MAX.into()),
        Value::Number(f64::MAX),
        Value::Number(f64::INFINITY),
    ];
    let mut taken = Vec::new();
    for (n, value) in (0_i64..).zip(sorted) {
        let Ok(document) = Value::Object([("n".to_owned(), value.clone())].into()).encode() else {
            assert!(matches!(value, Value::Number(x) if !x.is_finite()), "{value:?}");
            continue;
        };
        put_one(&mut db, tasks, &id(n), &document).unwrap();
        taken.push(Id::Int(n));
    }
    assert_eq!(taken.len(), 12, "{taken:?}");
    assert_eq!(ids(&mut db, At::Latest, &find(tasks, &["n"], &[])).unwrap(), taken);
}

#[test]
fn the_values_of_an_entry_are_at_most_so_long() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["t"])]);
    let of = |len: usize| doc([("t", Value::from("x".repeat(len)))]);
    let fits = |db: &mut Db, n: i64, len| put_one(db, tasks, &id(n), &of(len));
    // Some bytes are the type and the end of the value.
    let longest = (INDEX_VALUES_BYTES_MAX - 16..=INDEX_VALUES_BYTES_MAX)
        .filter(|len| fits(&mut db, i64::try_from(*len).unwrap(), *len).is_ok())
        .max()
        .unwrap();
    assert!((INDEX_VALUES_BYTES_MAX - 8..INDEX_VALUES_BYTES_MAX).contains(&longest), "{longest}");
    is_refused(fits(&mut db, 1, longest + 1));
    let plan = find(tasks, &["t"], &[Value::from("x".repeat(longest))]);
    assert_eq!(ids(&mut db, At::Latest, &plan).unwrap().len(), 1);
}

#[test]
fn a_document_has_at_most_so_many_entries_in_an_index() {
    let (mut db, tasks) = database(&[IndexSpec::ordered(["tags"]).each()]);
    let of = |count: u32| {
        let tags = (0..count).map(|n| num(f64::from(n))).collect();
        doc([("tags", Value::Array(tags))])
    };
    let most = u32::try_from(INDEX_ENTRIES_PER_DOCUMENT_MAX).unwrap();
    for (n, count) in [(1, 0), (2, 1), (3, most)] {
        put_one(&mut db, tasks, &id(n), &of(count)).unwrap();
    }
    is_refused(put_one(&mut db, tasks, &id(4), &of(most + 1)));
    let last = find(tasks, &["tags"], &[num(f64::from(most - 1))]);
    assert_eq!(ids(&mut db, At::Latest, &last).unwrap(), [Id::Int(3)]);
}

#[test]
fn indexes_have_at_most_so_many_fields_of_such_a_length_and_collections_so_many_of_them() {
    let (mut db, tasks) = database(&[]);
    let fields = |count: usize| (0..count).map(|n| format!("f{n}")).collect::<Vec<_>>();
    is_refused(db.create_index(tasks, &IndexSpec::ordered(fields(0))));
    let _ = db.create_index(tasks, &IndexSpec::ordered(fields(INDEX_FIELDS_MAX))).unwrap();
    is_refused(db.create_index(tasks, &IndexSpec::ordered(fields(INDEX_FIELDS_MAX + 1))));
    let path = |len: usize| IndexSpec::ordered(["p".repeat(len)]);
    is_refused(db.create_index(tasks, &path(0)));
    let _ = db.create_index(tasks, &path(PATH_BYTES_MAX)).unwrap();
    is_refused(db.create_index(tasks, &path(PATH_BYTES_MAX + 1)));
    for n in 2..INDEXES_MAX {
        let _ = db.create_index(tasks, &IndexSpec::hash([format!("n{n}")])).unwrap();
    }
    is_refused(db.create_index(tasks, &IndexSpec::hash(["one more"])));
    assert_eq!(db.indexes(tasks).unwrap().len(), INDEXES_MAX);
    build_all(&mut db).unwrap();
}

#[test]
fn a_name_is_at_most_so_long_and_snapshots_are_at_most_so_many() {
    let (mut db, _) = database(&[]);
    let name = |len: usize| "n".repeat(len);
    is_refused(db.create_collection("", &[]));
    let (longest, _) = db.create_collection(&name(COLLECTION_NAME_BYTES_MAX), &[]).unwrap();
    is_refused(db.create_collection(&name(COLLECTION_NAME_BYTES_MAX + 1), &[]));
    assert_eq!(db.collection_id(&name(COLLECTION_NAME_BYTES_MAX)).unwrap(), longest);
    let held: Vec<_> = (0..SNAPSHOTS_MAX).map(|_| db.snapshot().unwrap()).collect();
    is_refused(db.snapshot());
    drop(held);
}
