//! Errors on their way across the boundary: the platform's exceptions become [`Error`]s, and those
//! become the plain objects that JavaScript catches.

use entidb::storage::FileId;
use entidb::{Error, ErrorKind};
use js_sys::Reflect;
use serde::Serialize;
use serde_bytes::ByteBuf;
use wasm_bindgen::JsValue;

use crate::number::WHOLE_MAX;

/// What JavaScript catches.
#[derive(Serialize)]
struct Thrown<'a> {
    kind: &'a str,
    message: &'a str,
    details: ThrownDetails<'a>,
}

#[derive(Serialize)]
struct ThrownDetails<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<ByteBuf>,
}

/// Ends a call with `error`; see [`thrown`].
#[cold]
pub fn throw(error: Error) -> JsValue {
    let thrown = thrown(&error);
    // Here, so that no caller holds the code that frees it.
    drop(error);
    thrown
}

/// The object that JavaScript catches for `error`: `{ kind, message, details }`.
#[cold]
pub fn thrown(error: &Error) -> JsValue {
    let details = error.details();
    let thrown = Thrown {
        kind: if error.is_missing() { "Missing" } else { error.kind().name() },
        message: error.message(),
        // A damaged file can hold numbers that JavaScript cannot; the message has them all the
        // same.
        details: ThrownDetails {
            file: details.file,
            offset: details.offset.filter(|n| *n <= WHOLE_MAX),
            seq: details.seq.filter(|n| *n <= WHOLE_MAX),
            collection: details.collection.as_deref(),
            path: details.path.as_deref(),
            id: details.id.clone().map(ByteBuf::from),
        },
    };
    serde_wasm_bindgen::to_value(&thrown).unwrap_or_else(JsValue::from)
}

/// What was being done when the platform threw, which decides what its exception means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum During {
    /// Reaching the directory of the origin.
    Reach,
    /// Opening or removing a database's files.
    Acquire,
    /// Using an open file.
    Use,
}

/// The error that an exception of the platform stands for; `doing` completes "could not ...".
#[cold]
pub fn from_exception(
    exception: &JsValue,
    during: During,
    file: Option<FileId>,
    doing: &str,
) -> Error {
    let name = text(exception, "name");
    let (kind, advice) = match (name.as_str(), during) {
        ("QuotaExceededError", _) => (
            ErrorKind::QuotaExceeded,
            "the browser gives this site no more room; delete data, or ask for persistent storage",
        ),
        ("NoModificationAllowedError", _) => (ErrorKind::Locked, HELD),
        ("NotFoundError", During::Acquire)
        | ("NotFoundError" | "InvalidStateError", During::Use) => (
            ErrorKind::StorageLost,
            "the browser took the files away, as clearing the site's data does; \
             open the database again",
        ),
        ("SecurityError" | "NotAllowedError" | "TypeError", During::Reach | During::Acquire) => (
            ErrorKind::Unsupported,
            "this page may not use the origin private file system, as in some private windows; \
             choose another storage",
        ),
        _ => (ErrorKind::Io, "the storage failed; open the database again"),
    };
    let place = file.map_or("the database's directory", FileId::name);
    let said = text(exception, "message");
    let message = format!("could not {doing} {place}: {advice} ({name}: {said})");
    Error::new(kind, message).with(|d| d.file = file.map(FileId::name))
}

/// Who can hold files that are held.
pub const HELD: &str = "another tab or worker has the database open, or one that was just closed \
                        is still shutting down; close it, or try again in a moment";

fn text(exception: &JsValue, property: &str) -> String {
    Reflect::get(exception, &JsValue::from_str(property))
        .ok()
        .and_then(|value| value.as_string())
        .unwrap_or_default()
}
