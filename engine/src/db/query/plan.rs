//! From what a caller asks for to a range of keys: which index answers, from where to where.

use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::{Catalog, Collection, CollectionId, Index, IndexId, IndexKind};
use crate::codec::cbor;
use crate::codec::id;
use crate::codec::key;
use crate::error::{Error, ErrorKind, Result};
use crate::index;
use crate::kv::view::KeyRange;

/// A query: one access path and what to take of it.
#[derive(Clone, Debug)]
pub struct QueryPlan {
    /// The collection.
    pub collection: CollectionId,
    /// The access path.
    pub access: Access,
    /// From the end to the start.
    pub reverse: bool,
    /// Rows to pass over first.
    pub skip: u64,
    /// Rows to deliver at most.
    pub take: Option<u64>,
    /// What to deliver of each row.
    pub output: Output,
}

/// What a query delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Ids and documents.
    Documents,
    /// Ids only; documents are read only where the index alone cannot tell.
    Ids,
    /// The number of rows only.
    Count,
}

/// How a query gets at documents.
#[derive(Clone, Debug)]
pub enum Access {
    /// Through an index whose leading fields are exactly `fields`; else `IndexRequired`. Rows come
    /// in the order of the index, then by id.
    ///
    /// Values are canonical CBOR. All of the order of values lies between two bounds, also values
    /// of different types, and missing ones first.
    Index {
        /// The paths that the query names.
        fields: Vec<String>,
        /// The values of the leading ones.
        equal: Vec<Vec<u8>>,
        /// From where the fields after those go: a tuple of values, which stands for all tuples
        /// that begin with it.
        lower: Bound<Vec<Vec<u8>>>,
        /// To where.
        upper: Bound<Vec<Vec<u8>>>,
        /// What the next field, a string, starts with; instead of bounds.
        prefix: Option<String>,
    },
    /// All documents between two encoded ids, in the order of ids.
    Scan {
        /// The first id.
        lower: Bound<Vec<u8>>,
        /// The last id.
        upper: Bound<Vec<u8>>,
    },
}

impl QueryPlan {
    /// All documents of a collection in the order of ids.
    pub fn scan(collection: CollectionId) -> Self {
        Self::over(collection, Access::Scan { lower: Bound::Unbounded, upper: Bound::Unbounded })
    }

    /// All rows of `access`.
    pub fn over(collection: CollectionId, access: Access) -> Self {
        let output = Output::Documents;
        Self { collection, access, reverse: false, skip: 0, take: None, output }
    }
}

/// An access path that has been found.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub collection: Arc<Collection>,
    /// None is a scan.
    pub index: Option<IndexId>,
    /// What is left to go over.
    pub range: KeyRange,
    /// All there was to go over.
    pub whole: KeyRange,
    /// Whether that is the whole of the collection or index.
    pub is_whole: bool,
    pub check: Check,
}

/// What has to be looked up in the document before an entry counts.
#[derive(Clone, Debug)]
pub(super) enum Check {
    /// Nothing.
    None,
    /// That it has these encoded values, as a hash can deceive.
    Values(Vec<u8>),
    /// That no entry of the same document in the range comes first.
    First,
}

impl Path {
    pub fn index(&self) -> Option<&Index> {
        self.collection.index_by_id(self.index?)
    }
}

/// Finds the access path.
pub(super) fn resolve(catalog: &Catalog, plan: &QueryPlan) -> Result<Path> {
    let collection = Arc::clone(catalog.collection(plan.collection)?);
    match &plan.access {
        Access::Scan { lower, upper } => scan(collection, lower, upper),
        Access::Index { fields, equal, lower, upper, prefix } => {
            let asked = Asked::check(fields, equal, lower, upper, prefix.as_deref())?;
            let id = asked.choose(&collection)?;
            let Some(index) = collection.index_by_id(id) else {
                return Err(asked.required(&collection));
            };
            let (range, check) = asked.range(index);
            let is_whole = asked.is_whole();
            Ok(Path { index: Some(id), whole: range.clone(), range, is_whole, check, collection })
        }
    }
}

fn scan(
    collection: Arc<Collection>,
    lower: &Bound<Vec<u8>>,
    upper: &Bound<Vec<u8>>,
) -> Result<Path> {
    let is_whole = matches!((lower, upper), (Bound::Unbounded, Bound::Unbounded));
    let mut range = KeyRange::prefix(&collection.documents_prefix());
    if let Bound::Included(id) | Bound::Excluded(id) = lower {
        id::check(id)?;
        range.lower = lower.as_ref().map(|id| collection.document_key(id));
    }
    if let Bound::Included(id) | Bound::Excluded(id) = upper {
        id::check(id)?;
        range.upper = upper.as_ref().map(|id| collection.document_key(id));
    }
    let whole = range.clone();
    Ok(Path { collection, index: None, range, whole, is_whole, check: Check::None })
}

/// What is asked of an index, with values encoded for keys.
struct Asked<'a> {
    fields: &'a [String],
    equal_count: usize,
    equal: Vec<u8>,
    lower: Bound<Vec<u8>>,
    upper: Bound<Vec<u8>>,
    prefix: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn check(
        fields: &'a [String],
        equal: &[Vec<u8>],
        lower: &Bound<Vec<Vec<u8>>>,
        upper: &Bound<Vec<Vec<u8>>>,
        prefix: Option<&'a str>,
    ) -> Result<Self> {
        let bounded = [lower, upper].into_iter().filter_map(|bound| match bound {
            Bound::Included(tuple) | Bound::Excluded(tuple) => Some(tuple.len()),
            Bound::Unbounded => None,
        });
        let longest = bounded.chain(prefix.map(|_| 1)).max().unwrap_or(0);
        if fields.is_empty() || equal.len() + longest > fields.len() {
            let message = format!(
                "a query names {} paths and gives {} values; name a path for each value",
                fields.len(),
                equal.len() + longest
            );
            return Err(Error::invalid(message));
        }
        let is_bounded = !matches!((lower, upper), (Bound::Unbounded, Bound::Unbounded));
        if prefix.is_some() && is_bounded {
            let message = "a string prefix and bounds for the same path; give one of the two";
            return Err(Error::invalid(message));
        }
        Ok(Self {
            fields,
            equal_count: equal.len(),
            equal: tuple(equal)?,
            lower: tuple_bound(lower)?,
            upper: tuple_bound(upper)?,
            prefix,
        })
    }

    /// Whether nothing is asked but equality.
    fn is_equality(&self) -> bool {
        let open = matches!((&self.lower, &self.upper), (Bound::Unbounded, Bound::Unbounded));
        open && self.prefix.is_none()
    }

    fn is_whole(&self) -> bool {
        self.equal_count == 0 && self.is_equality()
    }

    /// The index that answers: one of exactly the fields before a longer one, an ordered one before
    /// a hash index, the older one of equals.
    fn choose(&self, collection: &Collection) -> Result<IndexId> {
        let fits = |index: &&Index| match index.spec.kind {
            IndexKind::Ordered => index.spec.fields.starts_with(self.fields),
            IndexKind::Hash => {
                index.spec.fields == self.fields
                    && self.equal_count == self.fields.len()
                    && self.is_equality()
            }
        };
        let rank = |index: &&Index| {
            (index.spec.fields.len(), index.spec.kind == IndexKind::Hash, index.id)
        };
        let fitting = || collection.indexes.iter().filter(fits);
        match fitting().filter(|index| index.is_ready()).min_by_key(rank) {
            Some(index) => Ok(index.id),
            None => match fitting().next() {
                Some(index) => {
                    let message = format!(
                        "{} of `{}` is still being built; wait until it is ready",
                        index.spec, collection.name
                    );
                    Err(self.required_with(collection, message))
                }
                None => Err(self.required(collection)),
            },
        }
    }

    #[cold]
    fn required(&self, collection: &Collection) -> Error {
        let quoted: Vec<_> = self.fields.iter().map(|field| format!("'{field}'")).collect();
        let message = format!(
            "no index of `{}` answers this query; declare index({}) for it, or use `scan` and a \
             filter",
            collection.name,
            quoted.join(", ")
        );
        self.required_with(collection, message)
    }

    fn required_with(&self, collection: &Collection, message: String) -> Error {
        Error::new(ErrorKind::IndexRequired, message).with(|details| {
            details.collection = Some(collection.name.clone());
            details.path = Some(self.fields.join(", "));
        })
    }

    fn range(&self, index: &Index) -> (KeyRange, Check) {
        if index.spec.kind == IndexKind::Hash {
            let range = KeyRange::prefix(&index::hash_prefix(index, &self.equal));
            return (range, Check::Values(self.equal.clone()));
        }
        let start = [&index.prefix()[..], &self.equal].concat();
        let check = if !index.spec.each || self.equal_count == index.spec.fields.len() {
            Check::None
        } else {
            Check::First
        };
        if let Some(text) = self.prefix {
            let mut prefix = start;
            key::string_prefix(text, &mut prefix);
            return (KeyRange::prefix(&prefix), check);
        }
        let mut range = KeyRange::prefix(&start);
        let at = |tuple: &Vec<u8>| [start.as_slice(), tuple].concat();
        let behind = |tuple: &Vec<u8>| key::successor(&at(tuple)).map(Bound::Excluded);
        match &self.lower {
            Bound::Unbounded => {}
            Bound::Included(tuple) => range.lower = Bound::Included(at(tuple)),
            Bound::Excluded(tuple) => {
                // Keys start with a space below `FF`, so there always is a greater one.
                let behind = key::successor(&at(tuple)).unwrap_or_default();
                range.lower = Bound::Included(behind);
            }
        }
        match &self.upper {
            Bound::Unbounded => {}
            Bound::Included(tuple) => range.upper = behind(tuple).unwrap_or(Bound::Unbounded),
            Bound::Excluded(tuple) => range.upper = Bound::Excluded(at(tuple)),
        }
        (range, check)
    }
}

fn tuple(values: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut encoded = Vec::new();
    for value in values {
        cbor::validate_value(value)?;
        key::encode_value(value, &mut encoded)?;
    }
    Ok(encoded)
}

fn tuple_bound(bound: &Bound<Vec<Vec<u8>>>) -> Result<Bound<Vec<u8>>> {
    Ok(match bound {
        Bound::Included(values) => Bound::Included(tuple(values)?),
        Bound::Excluded(values) => Bound::Excluded(tuple(values)?),
        Bound::Unbounded => Bound::Unbounded,
    })
}
