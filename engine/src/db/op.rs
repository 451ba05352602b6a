//! Writes as callers ask for them, and what becomes of each document.

use std::borrow::Cow;
use std::sync::Arc;

use super::document::{self, Document};
use crate::catalog::{Catalog, Collection, CollectionId};
use crate::codec::cbor;
use crate::codec::id::{self, Id};
use crate::codec::patch;
use crate::codec::path::{self, Path};
use crate::error::{Error, ErrorKind, Result};
use crate::kv::store::Store;
use crate::kv::view::View;
use crate::storage::Storage;

/// A write to one document.
#[derive(Clone, Debug)]
pub struct Op<'a> {
    /// The collection.
    pub collection: CollectionId,
    /// The encoded id.
    pub id: &'a [u8],
    /// What to do.
    pub change: Change<'a>,
    /// What must be there before.
    pub if_match: IfMatch,
}

/// What a write does. Documents are canonical CBOR without `id`.
#[derive(Clone, Debug)]
pub enum Change<'a> {
    /// Stores the document, whether one is there or not.
    Put(&'a [u8]),
    /// Stores the document; `AlreadyExists` where one is there.
    Insert(&'a [u8]),
    /// Replaces the properties of `set` and deletes those named in `unset`; `NotFound` where no
    /// document is there.
    Patch {
        /// A canonical map.
        set: &'a [u8],
        /// Names of properties at the top level.
        unset: Vec<&'a str>,
    },
    /// Deletes the document, if there is one.
    Delete,
}

/// What a write expects to find; anything else is `Conflict`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfMatch {
    /// Whatever there is.
    #[default]
    Any,
    /// No document.
    Absent,
    /// The document with this hash, as `Database::hash` gives it.
    Hash([u8; id::HASH_BYTES]),
}

/// What a write did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The document is stored.
    Written,
    /// The document as the patch left it.
    Patched(Vec<u8>),
    /// Whether there was a document to delete.
    Deleted(bool),
}

impl Op<'_> {
    /// Whether what it does, or answers, depends on what is there.
    pub(super) fn reads(&self) -> bool {
        !matches!(self.change, Change::Put(_)) || self.if_match != IfMatch::Any
    }

    fn check(&self) -> Result<()> {
        let checked = id::check(self.id).and_then(|()| match &self.change {
            Change::Put(document) | Change::Insert(document) => check_document(document),
            Change::Patch { set, unset } if unset.contains(&"id") => {
                check_document(set).and_then(|()| Err(id_is_fixed()))
            }
            Change::Patch { set, .. } => check_document(set),
            Change::Delete => Ok(()),
        });
        checked.map_err(|error| error.with(|details| details.id = Some(self.id.to_vec())))
    }
}

fn check_document(document: &[u8]) -> Result<()> {
    cbor::validate(document)?;
    let holds_id = path::find(document, &Path::parse("id")?)?.is_some();
    if holds_id { Err(id_is_fixed()) } else { Ok(()) }
}

#[cold]
fn id_is_fixed() -> Error {
    Error::invalid("a document is stored without `id`, which never changes; leave it out")
}

/// What a list of writes does to one document.
pub(super) struct Step<'a> {
    pub collection: Arc<Collection>,
    pub id: &'a [u8],
    pub old: Option<Document>,
    pub new: Option<Cow<'a, [u8]>>,
    /// Whether there is anything to write.
    pub is_write: bool,
}

/// Goes through a list of writes document by document, in key order, applying the writes to each in
/// the order of the list. Documents do not depend on each other, so no more than one is held at a
/// time.
pub(super) struct Steps<'o, 'a> {
    ops: &'o [Op<'a>],
    /// Places in `ops` by collection and id, otherwise as listed.
    order: Vec<usize>,
    at: usize,
    outcomes: Vec<Outcome>,
}

impl<'o, 'a> Steps<'o, 'a> {
    /// Checks every document, id and collection first.
    pub fn new(catalog: &Catalog, ops: &'o [Op<'a>]) -> Result<Self> {
        for op in ops {
            let collection = catalog.collection(op.collection)?;
            op.check().map_err(|error| named(error, collection, op.id))?;
        }
        let mut order: Vec<usize> = (0..ops.len()).collect();
        let place = |at: &usize| ops.get(*at).map(|op| (op.collection, op.id));
        order.sort_unstable_by(|a, b| place(a).cmp(&place(b)).then(a.cmp(b)));
        Ok(Self { ops, order, at: 0, outcomes: vec![Outcome::Written; ops.len()] })
    }

    /// What the writes did, once all steps are taken.
    pub fn into_outcomes(self) -> Vec<Outcome> {
        self.outcomes
    }

    /// The next document. After a miss the one after it follows.
    pub fn next<S: Storage>(
        &mut self,
        store: &Store<S>,
        view: View<'_>,
        catalog: &Catalog,
    ) -> Result<Option<Step<'a>>> {
        let start = self.at;
        let Some(first) = self.op(start) else { return Ok(None) };
        while self
            .op(self.at)
            .is_some_and(|op| (op.collection, op.id) == (first.collection, first.id))
        {
            self.at += 1;
        }
        let collection = Arc::clone(catalog.collection(first.collection)?);
        let old = document::read(store, view, &collection, first.id)?;
        let mut step = Step { collection, id: first.id, old, new: None, is_write: false };
        for at in start..self.at {
            let (Some(op), Some(&place)) = (self.op(at), self.order.get(at)) else { break };
            let outcome = step.apply(op).map_err(|error| named(error, &step.collection, op.id))?;
            if let Some(slot) = self.outcomes.get_mut(place) {
                *slot = outcome;
            }
        }
        Ok(Some(step))
    }

    fn op(&self, at: usize) -> Option<&'o Op<'a>> {
        self.ops.get(*self.order.get(at)?)
    }
}

impl<'a> Step<'a> {
    /// The document as the writes so far leave it.
    fn current(&self) -> Option<&[u8]> {
        if self.is_write { self.new.as_deref() } else { self.old.as_ref().map(|old| &*old.bytes) }
    }

    fn apply(&mut self, op: &Op<'a>) -> Result<Outcome> {
        let current = self.current();
        let matches = match op.if_match {
            IfMatch::Any => true,
            IfMatch::Absent => current.is_none(),
            IfMatch::Hash(hash) => match current {
                Some(document) => id::hash(&Id::decode(op.id)?, document)? == hash,
                None => false,
            },
        };
        if !matches {
            let message = "the document is not the one that `ifMatch` names; read it again";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let exists = current.is_some();
        let (new, outcome) = match &op.change {
            Change::Insert(_) if exists => {
                let message = "a document with this id exists already; use `put` to replace it";
                return Err(Error::new(ErrorKind::AlreadyExists, message));
            }
            Change::Put(document) | Change::Insert(document) => {
                (Some(Cow::Borrowed(*document)), Outcome::Written)
            }
            Change::Patch { set, unset } => {
                let current = current.ok_or_else(|| {
                    let message = "no document has this id; use `put` or `insert` to make one";
                    Error::new(ErrorKind::NotFound, message)
                })?;
                let patched = patch::apply(current, set, unset)?;
                // Values are moved, not changed, so the result is as canonical as what it is made
                // of; damage to that is not to be stored under a new checksum, nor handed out.
                cbor::validate(&patched)
                    .map_err(|_| Error::decode("the document to be changed is damaged"))?;
                (Some(Cow::Owned(patched.clone())), Outcome::Patched(patched))
            }
            Change::Delete => (None, Outcome::Deleted(exists)),
        };
        self.is_write |= exists || new.is_some();
        self.new = new;
        Ok(outcome)
    }
}

/// Adds what an error is about.
#[cold]
pub(super) fn named(error: Error, collection: &Collection, id: &[u8]) -> Error {
    error.with(|details| {
        details.collection = Some(collection.name.clone());
        details.id = Some(id.to_vec());
    })
}
