//! Queries as CBOR.
//!
//! ```text
//! query   { collection, index | scan, reverse?, skip?, take?, output? }
//! output  'documents' | 'ids' | 'count'
//! index   { fields: [path], equal?: [value], lower?: tuple, upper?: tuple, prefix?: text }
//! tuple   { values: [value], open?: bool }
//! scan    { lower?: bound, upper?: bound }
//! bound   { id: bytes, open?: bool }
//! ```
//!
//! A value is canonical CBOR inside a byte string, an id is encoded as in keys. A bound that is
//! `open` is itself left out.

use std::ops::Bound;

use crate::catalog::CollectionId;
use crate::codec::bytes::Reader;
use crate::codec::message::{bytes, flag, list, map, text};
use crate::db::{Access, Output, QueryPlan};
use crate::error::{Error, Result};
use crate::host::message::{number, unknown, whole_message};

/// Decodes a query.
pub fn decode(message: &[u8]) -> Result<QueryPlan> {
    whole_message(message, "query", query)
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

fn rows(reader: &mut Reader<'_>) -> Result<Output> {
    match text(reader)? {
        "documents" => Ok(Output::Documents),
        "ids" => Ok(Output::Ids),
        "count" => Ok(Output::Count),
        _ => Err(Error::decode("`output` is `documents`, `ids` or `count`")),
    }
}
