//! One commit in the making: documents, the difference in their index entries, counts.
//!
//! Unique values are checked against the state after the commit, so that two documents can swap
//! theirs: what the commit gives up and what it takes is gathered by key, and decided at the end.
//!
//! An index that is being built has the entries of exactly the documents with an id up to the one
//! in its progress record, which the build writes in the same commit as the entries. A commit
//! therefore maintains it for those documents, by the same difference as any index, and leaves it
//! alone for the others, whose entries the build will derive when it reaches them. Both keep the
//! rule, each in one atomic commit, so entries and counts are exact at every commit, also across a
//! crash. A value found taken in an index that is being built is one that a document really has;
//! one that is not found yet is found by the build.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::{self, Document};
use super::misses::Misses;
use super::recent::Touched;
use crate::catalog::{Collection, CollectionId, Index, IndexId};
use crate::counters::{Counters, Delta};
use crate::error::{Error, ErrorKind, Result};
use crate::index::{self, Claim, Entry, HASH_BYTES};
use crate::kv::batch::Batch;
use crate::kv::store::Store;
use crate::kv::view::{Direction, KeyRange, View};
use crate::limits::KEY_PREFIX_BYTES;
use crate::small_map::SmallMap;
use crate::storage::Storage;

/// Progress of an index build that has reached the end: greater than any encoded id.
pub(super) const PROGRESS_END: &[u8] = &[u8::MAX];

/// The document that takes a unique value.
struct Claimant {
    collection: Arc<Collection>,
    index: IndexId,
    id: Vec<u8>,
}

/// What happens to a key of a unique index.
#[derive(Default)]
struct Unique {
    /// The document that gives it up.
    released: Option<Vec<u8>>,
    claimed: Option<Claimant>,
}

/// A commit in the making.
pub(super) struct Draft {
    pub batch: Batch,
    pub touched: Touched,
    /// Bytes of documents and entries, spilled or not.
    pub bytes: usize,
    deltas: SmallMap<CollectionId, (Arc<Collection>, Delta)>,
    /// Keys of unique indexes that are taken or given up.
    uniques: BTreeMap<Vec<u8>, Unique>,
    /// Entries of unique hash indexes.
    value_claims: Vec<(Vec<u8>, Claimant)>,
    /// Progress of the builds met so far.
    progress: SmallMap<IndexId, Vec<u8>>,
    value_bytes_max: usize,
}

impl Draft {
    pub fn new<S: Storage>(store: &Store<S>) -> Self {
        Self {
            batch: Batch::new(),
            touched: Touched::default(),
            bytes: 0,
            deltas: SmallMap::default(),
            uniques: BTreeMap::new(),
            value_claims: Vec::new(),
            progress: SmallMap::default(),
            value_bytes_max: store.geometry().value_bytes_max(),
        }
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.deltas.is_empty() && self.batch.is_empty()
    }

    /// Replaces `old` by `new`; `None` is no document. Each document at most once.
    pub fn change<S: Storage>(
        &mut self,
        store: &Store<S>,
        view: View<'_>,
        collection: &Arc<Collection>,
        id: &[u8],
        old: Option<&Document>,
        new: Option<&[u8]>,
    ) -> Result<()> {
        let old_chunks = old.map_or(0, |old| old.chunks);
        self.touched.key(&collection.document_key(id));
        match new {
            Some(new) => {
                let max = self.value_bytes_max;
                document::put(&mut self.batch, max, collection, id, new, old_chunks)?;
                self.bytes += new.len();
            }
            None => document::delete(&mut self.batch, collection, id, old_chunks)?,
        }
        self.bytes += id.len();
        self.delta(collection).document(old.map(|old| old.bytes.len()), new.map(<[u8]>::len));
        let old = old.map(|old| &*old.bytes);
        if old == new {
            return Ok(());
        }
        for index in &collection.indexes {
            if !self.maintains(store, view, index, id)? {
                continue;
            }
            let (removed, added) = derive(collection, index, id, old, new)?;
            self.entries(collection, index, id, removed, added)?;
        }
        Ok(())
    }

    /// Removes and adds entries of a document in one index.
    pub fn entries(
        &mut self,
        collection: &Arc<Collection>,
        index: &Index,
        id: &[u8],
        removed: Vec<Entry>,
        added: Vec<Entry>,
    ) -> Result<()> {
        self.delta(collection).entries(index.id, removed.len(), added.len());
        for entry in removed {
            self.touched.key(&entry.key);
            self.bytes += entry.key.len();
            if entry.claim == Claim::Key {
                self.uniques.entry(entry.key).or_default().released = Some(id.to_vec());
            } else {
                self.batch.delete(&entry.key)?;
            }
        }
        let claimant =
            || Claimant { collection: Arc::clone(collection), index: index.id, id: id.to_vec() };
        for entry in added {
            self.touched.key(&entry.key);
            self.bytes += entry.key.len();
            match entry.claim {
                Claim::Key => {
                    let unique = self.uniques.entry(entry.key).or_default();
                    if unique.claimed.replace(claimant()).is_some() {
                        return Err(violation(collection, index, id));
                    }
                }
                Claim::Values => {
                    self.batch.put(&entry.key, &[])?;
                    self.value_claims.push((entry.key, claimant()));
                }
                Claim::None => self.batch.put(&entry.key, &[])?,
            }
        }
        Ok(())
    }

    /// Notes that an index being built has the entries of the documents up to `last`.
    pub fn reach(&mut self, index: &Index, last: &[u8]) -> Result<()> {
        self.touched.key(&index.progress_key());
        self.batch.put(&index.progress_key(), last)
    }

    /// Checks unique values against the state after the commit, and writes the counts. `view` is
    /// the state before it.
    pub fn finish<S: Storage>(&mut self, store: &Store<S>, view: View<'_>) -> Result<()> {
        let mut misses = Misses::default();
        let mut owner = Vec::new();
        for (key, unique) in &self.uniques {
            let Some(claimant) = &unique.claimed else { continue };
            let taken = misses.note(store.get(view, key, &mut owner))?.unwrap_or(false);
            let is_free =
                !taken || owner == claimant.id || unique.released.as_ref() == Some(&owner);
            if !is_free {
                return Err(claimant.violation());
            }
        }
        for (key, unique) in &self.uniques {
            match &unique.claimed {
                Some(claimant) => self.batch.put(key, &claimant.id)?,
                None => self.batch.delete(key)?,
            }
        }
        let after = View { seq: view.seq, overlay: Some(&self.batch) };
        for (key, claimant) in &self.value_claims {
            let shared = claimant.shares_values(store, after, key);
            if misses.note(shared)? == Some(true) {
                return Err(claimant.violation());
            }
        }
        for (collection, delta) in self.deltas.values() {
            let Some(mut counters) = misses.note(counters(store, view, collection))? else {
                continue;
            };
            counters.add(delta);
            self.batch.put(&collection.counters_key(), &counters.encode(collection))?;
        }
        misses.finish()
    }

    fn delta(&mut self, collection: &Arc<Collection>) -> &mut Delta {
        let new = || (Arc::clone(collection), Delta::default());
        &mut self.deltas.entry(collection.id, new).1
    }

    fn maintains<S: Storage>(
        &mut self,
        store: &Store<S>,
        view: View<'_>,
        index: &Index,
        id: &[u8],
    ) -> Result<bool> {
        if index.is_ready() {
            return Ok(true);
        }
        if let Some(progress) = self.progress.get(&index.id) {
            return Ok(id <= progress.as_slice());
        }
        let progress = progress(store, view, index)?;
        let maintains = id <= progress.as_slice();
        self.progress.insert(index.id, progress);
        Ok(maintains)
    }
}

impl Claimant {
    fn shares_values<S: Storage>(
        &self,
        store: &Store<S>,
        view: View<'_>,
        key: &[u8],
    ) -> Result<bool> {
        match self.collection.index_by_id(self.index) {
            Some(index) => shares_values(store, view, &self.collection, index, &self.id, key),
            None => Ok(false),
        }
    }

    fn violation(&self) -> Error {
        match self.collection.index_by_id(self.index) {
            Some(index) => violation(&self.collection, index, &self.id),
            None => Error::new(ErrorKind::UniqueViolation, "a unique value is taken"),
        }
    }
}

/// The difference in the entries of one document.
pub(super) fn derive(
    collection: &Collection,
    index: &Index,
    id: &[u8],
    old: Option<&[u8]>,
    new: Option<&[u8]>,
) -> Result<(Vec<Entry>, Vec<Entry>)> {
    let entries = |document: Option<&[u8]>| match document {
        Some(document) => index::entries(index, id, document)
            .map_err(|error| error.with(|d| d.collection = Some(collection.name.clone()))),
        None => Ok(Vec::new()),
    };
    Ok(index::difference(entries(old)?, entries(new)?))
}

/// Whether a document other than `id` has values of `id` under `key` in a unique hash index.
pub(super) fn shares_values<S: Storage>(
    store: &Store<S>,
    view: View<'_>,
    collection: &Collection,
    index: &Index,
    id: &[u8],
    key: &[u8],
) -> Result<bool> {
    let hash = key.get(..KEY_PREFIX_BYTES + HASH_BYTES).unwrap_or(key);
    let mut scan = store.scan(view, &KeyRange::prefix(hash), Direction::Forward)?;
    let mut own: Option<Vec<Vec<u8>>> = None;
    while scan.advance()? {
        let parts = index::split(index, scan.key(), scan.value())?;
        if parts.id == id {
            continue;
        }
        let values = |id: &[u8]| match document::read(store, view, collection, id)? {
            Some(document) => index::values_under(index, id, &document.bytes, hash),
            None => Ok(Vec::new()),
        };
        let own = match &own {
            Some(own) => own,
            None => own.insert(values(id)?),
        };
        let other = values(parts.id)?;
        if other.iter().any(|value| own.contains(value)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The counts of a collection.
pub(super) fn counters<S: Storage>(
    store: &Store<S>,
    view: View<'_>,
    collection: &Collection,
) -> Result<Counters> {
    let mut value = Vec::new();
    if store.get(view, &collection.counters_key(), &mut value)? {
        return Counters::decode(&value);
    }
    Ok(Counters::default())
}

/// The last document whose entries the build of an index has written; empty before the first.
pub(super) fn progress<S: Storage>(
    store: &Store<S>,
    view: View<'_>,
    index: &Index,
) -> Result<Vec<u8>> {
    let mut progress = Vec::new();
    store.get(view, &index.progress_key(), &mut progress)?;
    Ok(progress)
}

#[cold]
pub(super) fn violation(collection: &Collection, index: &Index, id: &[u8]) -> Error {
    let message = format!(
        "another document of `{}` has the same value in the unique {}; change one of the two",
        collection.name, index.spec
    );
    Error::new(ErrorKind::UniqueViolation, message).with(|details| {
        details.collection = Some(collection.name.clone());
        details.path = Some(index.spec.fields.join(", "));
        details.id = Some(id.to_vec());
    })
}
