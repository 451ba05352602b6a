//! Collections as a Rust program sees them: of one type that serde knows.
//!
//! Every write is committed strictly before it returns. This face needs a storage that answers at
//! once, as [`MemoryStorage`](crate::storage::MemoryStorage) and
//! [`FileStorage`](crate::storage::FileStorage) do; over an asynchronous one, use [`Database`]
//! itself.

use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalog::CollectionId;
use crate::codec::bytes::Reader;
use crate::codec::cbor;
use crate::codec::id::Id;
use crate::codec::path::{self, Path};
use crate::codec::typed::{from_document, to_document};
use crate::db::{
    Access, At, Change, Cursor, Database, IfMatch, Op, Outcome, Output, PageLimits, QueryPlan, Row,
    Staged,
};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Durability;
use crate::storage::{Storage, Synced};

/// What a query reads at a time.
const PAGE: PageLimits = PageLimits { bytes: 256 * 1024, documents: 256 };

/// A collection of documents of type `T`, whose field `id` holds the id.
pub struct Collection<'db, S: Storage, T> {
    db: &'db mut Database<S>,
    id: CollectionId,
    of: PhantomData<fn() -> T>,
}

impl<S: Storage> Database<S> {
    /// The collection with this name, with documents of type `T`; `NotFound` if there is none.
    pub fn collection<T: Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Collection<'_, S, T>> {
        let id = self.collection_id(name)?;
        Ok(Collection { db: self, id, of: PhantomData })
    }
}

impl<'db, S: Storage, T: Serialize + DeserializeOwned> Collection<'db, S, T> {
    /// The document with this id, if there is one. One that does not fit `T` is `InvalidInput`.
    pub fn get(&self, id: impl Into<Id>) -> Result<Option<T>> {
        let id = id.into();
        let document = self.db.get(At::Latest, self.id, &id.encode()?)?;
        document.map(|document| from_document(&id, &document)).transpose()
    }

    /// Stores a document, whether one with its id is there or not.
    pub fn put(&mut self, object: &T) -> Result<Id> {
        let (id, document) = with_id(object)?;
        self.write(&id, Change::Put(&document), IfMatch::Any)?;
        Ok(id)
    }

    /// Stores a document; `AlreadyExists` where one with its id is there.
    pub fn insert(&mut self, object: &T) -> Result<Id> {
        let (id, document) = with_id(object)?;
        self.write(&id, Change::Insert(&document), IfMatch::Any)?;
        Ok(id)
    }

    /// Changes the document with this id and returns it as it is then; `NotFound` where there is
    /// none, `InvalidInput` where the closure changes the id.
    pub fn update(&mut self, id: impl Into<Id>, change: impl FnOnce(&mut T)) -> Result<T> {
        let id = id.into();
        let mut object = self.get(id.clone())?.ok_or_else(|| {
            let message = "no document has this id; use `put` or `insert` to make one";
            Error::new(ErrorKind::NotFound, message)
        })?;
        change(&mut object);
        let (changed, document) = with_id(&object)?;
        if changed != id {
            return Err(Error::invalid(
                "an id never changes; delete the document and insert another",
            ));
        }
        self.write(&id, Change::Put(&document), IfMatch::Any)?;
        Ok(object)
    }

    /// Deletes the document with this id; whether there was one.
    pub fn delete(&mut self, id: impl Into<Id>) -> Result<bool> {
        let outcome = self.write(&id.into(), Change::Delete, IfMatch::Any)?;
        Ok(outcome == Outcome::Deleted(true))
    }

    /// Number of documents.
    pub fn count(&self) -> Result<u64> {
        self.db.count(At::Latest, self.id)
    }

    /// The documents whose `fields` have these values, through an index: one value for one field, a
    /// tuple for several. They come in the order of the index.
    pub fn find_by<V: Serialize>(self, fields: &[&str], values: &V) -> Result<Query<'db, S, T>> {
        let equal = encode_values(values, fields.len())?;
        Ok(self.query(access(fields, equal, Bound::Unbounded, Bound::Unbounded, None)))
    }

    /// The documents whose `fields` lie within `bounds`, in the order of an index: bounds are
    /// values of one field, or tuples of leading values of several.
    pub fn range<V: Serialize>(
        self,
        fields: &[&str],
        bounds: impl RangeBounds<V>,
    ) -> Result<Query<'db, S, T>> {
        self.range_in::<[(); 0], V>(fields, &[], bounds)
    }

    /// The same, where the leading `fields` have the values in `equal`, a tuple, and the bounds are
    /// about those after them.
    pub fn range_in<E: Serialize, V: Serialize>(
        self,
        fields: &[&str],
        equal: &E,
        bounds: impl RangeBounds<V>,
    ) -> Result<Query<'db, S, T>> {
        let equal = tuple(equal)?;
        let rest = fields.len().saturating_sub(equal.len());
        let encode = |bound: Bound<&V>| -> Result<_> {
            Ok(match bound {
                Bound::Included(value) => Bound::Included(encode_values(value, rest)?),
                Bound::Excluded(value) => Bound::Excluded(encode_values(value, rest)?),
                Bound::Unbounded => Bound::Unbounded,
            })
        };
        let (lower, upper) = (encode(bounds.start_bound())?, encode(bounds.end_bound())?);
        Ok(self.query(access(fields, equal, lower, upper, None)))
    }

    /// The documents whose `field` is a string that starts with `prefix`, in order.
    pub fn starts_with(self, field: &str, prefix: &str) -> Query<'db, S, T> {
        let prefix = Some(prefix.to_owned());
        let (lower, upper) = (Bound::Unbounded, Bound::Unbounded);
        self.query(access(&[field], Vec::new(), lower, upper, prefix))
    }

    /// All documents in the order of ids.
    pub fn scan(self) -> Query<'db, S, T> {
        self.query(Access::Scan { lower: Bound::Unbounded, upper: Bound::Unbounded })
    }

    fn query(self, access: Access) -> Query<'db, S, T> {
        Query { plan: QueryPlan::over(self.id, access), db: self.db, of: PhantomData }
    }

    fn write(&mut self, id: &Id, change: Change<'_>, if_match: IfMatch) -> Result<Outcome> {
        let id = id.encode()?;
        let op = Op { collection: self.id, id: &id, change, if_match };
        let (outcomes, synced) = match self.db.stage(std::slice::from_ref(&op))? {
            Staged::Committed { outcomes, synced, .. } => (outcomes, synced),
            Staged::Seq { outcomes, .. } => {
                at_once(self.db.is_pending())?;
                (outcomes, self.db.commit(Durability::Strict)?)
            }
            Staged::GroupFull => {
                at_once(self.db.is_pending())?;
                let message = "commits are staged; commit or discard them first";
                return Err(Error::invalid(message));
            }
        };
        at_once(matches!(synced, Synced::Pending(_)))?;
        outcomes.into_iter().next().ok_or_else(|| Error::invalid("nothing was written"))
    }
}

/// A query over a collection. It runs when it is iterated or counted, over a snapshot of its own.
pub struct Query<'db, S: Storage, T> {
    db: &'db mut Database<S>,
    plan: QueryPlan,
    of: PhantomData<fn() -> T>,
}

impl<'db, S: Storage, T: DeserializeOwned> Query<'db, S, T> {
    /// From the end to the start.
    #[must_use]
    pub fn reverse(mut self) -> Self {
        self.plan.reverse = !self.plan.reverse;
        self
    }

    /// Without the first `n` rows.
    #[must_use]
    pub fn skip(mut self, n: u64) -> Self {
        self.plan.skip = self.plan.skip.saturating_add(n);
        self.plan.take = self.plan.take.map(|take| take.saturating_sub(n));
        self
    }

    /// At most `n` rows.
    #[must_use]
    pub fn take(mut self, n: u64) -> Self {
        self.plan.take = Some(self.plan.take.map_or(n, |take| take.min(n)));
        self
    }

    /// Number of rows, without reading documents where the index alone can tell.
    pub fn count(mut self) -> Result<u64> {
        self.plan.output = Output::Count;
        let mut cursor = self.db.cursor(At::Latest, &self.plan)?;
        let mut count = 0;
        while !cursor.is_done() {
            count += self.db.page(&mut cursor, None, PAGE)?.count;
        }
        Ok(count)
    }

    /// The rows, read page by page.
    pub fn rows(self) -> Result<Rows<'db, S, T>> {
        let cursor = self.db.cursor(At::Latest, &self.plan)?;
        Ok(Rows { db: self.db, cursor, page: Vec::new().into_iter(), of: PhantomData })
    }

    /// All rows.
    pub fn into_vec(self) -> Result<Vec<T>> {
        self.rows()?.collect()
    }
}

/// The rows of a query.
pub struct Rows<'db, S: Storage, T> {
    db: &'db mut Database<S>,
    cursor: Cursor,
    page: std::vec::IntoIter<Row>,
    of: PhantomData<fn() -> T>,
}

impl<S: Storage, T: DeserializeOwned> Iterator for Rows<'_, S, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.page.next() {
                let document = row.document.unwrap_or_default();
                return Some(Id::decode(&row.id).and_then(|id| from_document(&id, &document)));
            }
            if self.cursor.is_done() {
                return None;
            }
            match self.db.page(&mut self.cursor, None, PAGE) {
                Ok(page) => self.page = page.rows.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn access(
    fields: &[&str],
    equal: Vec<Vec<u8>>,
    lower: Bound<Vec<Vec<u8>>>,
    upper: Bound<Vec<Vec<u8>>>,
    prefix: Option<String>,
) -> Access {
    let fields = fields.iter().map(|&field| field.to_owned()).collect();
    Access::Index { fields, equal, lower, upper, prefix }
}

fn at_once(is_pending: bool) -> Result<()> {
    if is_pending {
        let message = "the storage answers later; use the database's own calls over it";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    Ok(())
}

fn with_id<T: Serialize>(object: &T) -> Result<(Id, Vec<u8>)> {
    let (id, document) = to_document(object)?;
    let id = id.ok_or_else(|| {
        Error::invalid("the document has no `id`; the caller gives it, the engine makes none up")
    })?;
    Ok((id, document))
}

/// The canonical form of values for `count` fields.
fn encode_values<V: Serialize>(value: &V, count: usize) -> Result<Vec<Vec<u8>>> {
    if count == 1 { Ok(vec![encode(value)?]) } else { tuple(value) }
}

fn tuple<V: Serialize>(value: &V) -> Result<Vec<Vec<u8>>> {
    let encoded = encode(value)?;
    let mut reader = Reader::new(&encoded);
    let count = cbor::array_head(&mut reader)?
        .ok_or_else(|| Error::invalid("several fields need a tuple of values"))?;
    (0..count).map(|_| Ok(cbor::value(&mut reader)?.to_vec())).collect()
}

fn encode<V: Serialize>(value: &V) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Only<'a, V> {
        value: &'a V,
    }
    let (_, document) = to_document(&Only { value })?;
    let found = path::find(&document, &Path::parse("value")?)?;
    found.map(<[u8]>::to_vec).ok_or_else(|| Error::invalid("nothing to look for"))
}
