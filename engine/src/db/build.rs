//! Building an index over documents that are there already, in slices between other work.
//!
//! Each step reads some documents in the order of their ids, and commits their entries together
//! with a progress record that names the last of them. [`draft`](super::draft) says what other
//! commits do meanwhile, and why both together are exact. The step that finds no more documents
//! moves the progress behind every possible id, so that from then on all commits maintain the index
//! in full; the next one makes it ready in the catalog. A crash loses at most the last steps,
//! together with their progress.

use std::ops::Bound;
use std::sync::Arc;

use serde::Serialize;

use super::Database;
use super::document;
use super::draft::{self, Draft, PROGRESS_END};
use super::write::Placed;
use crate::catalog::{Catalog, Collection, CollectionId, Index, IndexId, IndexSpec, IndexState};
use crate::error::{Error, ErrorKind, Result};
use crate::index;
use crate::kv::sought::Value;
use crate::kv::view::{Direction, KeyRange, View};
use crate::limits::KEY_PREFIX_BYTES;
use crate::options::Durability;
use crate::storage::{Storage, Synced};

/// An index that is to be built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Build {
    /// Its collection.
    pub collection: CollectionId,
    /// Its handle.
    pub index: IndexId,
    /// Its declaration.
    pub spec: IndexSpec,
}

impl Build {
    pub(super) fn pending(catalog: &Catalog) -> Vec<Self> {
        let of_collection = |collection: &Arc<Collection>| {
            let building =
                collection.indexes.iter().filter(|index| index.state == IndexState::Building);
            let id = collection.id;
            building
                .map(|index| Self { collection: id, index: index.id, spec: index.spec.clone() })
                .collect::<Vec<_>>()
        };
        catalog.collections().flat_map(of_collection).collect()
    }
}

/// How much one step of a build may read; it takes one document at least. A step does not end at a
/// miss, as what is committed must not depend on what is at hand; so it should be small enough for
/// its documents to be fetched piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildBudget {
    /// Documents.
    pub documents: u64,
    /// Bytes of documents.
    pub bytes: u64,
}

/// What a step of a build has reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The index.
    pub build: Build,
    /// Documents dealt with since this opener began with the index.
    pub done: u64,
    /// Documents in all.
    pub total: u64,
    /// Whether the index is ready now.
    pub finished: bool,
    /// Whether the step is durable yet; the next may follow when it is.
    pub synced: Synced,
}

/// How many documents of an index were dealt with.
#[derive(Clone, Copy, Debug)]
pub(super) struct BuildState {
    index: IndexId,
    done: u64,
    /// Whether the last step is staged only, as making room for it has left a barrier outstanding.
    is_staged: bool,
}

/// The documents of one step.
struct Slice {
    draft: Draft,
    documents: u64,
    /// The last of them, or the end.
    last: Vec<u8>,
}

impl<S: Storage> Database<S> {
    /// The indexes that are to be built.
    pub fn builds(&self) -> Vec<Build> {
        Build::pending(&self.catalog)
    }

    /// Does some of the oldest build; `None` where there is nothing to build. Stands outside of
    /// groups.
    ///
    /// Where documents share a value that the index is to keep apart, or one of them cannot be
    /// indexed, the index is dropped again and the error says why: `UniqueViolation`,
    /// `LimitExceeded`, `InvalidInput`; the drop may leave a barrier outstanding. Where even the
    /// drop fails, its error is returned and the next step tries again.
    pub fn build_step(&mut self, budget: BuildBudget) -> Result<Option<Progress>> {
        let progress = self.build_once(budget);
        self.counted(progress)
    }

    fn build_once(&mut self, budget: BuildBudget) -> Result<Option<Progress>> {
        self.check_not_pending()?;
        let Some(build) = self.builds().into_iter().next() else {
            self.build = None;
            return Ok(None);
        };
        let collection = Arc::clone(self.catalog.collection(build.collection)?);
        let Some(index) = collection.index_by_id(build.index) else { return Ok(None) };
        let view = View::at(self.store.visible_seq());
        let total = draft::counters(&self.store, view, &collection)?.documents;
        let before = draft::progress(&self.store, view, index)?;
        let state = self.build.filter(|state| state.index == index.id);
        let done = state.map_or(0, |state| state.done);
        if self.has_staged() && state.is_some_and(|state| state.is_staged) {
            // Others may have joined the group, and asked for no less.
            let synced = self.commit(Durability::Strict)?;
            self.build = Some(BuildState { index: index.id, done, is_staged: false });
            return Ok(Some(Progress { build, done, total, finished: false, synced }));
        }
        self.check_idle()?;
        if before == PROGRESS_END {
            let synced =
                self.change_catalog(|catalog| catalog.finish_index(collection.id, build.index))?;
            self.build = None;
            return Ok(Some(Progress { build, done, total, finished: true, synced }));
        }
        let placed = self
            .build_slice(view, &collection, index, &before, budget)
            .and_then(|slice| self.place_slice(slice, index, view));
        let (state, synced) = match placed {
            Ok(placed) => placed,
            Err(error) if is_refusal(&error) => {
                // That the index is gone need not be durable: a later opener would find the same.
                let _ = self.change_catalog(|c| c.drop_index(collection.id, &build.spec))?;
                self.build = None;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let done = done + state.done;
        self.build = Some(BuildState { done, ..state });
        Ok(Some(Progress { build, done, total, finished: false, synced }))
    }

    fn build_slice(
        &mut self,
        view: View<'_>,
        collection: &Arc<Collection>,
        index: &Index,
        before: &[u8],
        budget: BuildBudget,
    ) -> Result<Slice> {
        let mut slice =
            Slice { draft: Draft::new(&self.store), documents: 0, last: before.to_vec() };
        let mut bytes = 0;
        let is_within = |slice: &Slice, bytes: u64| {
            slice.documents == 0 || (slice.documents < budget.documents && bytes < budget.bytes)
        };
        while is_within(&slice, bytes) {
            let mut range = KeyRange::prefix(&collection.documents_prefix());
            if !slice.last.is_empty() {
                range.lower = Bound::Excluded(collection.document_key(&slice.last));
            }
            let mut scan = self.store.scan(view, &range, Direction::Forward)?;
            let spill_bytes = self.store.spill_bytes();
            while is_within(&slice, bytes) && slice.draft.batch.bytes() <= spill_bytes {
                bytes += self.build_next(&mut scan, view, collection, index, &mut slice)?;
                if slice.last == PROGRESS_END {
                    return Ok(slice);
                }
            }
            drop(scan);
            if slice.draft.batch.bytes() > spill_bytes {
                self.store.spill(&mut slice.draft.batch)?;
            }
        }
        Ok(slice)
    }

    /// Adds the entries of the next document; returns its size.
    fn build_next(
        &self,
        scan: &mut crate::kv::scan::Scan<'_, S>,
        view: View<'_>,
        collection: &Arc<Collection>,
        index: &Index,
        slice: &mut Slice,
    ) -> Result<u64> {
        if !scan.advance()? {
            slice.last = PROGRESS_END.to_vec();
            return Ok(0);
        }
        let id = scan.key().get(KEY_PREFIX_BYTES..).unwrap_or_default();
        let value = Value::Borrowed(scan.value());
        let document = document::assemble(&self.store, view, collection, id, value)?;
        let entries = index::entries(index, id, &document)
            .map_err(|error| error.with(|d| d.collection = Some(collection.name.clone())))?;
        let bytes = document.len() as u64;
        slice.draft.entries(collection, index, id, Vec::new(), entries)?;
        slice.documents += 1;
        slice.last = id.to_vec();
        Ok(bytes)
    }

    fn place_slice(
        &mut self,
        slice: Slice,
        index: &Index,
        view: View<'_>,
    ) -> Result<(BuildState, Synced)> {
        let Slice { mut draft, documents, last } = slice;
        draft.reach(index, &last)?;
        let state = BuildState { index: index.id, done: documents, is_staged: false };
        match self.place(draft, view)? {
            Some(Placed::Alone(_, synced)) => Ok((state, synced)),
            Some(Placed::Group(_)) if self.is_pending() => {
                Ok((BuildState { is_staged: true, ..state }, self.store.outstanding()))
            }
            Some(Placed::Group(_)) => Ok((state, self.commit(Durability::Relaxed)?)),
            None => Err(Error::invalid("commits are staged; commit or discard them first")),
        }
    }
}

/// Whether the documents, rather than the storage, are in the way of an index: only what they are
/// refused for names the index.
fn is_refusal(error: &Error) -> bool {
    let kinds = [ErrorKind::UniqueViolation, ErrorKind::LimitExceeded, ErrorKind::InvalidInput];
    kinds.contains(&error.kind()) && error.details().path.is_some()
}
