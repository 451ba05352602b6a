//! Random documents, writes and queries that meet each other often.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::LazyLock;

use entidb::codec::id::Id;
use entidb::codec::value::Value;
use entidb::{Access, CollectionId, IfMatch, IndexSpec, Output, QueryPlan};
use fastrand::Rng;

use super::oracle::{LONG, Model, What, Write};

const TEXTS: [&str; 9] = ["", "a", "ab", "abc", "b", "\u{e9}", "a\0", "a\0b", "\u{10ffff}"];
const NUMBERS: [f64; 12] = [
    0.0,
    1.0,
    2.0,
    3.0,
    -1.0,
    0.5,
    -1.5,
    1e300,
    -1e300,
    5e-324,
    9_007_199_254_740_992.0,
    1_152_921_504_606_846_976.0,
];
const BIGS: [i128; 8] =
    [0, 1, 2, -1, 9_007_199_254_740_993, 1_152_921_504_606_846_977, -(1 << 63), (1 << 64) - 1];
const BYTES: [&[u8]; 5] = [&[], &[0], &[0, 1], &[1], &[255]];

/// The indexes that there can be.
pub fn specs() -> &'static [IndexSpec] {
    &SPECS
}

static SPECS: LazyLock<Vec<IndexSpec>> = LazyLock::new(|| {
    vec![
        IndexSpec::ordered(["a"]),
        IndexSpec::ordered(["a", "b"]),
        IndexSpec::ordered(["b", "a", "id"]),
        IndexSpec::ordered(["tags"]).each(),
        IndexSpec::ordered(["b", "tags"]).each(),
        IndexSpec::ordered(["items.sku", "b"]).each(),
        IndexSpec::ordered(["u"]).unique(),
        IndexSpec::ordered(["b", "u"]).unique(),
        IndexSpec::ordered(["keys"]).unique().each(),
        IndexSpec::hash(["a"]),
        IndexSpec::hash(["tags"]).each(),
        IndexSpec::hash(["u"]).unique(),
        IndexSpec::hash(["b", "u"]).unique(),
        IndexSpec::ordered(["n.x"]),
        IndexSpec::ordered(["id"]),
    ]
});

fn pick<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}

pub fn value(rng: &mut Rng, depth: u32) -> Value {
    match rng.u8(0..if depth == 0 { 9 } else { 11 }) {
        0 => Value::Null,
        1 => Value::Bool(rng.bool()),
        2 | 3 => Value::Number(pick(rng, &NUMBERS)),
        4 => Value::BigInt(pick(rng, &BIGS)),
        5 | 6 => Value::from(pick(rng, &TEXTS)),
        7 => Value::Bytes(pick(rng, &BYTES).to_vec()),
        8 => Value::Date(rng.i64(-2..3)),
        9 => Value::Array((0..rng.usize(0..3)).map(|_| value(rng, depth - 1)).collect()),
        _ => Value::Object(BTreeMap::from([("x".to_owned(), value(rng, depth - 1))])),
    }
}

fn unique(rng: &mut Rng) -> Value {
    match rng.u8(0..8) {
        0 => Value::BigInt(i128::from(rng.u8(0..60))),
        1 => Value::from(pick(rng, &TEXTS)),
        _ => Value::Number(f64::from(rng.u16(0..400))),
    }
}

pub fn properties(rng: &mut Rng) -> BTreeMap<String, Value> {
    let mut map = BTreeMap::new();
    let mut put = |name: &str, value: Value| map.insert(name.to_owned(), value);
    if rng.u8(0..8) > 0 {
        put("a", value(rng, 2));
    }
    if rng.u8(0..4) > 0 {
        put("b", Value::Number(f64::from(rng.u8(0..3))));
    }
    if rng.u8(0..3) == 0 {
        put("u", unique(rng));
    }
    if rng.bool() {
        let tags = (0..rng.usize(0..4)).map(|_| value(rng, 1)).collect();
        put("tags", if rng.u8(0..5) == 0 { value(rng, 1) } else { Value::Array(tags) });
    }
    if rng.u8(0..6) == 0 {
        put("keys", Value::Array((0..rng.usize(0..3)).map(|_| unique(rng)).collect()));
    }
    if rng.u8(0..3) == 0 {
        let item = |rng: &mut Rng| match rng.u8(0..6) {
            0 => value(rng, 1),
            _ => Value::Object(BTreeMap::from([("sku".to_owned(), value(rng, 1))])),
        };
        put("items", Value::Array((0..rng.usize(0..4)).map(|_| item(rng)).collect()));
    }
    if rng.u8(0..4) == 0 {
        put("n", Value::Object(BTreeMap::from([("x".to_owned(), value(rng, 1))])));
    }
    match rng.u8(0..80) {
        0 => put("a", Value::from("long".repeat(LONG / 4 + 1))),
        1 => put("big", Value::Bytes(vec![7; rng.usize(800..6000)])),
        2 => put("b", Value::Array(vec![Value::Number(1.0), Value::Number(2.0)])),
        _ => None,
    };
    map
}

pub fn id(rng: &mut Rng) -> Vec<u8> {
    let n = rng.i64(-20..20);
    let id = match rng.u8(0..3) {
        0 => Id::Int(n),
        1 => Id::from(format!("{:08x}-0000-7000-8000-000000000000", n + 20)),
        _ => Id::from(format!("k{n}\0")),
    };
    id.encode().unwrap()
}

pub fn write(rng: &mut Rng, model: &Model) -> Write {
    let collections: Vec<CollectionId> = model.collections.keys().copied().collect();
    let collection = pick(rng, &collections);
    let id = id(rng);
    let what = match rng.u8(0..10) {
        0..5 => What::Put(Value::Object(properties(rng))),
        5 => What::Insert(Value::Object(properties(rng))),
        6 | 7 => {
            let names = ["a", "b", "tags", "u"].map(str::to_owned);
            let unset = names.into_iter().filter(|_| rng.u8(0..4) == 0).collect();
            let mut set = properties(rng);
            set.retain(|_, _| rng.bool());
            What::Patch(set, unset)
        }
        _ => What::Delete,
    };
    let if_match = match rng.u8(0..12) {
        0 => IfMatch::Absent,
        1 => model.hash(collection, &id).map_or(IfMatch::Any, IfMatch::Hash),
        2 if rng.bool() => IfMatch::Hash([9; 32]),
        _ => IfMatch::Any,
    };
    Write { collection, id, what, if_match }
}

fn bound<T>(rng: &mut Rng, of: impl FnOnce(&mut Rng) -> T) -> Bound<T> {
    match rng.u8(0..3) {
        0 => Bound::Included(of(rng)),
        1 => Bound::Excluded(of(rng)),
        _ => Bound::Unbounded,
    }
}

/// Values for some fields, of the kinds that occur in them.
fn tuple(rng: &mut Rng, fields: &[String]) -> Vec<Vec<u8>> {
    let one = |field: &String| {
        let value = match field.as_str() {
            "b" => Value::Number(f64::from(rng.u8(0..3))),
            "u" | "keys" => unique(rng),
            "id" => Value::Number(f64::from(rng.i8(-20..20))),
            _ => value(rng, 1),
        };
        value.encode().unwrap()
    };
    fields.iter().map(one).collect()
}

pub fn query(rng: &mut Rng, model: &Model) -> QueryPlan {
    let collections: Vec<CollectionId> = model.collections.keys().copied().collect();
    let collection = pick(rng, &collections);
    let access = if rng.u8(0..5) == 0 {
        Access::Scan { lower: bound(rng, id), upper: bound(rng, id) }
    } else {
        index_access(rng)
    };
    QueryPlan {
        collection,
        access,
        reverse: rng.bool(),
        skip: if rng.u8(0..3) == 0 { rng.u64(0..6) } else { 0 },
        take: (rng.u8(0..3) == 0).then(|| rng.u64(0..12)),
        output: pick(rng, &[Output::Documents, Output::Documents, Output::Ids, Output::Count]),
    }
}

fn index_access(rng: &mut Rng) -> Access {
    let spec = &specs()[rng.usize(..specs().len())];
    let fields = spec.fields[..=rng.usize(..spec.fields.len())].to_vec();
    let mut equal = tuple(rng, &fields);
    equal.truncate(rng.usize(..=fields.len()));
    let rest = fields[equal.len()..].to_vec();
    let (mut lower, mut upper, mut prefix) = (Bound::Unbounded, Bound::Unbounded, None);
    if !rest.is_empty() && rng.u8(0..4) > 0 {
        if rng.u8(0..4) == 0 {
            prefix = Some(pick(rng, &TEXTS).to_owned());
        } else {
            let some = |rng: &mut Rng| {
                let mut values = tuple(rng, &rest);
                values.truncate(rng.usize(1..=rest.len()));
                values
            };
            lower = bound(rng, some);
            upper = bound(rng, some);
        }
    }
    Access::Index { fields, equal, lower, upper, prefix }
}
