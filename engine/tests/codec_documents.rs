//! Paths and patches against the same on decoded values, and types of a program against documents.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "codec_support/random.rs"]
mod random;

use std::collections::BTreeMap;

use entidb::ErrorKind;
use entidb::codec::id::Id;
use entidb::codec::path::{self, Path};
use entidb::codec::typed::{BigInt, Date, from_document, to_document};
use entidb::codec::value::Value;
use entidb::codec::{cbor, patch};
use fastrand::Rng;
use serde::{Deserialize, Serialize};

fn lookup<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().try_fold(value, |value, name| match value {
        Value::Object(properties) => properties.get(*name),
        _ => None,
    })
}

/// What `each` visits, by the definition in FORMAT.md, section 3.
fn each<'a>(value: &'a Value, names: &[&str]) -> Vec<Option<&'a Value>> {
    for crossed in 0..=names.len() {
        let (outer, inner) = names.split_at(crossed);
        if let Some(Value::Array(elements)) = lookup(value, outer) {
            if elements.is_empty() {
                return vec![None];
            }
            return elements.iter().map(|element| lookup(element, inner)).collect();
        }
    }
    vec![lookup(value, names)]
}

#[test]
fn paths_find_in_bytes_what_they_find_in_values() {
    let mut rng = Rng::with_seed(1);
    let (mut found, mut several) = (0, 0);
    for _ in 0..100_000 {
        let document = random::object(&mut rng, 4);
        let bytes = document.encode().unwrap();
        let names: Vec<_> = (0..rng.usize(1..4)).map(|_| ["a", "b", "c"][rng.usize(..3)]).collect();
        let path = Path::parse(&names.join(".")).unwrap();

        let value = path::find(&bytes, &path).unwrap().map(|value| Value::decode(value).unwrap());
        assert_eq!(value.as_ref(), lookup(&document, &names), "{names:?} {document:?}");

        let mut visited = Vec::new();
        path::each(&bytes, &path, |value| {
            visited.push(value.map(|value| Value::decode(value).unwrap()));
            Ok(())
        })
        .unwrap();
        let expected: Vec<_> =
            each(&document, &names).into_iter().map(Option::<&Value>::cloned).collect();
        assert_eq!(visited, expected, "{names:?} {document:?}");
        found += u32::from(value.is_some());
        several += u32::from(expected.len() > 1);
    }
    assert!(found > 5_000 && several > 1000, "{found} {several}");
}

#[test]
fn paths_that_reach_nothing_are_refused() {
    for text in ["", ".", "a.", ".a", "a..b"] {
        assert_eq!(Path::parse(text).unwrap_err().kind(), ErrorKind::InvalidInput, "{text}");
    }
    assert_eq!(Path::parse(&"x".repeat(513)).unwrap_err().kind(), ErrorKind::LimitExceeded);
    assert!(Path::parse("id").unwrap().is_id());
    assert!(!Path::parse("a.id").unwrap().is_id());
}

#[test]
fn a_visit_that_fails_ends_the_visits() {
    let tags = Value::Object([("t".to_owned(), vec![Value::Null; 3].into())].into());
    let mut visits = 0;
    let result = path::each(&tags.encode().unwrap(), &Path::parse("t").unwrap(), |_| {
        visits += 1;
        Err(entidb::Error::invalid("enough"))
    });
    assert_eq!((result.is_err(), visits), (true, 1));
}

#[test]
fn patches_merge_in_bytes_as_maps_merge() {
    let mut rng = Rng::with_seed(2);
    for _ in 0..50_000 {
        let [Value::Object(document), Value::Object(changes)] =
            [(); 2].map(|()| random::object(&mut rng, 2))
        else {
            unreachable!()
        };
        let deleted: Vec<_> = (0..rng.usize(..4)).map(|_| random::name(&mut rng)).collect();
        let deleted: Vec<_> = deleted.iter().map(String::as_str).collect();
        let [old, new] =
            [&document, &changes].map(|map| Value::Object(map.clone()).encode().unwrap());
        let merged = patch::apply(&old, &new, &deleted).unwrap();

        let mut expected = document;
        expected.retain(|name, _| !deleted.contains(&name.as_str()));
        expected.extend(changes);
        assert_eq!(merged, Value::Object(expected).encode().unwrap());
        cbor::validate(&merged).unwrap();
        for cut in [&old[..old.len() - 1], b"", b"\x80"] {
            assert!(patch::apply(cut, &new, &[]).is_err());
            assert!(patch::apply(&new, cut, &[]).is_err());
        }
    }
}

#[test]
fn a_patched_document_that_is_too_large_is_refused() {
    let half = |name: &str| {
        let text = Value::Text("x".repeat(9 * 1024 * 1024));
        Value::Object([(name.to_owned(), text)].into()).encode().unwrap()
    };
    let error = patch::apply(&half("a"), &half("b"), &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert_eq!(patch::apply(&half("a"), &half("b"), &["a"]).unwrap(), half("b"));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Line(i8, i8),
    Box { width: f32, height: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    id: Option<String>,
    price: f64,
    count: u64,
    largest: u64,
    least: i64,
    flag: bool,
    letter: char,
    nothing: Option<u8>,
    something: Option<f32>,
    when: Date,
    whens: Vec<Date>,
    big: BigInt,
    negative: BigInt,
    huge: f64,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
    shapes: Vec<Shape>,
    pair: (i32, String),
    map: BTreeMap<String, Everyone>,
    unit: (),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everyone(Vec<f64>);

fn everything() -> Everything {
    Everything {
        id: Some("e".to_owned()),
        price: 5.0,
        count: 5,
        largest: u64::MAX,
        least: i64::MIN,
        flag: true,
        letter: '\u{e9}',
        nothing: None,
        something: Some(0.1),
        when: Date(1_767_225_600_123),
        whens: vec![Date(0), Date(-1), Date(4_503_599_627_370_495)],
        big: BigInt(5),
        negative: BigInt(-5),
        huge: 1e300,
        bytes: vec![0, 255],
        shapes: vec![
            Shape::Point,
            Shape::Circle(2.0),
            Shape::Line(-1, 1),
            Shape::Box { width: 1.5, height: 2 },
        ],
        pair: (-7, "x".to_owned()),
        map: [("__proto__".to_owned(), Everyone(vec![1.0, 1.5]))].into(),
        unit: (),
    }
}

#[test]
fn a_type_with_all_that_serde_knows_comes_back() {
    let (id, document) = to_document(&everything()).unwrap();
    cbor::validate(&document).unwrap();
    let id = id.unwrap();
    assert_eq!(id, Id::from("e"));
    assert_eq!(from_document::<Everything>(&id, &document).unwrap(), everything());
    let Value::Object(properties) = Value::decode(&document).unwrap() else { unreachable!() };
    assert_eq!(properties["price"], Value::Number(5.0));
    assert_eq!(properties["when"], Value::Date(1_767_225_600_123));
    assert_eq!(properties["big"], Value::BigInt(5));
    assert_eq!(properties["negative"], Value::BigInt(-5));
    assert_eq!(properties["largest"], Value::BigInt(u64::MAX.into()));
    assert!(!properties.contains_key("id"));
}

#[test]
fn fields_that_a_type_does_not_have_are_passed_over() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Part {
        id: i64,
        big: u8,
    }
    let (_, document) = to_document(&everything()).unwrap();
    let part: Part = from_document(&Id::Int(-3), &document).unwrap();
    assert_eq!(part, Part { id: -3, big: 5 });
}

#[test]
fn what_no_document_can_hold_is_refused() {
    fn refused<T: Serialize>(object: T) -> ErrorKind {
        to_document(&object).unwrap_err().kind()
    }
    let invalid = ErrorKind::InvalidInput;
    assert_eq!(refused([1]), invalid);
    assert_eq!(refused("text"), invalid);
    assert_eq!(refused(BTreeMap::from([(1, 2)])), invalid);
    assert_eq!(refused(BTreeMap::from([("a", f64::NAN)])), invalid);
    assert_eq!(refused(BTreeMap::from([("a", f32::INFINITY)])), invalid);
    assert_eq!(refused(BTreeMap::from([("a", u128::MAX)])), invalid);
    assert_eq!(refused(BTreeMap::from([("a", BigInt(1 << 64))])), invalid);
    assert_eq!(refused(BTreeMap::from([("a", Date(i64::MAX))])), invalid);
    assert_eq!(refused(BTreeMap::from([("id", 1.5)])), invalid);
    assert_eq!(refused(BTreeMap::from([("id", [1])])), invalid);
    let deep = (0..128).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    assert_eq!(refused(BTreeMap::from([("a", deep)])), ErrorKind::LimitExceeded);
}

#[test]
fn a_document_that_does_not_fit_says_so_and_a_damaged_one_is_corrupt() {
    let id = Id::Int(1);
    let (_, document) = to_document(&BTreeMap::from([("when", 5)])).unwrap();
    let error = from_document::<BTreeMap<String, Date>>(&id, &document).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = from_document::<BTreeMap<String, i32>>(&id, &document[1..]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}
