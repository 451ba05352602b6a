//! The catalog: which collections and indexes there are, and under which ids their keys lie.
//!
//! A catalog is a value. A change makes a new one, which is current once the store has committed
//! its bytes; snapshots go on reading by the one they were taken with.

mod stored;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::codec::path::Path;
use crate::codec::space::{self, Space};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{
    COLLECTION_NAME_BYTES_MAX, COLLECTIONS_MAX, INDEX_FIELDS_MAX, INDEXES_MAX, KEY_PREFIX_BYTES,
};
use crate::small_map::SmallMap;

/// What all keys of one collection or index start with.
pub(crate) type Prefix = [u8; KEY_PREFIX_BYTES];

/// The handle of a collection: the same for as long as the collection exists, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CollectionId(pub u32);

/// The handle of an index, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IndexId(pub u32);

/// What an index can answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexKind {
    /// Equality, ranges and order, for values of up to 1 KiB.
    #[default]
    Ordered,
    /// Equality of all fields only, for values of any size.
    Hash,
}

/// The declaration of an index.
///
/// ```
/// use entidb::IndexSpec;
/// let spec = IndexSpec::ordered(["projectId", "due"]);
/// assert_eq!(spec.to_string(), "index('projectId', 'due')");
/// let spec = IndexSpec::ordered(["slug"]).unique();
/// assert_eq!(spec.to_string(), "index('slug', { unique: true })");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexSpec {
    /// One to eight dotted paths. The path `id` means the document's id.
    pub fields: Vec<String>,
    /// No two documents share the values of all fields; documents that lack one are not checked.
    #[serde(default)]
    pub unique: bool,
    /// One entry for each element of the array that one of the paths ends at or crosses.
    #[serde(default)]
    pub each: bool,
    /// What it can answer.
    #[serde(default)]
    pub kind: IndexKind,
}

impl IndexSpec {
    /// An ordered index over these paths.
    pub fn ordered<I: IntoIterator<Item: Into<String>>>(fields: I) -> Self {
        let fields = fields.into_iter().map(Into::into).collect();
        Self { fields, unique: false, each: false, kind: IndexKind::Ordered }
    }

    /// A hash index over these paths.
    pub fn hash<I: IntoIterator<Item: Into<String>>>(fields: I) -> Self {
        Self { kind: IndexKind::Hash, ..Self::ordered(fields) }
    }

    /// The same, unique.
    #[must_use]
    pub fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// The same, with one entry per array element.
    #[must_use]
    pub fn each(self) -> Self {
        Self { each: true, ..self }
    }

    fn paths(&self) -> Result<Vec<Path>> {
        let count = self.fields.len();
        if !(1..=INDEX_FIELDS_MAX).contains(&count) {
            let message =
                format!("an index has {count} fields; name one to {INDEX_FIELDS_MAX} of them");
            return Err(Error::invalid(message));
        }
        let mut paths: Vec<Path> = Vec::with_capacity(count);
        for field in &self.fields {
            let path = Path::parse(field)
                .map_err(|error| error.with(|details| details.path = Some(field.clone())))?;
            if paths.contains(&path) {
                let message = format!("`{field}` is named twice in {self}; name each field once");
                return Err(Error::invalid(message).with(|d| d.path = Some(field.clone())));
            }
            paths.push(path);
        }
        Ok(paths)
    }
}

impl std::fmt::Display for IndexSpec {
    /// The declaration as a program writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let quoted: Vec<_> = self.fields.iter().map(|field| format!("'{field}'")).collect();
        let mut options = Vec::new();
        if self.unique {
            options.push("unique: true");
        }
        if self.each {
            options.push("each: true");
        }
        if self.kind == IndexKind::Hash {
            options.push("kind: 'hash'");
        }
        write!(f, "index({}", quoted.join(", "))?;
        if !options.is_empty() {
            write!(f, ", {{ {} }}", options.join(", "))?;
        }
        f.write_str(")")
    }
}

/// A collection and its indexes, as a program declares them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionSchema {
    /// 1 to 128 bytes without control characters.
    pub name: String,
    /// Its indexes, in any order.
    #[serde(default)]
    pub indexes: Vec<IndexSpec>,
}

/// Whether an index can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexState {
    /// It has the entries of all documents.
    Ready,
    /// It has those of the documents up to the one its progress record names.
    Building,
}

/// An index of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pub id: IndexId,
    pub spec: IndexSpec,
    pub state: IndexState,
    pub paths: Vec<Path>,
}

impl Index {
    /// What the keys of its entries start with.
    pub fn prefix(&self) -> Prefix {
        let space = match (self.spec.kind, self.spec.unique) {
            (IndexKind::Hash, _) => Space::Hash,
            (IndexKind::Ordered, true) => Space::Unique,
            (IndexKind::Ordered, false) => Space::Ordered,
        };
        space::prefix(space, self.id.0)
    }

    /// The key of the record that says how far its build has come.
    pub fn progress_key(&self) -> Prefix {
        space::prefix(Space::Counters, self.id.0)
    }

    pub fn is_ready(&self) -> bool {
        self.state == IndexState::Ready
    }
}

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collection {
    pub id: CollectionId,
    /// What its documents lie under; a new one after each `clear`.
    pub data: u32,
    pub name: String,
    pub indexes: Vec<Index>,
}

impl Collection {
    pub fn documents_prefix(&self) -> Prefix {
        space::prefix(Space::Documents, self.data)
    }

    pub fn counters_key(&self) -> Prefix {
        space::prefix(Space::Counters, self.data)
    }

    /// The key of a document.
    pub fn document_key(&self, id: &[u8]) -> Vec<u8> {
        [&self.documents_prefix(), id].concat()
    }

    /// Makes `key` the key of a document.
    pub fn document_key_into(&self, id: &[u8], key: &mut Vec<u8>) {
        key.clear();
        key.extend_from_slice(&self.documents_prefix());
        key.extend_from_slice(id);
    }

    pub fn index(&self, spec: &IndexSpec) -> Option<&Index> {
        self.indexes.iter().find(|index| index.spec == *spec)
    }

    pub fn index_by_id(&self, id: IndexId) -> Option<&Index> {
        self.indexes.iter().find(|index| index.id == id)
    }

    /// Every prefix under which it has keys.
    fn prefixes(&self) -> Vec<Prefix> {
        let spaces = [Space::Documents, Space::Chunks, Space::Counters];
        let own = spaces.into_iter().map(|space| space::prefix(space, self.data));
        own.chain(self.indexes.iter().flat_map(|i| [i.prefix(), i.progress_key()])).collect()
    }
}

/// All collections and indexes, and the counter their ids come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Catalog {
    next_id: u32,
    pub schema_version: u32,
    collections: SmallMap<CollectionId, Arc<Collection>>,
    names: SmallMap<String, CollectionId>,
}

impl Default for Catalog {
    fn default() -> Self {
        let (collections, names) = (SmallMap::default(), SmallMap::default());
        Self { next_id: 1, schema_version: 0, collections, names }
    }
}

impl Catalog {
    /// The catalog in `bytes`; a database that has none yet has no bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let stored = stored::decode(bytes).map_err(|_| damaged())?;
        let mut catalog = Self {
            next_id: stored.next_id,
            schema_version: stored.schema_version,
            ..Self::default()
        };
        let mut ids = SmallMap::default();
        for collection in stored.collections {
            let own = [collection.id.0, collection.data];
            let all = own.into_iter().chain(collection.indexes.iter().map(|index| index.id.0));
            for id in all {
                if ids.contains_key(&id) || id >= stored.next_id {
                    return Err(damaged());
                }
                ids.insert(id, ());
            }
            if catalog.names.contains_key(&collection.name) {
                return Err(damaged());
            }
            catalog.insert(collection);
        }
        Ok(catalog)
    }

    /// Its bytes, the same for equal catalogs.
    pub fn encode(&self) -> Vec<u8> {
        stored::encode(self.next_id, self.schema_version, self.collections.values())
    }

    fn insert(&mut self, collection: Collection) {
        self.names.insert(collection.name.clone(), collection.id);
        self.collections.insert(collection.id, Arc::new(collection));
    }

    pub fn collections(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.collections.values()
    }

    pub fn collection(&self, id: CollectionId) -> Result<&Arc<Collection>> {
        self.collections.get(&id).ok_or_else(|| {
            let message = "the collection was dropped; ask for it by its name again";
            Error::new(ErrorKind::NotFound, message)
        })
    }

    pub fn by_name(&self, name: &str) -> Option<CollectionId> {
        self.names.get(name).copied()
    }

    /// Whether `prefix` belongs to a collection or index that exists.
    pub fn has_prefix(&self, prefix: Prefix) -> bool {
        self.collections.values().any(|collection| collection.prefixes().contains(&prefix))
    }

    fn allocate(&mut self) -> Result<u32> {
        let id = self.next_id;
        self.next_id = id.checked_add(1).ok_or_else(|| {
            let message = "all ids for collections and indexes are used up; import the data into a \
                           new database";
            Error::new(ErrorKind::LimitExceeded, message)
        })?;
        Ok(id)
    }

    /// Adds an empty collection.
    pub fn create_collection(&mut self, name: &str) -> Result<CollectionId> {
        check_name(name)?;
        if self.names.contains_key(name) {
            let message = format!("a collection named `{name}` exists already; use it, or drop it");
            return Err(Error::new(ErrorKind::AlreadyExists, message)
                .with(|details| details.collection = Some(name.to_owned())));
        }
        if self.collections.len() >= COLLECTIONS_MAX {
            let message = format!("a database has at most {COLLECTIONS_MAX} collections; drop one");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let id = CollectionId(self.allocate()?);
        let data = self.allocate()?;
        self.insert(Collection { id, data, name: name.to_owned(), indexes: Vec::new() });
        Ok(id)
    }

    /// Removes a collection; returns the prefixes of its keys.
    pub fn drop_collection(&mut self, id: CollectionId) -> Result<Vec<Vec<u8>>> {
        let collection = Arc::clone(self.collection(id)?);
        self.collections.remove(&id);
        self.names.remove(&collection.name);
        Ok(collection.prefixes().map_to_vecs())
    }

    /// Gives a collection new, empty places for documents and index entries; returns the prefixes
    /// of the keys it had. Indexes are ready at once.
    pub fn clear(&mut self, id: CollectionId) -> Result<Vec<Vec<u8>>> {
        let mut collection = Collection::clone(self.collection(id)?);
        let retired = collection.prefixes().map_to_vecs();
        collection.data = self.allocate()?;
        for index in &mut collection.indexes {
            index.id = IndexId(self.allocate()?);
            index.state = IndexState::Ready;
        }
        self.insert(collection);
        Ok(retired)
    }

    /// Adds an index.
    pub fn create_index(
        &mut self,
        id: CollectionId,
        spec: &IndexSpec,
        state: IndexState,
    ) -> Result<IndexId> {
        let mut collection = Collection::clone(self.collection(id)?);
        let paths = spec.paths()?;
        if collection.index(spec).is_some() {
            let message = format!("`{}` has {spec} already", collection.name);
            return Err(Error::new(ErrorKind::AlreadyExists, message).with(|details| {
                details.collection = Some(collection.name.clone());
                details.path = Some(spec.to_string());
            }));
        }
        if collection.indexes.len() >= INDEXES_MAX {
            let message = format!("a collection has at most {INDEXES_MAX} indexes; drop one");
            return Err(Error::new(ErrorKind::LimitExceeded, message)
                .with(|details| details.collection = Some(collection.name.clone())));
        }
        let index = IndexId(self.allocate()?);
        collection.indexes.push(Index { id: index, spec: spec.clone(), state, paths });
        self.insert(collection);
        Ok(index)
    }

    /// Removes an index; returns the prefixes of its keys.
    pub fn drop_index(&mut self, id: CollectionId, spec: &IndexSpec) -> Result<Vec<Vec<u8>>> {
        let mut collection = Collection::clone(self.collection(id)?);
        let Some(at) = collection.indexes.iter().position(|index| index.spec == *spec) else {
            let message = format!("`{}` has no {spec}; see `indexes()`", collection.name);
            return Err(Error::new(ErrorKind::NotFound, message).with(|details| {
                details.collection = Some(collection.name.clone());
                details.path = Some(spec.to_string());
            }));
        };
        let index = collection.indexes.remove(at);
        self.insert(collection);
        Ok([index.prefix(), index.progress_key()].map_to_vecs())
    }

    /// Says that an index has the entries of all documents; returns the prefix of its progress.
    pub fn finish_index(&mut self, id: CollectionId, index: IndexId) -> Result<Vec<Vec<u8>>> {
        let mut collection = Collection::clone(self.collection(id)?);
        let mut retired = Vec::new();
        for index in collection.indexes.iter_mut().filter(|i| i.id == index) {
            index.state = IndexState::Ready;
            retired.push(index.progress_key().to_vec());
        }
        self.insert(collection);
        Ok(retired)
    }
}

trait MapToVecs {
    fn map_to_vecs(&self) -> Vec<Vec<u8>>;
}

impl MapToVecs for [Prefix] {
    fn map_to_vecs(&self) -> Vec<Vec<u8>> {
        self.iter().map(|prefix| prefix.to_vec()).collect()
    }
}

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > COLLECTION_NAME_BYTES_MAX {
        let message = format!(
            "a collection's name has {} bytes; give it 1 to {COLLECTION_NAME_BYTES_MAX}",
            name.len()
        );
        return Err(Error::invalid(message));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "the collection's name {name:?} has control characters in it; leave them out"
        )));
    }
    Ok(())
}

#[cold]
fn damaged() -> Error {
    Error::decode("the catalog does not decode")
}
