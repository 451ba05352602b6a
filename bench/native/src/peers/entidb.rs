//! `EntiDB` over files: its store of keys and values, and its documents.

use std::ops::Bound;
use std::path::Path;
use std::time::Duration;

use ::entidb::codec::id::Id;
use ::entidb::codec::typed::{from_document, to_document};
use ::entidb::codec::value::Value;
use ::entidb::kv::{Batch, Direction, KeyRange, Store, View};
use ::entidb::storage::FileStorage;
use ::entidb::{
    Access, At, Change as Write, CollectionId, CollectionSchema, Database, IfMatch, IndexSpec, Op,
    Options, PageLimits, QueryPlan, Row, Staged, Undeclared,
};

use super::{About, CACHE_BYTES, Documents, Durability, Map, Peer, version_of};
use crate::data::{KEY_BYTES, Pair};
use crate::measure::now;
use crate::orders::{Change, Order};

/// What keys of a collection begin with. A store keeps those apart that begin differently, so all
/// keys of a map begin alike.
const PREFIX: [u8; 5] = [1, 0, 0, 0, 1];
/// Idle work is done in such pieces.
const STEP_BYTES: u64 = 256 * 1024;
const PAGE: PageLimits = PageLimits { bytes: 256 * 1024, documents: 256 };

/// The peer.
pub struct Entidb;

impl Peer for Entidb {
    fn about(&self) -> About {
        About {
            name: "entidb",
            version: version_of("entidb"),
            durable: "committed with `Durability::Strict`: appended to the log and synced",
            survives_power: true,
            relaxed: "committed with `Durability::Relaxed`: appended to the log",
            settings: &[
                "`cache_bytes` 32 MiB and the default geometry",
                "kv: the store under the documents, keys under a prefix of 5 bytes",
                "no threads: `settle()` after every commit is inside the measured time; \
                 idle steps go on while the others' threads have the same time",
            ],
        }
    }

    fn open_map(&self, folder: &Path, durability: Durability) -> Box<dyn Map> {
        let storage = FileStorage::open(folder).expect("files");
        let store = Store::open(storage, &options()).expect("a store");
        Box::new(EntidbMap { store, durability: level(durability) })
    }

    fn open_documents(&self, folder: &Path, durability: Durability) -> Box<dyn Documents> {
        let storage = FileStorage::open(folder).expect("files");
        let mut database = Database::open(storage, &options()).expect("a database");
        let indexes = vec![IndexSpec::ordered(["customer"]), IndexSpec::ordered(["placed"])];
        let schema = CollectionSchema { name: "orders".into(), indexes };
        let declared = database.declare(&[schema], Undeclared::Drop).expect("a collection");
        let orders = declared.collections[0];
        Box::new(EntidbDocuments { database, orders, durability: level(durability) })
    }
}

fn options() -> Options {
    Options { cache_bytes: CACHE_BYTES, ..Options::default() }
}

fn level(durability: Durability) -> ::entidb::Durability {
    match durability {
        Durability::Durable => ::entidb::Durability::Strict,
        Durability::Relaxed => ::entidb::Durability::Relaxed,
    }
}

/// Takes steps until nothing is left or the time is over.
fn step_for(milliseconds: u64, mut step: impl FnMut() -> bool) {
    let end = now() + Duration::from_millis(milliseconds);
    while now() < end && step() {}
    std::thread::sleep(end.saturating_duration_since(now()));
}

struct EntidbMap {
    store: Store<FileStorage>,
    durability: ::entidb::Durability,
}

impl EntidbMap {
    fn commit(&mut self, mut batch: Batch) {
        if batch.is_spilled() {
            let _ = self.store.commit_spilled(&mut batch).expect("a commit");
        } else {
            self.store.stage(&batch).expect("a commit").expect("room in an empty group");
            let _ = self.store.commit(self.durability).expect("a commit");
        }
        self.store.settle().expect("what the commit owes");
    }
}

impl Map for EntidbMap {
    fn put(&mut self, key: &[u8], value: &[u8]) {
        let mut batch = Batch::new();
        batch.put(&prefixed(key), value).expect("a write");
        self.commit(batch);
    }

    fn put_all(&mut self, pairs: &[Pair]) {
        let mut batch = Batch::new();
        for (key, value) in pairs {
            batch.put(&prefixed(key), value).expect("a write");
            if batch.bytes() > self.store.spill_bytes() {
                self.store.spill(&mut batch).expect("a write");
            }
        }
        self.commit(batch);
    }

    fn get(&self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        let mut value = Vec::new();
        let view = View::at(self.store.visible_seq());
        let found = self.store.get(view, &prefixed(key), &mut value).expect("a read");
        if found {
            see(&value);
        }
        found
    }

    fn range(&self, from: &[u8], limit: usize, see: &mut dyn FnMut(&[u8], &[u8])) {
        let KeyRange { upper, .. } = KeyRange::prefix(&PREFIX);
        let range = KeyRange { lower: Bound::Included(prefixed(from).to_vec()), upper };
        let view = View::at(self.store.visible_seq());
        let mut scan = self.store.scan(view, &range, Direction::Forward).expect("a read");
        let mut left = limit;
        while left > 0 && scan.advance().expect("a read") {
            see(&scan.key()[PREFIX.len()..], scan.value());
            left -= 1;
        }
    }

    fn rest(&mut self, milliseconds: u64) {
        step_for(milliseconds, || self.store.step(STEP_BYTES).expect("idle work"));
    }

    fn close(mut self: Box<Self>) {
        let _ = self.store.close().expect("a clean close");
    }
}

fn prefixed(key: &[u8]) -> [u8; PREFIX.len() + KEY_BYTES] {
    let mut prefixed = [0; PREFIX.len() + KEY_BYTES];
    let (prefix, rest) = prefixed.split_at_mut(PREFIX.len());
    prefix.copy_from_slice(&PREFIX);
    rest[..key.len()].copy_from_slice(key);
    prefixed
}

struct EntidbDocuments {
    database: Database<FileStorage>,
    orders: CollectionId,
    durability: ::entidb::Durability,
}

impl EntidbDocuments {
    fn write(&mut self, ops: &[Op<'_>]) {
        match self.database.stage(ops).expect("a write") {
            Staged::Seq { .. } => {
                let _ = self.database.commit(self.durability).expect("a commit");
            }
            Staged::Committed { .. } => {}
            Staged::GroupFull => unreachable!("an empty group has room"),
        }
        self.database.settle().expect("what the commit owes");
    }

    fn query(&mut self, access: Access, take: Option<u64>) -> Vec<Order> {
        let plan = QueryPlan { take, ..QueryPlan::over(self.orders, access) };
        let mut cursor = self.database.cursor(At::Latest, &plan).expect("a query");
        let mut found = Vec::new();
        while !cursor.is_done() {
            let page = self.database.page(&mut cursor, None, PAGE).expect("a read");
            found.extend(page.rows.iter().map(order));
        }
        found
    }
}

impl Documents for EntidbDocuments {
    fn insert_all(&mut self, orders: &[Order]) {
        let encoded: Vec<_> = orders.iter().map(|order| (id(&order.id), encode(order))).collect();
        let insert = |(id, document)| op(self.orders, id, Write::Insert(document));
        let ops: Vec<_> = encoded.iter().map(|(id, doc)| insert((&**id, &**doc))).collect();
        self.write(&ops);
    }

    fn put(&mut self, order: &Order) {
        let (id, document) = (id(&order.id), encode(order));
        self.write(&[op(self.orders, &id, Write::Put(&document))]);
    }

    fn get(&self, name: &str) -> Option<Order> {
        let found = self.database.get(At::Latest, self.orders, &id(name)).expect("a read");
        found.map(|document| decode(Id::from(name), &document))
    }

    fn starting_at(&mut self, name: &str, limit: usize) -> Vec<Order> {
        let (lower, upper) = (Bound::Included(id(name)), Bound::Unbounded);
        self.query(Access::Scan { lower, upper }, Some(limit as u64))
    }

    fn by_customer(&mut self, customer: &str) -> Vec<Order> {
        let equal = vec![Value::from(customer).encode().expect("a value")];
        let (lower, upper) = (Bound::Unbounded, Bound::Unbounded);
        let fields = vec!["customer".into()];
        self.query(Access::Index { fields, equal, lower, upper, prefix: None }, None)
    }

    fn placed_from(&mut self, placed: u64, limit: usize) -> Vec<Order> {
        let lower = Value::from(placed as f64).encode().expect("a value");
        let (lower, upper) = (Bound::Included(vec![lower]), Bound::Unbounded);
        let (fields, equal) = (vec!["placed".into()], Vec::new());
        let access = Access::Index { fields, equal, lower, upper, prefix: None };
        self.query(access, Some(limit as u64))
    }

    fn update_all(&mut self, changes: &[(String, Change)]) {
        let encoded: Vec<_> =
            changes.iter().map(|(name, change)| (id(name), set(change))).collect();
        let patch = |set| Write::Patch { set, unset: Vec::new() };
        let ops: Vec<_> =
            encoded.iter().map(|(id, set)| op(self.orders, id, patch(&**set))).collect();
        self.write(&ops);
    }

    fn rest(&mut self, milliseconds: u64) {
        step_for(milliseconds, || self.database.step(STEP_BYTES).expect("idle work"));
    }

    fn close(mut self: Box<Self>) {
        let _ = self.database.close().expect("a clean close");
    }
}

fn op<'a>(collection: CollectionId, id: &'a [u8], change: Write<'a>) -> Op<'a> {
    Op { collection, id, change, if_match: IfMatch::Any }
}

fn id(name: &str) -> Vec<u8> {
    Id::from(name).encode().expect("an id")
}

fn encode(order: &Order) -> Vec<u8> {
    to_document(&order.body).expect("a document").1
}

fn decode(id: Id, document: &[u8]) -> Order {
    let body = from_document(&id, document).expect("what was stored is an order");
    let Id::Text(id) = id else { unreachable!("ids of orders are text") };
    Order { id, body }
}

fn order(row: &Row) -> Order {
    let id = Id::decode(&row.id).expect("an id");
    decode(id, row.document.as_deref().expect("a document"))
}

/// What a patch replaces.
fn set(change: &Change) -> Vec<u8> {
    let fields = [("status", Value::from(change.status)), ("total", Value::from(change.total))];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Object(fields).encode().expect("a value")
}
