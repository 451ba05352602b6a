//! The directories of databases in a real dedicated worker: who may open them, what is listed, how
//! they go.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail")]

use entidb::storage::{FileId, Read, Storage, Synced};
use entidb::{Durability, ErrorKind};
use entidb_wasm::directory::{acquire, list, remove};
use entidb_wasm::error::{During, from_exception, thrown};
use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{
    DomException, FileSystemDirectoryHandle, FileSystemGetFileOptions, WorkerGlobalScope,
};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// Long enough for the browser to give back a handle that was closed, short enough to wait for.
const WAIT_MS: u32 = 2_000;

async fn without(name: &str) {
    remove(name, WAIT_MS).await.unwrap();
}

async fn settled<T: JsCast>(promise: Promise) -> T {
    JsFuture::from(promise).await.unwrap().unchecked_into()
}

/// The directory of the database `name`, a name that stands for itself.
async fn directory(name: &str) -> FileSystemDirectoryHandle {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let origin: FileSystemDirectoryHandle =
        settled(scope.navigator().storage().get_directory()).await;
    let root: FileSystemDirectoryHandle = settled(origin.get_directory_handle("entidb")).await;
    settled(root.get_directory_handle(name)).await
}

#[wasm_bindgen_test]
async fn what_was_written_is_there_after_reopening() {
    let name = "Reopened / \u{fc}nd";
    without(name).await;
    let made = acquire(name, true, WAIT_MS).await.unwrap();
    assert!(made.fresh);
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    for file in FileId::ALL {
        assert_eq!(made.storage.len(file).unwrap(), 0);
        made.storage.write_at(file, 70_000, &bytes).unwrap();
        assert_eq!(made.storage.sync(file, Durability::Strict).unwrap(), Synced::Done);
        made.storage.set_len(file, 369_999).unwrap();
    }
    made.storage.close().unwrap();

    let again = acquire(name, false, WAIT_MS).await.unwrap();
    assert!(!again.fresh);
    for file in FileId::ALL {
        assert_eq!(again.storage.len(file).unwrap(), 369_999);
        let mut read = vec![1; 70_001];
        assert_eq!(again.storage.read_at(file, 0, &mut read).unwrap(), Read::Done);
        assert!(read[..70_000].iter().all(|byte| *byte == 0));
        let mut read = vec![0; 299_999];
        assert_eq!(again.storage.read_at(file, 70_000, &mut read).unwrap(), Read::Done);
        assert!(read == bytes[..299_999]);
    }
    drop(again);
    assert!(remove(name, WAIT_MS).await.unwrap());
}

#[wasm_bindgen_test]
async fn a_database_that_is_held_is_locked_for_others_and_free_afterwards() {
    let name = "held";
    without(name).await;
    let first = acquire(name, true, WAIT_MS).await.unwrap();
    for refused in [
        acquire(name, true, 100).await.map(drop).unwrap_err(),
        remove(name, 100).await.map(drop).unwrap_err(),
    ] {
        assert_eq!(refused.kind(), ErrorKind::Locked);
        assert!(refused.message().contains("another tab"), "{refused}");
        assert_eq!(refused.details().file, Some("volume"));
    }
    assert!(list().await.unwrap().iter().any(|found| found == name));
    drop(first);
    drop(acquire(name, false, WAIT_MS).await.unwrap());
    assert!(remove(name, WAIT_MS).await.unwrap());
}

#[wasm_bindgen_test]
async fn only_creating_makes_a_database() {
    let name = "never made";
    without(name).await;
    let error = acquire(name, false, WAIT_MS).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!list().await.unwrap().iter().any(|found| found == name));
    assert!(!remove(name, WAIT_MS).await.unwrap());
}

#[wasm_bindgen_test]
async fn a_closed_storage_answers_with_a_typed_error() {
    let name = "closed";
    without(name).await;
    let storage = acquire(name, true, WAIT_MS).await.unwrap().storage;
    storage.close().unwrap();
    let kinds = [
        storage.len(FileId::Volume).unwrap_err().kind(),
        storage.read_at(FileId::LogA, 0, &mut [0]).map(drop).unwrap_err().kind(),
        storage.write_at(FileId::LogB, 0, &[0]).unwrap_err().kind(),
        storage.sync(FileId::LogB, Durability::Strict).map(drop).unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::StorageLost; 4]);
    assert!(remove(name, WAIT_MS).await.unwrap());
}

#[wasm_bindgen_test]
async fn a_directory_with_one_of_the_three_files_is_no_new_database() {
    let name = "torn";
    without(name).await;
    let storage = acquire(name, true, WAIT_MS).await.unwrap().storage;
    storage.write_at(FileId::LogA, 0, b"precious").unwrap();
    storage.close().unwrap();
    let directory = directory(name).await;
    for gone in ["volume", "log.b"] {
        settled::<JsValue>(directory.remove_entry(gone)).await;
    }
    assert!(list().await.unwrap().iter().any(|found| found == name));
    let again = acquire(name, true, WAIT_MS).await.unwrap();
    assert!(!again.fresh);
    assert_eq!(FileId::ALL.map(|file| again.storage.len(file).unwrap()), [0, 8, 0]);
    drop(again);
    assert!(remove(name, WAIT_MS).await.unwrap());
}

#[wasm_bindgen_test]
async fn a_removal_that_was_interrupted_is_finished_by_the_next_opener() {
    let name = "half-removed";
    without(name).await;
    let storage = acquire(name, true, WAIT_MS).await.unwrap().storage;
    storage.write_at(FileId::LogB, 0, b"stale").unwrap();
    storage.close().unwrap();
    let create = FileSystemGetFileOptions::new();
    create.set_create(true);
    let directory = directory(name).await;
    settled::<JsValue>(directory.get_file_handle_with_options("removed", &create)).await;
    settled::<JsValue>(directory.remove_entry("volume")).await;

    assert!(!list().await.unwrap().iter().any(|found| found == name));
    let error = acquire(name, false, WAIT_MS).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let again = acquire(name, true, WAIT_MS).await.unwrap();
    assert!(again.fresh);
    assert_eq!(again.storage.len(FileId::LogB).unwrap(), 0);
    drop(again);
    assert!(remove(name, WAIT_MS).await.unwrap());
}

#[wasm_bindgen_test]
fn exceptions_of_the_platform_become_typed_errors() {
    let expected = [
        ("QuotaExceededError", During::Use, ErrorKind::QuotaExceeded),
        ("NoModificationAllowedError", During::Acquire, ErrorKind::Locked),
        ("NotFoundError", During::Acquire, ErrorKind::StorageLost),
        ("InvalidStateError", During::Use, ErrorKind::StorageLost),
        ("SecurityError", During::Reach, ErrorKind::Unsupported),
        ("NotReadableError", During::Use, ErrorKind::Io),
    ];
    for (name, during, kind) in expected {
        let exception = DomException::new_with_message_and_name("it said so", name).unwrap();
        let error = from_exception(&exception, during, Some(FileId::LogA), "use");
        assert_eq!(error.kind(), kind, "{name}");
        let caught = thrown(&error);
        let property = |name: &str| Reflect::get(&caught, &name.into()).unwrap();
        assert_eq!(property("kind").as_string().as_deref(), Some(kind.name()));
        assert!(property("message").as_string().unwrap().contains("it said so"));
        let file = Reflect::get(&property("details"), &"file".into()).unwrap();
        assert_eq!(file.as_string().as_deref(), Some("log.a"));
    }
}
