//! Messages in CBOR, read by hand: a query costs about as much as what it asks for, and a decoder made
//! for every type of message would be a large part of what a browser has to load.

use crate::codec::bytes::Reader;
use crate::codec::cbor::{Item, is_whole, item, whole};
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

/// Reads a map: `entry` is given each name and reads the value.
pub fn map<'a>(
    reader: &mut Reader<'a>,
    mut entry: impl FnMut(&str, &mut Reader<'a>) -> Result<()>,
) -> Result<()> {
    let Item::Map(count) = item(reader)? else {
        return Err(Error::decode("a map is expected"));
    };
    for _ in 0..count {
        let name = text(reader)?;
        entry(name, reader)?;
    }
    Ok(())
}

/// A list; its memory follows from what is there, not from the length it states.
pub fn list<'a, T>(
    reader: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    match item(reader)? {
        Item::Array(count) => (0..count).map(|_| read(reader)).collect(),
        _ => Err(Error::decode("a list is expected")),
    }
}

/// Reads a text.
pub fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a str> {
    match item(reader)? {
        Item::Text(text) => Ok(text),
        _ => Err(Error::decode("a text is expected")),
    }
}

/// Reads a byte string.
pub fn bytes(reader: &mut Reader<'_>) -> Result<Vec<u8>> {
    match item(reader)? {
        Item::Bytes(bytes) => Ok(bytes.to_vec()),
        _ => Err(Error::decode("a byte string is expected")),
    }
}

/// Reads `true` or `false`.
pub fn flag(reader: &mut Reader<'_>) -> Result<bool> {
    match item(reader)? {
        Item::Bool(flag) => Ok(flag),
        _ => Err(Error::decode("`true` or `false` is expected")),
    }
}

/// Reads a whole number.
pub fn number(reader: &mut Reader<'_>) -> Result<u64> {
    match item(reader)? {
        Item::Number(n) if is_whole(n) => u64::try_from(whole(n)).ok(),
        _ => None,
    }
    .ok_or_else(|| Error::decode("a number from 0 to 2^53 - 1 is expected"))
}

/// A map has an entry that means nothing here.
#[cold]
pub fn unknown(name: &str) -> Error {
    Error::decode(&format!("nothing is known of `{name}`"))
}
