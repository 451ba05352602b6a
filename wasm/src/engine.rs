//! The class that JavaScript holds: a host over one of the storages, method by method.
//!
//! Every method takes `&self`: after a trap the borrow it left behind is a shared one, and the next
//! call still gets in, to be told that the engine is gone.

use std::cell::{RefCell, RefMut};
use std::fmt;

use entidb::host::Host;
use entidb::storage::MemoryStorage;
use entidb::{Durability, Error, ErrorKind, Result};
use js_sys::Array;
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::FileSystemFileHandle;

use crate::chunks::Chunks;
use crate::directory::{acquire, remove};
use crate::error::throw;
use crate::number::{exact, whole};
use crate::options::{OpenOptions, StorageKind};
use crate::panic::guarded;
use crate::storage::AnyStorage;

/// What a method answers: a value, or the object that is thrown.
pub(crate) type Answer<T> = std::result::Result<T, JsValue>;

/// An open database.
#[wasm_bindgen]
pub struct Engine {
    pub(crate) open: RefCell<Option<Open>>,
    /// Where its files are chunks that JavaScript keeps.
    pub(crate) chunks: Option<Chunks>,
    /// The volume by its name, where it is a file.
    volume: Option<FileSystemFileHandle>,
}

pub(crate) struct Open {
    pub(crate) host: Host<AnyStorage>,
    /// The document of the last `getRaw`, which JavaScript reads where it lies.
    raw: Vec<u8>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that has not been opened yet.
    pub(crate) fn new(chunks: Option<Chunks>) -> Self {
        Self { open: RefCell::new(None), chunks, volume: None }
    }

    /// Has calls go to `host` from now on.
    pub(crate) fn set_open(&self, host: Host<AnyStorage>) {
        *self.open.borrow_mut() = Some(Open { host, raw: Vec::new() });
    }

    fn with<T>(&self, call: impl FnOnce(&mut Open) -> Result<T>) -> Answer<T> {
        guarded(|| call(&mut *self.opened()?)).map_err(throw)
    }

    fn opened(&self) -> Result<RefMut<'_, Open>> {
        let open = self.open.try_borrow_mut().map_err(|_| busy())?;
        RefMut::filter_map(open, Option::as_mut).map_err(|_| closed())
    }

    fn call<T>(&self, call: impl FnOnce(&mut Host<AnyStorage>) -> Result<T>) -> Answer<T> {
        self.with(|open| call(&mut open.host))
    }
}

#[wasm_bindgen]
impl Engine {
    /// Opens a database; see `OpenOptions`.
    pub async fn open(options: JsValue) -> Answer<Engine> {
        let opened = open_host(options).await;
        let (host, volume) = opened.map_err(throw)?;
        let engine = Self { volume, ..Self::new(None) };
        engine.set_open(host);
        Ok(engine)
    }

    /// The volume by its name, which the browser may take away while the file itself stays usable.
    /// Undefined where it is no file.
    #[wasm_bindgen(getter)]
    pub fn volume(&self) -> Option<FileSystemFileHandle> {
        self.volume.clone()
    }

    /// Whether this open made the database.
    pub fn created(&self) -> Answer<bool> {
        self.call(|host| Ok(host.created()))
    }

    /// The sixteen bytes that tell this database from every other.
    #[wasm_bindgen(js_name = databaseId)]
    pub fn database_id(&self) -> Answer<Vec<u8>> {
        self.call(|host| Ok(host.database_id().to_vec()))
    }

    /// Sequence number of the newest visible commit.
    pub fn sequence(&self) -> Answer<f64> {
        self.call(|host| Ok(exact(host.sequence())))
    }

    /// Tells the time in milliseconds.
    pub fn tick(&self, now_ms: f64) -> Answer<()> {
        self.call(|host| {
            host.tick(whole(now_ms, "the time")?);
            Ok(())
        })
    }

    /// Whether a change waits for a barrier of an asynchronous storage.
    #[wasm_bindgen(js_name = isPending)]
    pub fn is_pending(&self) -> Answer<bool> {
        self.call(|host| Ok(host.is_pending()))
    }

    /// Makes the collections and indexes that are missing.
    pub fn declare(&self, request: &[u8]) -> Answer<Vec<u8>> {
        self.call(|host| host.declare(request))
    }

    /// The id of a collection.
    #[wasm_bindgen(js_name = collectionId)]
    pub fn collection_id(&self, name: &str) -> Answer<u32> {
        self.call(|host| host.collection_id(name))
    }

    /// Makes a collection; its id.
    #[wasm_bindgen(js_name = createCollection)]
    pub fn create_collection(&self, request: &[u8]) -> Answer<u32> {
        self.call(|host| host.create_collection(request))
    }

    /// Removes a collection.
    #[wasm_bindgen(js_name = dropCollection)]
    pub fn drop_collection(&self, collection: u32) -> Answer<()> {
        self.call(|host| host.drop_collection(collection))
    }

    /// Removes the documents of a collection.
    pub fn clear(&self, collection: u32) -> Answer<()> {
        self.call(|host| host.clear(collection))
    }

    /// Makes an index; its id.
    #[wasm_bindgen(js_name = createIndex)]
    pub fn create_index(&self, collection: u32, spec: &[u8]) -> Answer<u32> {
        self.call(|host| host.create_index(collection, spec))
    }

    /// Removes an index.
    #[wasm_bindgen(js_name = dropIndex)]
    pub fn drop_index(&self, collection: u32, spec: &[u8]) -> Answer<()> {
        self.call(|host| host.drop_index(collection, spec))
    }

    /// All collections.
    pub fn collections(&self) -> Answer<Vec<u8>> {
        self.call(|host| Ok(host.collections()))
    }

    /// The indexes of a collection.
    pub fn indexes(&self, collection: u32) -> Answer<Vec<u8>> {
        self.call(|host| host.indexes(collection))
    }

    /// Builds a little of the next index that is not ready.
    #[wasm_bindgen(js_name = buildStep)]
    pub fn build_step(&self, documents: f64, bytes: f64) -> Answer<JsValue> {
        self.call(|host| {
            let (documents, bytes) = (whole(documents, "a budget")?, whole(bytes, "a budget")?);
            host.build_step(documents, bytes)?.map_or(Ok(JsValue::UNDEFINED), |step| object(&step))
        })
    }

    /// The application's schema version.
    #[wasm_bindgen(js_name = schemaVersion)]
    pub fn schema_version(&self) -> Answer<u32> {
        self.call(|host| Ok(host.schema_version()))
    }

    /// Sets the application's schema version.
    #[wasm_bindgen(js_name = setSchemaVersion)]
    pub fn set_schema_version(&self, version: u32) -> Answer<()> {
        self.call(|host| host.set_schema_version(version))
    }

    /// Stages a batch of writes as one commit of the open group.
    pub fn stage(&self, ops: &[u8], strict: bool) -> Answer<Vec<u8>> {
        self.call(|host| host.stage(ops, durability(strict)))
    }

    /// Publishes the open group.
    pub fn commit(&self) -> Answer<()> {
        self.call(|host| host.commit().map(drop))
    }

    /// Makes durable what was committed with relaxed durability.
    pub fn sync(&self) -> Answer<()> {
        self.call(|host| host.sync().map(drop))
    }

    /// Whether something waits for `commit`.
    #[wasm_bindgen(js_name = hasStaged)]
    pub fn has_staged(&self) -> Answer<bool> {
        self.call(|host| Ok(host.has_staged()))
    }

    /// Pays what the last commits owe.
    pub fn settle(&self) -> Answer<()> {
        self.call(Host::settle)
    }

    /// Does idle work; whether more is left.
    pub fn step(&self, budget_bytes: f64) -> Answer<bool> {
        self.call(|host| host.step(whole(budget_bytes, "a budget")?))
    }

    /// Moves everything into segments and empties the logs.
    pub fn checkpoint(&self) -> Answer<()> {
        self.call(|host| host.checkpoint().map(drop))
    }

    /// Begins to compact the whole database.
    #[wasm_bindgen(js_name = compactBegin)]
    pub fn compact_begin(&self) -> Answer<()> {
        self.call(Host::compact_begin)
    }

    /// Bytes compacted and bytes to compact in all, while a compaction is under way.
    #[wasm_bindgen(js_name = compactProgress)]
    pub fn compact_progress(&self) -> Answer<Option<Array>> {
        self.call(|host| {
            let progress = host.compact_progress();
            Ok(progress.map(|(done, total)| Array::of2(&exact(done).into(), &exact(total).into())))
        })
    }

    /// What the compaction did, once it is through.
    #[wasm_bindgen(js_name = compactReport)]
    pub fn compact_report(&self) -> Answer<JsValue> {
        self.call(|host| match host.compact_report() {
            None => Ok(JsValue::UNDEFINED),
            Some(report) => object(&report),
        })
    }

    /// Counters and sizes.
    pub fn stats(&self) -> Answer<JsValue> {
        self.call(|host| object(&host.stats()))
    }

    /// Makes everything durable and gives the files back.
    pub fn close(&self) -> Answer<()> {
        let answer = guarded(|| {
            let mut slot = self.open.try_borrow_mut().map_err(|_| busy())?;
            let host = &mut slot.as_mut().ok_or_else(closed)?.host;
            let done = host.close().map(drop);
            if done.as_ref().is_err_and(Error::is_missing) {
                return done;
            }
            let done = done.and_then(|()| host.storage().close());
            // Whatever failed, the files go back when the host is dropped.
            *slot = None;
            done
        });
        answer.map_err(throw)
    }

    /// A document.
    pub fn get(&self, view: u32, collection: u32, id: &[u8]) -> Answer<Option<Vec<u8>>> {
        self.call(|host| host.get(view, collection, id))
    }

    /// Length of a document, or -1; it lies at `rawPointer` until the next call.
    #[wasm_bindgen(js_name = getRaw)]
    pub fn get_raw(&self, view: u32, collection: u32, id: &[u8]) -> Answer<i32> {
        self.with(|open| {
            let Some(document) = open.host.get(view, collection, id)? else { return Ok(-1) };
            open.raw = document;
            i32::try_from(open.raw.len()).map_err(|_| {
                Error::new(ErrorKind::LimitExceeded, "the document is too long; read it with `get`")
            })
        })
    }

    /// Where in memory the document of the last `getRaw` lies.
    #[wasm_bindgen(js_name = rawPointer)]
    pub fn raw_pointer(&self) -> Answer<usize> {
        self.with(|open| Ok(open.raw.as_ptr().addr()))
    }

    /// The documents of many ids.
    #[wasm_bindgen(js_name = getMany)]
    pub fn get_many(&self, view: u32, collection: u32, ids: &[u8]) -> Answer<Vec<u8>> {
        self.call(|host| host.get_many(view, collection, ids))
    }

    /// Whether there is a document with this id.
    pub fn has(&self, view: u32, collection: u32, id: &[u8]) -> Answer<bool> {
        self.call(|host| host.has(view, collection, id))
    }

    /// Number of documents.
    pub fn count(&self, view: u32, collection: u32) -> Answer<f64> {
        self.call(|host| host.count(view, collection).map(exact))
    }

    /// SHA-256 of a document with its id.
    pub fn hash(&self, view: u32, collection: u32, id: &[u8]) -> Answer<Option<Vec<u8>>> {
        self.call(|host| Ok(host.hash(view, collection, id)?.map(Vec::from)))
    }

    /// Starts a query; the handle of its cursor.
    pub fn query(&self, view: u32, request: &[u8]) -> Answer<u32> {
        self.call(|host| host.query(view, request))
    }

    /// The next page of a query.
    pub fn page(&self, cursor: u32, bytes: usize, documents: usize) -> Answer<Vec<u8>> {
        self.call(|host| host.page(cursor, bytes, documents))
    }

    /// Starts a query and reads its first page.
    #[wasm_bindgen(js_name = queryPage)]
    pub fn query_page(
        &self,
        view: u32,
        request: &[u8],
        bytes: usize,
        documents: usize,
    ) -> Answer<Vec<u8>> {
        self.call(|host| host.query_page(view, request, bytes, documents))
    }

    /// Gives up a cursor.
    #[wasm_bindgen(js_name = closeCursor)]
    pub fn close_cursor(&self, cursor: u32) -> Answer<()> {
        self.call(|host| {
            host.close_cursor(cursor);
            Ok(())
        })
    }

    /// How many rows a query has.
    #[wasm_bindgen(js_name = queryCount)]
    pub fn query_count(&self, view: u32, request: &[u8]) -> Answer<f64> {
        self.call(|host| host.query_count(view, request).map(exact))
    }

    /// Runs a query and tells what it cost.
    pub fn explain(&self, view: u32, request: &[u8]) -> Answer<JsValue> {
        self.call(|host| object(&host.explain(view, request)?))
    }

    /// Begins a transaction; its handle, which is a view.
    pub fn begin(&self) -> Answer<u32> {
        self.call(Host::begin)
    }

    /// Applies a batch of writes to what a transaction sees.
    #[wasm_bindgen(js_name = txStage)]
    pub fn tx_stage(&self, transaction: u32, ops: &[u8]) -> Answer<Vec<u8>> {
        self.call(|host| host.tx_stage(transaction, ops))
    }

    /// Stages what a transaction wrote as one commit of the open group.
    #[wasm_bindgen(js_name = txCommit)]
    pub fn tx_commit(&self, transaction: u32, strict: bool) -> Answer<Vec<u8>> {
        self.call(|host| host.tx_commit(transaction, durability(strict)))
    }

    /// Ends a transaction without a trace.
    pub fn rollback(&self, transaction: u32) -> Answer<()> {
        self.call(|host| {
            host.rollback(transaction);
            Ok(())
        })
    }

    /// Takes a snapshot; its handle, which is a view.
    pub fn snapshot(&self) -> Answer<u32> {
        self.call(Host::snapshot)
    }

    /// Gives up a snapshot.
    pub fn release(&self, snapshot: u32) -> Answer<()> {
        self.call(|host| {
            host.release(snapshot);
            Ok(())
        })
    }
}

async fn open_host(options: JsValue) -> Result<(Host<AnyStorage>, Option<FileSystemFileHandle>)> {
    let options = OpenOptions::from_js(options)?;
    let engine = options.engine()?;
    match options.storage {
        StorageKind::Memory => {
            let host = guarded(|| Host::open(AnyStorage::Memory(MemoryStorage::new()), &engine))?;
            Ok((host, None))
        }
        StorageKind::IndexedDb => {
            Err(Error::invalid("IndexedDB is opened chunk by chunk, with `Engine.overChunks`"))
        }
        StorageKind::Opfs => {
            let timeout_ms = options.lock_timeout_ms();
            let create = engine.create_if_missing && !engine.read_only;
            let acquired = acquire(&options.name, create, timeout_ms).await?;
            let opened = guarded(|| Host::open(AnyStorage::Opfs(acquired.storage), &engine));
            if opened.is_err() && acquired.fresh {
                // What was made a moment ago must not be listed. The error of the open is the one
                // to tell; files that stay are empty, which is no database either.
                let _ = remove(&options.name, timeout_ms).await;
            }
            Ok((opened?, Some(acquired.volume)))
        }
    }
}

fn durability(strict: bool) -> Durability {
    if strict { Durability::Strict } else { Durability::Relaxed }
}

/// A plain object, for what JavaScript hands on as it is.
fn object<T: Serialize>(value: &T) -> Result<JsValue> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(|error| {
        Error::new(
            ErrorKind::Io,
            format!("an answer could not be handed over ({error}); report this"),
        )
    })
}

#[cold]
fn busy() -> Error {
    Error::new(ErrorKind::HostLost, "the engine is in the middle of a call")
}

#[cold]
fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the database is closed; open it again")
}
