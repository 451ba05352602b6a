//! Values and ids as they are encoded in keys: in order, self-delimiting, and the same again.

use std::cmp::Ordering;

use arbitrary::Arbitrary;
use entidb::codec::id::{self, Id};
use entidb::codec::{escape, key};

use crate::decode;
use crate::value::{AnyId, AnyValue, order};

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    Values(Box<[AnyValue; 2]>),
    Ids([AnyId; 2]),
    Strings([&'a [u8]; 2]),
    Raw(u8, &'a [u8]),
}

/// The target; see the [module](self).
pub fn run(data: &[u8]) {
    match decode(data) {
        Some(Input::Values(values)) => check_values(&values),
        Some(Input::Ids(ids)) => check_ids(&ids),
        Some(Input::Strings(strings)) => check_strings(strings),
        Some(Input::Raw(count, bytes)) => check_raw(count, bytes),
        None => {}
    }
}

fn check_values(values: &[AnyValue; 2]) {
    let keys = [&values[0], &values[1]].map(|value| {
        let mut encoded = Vec::new();
        let bytes = value.0.encode().expect("a value that can be stored");
        key::encode_value(&bytes, &mut encoded).expect("a canonical value");
        encoded
    });
    let [a, b] = values;
    assert_eq!(keys[0].cmp(&keys[1]), order(&a.0, &b.0), "keys are in the order of their values");
    let both = keys.concat();
    let (first, rest) = key::split_value(&both).expect("a key");
    assert_eq!((first, rest), (&*keys[0], &*keys[1]), "a value in a key ends by itself");
    assert_eq!(key::split_values(&both, 2).expect("two keys").1, b"");
    let missing = keys.iter().any(|key| key == &[1]);
    assert_eq!(key::contains_missing(&both).expect("two keys"), missing);
    if let Some(next) = key::successor(&keys[0]) {
        assert!(next > keys[0] && !next.starts_with(&keys[0]));
    }
}

fn check_ids(ids: &[AnyId; 2]) {
    let keys = [&ids[0], &ids[1]].map(|id| id.0.encode().expect("an id that can be stored"));
    let mut ranks = keys.iter().map(|key| key[0]);
    let wanted = match (&ids[0].0, &ids[1].0) {
        (Id::Int(a), Id::Int(b)) => a.cmp(b),
        (Id::Text(a), Id::Text(b)) => ranks.next().cmp(&ranks.next()).then_with(|| a.cmp(b)),
        (Id::Int(_), Id::Text(_)) => Ordering::Less,
        (Id::Text(_), Id::Int(_)) => Ordering::Greater,
    };
    assert_eq!(keys[0].cmp(&keys[1]), wanted, "encoded ids are in order");
    for (id, key) in ids.iter().zip(&keys) {
        assert_eq!(Id::decode(key).as_ref().ok(), Some(&id.0), "an id reads back");
        assert!(id::check(key).is_ok());
    }
    let both = keys.concat();
    assert_eq!(id::split_id(&both).ok(), Some((&*keys[0], &*keys[1])), "an id ends by itself");
}

fn check_strings(strings: [&[u8]; 2]) {
    let keys = strings.map(|string| {
        let mut key = Vec::new();
        escape::put(&mut key, string);
        key
    });
    assert_eq!(keys[0].cmp(&keys[1]), strings[0].cmp(strings[1]), "escapes keep the order");
    let both = keys.concat();
    let (body, rest) = escape::split(&both).expect("a string and more");
    assert_eq!((escape::undo(body).as_slice(), rest), (strings[0], &*keys[1]));
}

fn check_raw(count: u8, bytes: &[u8]) {
    if let Ok((values, rest)) = key::split_values(bytes, usize::from(count)) {
        assert_eq!([values, rest].concat(), bytes);
        assert!(key::contains_missing(values).is_ok(), "what was split can be looked through");
    }
    let _ = key::contains_missing(bytes);
    let _ = key::encode_value(bytes, &mut Vec::new());
    if let Ok(id) = Id::decode(bytes) {
        assert_eq!(id.encode().ok().as_deref(), Some(bytes), "an id has one form");
    }
    assert_eq!(id::check(bytes).is_ok(), Id::decode(bytes).is_ok());
    if let Ok((id, rest)) = id::split_id(bytes) {
        assert_eq!([id, rest].concat(), bytes);
    }
    if let Ok((body, rest)) = escape::split(bytes) {
        let mut again = Vec::new();
        escape::put(&mut again, &escape::undo(body));
        assert_eq!([&again, rest].concat(), bytes, "an escaped string has one form");
    }
}
