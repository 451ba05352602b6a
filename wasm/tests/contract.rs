//! The storage contract over what a browser has, in a real dedicated worker.
#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may fail"
)]

use std::cell::RefCell;
use std::rc::Rc;

use entidb::storage::contract::{AsyncHost, Host, Scope, check, check_async};
use entidb::storage::{ChunkStorage, FileId, Read, Storage, Synced};
use entidb::{Durability, Error, ErrorKind, Result};
use entidb_wasm::Engine;
use entidb_wasm::directory::{acquire, remove};
use entidb_wasm::opfs::OpfsStorage;
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const WAIT_MS: u32 = 2_000;

/// Opening is asynchronous and the suite is not, so all its storages share handles that were opened
/// before; a new one is one whose files were cut off.
struct Opened(Rc<OpfsStorage>);

struct Shared(Rc<OpfsStorage>);

impl Storage for Shared {
    fn len(&self, file: FileId) -> Result<u64> {
        self.0.len(file)
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        self.0.read_at(file, offset, buf)
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        self.0.write_at(file, offset, bytes)
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        self.0.set_len(file, len)
    }

    fn sync(&self, file: FileId, durability: Durability) -> Result<Synced> {
        self.0.sync(file, durability)
    }
}

impl Host for Opened {
    type Storage = Shared;

    fn make(&mut self) -> Result<Shared> {
        FileId::ALL.into_iter().try_for_each(|file| self.0.set_len(file, 0))?;
        Ok(Shared(Rc::clone(&self.0)))
    }
}

#[wasm_bindgen_test]
async fn the_origin_private_file_system_keeps_the_contract() {
    let name = "contract";
    remove(name, WAIT_MS).await.unwrap();
    let opened = acquire(name, true, WAIT_MS).await.unwrap();
    let mut host = Opened(Rc::new(opened.storage));
    let kept = check(&mut host, Scope { sparse: true, ..Scope::default() });
    host.0.close().unwrap();
    assert!(remove(name, WAIT_MS).await.unwrap());
    kept.unwrap();
}

/// The script that keeps chunks in `IndexedDB`, as the package has it. Whoever builds it hands it
/// to the compiler, which may also run without.
const INDEXED_DB: Option<&str> = option_env!("ENTIDB_INDEXEDDB_SCRIPT");

/// What the script opens engines with: one that shows its files, and opens no database in them.
type OverChunks = Closure<dyn FnMut(JsValue, Vec<f64>, Vec<u32>, Vec<u32>) -> JsValue>;

/// A database of `IndexedDB`, through the script that the package has for it.
struct InIndexedDb {
    script: JsValue,
    over_chunks: OverChunks,
    /// The files of the engine that was made last.
    storage: Rc<RefCell<Option<ChunkStorage>>>,
    /// The script's object for the open database, and the engine.
    open: Option<(JsValue, JsValue)>,
}

impl InIndexedDb {
    const NAME: &str = "entidb/contract";

    async fn load() -> Self {
        let source = INDEXED_DB.expect("`npm test -- storage` names the script");
        let url = format!("data:text/javascript,{}", js_sys::encode_uri_component(source));
        let import = Function::new_with_args("url", "return import(url)");
        let script = answer(import.call1(&JsValue::NULL, &url.into()).unwrap()).await.unwrap();
        let storage = Rc::new(RefCell::new(None));
        let made = Rc::clone(&storage);
        let over_chunks = OverChunks::new(
            move |options, lengths: Vec<f64>, chunk_bytes: Vec<u32>, extents: Vec<u32>| {
                let engine = Engine::over_chunks(options, &lengths, &chunk_bytes, &extents);
                let engine = engine.unwrap();
                *made.borrow_mut() = engine.chunk_storage();
                let engine = Object::create(engine_object(engine).unchecked_ref());
                put(&engine, "start", &Function::new_no_args(""));
                engine.into()
            },
        );
        Self { script, over_chunks, storage, open: None }
    }

    async fn call(&self, of: &JsValue, name: &str, arguments: &Array) -> Result<JsValue> {
        let function: Function = get(of, name).unchecked_into();
        answer(function.apply(of, arguments).map_err(|thrown| failed(&thrown))?).await
    }

    async fn open(&mut self) -> Result<ChunkStorage> {
        let (engines, options) = (Object::new(), Object::new());
        put(&engines, "overChunks", self.over_chunks.as_ref());
        put(&options, "name", &"contract".into());
        put(&options, "databaseId", &Uint8Array::from([7; 16].as_slice()));
        put(&options, "createIfMissing", &true.into());
        let arguments = Array::of3(&engines, &Self::NAME.into(), &options);
        let open = self.call(&self.script, "openChunked", &arguments).await?;
        self.open = Some((get(&open, "backing"), get(&open, "engine")));
        Ok(self.storage.borrow().clone().unwrap())
    }

    fn close(&mut self) {
        if let Some((backing, _)) = self.open.take() {
            get(&backing, "close").unchecked_into::<Function>().call0(&backing).unwrap();
        }
    }

    async fn remove(&mut self) -> Result<()> {
        self.close();
        let arguments = Array::of1(&Self::NAME.into());
        self.call(&self.script, "removeChunked", &arguments).await.map(drop)
    }
}

impl AsyncHost for InIndexedDb {
    type Storage = ChunkStorage;

    async fn make(&mut self) -> Result<ChunkStorage> {
        self.remove().await?;
        self.open().await
    }

    async fn reopen(&mut self, storage: ChunkStorage) -> Result<ChunkStorage> {
        self.settle(&storage).await?;
        self.close();
        self.open().await
    }

    async fn settle(&mut self, storage: &ChunkStorage) -> Result<()> {
        let was_due = storage.is_due();
        let (backing, engine) = self.open.as_ref().unwrap();
        self.call(backing, "serve", &Array::of1(engine)).await?;
        if was_due {
            // Most of what is read next has to be fetched.
            storage.trim_to(32 * 1024);
        }
        Ok(())
    }
}

fn engine_object(engine: Engine) -> JsValue {
    engine.into()
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

fn put(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).unwrap();
}

async fn answer(promised: JsValue) -> Result<JsValue> {
    let settled = JsFuture::from(Promise::resolve(&promised)).await;
    settled.map_err(|thrown| failed(&thrown))
}

fn failed(thrown: &JsValue) -> Error {
    let message = Reflect::get(thrown, &"message".into()).ok().and_then(|it| it.as_string());
    Error::new(ErrorKind::Io, message.unwrap_or_else(|| format!("{thrown:?}")))
}

#[wasm_bindgen_test]
async fn indexed_db_keeps_the_contract() {
    let mut host = InIndexedDb::load().await;
    let kept = check_async(&mut host, Scope { sparse: true, ..Scope::default() }).await;
    host.remove().await.unwrap();
    kept.unwrap();
}
