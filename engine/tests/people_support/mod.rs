//! Documents of about 200 bytes with three indexes, by which costs are measured.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::must_use_candidate,
    reason = "each user needs a part of it, and helpers of tests may fail"
)]

use std::ops::Range;

use entidb::codec::id::Id;
use entidb::codec::value::Value;
use entidb::storage::Storage;
use entidb::{
    Change, CollectionId, CollectionSchema, Database, Durability, IfMatch, IndexSpec, Op, Staged,
    Undeclared,
};

/// Makes the collection.
pub fn declare<S: Storage>(db: &mut Database<S>) -> CollectionId {
    let schema = CollectionSchema {
        name: "people".into(),
        indexes: vec![
            IndexSpec::ordered(["country", "age"]),
            IndexSpec::ordered(["email"]).unique(),
            IndexSpec::ordered(["score"]),
        ],
    };
    db.declare(&[schema], Undeclared::Drop).unwrap().collections[0]
}

/// The id of person `n`; ids are in no order.
pub fn id_of(n: u64) -> Vec<u8> {
    let high = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = high ^ (n.wrapping_mul(0xD1B5_4A32_D192_ED03) >> 17);
    Id::from(format!("{mixed:016x}{n:010x}")).encode().unwrap()
}

/// Person `n`.
pub fn document(n: u64) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(n);
    let text = |rng: &mut fastrand::Rng, len: usize| -> Value {
        Value::from((0..len).map(|_| rng.alphabetic()).collect::<String>())
    };
    let fields = [
        ("country", Value::from(format!("country {}", rng.u32(..200)))),
        ("age", Value::from(f64::from(rng.u32(18..99)))),
        ("email", Value::from(format!("person{n}@example.org"))),
        ("score", Value::from(rng.f64())),
        ("name", text(&mut rng, 18)),
        ("about", text(&mut rng, 60)),
        ("active", Value::from(rng.bool())),
    ];
    let object = fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    Value::Object(object).encode().unwrap()
}

/// Puts people in one commit.
pub fn put<S: Storage>(
    db: &mut Database<S>,
    people: CollectionId,
    numbers: Range<u64>,
    durability: Durability,
) {
    let documents: Vec<_> = numbers.map(|n| (id_of(n), document(n))).collect();
    let op = |(id, document)| Op {
        collection: people,
        id,
        change: Change::Put(document),
        if_match: IfMatch::Any,
    };
    let ops: Vec<Op<'_>> = documents.iter().map(|(id, doc)| op((&**id, &**doc))).collect();
    match db.stage(&ops).unwrap() {
        Staged::Seq { .. } | Staged::Committed { .. } => {}
        Staged::GroupFull => panic!("a group that is empty has room"),
    }
    let _ = db.commit(durability).unwrap();
}
