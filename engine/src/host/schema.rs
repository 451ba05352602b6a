//! Collections and indexes as CBOR.
//!
//! ```text
//! declare            { collections: [{ name, indexes: [IndexSpec] }], undeclared? }
//! undeclared         'keep' | 'drop'
//!                    -> { collections: [id], builds: number of indexes to build }
//! create_collection  { name, indexes: [IndexSpec] }
//! collections        -> [{ id, name, indexes: [IndexSpec] }]
//! indexes            -> [{ id, spec: IndexSpec, ready, entries, distinct }]
//! IndexSpec          { fields: [path], unique?: bool, each?: bool, kind?: 'ordered' | 'hash' }
//! ```

use serde::Serialize;

use crate::catalog::{CollectionSchema, IndexKind, IndexSpec};
use crate::codec::bytes::Reader;
use crate::codec::cbor::{Major, put_bool, put_head, put_text};
use crate::codec::message::{flag, list, map, text};
use crate::db::{BuildBudget, CollectionInfo, Declared, IndexInfo, Undeclared};
use crate::error::{Error, Result};
use crate::host::message::{unknown, whole_message};
use crate::host::{Host, collection_id};
use crate::storage::Storage;

/// Documents that one step of a build may take on: a bound on what the caller asks for.
const BUILD_DOCUMENTS_MAX: u64 = 1 << 20;
/// Bytes that one step of a build may take on.
const BUILD_BYTES_MAX: u64 = 1 << 28;

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
    /// Makes the collections and indexes that are missing. Indexes of collections with documents
    /// are built by [`Host::build_step`].
    pub fn declare(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        let (schema, undeclared) = whole_message(request, "declaration", declaration)?;
        let declared = self.db.declare(&schema, undeclared)?;
        Ok(declared_reply(&declared))
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
        let schema = whole_message(request, "collection", collection_schema)?;
        let (id, _) = self.db.create_collection(&schema.name, &schema.indexes)?;
        Ok(id.0)
    }

    /// Removes a collection with its documents.
    pub fn drop_collection(&mut self, collection: u32) -> Result<()> {
        self.db.drop_collection(collection_id(collection)).map(drop)
    }

    /// Removes the documents of a collection, in one step at any size.
    pub fn clear(&mut self, collection: u32) -> Result<()> {
        self.db.clear(collection_id(collection)).map(drop)
    }

    /// Makes an index, to be built by [`Host::build_step`]; its id.
    ///
    /// # Errors
    /// `AlreadyExists`.
    pub fn create_index(&mut self, collection: u32, spec: &[u8]) -> Result<u32> {
        let spec = whole_message(spec, "index", index_spec)?;
        let (id, _) = self.db.create_index(collection_id(collection), &spec)?;
        Ok(id.0)
    }

    /// Removes an index.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn drop_index(&mut self, collection: u32, spec: &[u8]) -> Result<()> {
        let spec = whole_message(spec, "index", index_spec)?;
        self.db.drop_index(collection_id(collection), &spec).map(drop)
    }

    /// All collections.
    pub fn collections(&self) -> Vec<u8> {
        let infos = self.db.collections();
        let mut reply = Vec::new();
        put_head(&mut reply, Major::Array, infos.len() as u64);
        for info in &infos {
            put_collection(&mut reply, info);
        }
        reply
    }

    /// The indexes of a collection.
    pub fn indexes(&self, collection: u32) -> Result<Vec<u8>> {
        let infos = self.db.indexes(collection_id(collection))?;
        let mut reply = Vec::new();
        put_head(&mut reply, Major::Array, infos.len() as u64);
        for info in &infos {
            put_index(&mut reply, info);
        }
        Ok(reply)
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
        self.db.set_schema_version(version).map(drop)
    }
}

fn declaration(reader: &mut Reader<'_>) -> Result<(Vec<CollectionSchema>, Undeclared)> {
    let (mut collections, mut undeclared) = (Vec::new(), Undeclared::Keep);
    map(reader, |name, reader| {
        match name {
            "collections" => collections = list(reader, collection_schema)?,
            "undeclared" => {
                undeclared = match text(reader)? {
                    "keep" => Undeclared::Keep,
                    "drop" => Undeclared::Drop,
                    _ => return Err(Error::decode("`undeclared` is `keep` or `drop`")),
                }
            }
            _ => return Err(unknown(name)),
        }
        Ok(())
    })?;
    Ok((collections, undeclared))
}

fn collection_schema(reader: &mut Reader<'_>) -> Result<CollectionSchema> {
    let mut schema = CollectionSchema { name: String::new(), indexes: Vec::new() };
    map(reader, |name, reader| {
        match name {
            "name" => text(reader)?.clone_into(&mut schema.name),
            "indexes" => schema.indexes = list(reader, index_spec)?,
            _ => return Err(unknown(name)),
        }
        Ok(())
    })?;
    Ok(schema)
}

fn index_spec(reader: &mut Reader<'_>) -> Result<IndexSpec> {
    let mut spec = IndexSpec::ordered([""; 0]);
    map(reader, |name, reader| {
        match name {
            "fields" => spec.fields = list(reader, |reader| text(reader).map(str::to_owned))?,
            "unique" => spec.unique = flag(reader)?,
            "each" => spec.each = flag(reader)?,
            "kind" => {
                spec.kind = match text(reader)? {
                    "ordered" => IndexKind::Ordered,
                    "hash" => IndexKind::Hash,
                    _ => return Err(Error::decode("`kind` is `ordered` or `hash`")),
                }
            }
            _ => return Err(unknown(name)),
        }
        Ok(())
    })?;
    Ok(spec)
}

// Names are written in canonical order: by length, then by their bytes.

fn declared_reply(declared: &Declared) -> Vec<u8> {
    let mut reply = Vec::new();
    put_head(&mut reply, Major::Map, 2);
    put_number(&mut reply, "builds", declared.builds.len() as u64);
    put_text(&mut reply, "collections");
    put_head(&mut reply, Major::Array, declared.collections.len() as u64);
    for id in &declared.collections {
        put_head(&mut reply, Major::Unsigned, u64::from(id.0));
    }
    reply
}

fn put_collection(reply: &mut Vec<u8>, info: &CollectionInfo) {
    put_head(reply, Major::Map, 3);
    put_number(reply, "id", u64::from(info.id.0));
    put_text(reply, "name");
    put_text(reply, &info.name);
    put_text(reply, "indexes");
    put_head(reply, Major::Array, info.indexes.len() as u64);
    for spec in &info.indexes {
        put_spec(reply, spec);
    }
}

fn put_index(reply: &mut Vec<u8>, info: &IndexInfo) {
    put_head(reply, Major::Map, 5);
    put_number(reply, "id", u64::from(info.id.0));
    put_text(reply, "spec");
    put_spec(reply, &info.spec);
    put_text(reply, "ready");
    put_bool(reply, info.ready);
    put_number(reply, "entries", info.entries);
    put_number(reply, "distinct", info.distinct);
}

fn put_spec(reply: &mut Vec<u8>, spec: &IndexSpec) {
    put_head(reply, Major::Map, 4);
    put_text(reply, "each");
    put_bool(reply, spec.each);
    put_text(reply, "kind");
    put_text(
        reply,
        match spec.kind {
            IndexKind::Ordered => "ordered",
            IndexKind::Hash => "hash",
        },
    );
    put_text(reply, "fields");
    put_head(reply, Major::Array, spec.fields.len() as u64);
    for field in &spec.fields {
        put_text(reply, field);
    }
    put_text(reply, "unique");
    put_bool(reply, spec.unique);
}

fn put_number(reply: &mut Vec<u8>, name: &str, number: u64) {
    put_text(reply, name);
    put_head(reply, Major::Unsigned, number);
}
