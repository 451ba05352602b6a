//! The storage contract over the origin private file system, in a real dedicated worker.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail")]

use std::rc::Rc;

use entidb::storage::contract::{Host, Scope, check};
use entidb::storage::{FileId, Read, Storage, Synced};
use entidb::{Durability, Result};
use entidb_wasm::directory::{acquire, remove};
use entidb_wasm::opfs::OpfsStorage;
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
