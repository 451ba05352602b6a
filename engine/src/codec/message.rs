//! Messages in CBOR, read by hand: what the host is asked, and what the manifest and the catalog
//! say.
//!
//! A decoder made for every type of message would be a large part of what a browser has to load.

use crate::codec::bytes::Reader;
use crate::codec::cbor::{Item, Major, array_head, item, map_head, put_head, skip, unsigned};
use crate::error::{Error, Result};

/// Reads a map: `entry` is given each name and reads the value.
pub fn map<'a>(
    reader: &mut Reader<'a>,
    mut entry: impl FnMut(&str, &mut Reader<'a>) -> Result<()>,
) -> Result<()> {
    let count = map_count(reader)?;
    each(reader, count, &mut |reader| {
        let name = text(reader)?;
        entry(name, reader)
    })
}

/// A list; its memory follows from what is there, not from the length it states.
pub fn list<'a, T>(
    reader: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut list = Vec::new();
    let count = list_count(reader)?;
    each(reader, count, &mut |reader| {
        list.push(read(reader)?);
        Ok(())
    })?;
    Ok(list)
}

/// Reads `count` things. One loop for all types of them, as each more would be code to load.
fn each<'a>(
    reader: &mut Reader<'a>,
    count: usize,
    read: &mut dyn FnMut(&mut Reader<'a>) -> Result<()>,
) -> Result<()> {
    (0..count).try_for_each(|_| read(reader))
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

/// Reads an integer from 0 to 2^32 - 1.
pub fn small(reader: &mut Reader<'_>) -> Result<u32> {
    u32::try_from(unsigned(reader)?).map_err(|_| Error::decode("a number is 2^32 or more"))
}

/// Reads the head of a tuple, a list of exactly `count` elements.
pub fn tuple(reader: &mut Reader<'_>, count: usize) -> Result<()> {
    if list_count(reader)? == count {
        return Ok(());
    }
    Err(Error::decode("a tuple has another length"))
}

/// Reads the fields of a stored map in the order in which they are written.
#[derive(Debug)]
pub struct Fields {
    left: usize,
}

impl Fields {
    /// Reads the head of the map.
    pub fn start(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { left: map_count(reader)? })
    }

    /// Reads the next name, which must be `name`; its value comes next.
    pub fn name(&mut self, reader: &mut Reader<'_>, name: &str) -> Result<()> {
        if let Some(left) = self.left.checked_sub(1)
            && text(reader)? == name
        {
            self.left = left;
            return Ok(());
        }
        Err(Error::decode("a field is missing"))
    }

    /// Skips the fields behind the known ones: a later minor version may have added some.
    pub fn finish(self, reader: &mut Reader<'_>) -> Result<()> {
        for _ in 0..self.left {
            text(reader)?;
            skip(reader)?;
        }
        Ok(())
    }
}

/// Appends the head of a list.
pub fn put_list(out: &mut Vec<u8>, count: usize) {
    put_head(out, Major::Array, count as u64);
}

/// Appends the head of a map.
pub fn put_map(out: &mut Vec<u8>, count: usize) {
    put_head(out, Major::Map, count as u64);
}

/// Appends an integer.
pub fn put_unsigned(out: &mut Vec<u8>, number: u64) {
    put_head(out, Major::Unsigned, number);
}

fn map_count(reader: &mut Reader<'_>) -> Result<usize> {
    map_head(reader)?.ok_or_else(|| Error::decode("a map is expected"))
}

fn list_count(reader: &mut Reader<'_>) -> Result<usize> {
    array_head(reader)?.ok_or_else(|| Error::decode("a list is expected"))
}
