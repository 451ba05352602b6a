//! Collections and indexes as CBOR.
//!
//! ```text
//! declare            { collections: [{ name, indexes: [IndexSpec] }], undeclared?: 'keep' | 'drop' }
//!                    -> { collections: [id], builds: number of indexes to build }
//! create_collection  { name, indexes: [IndexSpec] }
//! collections        -> [{ id, name, indexes: [IndexSpec] }]
//! indexes            -> [{ id, spec: IndexSpec, ready, entries, distinct }]
//! IndexSpec          { fields: [path], unique?: bool, each?: bool, kind?: 'ordered' | 'hash' }
//! ```

use serde::{Deserialize, Serialize};

use crate::catalog::{CollectionSchema, IndexSpec};
use crate::db::{self, BuildBudget, Undeclared};
use crate::error::Result;
use crate::host::message::{decode, encode};
use crate::host::{Host, collection_id};
use crate::storage::Storage;

/// Documents that one step of a build may take on: a bound on what the caller asks for.
const BUILD_DOCUMENTS_MAX: u64 = 1 << 20;
/// Bytes that one step of a build may take on.
const BUILD_BYTES_MAX: u64 = 1 << 28;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    collections: Vec<CollectionSchema>,
    #[serde(default)]
    undeclared: UndeclaredIndexes,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum UndeclaredIndexes {
    #[default]
    Keep,
    Drop,
}

#[derive(Serialize)]
struct Declared {
    collections: Vec<u32>,
    builds: usize,
}

#[derive(Serialize)]
struct CollectionInfo {
    id: u32,
    name: String,
    indexes: Vec<IndexSpec>,
}

#[derive(Serialize)]
struct IndexInfo {
    id: u32,
    spec: IndexSpec,
    ready: bool,
    entries: u64,
    distinct: u64,
}

/// How far the build of an index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BuildReport {
    /// The collection's id.
    pub collection: u32,
    /// The index's id.
    pub index: u32,
    /// Documents indexed.
    pub done: u64,
    /// Documents to index in all.
    pub total: u64,
    /// Whether the index is ready.
    pub finished: bool,
}

impl<S: Storage> Host<S> {
    /// Makes the collections and indexes that are missing. Indexes of collections with documents are
    /// built by [`Host::build_step`].
    pub fn declare(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        let request: Declaration = decode(request, "declaration of collections")?;
        let undeclared = match request.undeclared {
            UndeclaredIndexes::Keep => Undeclared::Keep,
            UndeclaredIndexes::Drop => Undeclared::Drop,
        };
        let declared = self.db.declare(&request.collections, undeclared)?;
        self.note(declared.synced);
        let collections = declared.collections.iter().map(|id| id.0).collect();
        encode(&Declared { collections, builds: declared.builds.len() })
    }

    /// The id of the collection `name`.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn collection_id(&self, name: &str) -> Result<u32> {
        self.db.collection_id(name).map(|id| id.0)
    }

    /// Makes a collection; its id.
    ///
    /// # Errors
    /// `AlreadyExists`.
    pub fn create_collection(&mut self, request: &[u8]) -> Result<u32> {
        let schema: CollectionSchema = decode(request, "collection")?;
        let (id, synced) = self.db.create_collection(&schema.name, &schema.indexes)?;
        self.note(synced);
        Ok(id.0)
    }

    /// Removes a collection with its documents.
    pub fn drop_collection(&mut self, collection: u32) -> Result<()> {
        let synced = self.db.drop_collection(collection_id(collection))?;
        self.note(synced);
        Ok(())
    }

    /// Removes the documents of a collection, in one step at any size.
    pub fn clear(&mut self, collection: u32) -> Result<()> {
        let synced = self.db.clear(collection_id(collection))?;
        self.note(synced);
        Ok(())
    }

    /// Makes an index, to be built by [`Host::build_step`]; its id.
    ///
    /// # Errors
    /// `AlreadyExists`.
    pub fn create_index(&mut self, collection: u32, spec: &[u8]) -> Result<u32> {
        let spec: IndexSpec = decode(spec, "index")?;
        let (id, synced) = self.db.create_index(collection_id(collection), &spec)?;
        self.note(synced);
        Ok(id.0)
    }

    /// Removes an index.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn drop_index(&mut self, collection: u32, spec: &[u8]) -> Result<()> {
        let spec: IndexSpec = decode(spec, "index")?;
        let synced = self.db.drop_index(collection_id(collection), &spec)?;
        self.note(synced);
        Ok(())
    }

    /// All collections.
    pub fn collections(&self) -> Result<Vec<u8>> {
        let infos: Vec<_> = self.db.collections().into_iter().map(collection_info).collect();
        encode(&infos)
    }

    /// The indexes of a collection.
    pub fn indexes(&self, collection: u32) -> Result<Vec<u8>> {
        let infos = self.db.indexes(collection_id(collection))?;
        let infos: Vec<_> = infos.into_iter().map(index_info).collect();
        encode(&infos)
    }

    /// Builds a little of the next index that is not ready. Nothing if all are.
    ///
    /// # Errors
    /// `UniqueViolation` where two documents share a value; that index is dropped again.
    pub fn build_step(&mut self, documents: u64, bytes: u64) -> Result<Option<BuildReport>> {
        let budget = BuildBudget {
            documents: documents.clamp(1, BUILD_DOCUMENTS_MAX),
            bytes: bytes.clamp(1, BUILD_BYTES_MAX),
        };
        let Some(progress) = self.db.build_step(budget)? else { return Ok(None) };
        self.note(progress.synced);
        Ok(Some(BuildReport {
            collection: progress.build.collection.0,
            index: progress.build.index.0,
            done: progress.done,
            total: progress.total,
            finished: progress.finished,
        }))
    }

    /// The application's schema version; 0 in a new database.
    pub fn schema_version(&self) -> u32 {
        self.db.schema_version()
    }

    /// Sets the application's schema version.
    pub fn set_schema_version(&mut self, version: u32) -> Result<()> {
        let synced = self.db.set_schema_version(version)?;
        self.note(synced);
        Ok(())
    }
}

fn collection_info(info: db::CollectionInfo) -> CollectionInfo {
    CollectionInfo { id: info.id.0, name: info.name, indexes: info.indexes }
}

fn index_info(info: db::IndexInfo) -> IndexInfo {
    IndexInfo {
        id: info.id.0,
        spec: info.spec,
        ready: info.ready,
        entries: info.entries,
        distinct: info.distinct,
    }
}
