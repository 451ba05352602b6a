//! Work on a database, each answer held against a map.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use arbitrary::Arbitrary;
use entidb::codec::id::Id;
use entidb::codec::value::Value;
use entidb::storage::MemoryStorage;
use entidb::{
    Access, At, BuildBudget, Change, CollectionId, Database, Durability, ErrorKind, Geometry,
    IfMatch, IndexSpec, Op, Options, PageLimits, QueryPlan, Snapshot, Staged, Transaction,
};

use crate::decode;
use crate::value::order;

const ACTS_MAX: usize = 40;
const OPS_MAX: usize = 6;

#[derive(Debug, Arbitrary)]
enum Act {
    Write(Vec<Write>, bool),
    Get(u8),
    Count,
    Query { lower: Edge, upper: Edge, reverse: bool, skip: u8, take: Option<u8>, page: u8 },
    Scan { reverse: bool, from: u8 },
    Snapshot,
    ReadSnapshot(u8),
    Release,
    Begin,
    TxWrite(Vec<Write>),
    TxGet(u8),
    TxCommit,
    TxRollback,
    Step(u16),
    Settle,
    Checkpoint,
    Compact,
    Clear,
    ToggleIndex,
    Reopen(bool),
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum Edge {
    None,
    At(Scalar),
    Beyond(Scalar),
}

#[derive(Clone, Debug, Arbitrary)]
struct Write {
    id: u8,
    what: What,
    a: Option<Scalar>,
    unique: Option<u8>,
    bytes: u8,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum What {
    Put,
    Insert,
    PutNew,
    Patch,
    Delete,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum Scalar {
    Null,
    Bool(bool),
    Number(i8),
    Half(i8),
    Big(i8),
    Text(u8),
    Object,
}

impl Scalar {
    fn value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(n) => Value::Number(n.into()),
            Self::Half(n) => Value::Number(f64::from(n) + 0.5),
            Self::Big(n) => Value::BigInt(n.into()),
            Self::Text(n) => Value::Text("t".repeat(usize::from(n % 5))),
            Self::Object => Value::Object(BTreeMap::new()),
        }
    }
}

type Document = BTreeMap<String, Value>;
type Documents = BTreeMap<Vec<u8>, Document>;

impl Write {
    fn id(&self) -> Vec<u8> {
        id(self.id)
    }

    fn document(&self) -> Document {
        let mut document = Document::new();
        document.extend(self.a.map(|a| ("a".to_owned(), a.value())));
        document.extend(self.unique.map(|n| ("u".to_owned(), Value::Number(f64::from(n % 16)))));
        // Long ones are stored in pieces.
        let len = usize::from(self.bytes) * if self.bytes > 240 { 20 } else { 1 };
        if len > 0 {
            document.insert("bytes".to_owned(), Value::Bytes(vec![self.bytes; len]));
        }
        document
    }

    /// What it makes of the documents; the kind of its refusal.
    fn apply(&self, documents: &mut Documents) -> Result<(), ErrorKind> {
        let (id, mut document) = (self.id(), self.document());
        let there = documents.get(&id);
        match (self.what, there) {
            (What::Insert, Some(_)) => return Err(ErrorKind::AlreadyExists),
            (What::PutNew, Some(_)) => return Err(ErrorKind::Conflict),
            (What::Patch, None) => return Err(ErrorKind::NotFound),
            (What::Delete, _) => {
                documents.remove(&id);
                return Ok(());
            }
            (What::Patch, Some(old)) => {
                let mut patched = old.clone();
                patched.append(&mut document);
                document = patched;
            }
            _ => {}
        }
        documents.insert(id, document);
        Ok(())
    }
}

/// Integers, UUIDs and other strings.
fn id(n: u8) -> Vec<u8> {
    let id = match n % 3 {
        0 => Id::Int(i64::from(n) - 30),
        1 => Id::Text(format!("00000000-0000-4000-8000-0000000000{n:02x}")),
        _ => Id::Text(format!("id {}", n % 32)),
    };
    id.encode().expect("an id")
}

fn encoded(document: &Document) -> Vec<u8> {
    Value::Object(document.clone()).encode().expect("a document")
}

/// A transaction as the model has it.
struct Open {
    tx: Transaction,
    began: u64,
    documents: Documents,
    written: BTreeSet<Vec<u8>>,
    read: BTreeSet<Vec<u8>>,
}

struct World {
    storage: MemoryStorage,
    db: Database<MemoryStorage>,
    collection: CollectionId,
    documents: Documents,
    indexed: bool,
    snapshots: Vec<(Snapshot, Documents)>,
    open: Option<Open>,
    /// Counts what changed documents, and when each was last changed.
    now: u64,
    changed: BTreeMap<Vec<u8>, u64>,
    cleared: u64,
}

/// The target; see the [module](self).
pub fn run(data: &[u8]) {
    let Some(acts) = decode::<Vec<Act>>(data) else { return };
    let mut world = World::new();
    for act in acts.iter().take(ACTS_MAX) {
        world.act(act);
    }
    world.check_all(false);
    world.reopen(false);
    world.check_all(true);
}

fn index() -> IndexSpec {
    IndexSpec::ordered(["a"])
}

impl World {
    fn new() -> Self {
        let storage = MemoryStorage::new();
        let mut db = open(&storage);
        let specs = [index(), IndexSpec::ordered(["u"]).unique()];
        let (collection, _) = db.create_collection("fuzz", &specs).expect("a collection");
        Self {
            storage,
            db,
            collection,
            documents: Documents::new(),
            indexed: true,
            snapshots: Vec::new(),
            open: None,
            now: 0,
            changed: BTreeMap::new(),
            cleared: 0,
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Write(writes, strict) => self.write(writes, *strict),
            Act::Get(n) => {
                let found = self.db.get(At::Latest, self.collection, &id(*n)).expect("a read");
                assert_eq!(found, self.documents.get(&id(*n)).map(encoded));
            }
            Act::Count => {
                let count = self.db.count(At::Latest, self.collection).expect("a count");
                assert_eq!(count, self.documents.len() as u64);
            }
            Act::Query { lower, upper, reverse, skip, take, page } if self.indexed => {
                let (skip, take) = (u64::from(*skip % 8), take.map(u64::from));
                let plan = QueryPlan { reverse: *reverse, skip, take, ..self.plan(*lower, *upper) };
                let wanted = self.wanted(*lower, *upper, *reverse, skip, take);
                assert_eq!(self.ids(&plan, 1 + usize::from(page % 8)), wanted);
            }
            Act::Scan { reverse, from } => self.scan(*reverse, &id(*from)),
            Act::Snapshot if self.snapshots.len() < 4 => {
                let snapshot = self.db.snapshot().expect("a snapshot");
                self.snapshots.push((snapshot, self.documents.clone()));
            }
            Act::Query { .. } | Act::Snapshot => {}
            Act::ReadSnapshot(n) => {
                if let Some((snapshot, then)) = self.snapshots.first() {
                    let at = At::Snapshot(snapshot);
                    let found = self.db.get(at, self.collection, &id(*n)).expect("a read");
                    assert_eq!(found, then.get(&id(*n)).map(encoded), "a snapshot stays");
                }
            }
            Act::Release => drop(self.snapshots.pop()),
            Act::Begin => self.begin(),
            Act::TxWrite(writes) => self.tx_write(writes),
            Act::TxGet(n) => self.tx_get(&id(*n)),
            Act::TxCommit => self.tx_commit(),
            Act::TxRollback => {
                if let Some(open) = self.open.take() {
                    self.db.rollback(open.tx);
                }
            }
            Act::Step(budget) => drop(self.db.step(u64::from(*budget) + 1).expect("a step")),
            Act::Settle => self.db.settle().expect("settling"),
            Act::Checkpoint => drop(self.db.checkpoint().expect("a checkpoint")),
            Act::Compact => {
                self.db.compact_begin().expect("a compaction");
                while self.db.step(1 << 14).expect("a step") {}
            }
            Act::Clear => {
                let _ = self.db.clear(self.collection).expect("a clear");
                self.documents.clear();
                self.now += 1;
                self.cleared = self.now;
            }
            Act::ToggleIndex => self.toggle_index(),
            Act::Reopen(closes) => self.reopen(*closes),
        }
    }

    fn ops<'a>(&self, writes: &'a [Write], bytes: &'a [(Vec<u8>, Vec<u8>)]) -> Vec<Op<'a>> {
        let op = |(write, (id, document)): (&Write, &'a (Vec<u8>, Vec<u8>))| {
            let (change, if_match) = match write.what {
                What::Put => (Change::Put(document), IfMatch::Any),
                What::Insert => (Change::Insert(document), IfMatch::Any),
                What::PutNew => (Change::Put(document), IfMatch::Absent),
                What::Patch => (Change::Patch { set: document, unset: Vec::new() }, IfMatch::Any),
                What::Delete => (Change::Delete, IfMatch::Any),
            };
            Op { collection: self.collection, id, change, if_match }
        };
        writes.iter().zip(bytes).map(op).collect()
    }

    fn write(&mut self, writes: &[Write], strict: bool) {
        let writes = &writes[..writes.len().min(OPS_MAX)];
        let bytes: Vec<_> = writes.iter().map(|w| (w.id(), encoded(&w.document()))).collect();
        let wanted = outcome(writes, &self.documents);
        let staged = self.db.stage(&self.ops(writes, &bytes));
        match (&staged, wanted) {
            (Ok(Staged::GroupFull), _) => panic!("an empty group takes a commit"),
            (Ok(_), Ok(documents)) => self.now_are(documents),
            (Err(error), Err(kinds)) => assert!(kinds.contains(&error.kind()), "{error:?}"),
            (staged, wanted) => panic!("{staged:?} instead of {wanted:?}"),
        }
        let durability = if strict { Durability::Strict } else { Durability::Relaxed };
        let _ = self.db.commit(durability).expect("memory takes a commit");
    }

    fn now_are(&mut self, documents: Documents) {
        self.now += 1;
        for id in self.documents.keys().chain(documents.keys()) {
            if self.documents.get(id) != documents.get(id) {
                self.changed.insert(id.clone(), self.now);
            }
        }
        self.documents = documents;
    }

    fn begin(&mut self) {
        if self.open.is_none() {
            let (documents, began) = (self.documents.clone(), self.now);
            let tx = self.db.begin().expect("a transaction");
            let (written, read) = (BTreeSet::new(), BTreeSet::new());
            self.open = Some(Open { tx, began, documents, written, read });
        }
    }

    fn tx_write(&mut self, writes: &[Write]) {
        let Some(mut open) = self.open.take() else { return };
        let writes = &writes[..writes.len().min(OPS_MAX)];
        let bytes: Vec<_> = writes.iter().map(|w| (w.id(), encoded(&w.document()))).collect();
        let ops = self.ops(writes, &bytes);
        let mut documents = open.documents.clone();
        let refused = writes.iter().find_map(|write| write.apply(&mut documents).err());
        match (self.db.tx_write(&mut open.tx, &ops), refused) {
            (Ok(_), None) => {
                open.documents = documents;
                for write in writes {
                    open.written.insert(write.id());
                    if !matches!(write.what, What::Put) {
                        open.read.insert(write.id());
                    }
                }
            }
            // Which of several refusals is told, and whether a shared value is told here already,
            // is the engine's to choose.
            (Err(_), _) => {}
            (Ok(_), Some(kind)) => panic!("a write was taken that should be {kind:?}"),
        }
        self.open = Some(open).filter(|open| !open.tx.is_over());
    }

    fn tx_get(&mut self, id: &[u8]) {
        let Some(open) = &mut self.open else { return };
        let at = At::Transaction(&mut open.tx);
        let found = self.db.get(at, self.collection, id).expect("a read");
        assert_eq!(found, open.documents.get(id).map(encoded), "a transaction sees its writes");
        open.read.insert(id.to_vec());
    }

    fn tx_commit(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        let committed = self.db.tx_commit(&mut open.tx);
        let _ = self.db.commit(Durability::Strict).expect("memory takes a commit");
        let since = |id: &Vec<u8>| self.changed.get(id).is_some_and(|at| *at > open.began);
        let changed = open.read.iter().any(since);
        let undisturbed = self.now == open.began;
        let mut documents = self.documents.clone();
        for id in &open.written {
            match open.documents.get(id) {
                Some(document) => documents.insert(id.clone(), document.clone()),
                None => documents.remove(id),
            };
        }
        let unique = is_unique(&documents);
        match committed {
            Ok(Staged::GroupFull) => panic!("an empty group takes a commit"),
            Ok(_) => {
                assert!(!changed, "what a transaction read has changed");
                assert!(unique, "two documents share a unique value");
                self.now_are(documents);
            }
            Err(error) => match error.kind() {
                ErrorKind::UniqueViolation => assert!(!undisturbed || !unique, "{error:?}"),
                ErrorKind::Conflict | ErrorKind::NotFound => {
                    assert!(!undisturbed, "nothing else was committed: {error:?}");
                }
                _ => panic!("{error:?}"),
            },
        }
    }

    fn toggle_index(&mut self) {
        if self.indexed {
            let _ = self.db.drop_index(self.collection, &index()).expect("an index");
        } else {
            let _ = self.db.create_index(self.collection, &index()).expect("a new index");
            let budget = BuildBudget { documents: 3, bytes: 1 << 12 };
            while self.db.build_step(budget).expect("a step").is_some() {}
        }
        self.indexed = !self.indexed;
    }

    fn reopen(&mut self, closes: bool) {
        self.open = None;
        self.snapshots.clear();
        if closes {
            let _ = self.db.close().expect("the end");
        }
        self.db = open(&self.storage);
        assert_eq!(self.db.collection_id("fuzz").ok(), Some(self.collection));
    }

    fn plan(&self, lower: Edge, upper: Edge) -> QueryPlan {
        let bound = |edge| match edge {
            Edge::None => Bound::Unbounded,
            Edge::At(scalar) => Bound::Included(vec![scalar.value().encode().expect("a value")]),
            Edge::Beyond(scalar) => {
                Bound::Excluded(vec![scalar.value().encode().expect("a value")])
            }
        };
        let access = Access::Index {
            fields: vec!["a".to_owned()],
            equal: Vec::new(),
            lower: bound(lower),
            upper: bound(upper),
            prefix: None,
        };
        QueryPlan::over(self.collection, access)
    }

    fn wanted(
        &self,
        lower: Edge,
        upper: Edge,
        reverse: bool,
        skip: u64,
        take: Option<u64>,
    ) -> Vec<Vec<u8>> {
        let above = |value: &Value, edge| match edge {
            Edge::None => true,
            Edge::At(scalar) => order(value, &scalar.value()).is_ge(),
            Edge::Beyond(scalar) => order(value, &scalar.value()).is_gt(),
        };
        let below = |value: &Value, edge| match edge {
            Edge::None => true,
            Edge::At(scalar) => order(value, &scalar.value()).is_le(),
            Edge::Beyond(scalar) => order(value, &scalar.value()).is_lt(),
        };
        // An object counts as missing, and a document without the first field has no entry.
        let has_entry = |value: &Value| !matches!(value, Value::Object(_));
        let values = self.documents.iter().filter_map(|(id, d)| Some((d.get("a")?, id)));
        let mut rows: Vec<(&Value, &Vec<u8>)> = values
            .filter(|(value, _)| has_entry(value) && above(value, lower) && below(value, upper))
            .collect();
        rows.sort_by(|a, b| order(a.0, b.0).then(a.1.cmp(b.1)));
        if reverse {
            rows.reverse();
        }
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let take = take.map_or(usize::MAX, |take| usize::try_from(take).unwrap_or(usize::MAX));
        rows.into_iter().skip(skip).take(take).map(|(_, id)| id.clone()).collect()
    }

    fn ids(&mut self, plan: &QueryPlan, documents: usize) -> Vec<Vec<u8>> {
        let mut cursor = self.db.cursor(At::Latest, plan).expect("a query");
        let mut ids = Vec::new();
        loop {
            let limits = PageLimits { bytes: 1 << 14, documents };
            let page = self.db.page(&mut cursor, None, limits).expect("a page");
            for row in page.rows {
                let wanted = self.documents.get(&row.id).map(encoded);
                assert_eq!(row.document, wanted, "a row is its document");
                ids.push(row.id);
            }
            if page.done {
                return ids;
            }
        }
    }

    fn scan(&mut self, reverse: bool, from: &[u8]) {
        let lower = if from.is_empty() { Bound::Unbounded } else { Bound::Included(from.to_vec()) };
        let access = Access::Scan { lower, upper: Bound::Unbounded };
        let plan = QueryPlan { reverse, ..QueryPlan::over(self.collection, access) };
        let mut wanted: Vec<_> =
            self.documents.range(from.to_vec()..).map(|(id, _)| id.clone()).collect();
        if reverse {
            wanted.reverse();
        }
        assert_eq!(self.ids(&plan, 3), wanted);
    }

    fn check_all(&mut self, reopened: bool) {
        self.scan(false, &[]);
        if self.indexed {
            let all = self.wanted(Edge::None, Edge::None, reopened, 0, None);
            let plan = QueryPlan { reverse: reopened, ..self.plan(Edge::None, Edge::None) };
            assert_eq!(self.ids(&plan, 5), all);
        }
    }
}

/// What a batch makes of the documents, or the kinds that its refusal may have.
fn outcome(writes: &[Write], before: &Documents) -> Result<Documents, Vec<ErrorKind>> {
    let mut documents = before.clone();
    let mut kinds = Vec::new();
    let mut refused = BTreeSet::new();
    for write in writes {
        // After a refusal the same document is in no state that anybody speaks of.
        if !refused.contains(&write.id())
            && let Err(kind) = write.apply(&mut documents)
        {
            refused.insert(write.id());
            kinds.push(kind);
        }
    }
    if !is_unique(&documents) {
        kinds.push(ErrorKind::UniqueViolation);
    }
    if kinds.is_empty() { Ok(documents) } else { Err(kinds) }
}

fn is_unique(documents: &Documents) -> bool {
    let mut values: Vec<&Value> = documents.values().filter_map(|d| d.get("u")).collect();
    values.sort_by(|a, b| order(a, b));
    values.windows(2).all(|pair| order(pair[0], pair[1]) != Ordering::Equal)
}

fn open(storage: &MemoryStorage) -> Database<MemoryStorage> {
    let geometry = Geometry { manifest_area_bytes: 64 * 1024, ..Geometry::TINY };
    let options = Options { geometry, cache_bytes: 1 << 16, ..Options::default() };
    Database::open(storage.clone(), &options).expect("memory opens")
}
