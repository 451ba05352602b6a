//! The engine over files that JavaScript keeps as chunks, in a storage without synchronous reads.
//!
//! A call may throw `Missing`: fetch what `missingChunks` names, give it to `supplyChunk`, and call
//! again. After every call that went through, `settled` tells whether a batch has to be stored
//! before the next.

use std::cell::{Cell, RefCell};
use std::fmt;

use entidb::host::Host;
use entidb::storage::chunks::{Batch, StoredFile};
use entidb::storage::{ChunkStorage, FileId};
use entidb::{Error, Options, Result};
use js_sys::{Array, Float64Array, Uint8Array, Uint32Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::engine::{Answer, Engine};
use crate::error::throw;
use crate::number::{exact, whole};
use crate::options::OpenOptions;
use crate::panic::guarded;
use crate::storage::AnyStorage;

/// Bytes of a chunk of a log, unless those of the volume are smaller: each commit stores at least
/// one.
const LOG_CHUNK_BYTES: u32 = 16 * 1024;

/// What an engine over chunks has beside its host.
pub(crate) struct Chunks {
    storage: RefCell<ChunkStorage>,
    options: RefCell<Options>,
    /// What is on its way.
    batch: RefCell<Option<Batch>>,
    /// The last handle of the host before this one.
    last_handle: Cell<u32>,
    /// Whether a loss of power can take what is stored, where that is known.
    is_soft: Cell<Option<bool>>,
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").finish_non_exhaustive()
    }
}

impl Engine {
    /// The files of an engine over chunks.
    pub fn chunk_storage(&self) -> Option<ChunkStorage> {
        self.chunks.as_ref().map(|chunks| chunks.storage.borrow().clone())
    }

    fn on_chunks<T>(&self, call: impl FnOnce(&Chunks) -> Result<T>) -> Answer<T> {
        guarded(|| call(self.chunks.as_ref().ok_or_else(no_chunks)?)).map_err(throw)
    }
}

#[wasm_bindgen]
impl Engine {
    /// An engine over chunks; `start` comes before everything else. Of each file its length, the
    /// bytes of its chunks and one more than the number of its last chunk; in a new database
    /// nothing.
    #[wasm_bindgen(js_name = overChunks)]
    pub fn over_chunks(
        options: JsValue,
        lengths: &[f64],
        chunk_bytes: &[u32],
        extents: &[u32],
    ) -> Answer<Engine> {
        let made = guarded(|| {
            let options = OpenOptions::from_js(options)?.engine()?;
            let storage = stored(&options, lengths, chunk_bytes, extents)?;
            Ok(Chunks {
                storage: storage.into(),
                options: options.into(),
                batch: None.into(),
                last_handle: Cell::new(0),
                is_soft: Cell::new(None),
            })
        });
        made.map(|chunks| Self::new(Some(chunks))).map_err(throw)
    }

    /// Forgets everything that is not stored, and every handle; `start` comes next. The arguments
    /// are those of `overChunks`.
    pub fn discard(&self, lengths: &[f64], chunk_bytes: &[u32], extents: &[u32]) -> Answer<()> {
        self.on_chunks(|chunks| {
            let mut options = chunks.options.borrow_mut();
            // It was there already when it was opened.
            options.error_if_exists &= lengths.is_empty();
            let storage = stored(&options, lengths, chunk_bytes, extents)?;
            let before = chunks.storage.replace(storage);
            chunks.is_soft.set(Some(before.is_soft()));
            *chunks.batch.borrow_mut() = None;
            if let Some(open) = self.open.borrow_mut().take() {
                chunks.last_handle.set(open.host.last_handle());
            }
            Ok(())
        })
    }

    /// Opens the database.
    pub fn start(&self) -> Answer<()> {
        self.on_chunks(|chunks| {
            if self.open.borrow().is_some() {
                return Ok(());
            }
            let storage = chunks.storage.borrow().clone();
            let is_soft = chunks.is_soft.get();
            // To open is to make sure that what is stored lasts, which the next strict batch does
            // for all before it. Without room none can be stored, but what is there can be read.
            if is_soft.is_some() {
                storage.set_soft(false);
            }
            let files = AnyStorage::Chunks(storage.clone());
            let host = Host::open(files, &chunks.options.borrow())?;
            if let Some(is_soft) = is_soft {
                storage.set_soft(is_soft);
            }
            self.set_open(host.with_handles_after(chunks.last_handle.get()));
            Ok(())
        })
    }

    /// The chunks to fetch: of each the number of its file and its own.
    #[wasm_bindgen(js_name = missingChunks)]
    pub fn missing_chunks(&self) -> Answer<Vec<u32>> {
        self.on_chunks(|chunks| {
            let missing = chunks.storage.borrow().missing().into_iter();
            Ok(missing.flat_map(|(file, chunk)| [number(file), narrow(chunk)]).collect())
        })
    }

    /// Hands over a chunk that was fetched; empty where there is none.
    #[wasm_bindgen(js_name = supplyChunk)]
    pub fn supply_chunk(&self, file: usize, chunk: u32, bytes: &[u8]) -> Answer<()> {
        self.on_chunks(|chunks| {
            let file =
                FileId::ALL.get(file).ok_or_else(|| Error::invalid("there is no such file"))?;
            chunks.storage.borrow().supply((*file, u64::from(chunk)), bytes);
            Ok(())
        })
    }

    /// To be called after every call that went through: whether nothing has to be stored before the
    /// next.
    pub fn settled(&self) -> Answer<bool> {
        self.on_chunks(|chunks| {
            let storage = chunks.storage.borrow();
            storage.trim();
            Ok(!storage.is_due())
        })
    }

    /// What has to be stored in one transaction, see [`to_store`]; undefined where nothing has.
    #[wasm_bindgen(js_name = takeBatch)]
    pub fn take_batch(&self) -> Answer<Option<Array>> {
        self.on_chunks(|chunks| {
            let batch = chunks.storage.borrow().batch();
            let to_store = batch.as_ref().map(to_store);
            *chunks.batch.borrow_mut() = batch;
            Ok(to_store)
        })
    }

    /// The batch that was taken last is stored.
    #[wasm_bindgen(js_name = batchStored)]
    pub fn batch_stored(&self) -> Answer<()> {
        self.on_chunks(|chunks| {
            let Some(batch) = chunks.batch.borrow_mut().take() else { return Ok(()) };
            chunks.storage.borrow().stored(&batch);
            match (batch.barrier, self.open.borrow_mut().as_mut()) {
                (Some(barrier), Some(open)) => open.host.barrier_done(barrier),
                _ => Ok(()),
            }
        })
    }
}

/// The storage over what is stored; see `Engine.overChunks`.
fn stored(
    options: &Options,
    lengths: &[f64],
    chunk_bytes: &[u32],
    extents: &[u32],
) -> Result<ChunkStorage> {
    let volume = options.geometry.chunk_bytes;
    let log = volume.min(LOG_CHUNK_BYTES);
    let mut files =
        [volume, log, log].map(|chunk_bytes| StoredFile { len: 0, chunk_bytes, extent: 0 });
    for (at, file) in files.iter_mut().enumerate() {
        if let Some(length) = lengths.get(at) {
            file.len = whole(*length, "the length of a file")?;
        }
        file.chunk_bytes = chunk_bytes.get(at).map_or(file.chunk_bytes, |n| *n.max(&1));
        file.extent = extents.get(at).map_or(0, |extent| u64::from(*extent));
    }
    Ok(ChunkStorage::new(files))
}

/// A batch as JavaScript takes it: whether it is strict; of each file its length, the bytes of its
/// chunks, and the first chunk of those to be deleted, or infinity; the numbers of files and chunks
/// to be put; and the bytes of these.
fn to_store(batch: &Batch) -> Array {
    let lengths = batch.files.map(|file| exact(file.len));
    let cuts = batch.cuts.map(|cut| cut.map_or(f64::INFINITY, exact));
    let sizes = batch.files.map(|file| file.chunk_bytes);
    let keys = batch.chunks.iter().flat_map(|((file, chunk), _)| [number(*file), narrow(*chunk)]);
    let chunks = batch.chunks.iter().map(|(_, bytes)| {
        // Zeros at the end need not be stored.
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Uint8Array::from(bytes.get(..end).unwrap_or_default())
    });
    [
        JsValue::from_bool(batch.is_strict),
        Float64Array::from(lengths.as_slice()).into(),
        Uint32Array::from(sizes.as_slice()).into(),
        Float64Array::from(cuts.as_slice()).into(),
        Uint32Array::from(keys.collect::<Vec<_>>().as_slice()).into(),
        chunks.collect::<Array>().into(),
    ]
    .into_iter()
    .collect()
}

fn number(file: FileId) -> u32 {
    *file.of(&[0, 1, 2])
}

/// Numbers of chunks fit, as the storage lets no file grow further.
fn narrow(chunk: u64) -> u32 {
    u32::try_from(chunk).unwrap_or(u32::MAX)
}

#[cold]
fn no_chunks() -> Error {
    Error::invalid("this engine is not over chunks")
}
