//! What a database is opened with, as JavaScript says it.

use entidb::{Error, Geometry, Options, Result};
use serde::Deserialize;
use serde_bytes::ByteBuf;
use wasm_bindgen::JsValue;

use crate::directory::LOCK_TIMEOUT_MS_DEFAULT;

/// The argument of `Engine.open`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenOptions {
    /// The database's name; in memory it is only said in messages.
    pub name: String,
    /// Where its files are.
    pub storage: StorageKind,
    database_id: ByteBuf,
    create_if_missing: Option<bool>,
    error_if_exists: Option<bool>,
    read_only: Option<bool>,
    cache_bytes: Option<u32>,
    lock_timeout_ms: Option<u32>,
    geometry: Option<PartialGeometry>,
}

/// The storages there are.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum StorageKind {
    /// The origin private file system.
    Opfs,
    /// Memory of the worker.
    Memory,
}

/// Sizes that differ from the default ones.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PartialGeometry {
    unit_bytes: Option<u32>,
    segment_units_max: Option<u32>,
    manifest_area_bytes: Option<u32>,
    log_bytes_min: Option<u32>,
    log_bytes_max: Option<u32>,
    memtable_bytes: Option<u32>,
    block_bytes: Option<u32>,
    chunk_bytes: Option<u32>,
}

impl OpenOptions {
    /// Reads the options. What is not known is ignored.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub fn from_js(options: JsValue) -> Result<Self> {
        serde_wasm_bindgen::from_value(options)
            .map_err(|error| Error::invalid(format!("these options cannot be taken: {error}")))
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
            geometry: self.geometry.unwrap_or_default().over(Geometry::DEFAULT),
            create_if_missing: self.create_if_missing.unwrap_or(default.create_if_missing),
            error_if_exists: self.error_if_exists.unwrap_or(default.error_if_exists),
            read_only: self.read_only.unwrap_or(default.read_only),
            cache_bytes,
        })
    }
}

impl PartialGeometry {
    fn over(self, base: Geometry) -> Geometry {
        Geometry {
            unit_bytes: self.unit_bytes.unwrap_or(base.unit_bytes),
            segment_units_max: self.segment_units_max.unwrap_or(base.segment_units_max),
            manifest_area_bytes: self.manifest_area_bytes.unwrap_or(base.manifest_area_bytes),
            log_bytes_min: self.log_bytes_min.unwrap_or(base.log_bytes_min),
            log_bytes_max: self.log_bytes_max.unwrap_or(base.log_bytes_max),
            memtable_bytes: self.memtable_bytes.unwrap_or(base.memtable_bytes),
            block_bytes: self.block_bytes.unwrap_or(base.block_bytes),
            chunk_bytes: self.chunk_bytes.unwrap_or(base.chunk_bytes),
        }
    }
}
