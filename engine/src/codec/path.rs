//! Dotted paths, and what they lead to in a document that is not decoded.

use crate::codec::bytes::Reader;
use crate::codec::cbor;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::PATH_BYTES_MAX;

/// Names of properties from the outside in, written with dots between them: `address.city`. A name
/// that is empty or contains a dot cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    text: String,
    /// The names as encoded keys, so that a search compares bytes.
    keys: Vec<Vec<u8>>,
}

impl Path {
    /// Takes the path apart. One with an empty name is `InvalidInput`, one that is too long
    /// `LimitExceeded`.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > PATH_BYTES_MAX {
            let message = format!(
                "a path has {} bytes, at most {PATH_BYTES_MAX} are allowed; shorten the names",
                text.len()
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        if text.split('.').any(str::is_empty) {
            let message = format!(
                "the path `{text}` has an empty name; write the names of properties with one dot \
                 between them"
            );
            return Err(Error::invalid(message));
        }
        let keys = text.split('.').map(cbor::text_key).collect();
        Ok(Self { text: text.to_owned(), keys })
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is the id of the document, which is not stored in it.
    pub fn is_id(&self) -> bool {
        self.text == "id"
    }
}

/// The value at `path`, undecoded, if it is there. A path does not lead into an array.
pub fn find<'a>(document: &'a [u8], path: &Path) -> Result<Option<&'a [u8]>> {
    lookup(document, &path.keys)
}

/// Visits the values at `path`, leading through one array at most: the elements of an array that
/// the path ends at, or what the rest of the path leads to in each element of an array that it
/// crosses, `None` where that is missing. Where there is no array, or one without elements, there
/// is one visit: of the value, or of `None`.
pub fn each<'a>(
    document: &'a [u8],
    path: &Path,
    mut visit: impl FnMut(Option<&'a [u8]>) -> Result<()>,
) -> Result<()> {
    let mut reader = Reader::new(document);
    let mut keys = path.keys.as_slice();
    loop {
        if let Some(count) = cbor::array_head(&mut reader)? {
            if count == 0 {
                return visit(None);
            }
            for _ in 0..count {
                visit(lookup(cbor::value(&mut reader)?, keys)?)?;
            }
            return Ok(());
        }
        let Some((key, rest)) = keys.split_first() else {
            return visit(Some(cbor::value(&mut reader)?));
        };
        if !enter(&mut reader, key)? {
            return visit(None);
        }
        keys = rest;
    }
}

fn lookup<'a>(value: &'a [u8], keys: &[Vec<u8>]) -> Result<Option<&'a [u8]>> {
    let mut reader = Reader::new(value);
    for key in keys {
        if !enter(&mut reader, key)? {
            return Ok(None);
        }
    }
    Ok(Some(cbor::value(&mut reader)?))
}

/// Moves from a map to the value of its `key`. Where there is no such value, or no map, the reader
/// is of no use afterwards.
fn enter(reader: &mut Reader<'_>, key: &[u8]) -> Result<bool> {
    let count = cbor::map_head(reader)?.unwrap_or(0);
    for _ in 0..count {
        let found = cbor::key(reader)?;
        if found >= key {
            return Ok(found == key);
        }
        cbor::skip(reader)?;
    }
    Ok(false)
}
