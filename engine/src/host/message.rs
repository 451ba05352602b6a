//! Messages in CBOR: what is small and rare enough not to need a layout of its own.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

/// Levels a message nests at most: a list of collections of indexes of fields has four.
const DEPTH_MAX: usize = 8;

/// Decodes a whole message; `what` names it in the error.
pub fn decode<T: DeserializeOwned>(message: &[u8], what: &str) -> Result<T> {
    let mut rest = message;
    let decoded = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH_MAX)
        .map_err(|error| Error::invalid(format!("this is no {what}: {error}")))?;
    if rest.is_empty() {
        return Ok(decoded);
    }
    Err(Error::invalid(format!("{} bytes follow this {what}; send one at a time", rest.len())))
}

/// Encodes an answer.
pub fn encode<T: Serialize>(answer: &T) -> Result<Vec<u8>> {
    let mut message = Vec::new();
    ciborium::into_writer(answer, &mut message).map_err(|error| {
        Error::new(ErrorKind::Io, format!("an answer could not be encoded ({error}); report this"))
    })?;
    Ok(message)
}

/// Bytes that could not be decoded here are the caller's mistake, not damage in the storage.
#[cold]
pub fn junk(what: &str, error: &Error) -> Error {
    Error::invalid(format!("this is no {what}: {}", error.message()))
}
