//! What a database is opened with, as JavaScript says it.

use entidb::{Error, Geometry, Options, Result};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::directory::LOCK_TIMEOUT_MS_DEFAULT;

/// The argument of `Engine.open`.
#[derive(Debug)]
pub struct OpenOptions {
    /// The database's name; in memory it is only said in messages.
    pub name: String,
    /// Where its files are.
    pub storage: StorageKind,
    database_id: Vec<u8>,
    create_if_missing: Option<bool>,
    error_if_exists: Option<bool>,
    read_only: Option<bool>,
    cache_bytes: Option<u32>,
    lock_timeout_ms: Option<u32>,
    geometry: Geometry,
}

/// The storages there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageKind {
    /// The origin private file system.
    Opfs,
    /// Chunks that JavaScript keeps in `IndexedDB`.
    IndexedDb,
    /// Memory of the worker.
    Memory,
}

impl OpenOptions {
    /// Reads the options. What is not known is ignored.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub fn from_js(options: JsValue) -> Result<Self> {
        let options = Object(options);
        let name = options.get("name")?.as_string();
        let storage = match options.get("storage")?.as_string().as_deref() {
            Some("opfs") => StorageKind::Opfs,
            Some("indexeddb") => StorageKind::IndexedDb,
            Some("memory") => StorageKind::Memory,
            _ => return Err(refused("storage", "`opfs`, `indexeddb` or `memory`")),
        };
        let database_id = options.get("databaseId")?;
        let database_id: &Uint8Array =
            database_id.dyn_ref().ok_or_else(|| refused("databaseId", "an array of bytes"))?;
        Ok(Self {
            name: name.ok_or_else(|| refused("name", "a string"))?,
            storage,
            database_id: database_id.to_vec(),
            create_if_missing: options.flag("createIfMissing")?,
            error_if_exists: options.flag("errorIfExists")?,
            read_only: options.flag("readOnly")?,
            cache_bytes: options.number("cacheBytes")?,
            lock_timeout_ms: options.number("lockTimeoutMs")?,
            geometry: geometry(options.get("geometry")?)?,
        })
    }

    /// How long to wait for files that somebody else holds.
    pub fn lock_timeout_ms(&self) -> u32 {
        self.lock_timeout_ms.unwrap_or(LOCK_TIMEOUT_MS_DEFAULT)
    }

    /// The engine's part of the options.
    ///
    /// # Errors
    /// `InvalidInput` where the id does not have sixteen bytes.
    pub fn engine(&self) -> Result<Options> {
        let default = Options::default();
        let database_id = <[u8; 16]>::try_from(self.database_id.as_slice())
            .map_err(|_| Error::invalid("the id of a database has sixteen random bytes"))?;
        let cache_bytes = match self.cache_bytes {
            None => default.cache_bytes,
            Some(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX),
        };
        Ok(Options {
            database_id,
            geometry: self.geometry,
            create_if_missing: self.create_if_missing.unwrap_or(default.create_if_missing),
            error_if_exists: self.error_if_exists.unwrap_or(default.error_if_exists),
            read_only: self.read_only.unwrap_or(default.read_only),
            cache_bytes,
        })
    }
}

/// Sizes that differ from the default ones.
fn geometry(sizes: JsValue) -> Result<Geometry> {
    let mut geometry = Geometry::DEFAULT;
    if sizes.is_undefined() || sizes.is_null() {
        return Ok(geometry);
    }
    let sizes = Object(sizes);
    for (name, size) in [
        ("unitBytes", &mut geometry.unit_bytes),
        ("segmentUnitsMax", &mut geometry.segment_units_max),
        ("manifestAreaBytes", &mut geometry.manifest_area_bytes),
        ("logBytesMin", &mut geometry.log_bytes_min),
        ("logBytesMax", &mut geometry.log_bytes_max),
        ("memtableBytes", &mut geometry.memtable_bytes),
        ("blockBytes", &mut geometry.block_bytes),
        ("chunkBytes", &mut geometry.chunk_bytes),
    ] {
        if let Some(given) = sizes.number(name)? {
            *size = given;
        }
    }
    Ok(geometry)
}

/// An object whose properties may be absent.
struct Object(JsValue);

impl Object {
    fn get(&self, name: &str) -> Result<JsValue> {
        Reflect::get(&self.0, &JsValue::from_str(name))
            .map_err(|_| Error::invalid("these options cannot be taken: an object is expected"))
    }

    fn optional<T>(
        &self,
        name: &str,
        read: impl Fn(&JsValue) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>> {
        let value = self.get(name)?;
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        read(&value).map(Some).ok_or_else(|| refused(name, expected))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>> {
        self.optional(name, JsValue::as_bool, "`true` or `false`")
    }

    fn number(&self, name: &str) -> Result<Option<u32>> {
        let whole = |value: &JsValue| {
            let number = value.as_f64()?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a number that this changes is refused"
            )]
            let whole = number as u32;
            (f64::from(whole).to_bits() == number.to_bits()).then_some(whole)
        };
        self.optional(name, whole, "a whole number from 0 to 2^32 - 1")
    }
}

#[cold]
fn refused(name: &str, expected: &str) -> Error {
    Error::invalid(format!("these options cannot be taken: `{name}` must be {expected}"))
}
