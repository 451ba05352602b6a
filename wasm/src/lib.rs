//! The engine of `EntiDB` for the browser: storage over the origin private file system, and the
//! engine's [`Host`](entidb::host::Host) as a class that JavaScript holds in a dedicated worker.
//!
//! Everything that is not opening a file is synchronous. Documents, batches and queries cross as
//! bytes, in the layouts of [`entidb::host`]; options, statistics, reports and errors as plain
//! objects.

mod chunks;
pub mod directory;
mod engine;
pub mod error;
mod memory;
pub mod name;
mod number;
pub mod opfs;
mod options;
mod panic;
mod storage;

pub use engine::Engine;

use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::directory::LOCK_TIMEOUT_MS_DEFAULT;
use crate::error::throw;

/// Runs when the module is loaded.
#[wasm_bindgen(start)]
pub fn start() {
    panic::note_panics();
}

/// Has `listener` called with the message of a panic, just before the trap that ends the engine.
#[wasm_bindgen(js_name = setPanicListener)]
pub fn set_panic_listener(listener: Function) {
    panic::listen(listener);
}

/// Version of this library.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The names of this origin's databases, in no particular order.
#[wasm_bindgen]
pub async fn list() -> Result<Vec<String>, JsValue> {
    directory::list().await.map_err(throw)
}

/// Removes a database; false if there was none.
#[wasm_bindgen]
pub async fn remove(name: String) -> Result<bool, JsValue> {
    let removed = directory::remove(&name, LOCK_TIMEOUT_MS_DEFAULT).await;
    removed.map_err(throw)
}
