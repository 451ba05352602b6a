//! What a caller's message needs beyond being CBOR: an end, and numbers that JavaScript has.

use crate::codec::bytes::Reader;
use crate::codec::cbor::{INTEGERS_END, unsigned};
use crate::error::{Error, Result};

/// Reads a message to its end; `what` names it in the error.
pub fn whole_message<'a, T>(
    message: &'a [u8],
    what: &str,
    read: impl Fn(&mut Reader<'a>) -> Result<T>,
) -> Result<T> {
    let mut reader = Reader::new(message);
    let read = read(&mut reader).map_err(|error| junk(what, &error))?;
    if reader.is_empty() {
        return Ok(read);
    }
    let left = reader.rest().len();
    Err(Error::invalid(format!("{left} bytes follow this {what}; send one at a time")))
}

/// Bytes that could not be decoded here are the caller's mistake, not damage in the storage.
#[cold]
pub fn junk(what: &str, error: &Error) -> Error {
    Error::invalid(format!("this is no {what}: {}", error.message()))
}

/// Reads a whole number.
pub fn number(reader: &mut Reader<'_>) -> Result<u64> {
    unsigned(reader)
        .ok()
        .filter(|number| *number < INTEGERS_END)
        .ok_or_else(|| Error::decode("a number from 0 to 2^53 - 1 is expected"))
}

/// A map has an entry that means nothing here.
#[cold]
pub fn unknown(name: &str) -> Error {
    Error::decode(&format!("nothing is known of `{name}`"))
}
