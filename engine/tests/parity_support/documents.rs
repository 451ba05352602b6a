//! Random ids, documents and indexes: people, of all types and lengths that a document can have.

use std::collections::BTreeMap;

use entidb::IndexSpec;
use entidb::codec::id::Id;
use entidb::codec::value::Value;
use fastrand::Rng;

const COUNTRIES: u32 = 20;
const TAGS: [&str; 6] = ["a", "b", "new", "old", "caf\u{e9}", "\u{1f980}"];

/// Indexes that a collection may have.
pub fn specs() -> Vec<IndexSpec> {
    vec![
        IndexSpec::ordered(["country", "age"]),
        IndexSpec::ordered(["email"]).unique(),
        IndexSpec::ordered(["score"]),
        IndexSpec::ordered(["tags"]).each(),
        IndexSpec::hash(["country"]),
        IndexSpec::hash(["email"]).unique(),
        IndexSpec::ordered(["address.city", "joined"]),
        IndexSpec::ordered(["big"]),
    ]
}

/// The id of document `n`: a number, a UUID or another string.
pub fn id(n: u32) -> Vec<u8> {
    let id = match n % 3 {
        0 => Id::Int(i64::from(n) - 500),
        1 => {
            let mixed = n.wrapping_mul(40_503) & 0xffff;
            Id::from(format!("0190{mixed:04x}-{n:04x}-7000-8000-00000000{n:04x}"))
        }
        _ => Id::from(format!("person {n}")),
    };
    id.encode().unwrap()
}

/// A value of the field `country`.
pub fn country(rng: &mut Rng) -> Value {
    Value::from(format!("country {}", rng.u32(..COUNTRIES)))
}

/// Properties of document `n`; `long` is how many bytes a long one has about.
pub fn properties(rng: &mut Rng, n: u32, long: usize) -> BTreeMap<String, Value> {
    let mut map = BTreeMap::new();
    let mut put = |name: &str, value: Value| map.insert(name.to_owned(), value);
    put("country", country(rng));
    put("age", Value::Number(f64::from(rng.u8(18..99))));
    // Now and then somebody else's.
    let owner = if rng.u8(..40) == 0 { rng.u32(..=n) } else { n };
    put("email", Value::from(format!("person{owner}@example.org")));
    if rng.u8(..8) > 0 {
        put("score", Value::Number(rng.f64() * f64::from(rng.u32(1..1_000_000))));
    }
    if rng.bool() {
        put("tags", Value::Array((0..rng.usize(..4)).map(|_| tag(rng)).collect()));
    }
    if rng.bool() {
        let city = Value::from(format!("city {}", rng.u8(..9)));
        put("address", Value::Object(BTreeMap::from([("city".to_owned(), city)])));
        put("joined", Value::Date(rng.i64(-1_000_000_000_000..2_000_000_000_000)));
    }
    match rng.u8(..10) {
        0 => put("big", Value::BigInt(i128::from(rng.i64(..)))),
        1 => put("photo", Value::Bytes((0..rng.usize(..200)).map(|_| rng.u8(..)).collect())),
        2 => put("note", Value::Null),
        _ => None,
    };
    let length = match rng.u8(..200) {
        0 => rng.usize(long / 2..long),
        1..20 => rng.usize(..long / 16),
        _ => rng.usize(..120),
    };
    put("about", text(rng, length));
    map
}

/// An encoded document.
pub fn document(rng: &mut Rng, n: u32, long: usize) -> Vec<u8> {
    Value::Object(properties(rng, n, long)).encode().unwrap()
}

/// Some properties of a document, encoded, and the names of some to delete.
pub fn patch(rng: &mut Rng, n: u32) -> (Vec<u8>, Vec<String>) {
    let mut set = properties(rng, n, 200);
    set.retain(|_, _| rng.u8(..3) == 0);
    let names = ["score", "tags", "big"].map(str::to_owned);
    let unset = names.into_iter().filter(|_| rng.u8(..4) == 0).collect();
    (Value::Object(set).encode().unwrap(), unset)
}

fn tag(rng: &mut Rng) -> Value {
    Value::from(TAGS[rng.usize(..TAGS.len())])
}

/// Half of it compresses, the other half does not.
fn text(rng: &mut Rng, length: usize) -> Value {
    let random: String = (0..length / 2).map(|_| rng.alphanumeric()).collect();
    Value::from(random + &"lorem ipsum ".repeat(length / 24))
}
