//! Short ways to write and read documents in tests of the database.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::must_use_candidate,
    reason = "each test file uses what it needs, and helpers of tests may fail"
)]

use std::collections::BTreeMap;
use std::ops::Bound;

use entidb::codec::id::Id;
use entidb::codec::value::Value;
use entidb::storage::{MemoryStorage, Storage, Synced};
use entidb::{
    Access, At, BuildBudget, Change, CollectionId, Database, Durability, Error, Geometry, IfMatch,
    IndexSpec, Op, Options, PageLimits, QueryPlan, Result, Staged, Transaction,
};

pub type Db = Database<MemoryStorage>;

pub fn tiny() -> Options {
    let geometry = Geometry { manifest_area_bytes: 64 * 1024, ..Geometry::TINY };
    Options { geometry, ..Options::default() }
}

/// A database in memory with one collection.
pub fn database(specs: &[IndexSpec]) -> (Db, CollectionId) {
    database_with(&tiny(), specs)
}

pub fn database_with(options: &Options, specs: &[IndexSpec]) -> (Db, CollectionId) {
    let mut db = Database::open(MemoryStorage::new(), options).unwrap();
    let (id, synced) = db.create_collection("tasks", specs).unwrap();
    assert_eq!(synced, Synced::Done);
    (db, id)
}

pub fn id(id: impl Into<Id>) -> Vec<u8> {
    id.into().encode().unwrap()
}

pub fn doc<const N: usize>(properties: [(&str, Value); N]) -> Vec<u8> {
    let map: BTreeMap<_, _> = properties.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    Value::Object(map).encode().unwrap()
}

pub fn num(x: f64) -> Value {
    Value::Number(x)
}

pub fn put<'a>(collection: CollectionId, id: &'a [u8], document: &'a [u8]) -> Op<'a> {
    Op { collection, id, change: Change::Put(document), if_match: IfMatch::Any }
}

pub fn insert<'a>(collection: CollectionId, id: &'a [u8], document: &'a [u8]) -> Op<'a> {
    Op { change: Change::Insert(document), ..put(collection, id, document) }
}

pub fn delete(collection: CollectionId, id: &[u8]) -> Op<'_> {
    Op { collection, id, change: Change::Delete, if_match: IfMatch::Any }
}

/// Stages and commits; waits for nothing.
pub fn commit<S: Storage>(db: &mut Database<S>, ops: &[Op<'_>]) -> Result<Staged> {
    let staged = db.stage(ops)?;
    let _ = db.commit(Durability::Strict)?;
    Ok(staged)
}

pub fn commit_tx<S: Storage>(db: &mut Database<S>, tx: &mut Transaction) -> Result<Staged> {
    loop {
        let staged = db.tx_commit(tx)?;
        let _ = db.commit(Durability::Strict)?;
        if staged != Staged::GroupFull {
            return Ok(staged);
        }
    }
}

pub fn error(result: Result<impl std::fmt::Debug>) -> Error {
    result.unwrap_err()
}

pub fn find(collection: CollectionId, fields: &[&str], equal: &[Value]) -> QueryPlan {
    QueryPlan::over(
        collection,
        Access::Index {
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
            equal: equal.iter().map(|value| value.encode().unwrap()).collect(),
            lower: Bound::Unbounded,
            upper: Bound::Unbounded,
            prefix: None,
        },
    )
}

/// The ids of all rows.
pub fn ids(db: &mut Db, at: At<'_>, plan: &QueryPlan) -> Result<Vec<Id>> {
    let limits = PageLimits { bytes: 1000, documents: 3 };
    let mut ids = Vec::new();
    let mut add = |rows: Vec<entidb::Row>| {
        ids.extend(rows.iter().map(|row| Id::decode(&row.id).unwrap()));
    };
    match at {
        At::Transaction(tx) => {
            let mut cursor = db.cursor(At::Transaction(tx), plan)?;
            while !cursor.is_done() {
                add(db.page(&mut cursor, Some(tx), limits)?.rows);
            }
        }
        at => {
            let mut cursor = db.cursor(at, plan)?;
            while !cursor.is_done() {
                add(db.page(&mut cursor, None, limits)?.rows);
            }
        }
    }
    Ok(ids)
}

pub fn build_all<S: Storage>(db: &mut Database<S>) -> Result<u64> {
    let mut steps = 0;
    while db.build_step(BuildBudget { documents: 7, bytes: 1 << 20 })?.is_some() {
        steps += 1;
    }
    Ok(steps)
}
