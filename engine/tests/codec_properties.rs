//! What must hold of the codec for every value and for all bytes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "codec_support/random.rs"]
mod random;

use std::cmp::Ordering;

use entidb::ErrorKind;
use entidb::codec::bytes::Reader;
use entidb::codec::id::{self, Id};
use entidb::codec::value::Value;
use entidb::codec::{cbor, key};
use fastrand::Rng;

/// Refused, or exactly what the value it decodes to encodes to.
fn assert_refused_or_canonical(bytes: &[u8]) -> bool {
    if cbor::validate_value(bytes).is_err() {
        return false;
    }
    assert_eq!(Value::decode(bytes).unwrap().encode().unwrap(), bytes);
    let mut reader = Reader::new(bytes);
    cbor::skip(&mut reader).unwrap();
    assert!(reader.is_empty());
    key::encode_value(bytes, &mut Vec::new()).unwrap();
    true
}

#[test]
fn random_documents_round_trip_and_pass_the_check() {
    let mut rng = Rng::with_seed(1);
    for _ in 0..20_000 {
        let document = random::object(&mut rng, 4);
        let bytes = document.encode().unwrap();
        cbor::validate(&bytes).unwrap_or_else(|error| panic!("{document:?}: {error}"));
        assert_eq!(Value::decode(&bytes).unwrap(), document);
        assert!(assert_refused_or_canonical(&bytes));
        let entries = cbor::entries(&bytes).unwrap().map(Result::unwrap);
        let parts: Vec<_> = entries.flat_map(|entry| [entry.key, entry.value]).collect();
        assert!(bytes.ends_with(&parts.concat()));
    }
}

#[test]
fn short_bytes_are_refused_or_canonical() {
    let mut accepted = [0; 4];
    let mut try_one = |bytes: &[u8]| {
        accepted[bytes.len()] += u32::from(assert_refused_or_canonical(bytes));
    };
    try_one(&[]);
    for a in 0..=u8::MAX {
        try_one(&[a]);
        for b in 0..=u8::MAX {
            try_one(&[a, b]);
            for c in (0..=u8::MAX).step_by(5) {
                try_one(&[a, b, c]);
            }
        }
    }
    // One byte: 48 integers, false, true, null, and four empty values; the rest follows.
    assert_eq!(accepted[..2], [0, 55]);
    assert!(accepted[3] > 40_000, "{accepted:?}");
}

#[test]
fn damaged_documents_are_refused_or_canonical() {
    let mut rng = Rng::with_seed(2);
    for _ in 0..1500 {
        let bytes = random::object(&mut rng, 3).encode().unwrap();
        for end in 0..bytes.len() {
            assert!(cbor::validate_value(&bytes[..end]).is_err());
        }
        let mut damaged = bytes.clone();
        for i in 0..bytes.len() {
            for bit in 0..8 {
                damaged[i] = bytes[i] ^ 1 << bit;
                assert_refused_or_canonical(&damaged);
            }
            damaged[i] = rng.u8(..);
            assert_refused_or_canonical(&damaged);
            damaged[i] = bytes[i];
        }
    }
}

#[test]
fn readers_of_junk_fail_without_a_panic() {
    let mut rng = Rng::with_seed(3);
    for _ in 0..200_000 {
        let junk: Vec<u8> = (0..rng.usize(..24)).map(|_| rng.u8(..)).collect();
        assert_refused_or_canonical(&junk);
        let _ = cbor::skip(&mut Reader::new(&junk));
        let _ = cbor::entries(&junk).map(|entries| entries.for_each(drop));
        let _ = id::split_id(&junk);
        let _ = key::split_values(&junk, 3);
        let _ = key::contains_missing(&junk);
        let _ = id::hash(&Id::Int(1), &junk);
        if let Ok(id) = Id::decode(&junk) {
            assert_eq!(id.encode().unwrap(), junk);
        }
    }
}

#[test]
fn depth_and_counts_beyond_all_limits_are_refused_at_once() {
    for unit in [&b"\x81"[..], b"\xa1\x61a", b"\xc1", b"\xd8\x20", b"\x82\x00"] {
        let deep = unit.repeat(200_000);
        assert!(cbor::validate(&deep).is_err());
        let error = cbor::validate_value(&deep).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::LimitExceeded));
        assert!(Value::decode(&deep).is_err());
        assert!(cbor::skip(&mut Reader::new(&deep)).is_err());
        assert!(key::encode_value(&deep, &mut Vec::new()).is_err());
        assert!(key::split_value(&[9].repeat(200_000)).is_err());
    }
    let large = vec![0; 16 * 1024 * 1024 + 1];
    assert_eq!(cbor::validate(&large).unwrap_err().kind(), ErrorKind::LimitExceeded);
    let text = Value::Text("x".repeat(16 * 1024 * 1024));
    assert_eq!(text.encode().unwrap_err().kind(), ErrorKind::LimitExceeded);
    let deep = (0..128).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    assert!(assert_refused_or_canonical(&deep.encode().unwrap()));
    let deeper = Value::Array(vec![deep]);
    assert_eq!(deeper.encode().unwrap_err().kind(), ErrorKind::LimitExceeded);
}

#[test]
fn errors_name_the_path_and_the_byte() {
    let bytes = b"\xa1\x65items\x82\x01\xa1\x63sku\xf9\x3c\x00";
    let error = cbor::validate(bytes).unwrap_err();
    assert_eq!(error.details().path.as_deref(), Some("items.1.sku"));
    assert!(error.message().contains("at byte 14"), "{error}");
    let nan = Value::Object([("a".to_owned(), vec![Value::Number(f64::NAN)].into())].into());
    assert_eq!(nan.encode().unwrap_err().details().path.as_deref(), Some("a.0"));
    for out_of_range in
        [Value::BigInt(1 << 64), Value::BigInt(-(1 << 63) - 1), Value::Date(i64::MAX)]
    {
        assert_eq!(out_of_range.encode().unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

/// The order that FORMAT.md, section 3 promises, over values instead of bytes.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x.partial_cmp(y).unwrap(),
        (Value::BigInt(m), Value::BigInt(n)) => m.cmp(n),
        (Value::Number(x), Value::BigInt(n)) => order_mixed(*x, *n),
        (Value::BigInt(n), Value::Number(x)) => order_mixed(*x, *n).reverse(),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let pairs = a.iter().zip(b).map(|(a, b)| order(a, b));
            pairs.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

fn order_mixed(x: f64, n: i128) -> Ordering {
    if x.abs() > 1e30 {
        return x.partial_cmp(&0.0).unwrap();
    }
    #[expect(clippy::cast_possible_truncation, reason = "the whole part is compared on its own")]
    let whole = x.trunc() as i128;
    whole.cmp(&n).then(x.fract().partial_cmp(&0.0).unwrap())
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Object(_) => 1,
        Value::Null => 2,
        Value::Bool(value) => 3 + u8::from(*value),
        Value::Number(_) | Value::BigInt(_) => 5,
        Value::Text(_) => 6,
        Value::Bytes(_) => 7,
        Value::Date(_) => 8,
        Value::Array(_) => 9,
    }
}

fn key_of(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    key::encode_value(&value.encode().unwrap(), &mut out).unwrap();
    out
}

#[test]
fn index_values_order_as_the_values_do() {
    let mut rng = Rng::with_seed(4);
    for _ in 0..500 {
        let values: Vec<_> = (0..40).map(|_| random::value(&mut rng, 2)).collect();
        let keys: Vec<_> = values.iter().map(key_of).collect();
        for (a, key_a) in values.iter().zip(&keys) {
            for (b, key_b) in values.iter().zip(&keys) {
                assert_eq!(key_a.cmp(key_b), order(a, b), "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn tuples_of_index_values_order_by_each_in_turn_and_come_apart() {
    let mut rng = Rng::with_seed(5);
    for _ in 0..20_000 {
        let [a, b]: [Vec<Value>; 2] =
            [(); 2].map(|()| (0..3).map(|_| random::value(&mut rng, 1)).collect());
        let [key_a, key_b] =
            [&a, &b].map(|tuple| tuple.iter().flat_map(key_of).collect::<Vec<_>>());
        let expected = a.iter().zip(&b).map(|(a, b)| order(a, b));
        assert_eq!(key_a.cmp(&key_b), expected.fold(Ordering::Equal, Ordering::then));

        let (first, rest) = key::split_value(&key_a).unwrap();
        assert_eq!(first, key_of(&a[0]));
        let followed = [rest, &key_b].concat();
        assert_eq!(key::split_values(&followed, 2).unwrap(), (rest, key_b.as_slice()));
        let missing = a.iter().any(|value| matches!(value, Value::Object(_)));
        assert_eq!(key::contains_missing(&key_a).unwrap(), missing);
    }
}

#[test]
fn prefixes_and_their_successors_bound_exactly_the_keys_between() {
    let mut rng = Rng::with_seed(6);
    for _ in 0..50_000 {
        let [a, b] = [(); 2].map(|()| random::name(&mut rng));
        let mut low = Vec::new();
        key::string_prefix(&a, &mut low);
        let high = key::successor(&low).unwrap();
        let key = key_of(&Value::Text(b.clone()));
        assert_eq!(key >= low && key < high, b.starts_with(&a), "{a:?} {b:?}");

        let prefix: Vec<u8> = (0..rng.usize(..4)).map(|_| rng.u8(253..)).collect();
        let key: Vec<u8> = (0..rng.usize(..6)).map(|_| rng.u8(253..)).collect();
        let inside = key >= prefix && key::successor(&prefix).is_none_or(|high| key < high);
        assert_eq!(inside, key.starts_with(&prefix));
    }
}

#[test]
fn ids_round_trip_in_order_and_split_off_the_front_of_a_key() {
    let mut rng = Rng::with_seed(7);
    let random_id = |rng: &mut Rng| match rng.u8(..4) {
        0 => Id::Int(rng.i64(-(1 << 53) + 1..1 << 53)),
        1 => Id::Int(rng.i64(-3..3)),
        2 => Id::decode(&[&[2][..], &rng.u128(..).to_be_bytes()].concat()).unwrap(),
        _ => Id::Text(random::name(rng) + "!"),
    };
    for _ in 0..50_000 {
        let [a, b] = [(); 2].map(|()| random_id(&mut rng));
        let [key_a, key_b] = [&a, &b].map(|id| id.encode().unwrap());
        assert_eq!(Id::decode(&key_a).unwrap(), a);
        id::check(&key_a).unwrap();
        let both = [key_a.as_slice(), &key_b].concat();
        assert_eq!(id::split_id(&both).unwrap(), (key_a.as_slice(), key_b.as_slice()));
        assert!(id::check(&both).is_err());
        let expected = match (&a, &b) {
            (Id::Int(a), Id::Int(b)) => a.cmp(b),
            (Id::Text(a), Id::Text(b)) if key_a[0] == key_b[0] => a.cmp(b),
            _ => key_a[0].cmp(&key_b[0]),
        };
        assert_eq!(key_a.cmp(&key_b), expected, "{a:?} {b:?}");
    }
}

#[test]
fn ids_out_of_range_are_refused() {
    for (id, kind) in [
        (Id::Int(1 << 53), ErrorKind::InvalidInput),
        (Id::Int(i64::MIN), ErrorKind::InvalidInput),
        (Id::from(""), ErrorKind::InvalidInput),
        (Id::from("x".repeat(513)), ErrorKind::LimitExceeded),
    ] {
        assert_eq!(id.encode().unwrap_err().kind(), kind, "{id:?}");
    }
    assert_eq!(Id::from("\0".repeat(512)).encode().unwrap().len(), 1 + 1024 + 2);
}

#[test]
fn the_hash_is_that_of_the_map_with_the_id_in_its_place() {
    use sha2::Digest as _;

    let mut rng = Rng::with_seed(8);
    for n in 0..20_000 {
        let Value::Object(mut properties) = random::object(&mut rng, 1) else { unreachable!() };
        let document = Value::Object(properties.clone()).encode().unwrap();
        let id = if n % 2 == 0 { Id::Int(n) } else { Id::Text(random::name(&mut rng)) };
        let own = match &id {
            Id::Int(n) => Value::Number(cbor::nearest((*n).into())),
            Id::Text(text) => Value::from(text.as_str()),
        };
        properties.insert("id".to_owned(), own);
        let whole = Value::Object(properties).encode().unwrap();
        assert_eq!(id::hash(&id, &document).unwrap()[..], sha2::Sha256::digest(whole)[..]);
    }
}
