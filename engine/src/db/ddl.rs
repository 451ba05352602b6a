//! Changes to collections and indexes. Each is one commit of a new catalog, strictly durable,
//! outside of groups; on failure nothing has changed and no id is used up.

use std::sync::Arc;

use serde::Serialize;

use super::Database;
use super::build::Build;
use super::draft;
use crate::catalog::{
    Catalog, Collection, CollectionId, CollectionSchema, Index, IndexId, IndexSpec, IndexState,
};
use crate::error::{Error, ErrorKind, Result};
use crate::index;
use crate::kv::view::{Direction, KeyRange, View};
use crate::limits::{INDEX_SAMPLE_ENTRIES, INDEX_SAMPLE_VALUES};
use crate::storage::{Storage, Synced};

/// A collection as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CollectionInfo {
    /// Its handle.
    pub id: CollectionId,
    /// Its name.
    pub name: String,
    /// Its indexes, ready or being built.
    pub indexes: Vec<IndexSpec>,
}

/// What becomes of indexes that a schema does not declare, in the collections that it declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undeclared {
    /// They stay.
    Keep,
    /// They are dropped.
    Drop,
}

/// What declaring a schema led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The handles of the collections, in the order declared.
    pub collections: Vec<CollectionId>,
    /// The indexes that are to be built, of any collection.
    pub builds: Vec<Build>,
    /// Whether the changes are durable yet.
    pub synced: Synced,
}

/// An index as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndexInfo {
    /// Its handle.
    pub id: IndexId,
    /// Its declaration.
    pub spec: IndexSpec,
    /// Whether it can be asked, or is being built.
    pub ready: bool,
    /// Its entries.
    pub entries: u64,
    /// How many different values they have, by estimate: exact up to 256 of them, beyond by the
    /// share of different ones among the first and the last 1,024 entries.
    pub distinct: u64,
}

impl<S: Storage> Database<S> {
    /// The handle of the collection with this name; `NotFound` if there is none.
    pub fn collection_id(&self, name: &str) -> Result<CollectionId> {
        self.catalog.by_name(name).ok_or_else(|| {
            let message = format!("no collection is named `{name}`; declare or create it first");
            Error::new(ErrorKind::NotFound, message)
                .with(|details| details.collection = Some(name.to_owned()))
        })
    }

    /// All collections, oldest first.
    pub fn collections(&self) -> Vec<CollectionInfo> {
        let info = |collection: &Arc<Collection>| CollectionInfo {
            id: collection.id,
            name: collection.name.clone(),
            indexes: collection.indexes.iter().map(|index| index.spec.clone()).collect(),
        };
        self.catalog.collections().map(info).collect()
    }

    /// The application's own version of its schema; 0 in a new database.
    pub fn schema_version(&self) -> u32 {
        self.catalog.schema_version
    }

    /// Sets the application's version of its schema.
    pub fn set_schema_version(&mut self, version: u32) -> Result<Synced> {
        self.change_catalog(|catalog| {
            catalog.schema_version = version;
            Ok(Vec::new())
        })
    }

    /// Makes the collections and indexes of a schema that are not there yet, in one commit. Indexes
    /// of collections that hold documents are to be built, see [`Database::build_step`].
    pub fn declare(
        &mut self,
        schema: &[CollectionSchema],
        undeclared: Undeclared,
    ) -> Result<Declared> {
        let mut empty = Vec::new();
        for declared in schema {
            if let Some(id) = self.catalog.by_name(&declared.name)
                && self.is_empty(id)?
            {
                empty.push(id);
            }
        }
        let mut collections = Vec::with_capacity(schema.len());
        let synced = self.change_catalog(|catalog| {
            let mut retired = Vec::new();
            for declared in schema {
                let id = declare_one(catalog, declared, undeclared, &mut empty, &mut retired)?;
                collections.push(id);
            }
            Ok(retired)
        })?;
        let catalog = self.next_catalog.as_ref().unwrap_or(&self.catalog);
        Ok(Declared { collections, builds: Build::pending(catalog), synced })
    }

    /// Makes a collection; `AlreadyExists` if there is one with this name.
    pub fn create_collection(
        &mut self,
        name: &str,
        indexes: &[IndexSpec],
    ) -> Result<(CollectionId, Synced)> {
        let mut id = CollectionId(0);
        let synced = self.change_catalog(|catalog| {
            id = catalog.create_collection(name)?;
            for spec in indexes {
                catalog.create_index(id, spec, IndexState::Ready)?;
            }
            Ok(Vec::new())
        })?;
        Ok((id, synced))
    }

    /// Drops a collection with all that is in it, in one step at any size.
    pub fn drop_collection(&mut self, collection: CollectionId) -> Result<Synced> {
        self.change_catalog(|catalog| catalog.drop_collection(collection))
    }

    /// Deletes all documents of a collection, in one step at any size.
    pub fn clear(&mut self, collection: CollectionId) -> Result<Synced> {
        self.change_catalog(|catalog| catalog.clear(collection))
    }

    /// Makes an index: ready at once where there are no documents, else to be built by
    /// [`Database::build_step`]. `AlreadyExists` if there is one declared the same.
    pub fn create_index(
        &mut self,
        collection: CollectionId,
        spec: &IndexSpec,
    ) -> Result<(IndexId, Synced)> {
        let state = new_index_state(self.is_empty(collection)?);
        let mut id = IndexId(0);
        let synced = self.change_catalog(|catalog| {
            id = catalog.create_index(collection, spec, state)?;
            Ok(Vec::new())
        })?;
        Ok((id, synced))
    }

    /// Drops an index, in one step at any size; `NotFound` if there is none declared like this.
    pub fn drop_index(&mut self, collection: CollectionId, spec: &IndexSpec) -> Result<Synced> {
        self.change_catalog(|catalog| catalog.drop_index(collection, spec))
    }

    /// The indexes of a collection, oldest first.
    pub fn indexes(&self, collection: CollectionId) -> Result<Vec<IndexInfo>> {
        let infos = self.index_infos(collection);
        self.counted(infos)
    }

    fn index_infos(&self, collection: CollectionId) -> Result<Vec<IndexInfo>> {
        let view = View::at(self.store.visible_seq());
        let collection = self.catalog.collection(collection)?;
        let counters = draft::counters(&self.store, view, collection)?;
        let mut infos = Vec::with_capacity(collection.indexes.len());
        for index in &collection.indexes {
            let entries = counters.entries(index.id);
            infos.push(IndexInfo {
                id: index.id,
                spec: index.spec.clone(),
                ready: index.is_ready(),
                entries,
                distinct: self.distinct(view, index, entries)?,
            });
        }
        Ok(infos)
    }

    /// Estimates how many different values an index has. Jumping from value to value finds few
    /// values exactly however often each occurs; many are estimated from samples of both ends.
    fn distinct(&self, view: View<'_>, index: &Index, entries: u64) -> Result<u64> {
        let mut range = KeyRange::prefix(&index.prefix());
        let mut found = 0;
        while found < INDEX_SAMPLE_VALUES {
            let mut scan = self.store.scan(view, &range, Direction::Forward)?;
            if !scan.advance()? {
                return Ok(found);
            }
            found += 1;
            let values = index::split(index, scan.key(), scan.value())?.values;
            range.lower = KeyRange::prefix(&[&index.prefix()[..], values].concat()).upper;
        }
        let (mut sampled, mut different) = (0_u64, 0_u64);
        for direction in [Direction::Forward, Direction::Reverse] {
            let whole = KeyRange::prefix(&index.prefix());
            let mut scan = self.store.scan(view, &whole, direction)?;
            let mut last: Option<Vec<u8>> = None;
            for _ in 0..INDEX_SAMPLE_ENTRIES {
                if !scan.advance()? {
                    break;
                }
                let values = index::split(index, scan.key(), scan.value())?.values;
                sampled += 1;
                if last.as_deref() != Some(values) {
                    different += 1;
                    last = Some(values.to_vec());
                }
            }
        }
        let estimate = u128::from(entries) * u128::from(different) / u128::from(sampled.max(1));
        Ok(u64::try_from(estimate).unwrap_or(entries).clamp(found, entries.max(found)))
    }

    fn is_empty(&self, collection: CollectionId) -> Result<bool> {
        let view = View::at(self.store.visible_seq());
        let collection = self.catalog.collection(collection)?;
        Ok(draft::counters(&self.store, view, collection)?.documents == 0)
    }

    /// Commits what `change` makes of the catalog, which returns the prefixes of keys that no
    /// longer count. Nothing is written if it changes nothing.
    pub(super) fn change_catalog(
        &mut self,
        change: impl FnOnce(&mut Catalog) -> Result<Vec<Vec<u8>>>,
    ) -> Result<Synced> {
        let changed = self.copy_catalog().and_then(|mut catalog| {
            let retired = change(&mut catalog)?;
            self.adopt_catalog(catalog, &retired)
        });
        self.counted(changed)
    }

    fn copy_catalog(&self) -> Result<Catalog> {
        self.check_idle()?;
        Ok(Catalog::clone(&self.catalog))
    }

    fn adopt_catalog(&mut self, catalog: Catalog, retired: &[Vec<u8>]) -> Result<Synced> {
        if catalog == *self.catalog {
            return Ok(Synced::Done);
        }
        self.commit_catalog(catalog, retired)
    }
}

fn declare_one(
    catalog: &mut Catalog,
    declared: &CollectionSchema,
    undeclared: Undeclared,
    empty: &mut Vec<CollectionId>,
    retired: &mut Vec<Vec<u8>>,
) -> Result<CollectionId> {
    let id = if let Some(id) = catalog.by_name(&declared.name) {
        id
    } else {
        let id = catalog.create_collection(&declared.name)?;
        empty.push(id);
        id
    };
    let current = Arc::clone(catalog.collection(id)?);
    if undeclared == Undeclared::Drop {
        for index in &current.indexes {
            if !declared.indexes.contains(&index.spec) {
                retired.append(&mut catalog.drop_index(id, &index.spec)?);
            }
        }
    }
    for spec in &declared.indexes {
        if current.index(spec).is_none() {
            let state = new_index_state(empty.contains(&id));
            catalog.create_index(id, spec, state).map_err(|error| {
                error.with(|details| details.collection = Some(declared.name.clone()))
            })?;
        }
    }
    Ok(id)
}

fn new_index_state(is_empty: bool) -> IndexState {
    if is_empty { IndexState::Ready } else { IndexState::Building }
}
