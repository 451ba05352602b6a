//! Queries as CBOR.
//!
//! ```text
//! query   { collection, index | scan, reverse?, skip?, take?, output?: 'documents' | 'ids' | 'count' }
//! index   { fields: [path], equal?: [value], lower?: tuple, upper?: tuple, prefix?: text }
//! tuple   { values: [value], open?: bool }
//! scan    { lower?: bound, upper?: bound }
//! bound   { id: bytes, open?: bool }
//! ```
//!
//! A value is canonical CBOR inside a byte string, an id is encoded as in keys. A bound that is `open` is
//! itself left out.

use std::ops::Bound;

use crate::catalog::CollectionId;
use crate::codec::bytes::Reader;
use crate::codec::cbor::{Item, is_whole, item, whole};
use crate::db::{Access, Output, QueryPlan};
use crate::error::{Error, Result};
use crate::host::message::junk;

/// Decodes a query. It is read by hand: a query costs about as much as what it asks for.
pub fn decode(message: &[u8]) -> Result<QueryPlan> {
    let mut reader = Reader::new(message);
    let plan = query(&mut reader).map_err(|error| junk("query", &error))?;
    if reader.is_empty() { Ok(plan) } else { Err(Error::invalid("bytes follow this query")) }
}

fn query(reader: &mut Reader<'_>) -> Result<QueryPlan> {
    let (mut collection, mut access) = (None, None);
    let (mut reverse, mut skip, mut take) = (false, 0, None);
    let mut output = Output::Documents;
    map(reader, |name, reader| {
        match name {
            "collection" => collection = Some(number(reader)?),
            "index" | "scan" if access.is_some() => {
                return Err(Error::decode("it has more than one of `index` and `scan`"));
            }
            "index" => access = Some(index(reader)?),
            "scan" => access = Some(scan(reader)?),
            "reverse" => reverse = flag(reader)?,
            "skip" => skip = number(reader)?,
            "take" => take = Some(number(reader)?),
            "output" => output = rows(reader)?,
            _ => return Err(unknown(name)),
        }
        Ok(())
    })?;
    let collection = collection.and_then(|id| u32::try_from(id).ok());
    let (Some(collection), Some(access)) = (collection, access) else {
        return Err(Error::decode("it needs a `collection`, and one of `index` and `scan`"));
    };
    Ok(QueryPlan { collection: CollectionId(collection), access, reverse, skip, take, output })
}

fn index(reader: &mut Reader<'_>) -> Result<Access> {
    let (mut fields, mut equal, mut prefix) = (Vec::new(), Vec::new(), None);
    let (mut lower, mut upper) = (Bound::Unbounded, Bound::Unbounded);
    map(reader, |name, reader| {
        match name {
            "fields" => fields = list(reader, |reader| text(reader).map(str::to_owned))?,
            "equal" => equal = list(reader, bytes)?,
            "lower" => lower = bound(reader, "values", |reader| list(reader, bytes))?,
            "upper" => upper = bound(reader, "values", |reader| list(reader, bytes))?,
            "prefix" => prefix = Some(text(reader)?.to_owned()),
            _ => return Err(unknown(name)),
        }
        Ok(())
    })?;
    Ok(Access::Index { fields, equal, lower, upper, prefix })
}

fn scan(reader: &mut Reader<'_>) -> Result<Access> {
    let (mut lower, mut upper) = (Bound::Unbounded, Bound::Unbounded);
    map(reader, |name, reader| {
        match name {
            "lower" => lower = bound(reader, "id", bytes)?,
            "upper" => upper = bound(reader, "id", bytes)?,
            _ => return Err(unknown(name)),
        }
        Ok(())
    })?;
    Ok(Access::Scan { lower, upper })
}

/// A bound: what it is at under `at`, and whether it is open.
fn bound<'a, T>(
    reader: &mut Reader<'a>,
    at: &str,
    read: impl Fn(&mut Reader<'a>) -> Result<T>,
) -> Result<Bound<T>> {
    let (mut value, mut open) = (None, false);
    map(reader, |name, reader| {
        match name {
            "open" => open = flag(reader)?,
            _ if name == at => value = Some(read(reader)?),
            _ => return Err(unknown(name)),
        }
        Ok(())
    })?;
    let value = value.ok_or_else(|| Error::decode("a bound has nothing that it is at"))?;
    Ok(if open { Bound::Excluded(value) } else { Bound::Included(value) })
}

fn map<'a>(
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
fn list<'a, T>(
    reader: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    match item(reader)? {
        Item::Array(count) => (0..count).map(|_| read(reader)).collect(),
        _ => Err(Error::decode("a list is expected")),
    }
}

fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a str> {
    match item(reader)? {
        Item::Text(text) => Ok(text),
        _ => Err(Error::decode("a text is expected")),
    }
}

fn bytes(reader: &mut Reader<'_>) -> Result<Vec<u8>> {
    match item(reader)? {
        Item::Bytes(bytes) => Ok(bytes.to_vec()),
        _ => Err(Error::decode("a byte string is expected")),
    }
}

fn flag(reader: &mut Reader<'_>) -> Result<bool> {
    match item(reader)? {
        Item::Bool(flag) => Ok(flag),
        _ => Err(Error::decode("`true` or `false` is expected")),
    }
}

fn number(reader: &mut Reader<'_>) -> Result<u64> {
    match item(reader)? {
        Item::Number(n) if is_whole(n) => u64::try_from(whole(n)).ok(),
        _ => None,
    }
    .ok_or_else(|| Error::decode("a number from 0 to 2^53 - 1 is expected"))
}

fn rows(reader: &mut Reader<'_>) -> Result<Output> {
    match text(reader)? {
        "documents" => Ok(Output::Documents),
        "ids" => Ok(Output::Ids),
        "count" => Ok(Output::Count),
        _ => Err(Error::decode("`output` is `documents`, `ids` or `count`")),
    }
}

#[cold]
fn unknown(name: &str) -> Error {
    Error::decode(&format!("nothing is known of `{name}`"))
}
