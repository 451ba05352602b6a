//! Orders of about 450 bytes with two indexes, by which the cost of reading is measured.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::must_use_candidate,
    reason = "each user needs a part of it, and helpers of tests may fail"
)]

use std::ops::Bound;

use entidb::codec::id::Id;
use entidb::codec::value::Value;
use entidb::storage::MemoryStorage;
use entidb::{
    Access, At, Change, CollectionId, CollectionSchema, Database, Durability, IfMatch, IndexSpec,
    Op, Options, PageLimits, QueryPlan, Row, Undeclared,
};

/// A database in memory.
pub type Db = Database<MemoryStorage>;

/// Orders of each customer.
pub const PER_CUSTOMER: u64 = 50;
/// Ids beside those of orders.
pub const ABSENT: u64 = 4_000;
/// Rows of a range.
pub const RANGE: u64 = 100;
/// More than any of these queries needs.
const PAGE: PageLimits = PageLimits { bytes: 256 * 1024, documents: 512 };

const WORDS: [&str; 32] = [
    "amber", "anchor", "apple", "autumn", "basket", "bridge", "candle", "canyon", "carbon",
    "cedar", "circle", "copper", "coral", "cotton", "desert", "ember", "falcon", "feather",
    "forest", "garden", "granite", "harbor", "hazel", "island", "ivory", "jacket", "kettle",
    "lantern", "lemon", "linen", "maple", "marble",
];

/// Orders, and the collection that they are in.
pub struct Orders {
    /// The database.
    pub db: Db,
    /// The collection.
    pub id: CollectionId,
    /// How many orders there are.
    pub count: u64,
    /// Their ids, and behind them [`ABSENT`] that no order has.
    pub ids: Vec<Vec<u8>>,
}

impl Orders {
    /// Loads so many orders and merges them down; a few more stay in the memtable.
    pub fn load(storage: MemoryStorage, cache_bytes: usize, count: u64) -> Self {
        let options = Options { cache_bytes, ..Options::default() };
        let mut db = Database::open(storage, &options).unwrap();
        let schema = CollectionSchema {
            name: "orders".into(),
            indexes: vec![IndexSpec::ordered(["customer"]), IndexSpec::ordered(["placed"])],
        };
        let orders = db.declare(&[schema], Undeclared::Drop).unwrap().collections[0];
        let ids = (0..count + ABSENT).map(id_of).collect();
        let mut all = Self { db, id: orders, count, ids };
        if all.db.count(At::Latest, orders).unwrap() > 0 {
            return all;
        }
        for from in (0..count).step_by(500) {
            all.put(from..(from + 500).min(count));
        }
        let _ = all.db.checkpoint().unwrap();
        all.put(0..count / 100);
        all
    }

    fn put(&mut self, numbers: std::ops::Range<u64>) {
        let documents: Vec<_> = numbers.map(|n| (id_of(n), document(n, self.count))).collect();
        let op = |(id, document)| Op {
            collection: self.id,
            id,
            change: Change::Put(document),
            if_match: IfMatch::Any,
        };
        let ops: Vec<Op<'_>> = documents.iter().map(|(id, doc)| op((&**id, &**doc))).collect();
        self.db.stage(&ops).unwrap();
        let _ = self.db.commit(Durability::Relaxed).unwrap();
        self.db.settle().unwrap();
        while self.db.step(1 << 20).unwrap() {}
    }

    /// All orders of a customer.
    pub fn lookup(&mut self, customer: u64) -> u64 {
        let equal = vec![Value::from(customer_of(customer, self.count)).encode().unwrap()];
        let (lower, upper) = (Bound::Unbounded, Bound::Unbounded);
        let fields = vec!["customer".into()];
        self.query(Access::Index { fields, equal, lower, upper, prefix: None }, None)
    }

    /// Orders in the order of `placed`.
    pub fn range(&mut self, from: u64) -> u64 {
        let lower = Bound::Included(vec![Value::from(placed(from)).encode().unwrap()]);
        let (fields, equal, upper) = (vec!["placed".into()], Vec::new(), Bound::Unbounded);
        self.query(Access::Index { fields, equal, lower, upper, prefix: None }, Some(RANGE))
    }

    /// All orders.
    pub fn scan(&mut self) -> u64 {
        self.query(Access::Scan { lower: Bound::Unbounded, upper: Bound::Unbounded }, None)
    }

    fn query(&mut self, access: Access, take: Option<u64>) -> u64 {
        let plan = QueryPlan { take, ..QueryPlan::over(self.id, access) };
        let mut cursor = self.db.cursor(At::Latest, &plan).unwrap();
        let mut rows = 0;
        while !cursor.is_done() {
            let page = self.db.page(&mut cursor, None, PAGE).unwrap();
            assert!(page.rows.iter().all(|row: &Row| row.document.is_some()));
            rows += page.count;
        }
        rows
    }
}

/// The id of an order; ids are in no order.
pub fn id_of(n: u64) -> Vec<u8> {
    let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Id::from(format!("{mixed:016x}{n:010x}")).encode().unwrap()
}

/// Order `n` of `count`.
fn document(n: u64, count: u64) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(n);
    let mut words = |count: usize| -> Value {
        let words: Vec<_> = (0..count).map(|_| WORDS[rng.usize(..WORDS.len())]).collect();
        Value::from(words.join(" "))
    };
    let address = [("street", words(2)), ("city", words(1)), ("country", words(1))];
    let object = |fields: Vec<(&str, Value)>| {
        Value::Object(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    };
    let note = words(24);
    let address = object(address.into_iter().collect());
    let fields = vec![
        ("customer", Value::from(customer_of(n, count))),
        ("placed", Value::from(placed(n))),
        ("status", words(1)),
        ("total", Value::from(rng.f64())),
        ("paid", Value::from(rng.bool())),
        ("note", note),
        ("address", address),
    ];
    object(fields).encode().unwrap()
}

fn customer_of(n: u64, count: u64) -> String {
    format!("customer-{:08}", n % (count / PER_CUSTOMER).max(1))
}

fn placed(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap()) * 7.0 + 1_700_000_000.0
}
