//! Collections as maps of documents, and every answer by looking at all of them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use entidb::codec::id::Id;
use entidb::codec::value::Value;
use entidb::{
    Access, Change, CollectionId, ErrorKind, IfMatch, IndexKind, IndexSpec, Op, Outcome, Output,
    QueryPlan,
};

use super::order::{Slot, compare, compare_tuples, slot};
use super::random::specs;

/// A string that no ordered index takes is at least so long; other values together stay below.
pub const LONG: usize = 1100;

/// The state of a database.
#[derive(Clone, Default)]
pub struct Model {
    pub collections: BTreeMap<CollectionId, Arc<Coll>>,
}

#[derive(Clone, Default)]
pub struct Coll {
    /// By encoded id.
    pub docs: BTreeMap<Arc<[u8]>, Arc<Doc>>,
    /// Indexes in the order they were made, and whether they are ready.
    pub indexes: Vec<(IndexSpec, bool)>,
}

/// A document, and what was worked out of it so far: it never changes, and it is asked often.
#[derive(Debug)]
pub struct Doc {
    id: Arc<[u8]>,
    pub value: Value,
    encoded: OnceLock<Vec<u8>>,
    /// Its values in each of the indexes that there can be, in order.
    tuples: Vec<OnceLock<Tuples>>,
}

/// The values of a document in an index, or why it cannot be in it.
type Tuples = Result<Vec<Vec<Slot>>, ErrorKind>;

impl Doc {
    fn new(id: &Arc<[u8]>, value: Value) -> Arc<Self> {
        let tuples = (0..specs().len()).map(|_| OnceLock::new()).collect();
        Arc::new(Self { id: Arc::clone(id), value, encoded: OnceLock::new(), tuples })
    }

    pub fn encoded(&self) -> &[u8] {
        self.encoded.get_or_init(|| self.value.encode().unwrap())
    }

    fn tuples(&self, spec: &IndexSpec) -> &Tuples {
        let at = specs().iter().position(|known| known == spec).unwrap();
        self.tuples[at].get_or_init(|| {
            let mut tuples = tuples(spec, &self.id, &self.value)?;
            tuples.sort_by(|a, b| compare_tuples(a, b));
            Ok(tuples)
        })
    }

    /// Whether an index takes it.
    fn check(&self, spec: &IndexSpec) -> Result<(), ErrorKind> {
        let tuples = self.tuples(spec).as_ref().map_err(|kind| *kind)?;
        let is_long = |slot: &Slot| matches!(slot, Some(Value::Text(text)) if text.len() >= LONG);
        if spec.kind == IndexKind::Ordered && tuples.iter().flatten().any(is_long) {
            return Err(ErrorKind::LimitExceeded);
        }
        Ok(())
    }

    /// The values that no other document may have too.
    fn kept_apart(&self, spec: &IndexSpec) -> impl Iterator<Item = &Vec<Slot>> {
        let tuples = self.tuples(spec).as_deref().unwrap_or_default();
        tuples.iter().filter(|tuple| tuple.iter().all(Option::is_some))
    }
}

/// Documents as they were before some writes, one for each.
pub struct Before(Vec<Option<Arc<Doc>>>);

/// A write with owned values.
#[derive(Clone, Debug)]
pub struct Write {
    pub collection: CollectionId,
    pub id: Vec<u8>,
    pub what: What,
    pub if_match: IfMatch,
}

#[derive(Clone, Debug)]
pub enum What {
    Put(Value),
    Insert(Value),
    Patch(BTreeMap<String, Value>, Vec<String>),
    Delete,
}

/// The documents of writes in canonical form, to borrow from.
pub fn encoded(writes: &[Write]) -> Vec<Vec<u8>> {
    let bytes = |write: &Write| match &write.what {
        What::Put(value) | What::Insert(value) => value.encode().unwrap(),
        What::Patch(set, _) => Value::Object(set.clone()).encode().unwrap(),
        What::Delete => Vec::new(),
    };
    writes.iter().map(bytes).collect()
}

pub fn ops<'a>(writes: &'a [Write], bytes: &'a [Vec<u8>]) -> Vec<Op<'a>> {
    let op = |(write, bytes): (&'a Write, &'a Vec<u8>)| {
        let change = match &write.what {
            What::Put(_) => Change::Put(bytes),
            What::Insert(_) => Change::Insert(bytes),
            What::Patch(_, unset) => {
                Change::Patch { set: bytes, unset: unset.iter().map(String::as_str).collect() }
            }
            What::Delete => Change::Delete,
        };
        Op { collection: write.collection, id: &write.id, change, if_match: write.if_match }
    };
    writes.iter().zip(bytes).map(op).collect()
}

impl Model {
    pub fn coll(&self, id: CollectionId) -> &Coll {
        &self.collections[&id]
    }

    pub fn coll_mut(&mut self, id: CollectionId) -> &mut Coll {
        Arc::make_mut(self.collections.get_mut(&id).unwrap())
    }

    pub fn get(&self, id: CollectionId, key: &[u8]) -> Option<Vec<u8>> {
        self.coll(id).docs.get(key).map(|doc| doc.encoded().to_vec())
    }

    pub fn hash(&self, id: CollectionId, key: &[u8]) -> Option<[u8; 32]> {
        let document = self.get(id, key)?;
        Some(entidb::codec::id::hash(&Id::decode(key).unwrap(), &document).unwrap())
    }

    /// The documents that writes are about, as they are.
    pub fn before(&self, writes: &[Write]) -> Before {
        let doc =
            |write: &Write| self.coll(write.collection).docs.get(write.id.as_slice()).cloned();
        Before(writes.iter().map(doc).collect())
    }

    /// Undoes writes.
    pub fn restore(&mut self, writes: &[Write], before: Before) {
        for (write, doc) in writes.iter().zip(before.0) {
            let docs = &mut self.coll_mut(write.collection).docs;
            match doc {
                Some(doc) => drop(docs.insert(Arc::clone(&doc.id), doc)),
                None => drop(docs.remove(write.id.as_slice())),
            }
        }
    }

    /// Applies writes in order, all or none; unique values are not looked at.
    pub fn apply(&mut self, writes: &[Write], ready_only: bool) -> Result<Vec<Outcome>, ErrorKind> {
        let before = self.before(writes);
        let applied = self.try_apply(writes, ready_only);
        if applied.is_err() {
            self.restore(writes, before);
        }
        applied
    }

    fn try_apply(&mut self, writes: &[Write], ready_only: bool) -> Result<Vec<Outcome>, ErrorKind> {
        let mut outcomes = Vec::new();
        for write in writes {
            outcomes.push(self.apply_one(write)?);
        }
        for write in writes {
            let coll = self.coll(write.collection);
            if let Some(doc) = coll.docs.get(write.id.as_slice()) {
                for (spec, _) in coll.indexes.iter().filter(|(_, ready)| *ready || !ready_only) {
                    doc.check(spec)?;
                }
            }
        }
        Ok(outcomes)
    }

    fn apply_one(&mut self, write: &Write) -> Result<Outcome, ErrorKind> {
        let matches = match write.if_match {
            IfMatch::Any => true,
            IfMatch::Absent => self.get(write.collection, &write.id).is_none(),
            IfMatch::Hash(hash) => self.hash(write.collection, &write.id) == Some(hash),
        };
        if !matches {
            return Err(ErrorKind::Conflict);
        }
        let docs = &mut self.coll_mut(write.collection).docs;
        let id: Arc<[u8]> = Arc::from(write.id.as_slice());
        match &write.what {
            What::Insert(_) if docs.contains_key(&id) => Err(ErrorKind::AlreadyExists),
            What::Put(value) | What::Insert(value) => {
                docs.insert(Arc::clone(&id), Doc::new(&id, value.clone()));
                Ok(Outcome::Written)
            }
            What::Patch(set, unset) => match docs.get(&id).map(|doc| doc.value.clone()) {
                Some(Value::Object(mut map)) => {
                    map.retain(|name, _| !unset.contains(name));
                    map.extend(set.clone());
                    let doc = Doc::new(&id, Value::Object(map));
                    docs.insert(id, Arc::clone(&doc));
                    Ok(Outcome::Patched(doc.encoded().to_vec()))
                }
                _ => Err(ErrorKind::NotFound),
            },
            What::Delete => Ok(Outcome::Deleted(docs.remove(&id).is_some())),
        }
    }

    /// Whether some index does not answer yet.
    pub fn is_building(&self) -> bool {
        self.collections.values().any(|coll| coll.indexes.iter().any(|(_, ready)| !ready))
    }

    /// Whether a document that was just written shares a value with another that an index keeps
    /// apart. Before the writes none did.
    pub fn has_violated(&self, writes: &[Write], ready_only: bool) -> bool {
        writes.iter().any(|write| {
            let coll = self.coll(write.collection);
            let Some(doc) = coll.docs.get(write.id.as_slice()) else { return false };
            let specs = coll.indexes.iter().filter(|(_, ready)| *ready || !ready_only);
            let mut specs = specs.filter(|(spec, _)| spec.unique);
            specs.any(|(spec, _)| coll.is_shared(spec, doc))
        })
    }

    /// Whether two documents share a value that an index keeps apart.
    pub fn is_violated(&self, ready_only: bool) -> bool {
        let each = |coll: &Arc<Coll>| {
            let specs = coll.indexes.iter().filter(|(_, ready)| *ready || !ready_only);
            specs.filter(|(spec, _)| spec.unique).any(|(spec, _)| coll.is_violated(spec))
        };
        self.collections.values().any(each)
    }
}

/// The values of a document in an index.
fn tuples(spec: &IndexSpec, id: &[u8], doc: &Value) -> Tuples {
    let mut tuples: Vec<Vec<Slot>> = vec![Vec::new()];
    let mut arrays = 0;
    for (at, field) in spec.fields.iter().enumerate() {
        let mut slots = if field == "id" {
            vec![Some(match Id::decode(id).unwrap() {
                #[allow(clippy::cast_precision_loss)]
                Id::Int(n) => Value::Number(n as f64),
                Id::Text(text) => Value::Text(text),
            })]
        } else {
            let names: Vec<_> = field.split('.').collect();
            find(doc, &names, spec.each).iter().map(|value| slot(value.as_ref())).collect()
        };
        slots.sort_by(|a, b| compare(a.as_ref(), b.as_ref()));
        slots.dedup_by(|a, b| compare(a.as_ref(), b.as_ref()).is_eq());
        if at == 0 {
            slots.retain(Option::is_some);
        }
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        arrays += usize::from(slots.len() > 1);
        if arrays > 1 {
            return Err(ErrorKind::InvalidInput);
        }
        tuples = tuples
            .iter()
            .flat_map(|tuple| slots.iter().map(|s| [tuple.clone(), vec![s.clone()]].concat()))
            .collect();
    }
    Ok(tuples)
}

fn find(value: &Value, names: &[&str], through: bool) -> Vec<Option<Value>> {
    match (value, names) {
        (Value::Array(elements), _) if through && !elements.is_empty() => {
            elements.iter().flat_map(|element| find(element, names, false)).collect()
        }
        (Value::Array(_), _) if through => vec![None],
        (value, []) => vec![Some(value.clone())],
        (Value::Object(map), [name, rest @ ..]) => match map.get(*name) {
            Some(value) => find(value, rest, through),
            None => vec![None],
        },
        _ => vec![None],
    }
}

impl Coll {
    pub fn is_violated(&self, spec: &IndexSpec) -> bool {
        let mut seen: Vec<&Vec<Slot>> =
            self.docs.values().flat_map(|doc| doc.kept_apart(spec)).collect();
        let all = seen.len();
        seen.sort_by(|a, b| compare_tuples(a, b));
        seen.dedup_by(|a, b| compare_tuples(a, b).is_eq());
        seen.len() < all
    }

    /// Whether another document has a value of this one.
    fn is_shared(&self, spec: &IndexSpec, doc: &Doc) -> bool {
        let others = || self.docs.values().filter(|other| other.id != doc.id);
        doc.kept_apart(spec).any(|tuple| {
            let has = |other: &Arc<Doc>| {
                other.kept_apart(spec).any(|theirs| compare_tuples(tuple, theirs).is_eq())
            };
            others().any(has)
        })
    }

    /// Whether some document cannot be in an index.
    pub fn is_refused(&self, spec: &IndexSpec) -> bool {
        self.docs.values().any(|doc| doc.check(spec).is_err())
    }

    pub fn entries(&self, spec: &IndexSpec) -> u64 {
        self.docs.values().map(|doc| doc.tuples(spec).as_ref().unwrap().len() as u64).sum()
    }

    /// The ids of a query's rows in order, or `None` where no index answers it.
    pub fn rows(&self, plan: &QueryPlan) -> Option<Vec<Vec<u8>>> {
        let mut rows = match &plan.access {
            Access::Scan { lower, upper } => {
                let bounds = (lower.as_ref(), upper.as_ref());
                let is_empty = matches!(bounds, (Bound::Included(a) | Bound::Excluded(a),
                    Bound::Included(b) | Bound::Excluded(b)) if a > b
                    || a == b && !matches!(bounds, (Bound::Included(_), Bound::Included(_))));
                if is_empty {
                    Vec::new()
                } else {
                    let owned = |bound: Bound<&Vec<u8>>| bound.map(|id| Arc::from(id.as_slice()));
                    let range = (owned(bounds.0), owned(bounds.1));
                    self.docs.range::<Arc<[u8]>, _>(range).map(|(id, _)| id.to_vec()).collect()
                }
            }
            Access::Index { fields, equal, lower, upper, prefix } => {
                let decode = |values: &Vec<Vec<u8>>| -> Vec<Slot> {
                    values.iter().map(|v| slot(Some(&Value::decode(v).unwrap()))).collect()
                };
                let asked = Asked {
                    equal: decode(equal),
                    lower: lower.as_ref().map(decode),
                    upper: upper.as_ref().map(decode),
                    prefix: prefix.as_deref(),
                };
                let spec = self.choose(fields, &asked)?;
                self.index_rows(spec, &asked, plan.reverse)
            }
        };
        if plan.reverse {
            rows.reverse();
        }
        let take = plan.take.map_or(usize::MAX, |take| usize::try_from(take).unwrap());
        let skip = usize::try_from(plan.skip).unwrap();
        Some(rows.into_iter().skip(skip).take(take).collect())
    }

    fn choose(&self, fields: &[String], asked: &Asked<'_>) -> Option<&IndexSpec> {
        let is_bounded =
            !matches!((&asked.lower, &asked.upper), (Bound::Unbounded, Bound::Unbounded));
        let answers = |spec: &&IndexSpec| match spec.kind {
            IndexKind::Ordered => spec.fields.starts_with(fields),
            IndexKind::Hash => {
                spec.fields == fields
                    && asked.equal.len() == fields.len()
                    && !is_bounded
                    && asked.prefix.is_none()
            }
        };
        let ready = self.indexes.iter().filter(|(_, ready)| *ready).map(|(spec, _)| spec);
        ready.filter(answers).min_by_key(|s| (s.fields.len(), s.kind == IndexKind::Hash))
    }

    fn index_rows(&self, spec: &IndexSpec, asked: &Asked<'_>, reverse: bool) -> Vec<Vec<u8>> {
        let mut rows: Vec<(&Vec<Slot>, &Arc<[u8]>)> = Vec::new();
        for (id, doc) in &self.docs {
            let tuples = doc.tuples(spec).as_ref().unwrap();
            let mut within = tuples.iter().filter(|tuple| asked.holds(tuple));
            let first = if reverse { within.next_back() } else { within.next() };
            rows.extend(first.map(|tuple| (tuple, id)));
        }
        rows.sort_by(|a, b| compare_tuples(a.0, b.0).then_with(|| a.1.cmp(b.1)));
        rows.into_iter().map(|(_, id)| id.to_vec()).collect()
    }
}

struct Asked<'a> {
    equal: Vec<Slot>,
    lower: Bound<Vec<Slot>>,
    upper: Bound<Vec<Slot>>,
    prefix: Option<&'a str>,
}

impl Asked<'_> {
    fn holds(&self, tuple: &[Slot]) -> bool {
        let (head, rest) = tuple.split_at(self.equal.len());
        let against = |bound: &Vec<Slot>| compare_tuples(&rest[..bound.len()], bound);
        compare_tuples(head, &self.equal).is_eq()
            && match &self.lower {
                Bound::Included(bound) => against(bound) != Ordering::Less,
                Bound::Excluded(bound) => against(bound) == Ordering::Greater,
                Bound::Unbounded => true,
            }
            && match &self.upper {
                Bound::Included(bound) => against(bound) != Ordering::Greater,
                Bound::Excluded(bound) => against(bound) == Ordering::Less,
                Bound::Unbounded => true,
            }
            && match (self.prefix, rest.first()) {
                (Some(prefix), Some(Some(Value::Text(text)))) => text.starts_with(prefix),
                (Some(_), _) => false,
                (None, _) => true,
            }
    }
}

/// A plan that asks for everything.
pub fn plan(collection: CollectionId, access: Access) -> QueryPlan {
    QueryPlan { output: Output::Documents, ..QueryPlan::over(collection, access) }
}
