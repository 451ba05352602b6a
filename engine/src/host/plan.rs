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

use serde::Deserialize;
use serde_bytes::ByteBuf;

use crate::catalog::CollectionId;
use crate::db::{Access, Output, QueryPlan};
use crate::error::{Error, Result};
use crate::host::message::decode as decode_message;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    collection: u32,
    index: Option<Index>,
    scan: Option<Scan>,
    #[serde(default)]
    reverse: bool,
    #[serde(default)]
    skip: u64,
    take: Option<u64>,
    #[serde(default)]
    output: Rows,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rows {
    #[default]
    Documents,
    Ids,
    Count,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    fields: Vec<String>,
    #[serde(default)]
    equal: Vec<ByteBuf>,
    lower: Option<Tuple>,
    upper: Option<Tuple>,
    prefix: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tuple {
    values: Vec<ByteBuf>,
    #[serde(default)]
    open: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    lower: Option<IdBound>,
    upper: Option<IdBound>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdBound {
    id: ByteBuf,
    #[serde(default)]
    open: bool,
}

/// Decodes a query.
pub fn decode(message: &[u8]) -> Result<QueryPlan> {
    let query: Query = decode_message(message, "query")?;
    let access = match (query.index, query.scan) {
        (Some(index), None) => Access::Index {
            fields: index.fields,
            equal: index.equal.into_iter().map(ByteBuf::into_vec).collect(),
            lower: tuple(index.lower),
            upper: tuple(index.upper),
            prefix: index.prefix,
        },
        (None, Some(scan)) => Access::Scan { lower: id(scan.lower), upper: id(scan.upper) },
        _ => return Err(Error::invalid("a query has one way in: name either `index` or `scan`")),
    };
    let output = match query.output {
        Rows::Documents => Output::Documents,
        Rows::Ids => Output::Ids,
        Rows::Count => Output::Count,
    };
    Ok(QueryPlan {
        collection: CollectionId(query.collection),
        access,
        reverse: query.reverse,
        skip: query.skip,
        take: query.take,
        output,
    })
}

fn tuple(tuple: Option<Tuple>) -> Bound<Vec<Vec<u8>>> {
    let Some(tuple) = tuple else { return Bound::Unbounded };
    let values = tuple.values.into_iter().map(ByteBuf::into_vec).collect();
    if tuple.open { Bound::Excluded(values) } else { Bound::Included(values) }
}

fn id(bound: Option<IdBound>) -> Bound<Vec<u8>> {
    let Some(bound) = bound else { return Bound::Unbounded };
    let id = bound.id.into_vec();
    if bound.open { Bound::Excluded(id) } else { Bound::Included(id) }
}
