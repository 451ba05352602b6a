//! The batch of writes as it crosses: decoding it, checked to the last byte.
//!
//! ```text
//! message = op*                       to the end of the message
//! op      = code u8 | collection varint | id slice | body
//!
//! code 1 insert   document slice
//!      2 put      document slice
//!      3 put if   document slice | hash, 32 bytes
//!      4 put new  document slice
//!      5 update   patch slice | count varint | count x slice
//!      6 delete
//! ```
//!
//! A slice is its length as a varint, then its bytes. Ids are encoded as FORMAT.md, section 2 says;
//! a document and a patch are canonical maps without `id`; the slices at the end of an update are
//! the names of the properties to delete, in UTF-8.

use crate::catalog::CollectionId;
use crate::codec::bytes::Reader;
use crate::db::{Change, IfMatch, Op};
use crate::error::{Error, ErrorKind, Result};
use crate::host::message::junk;

/// Writes of one message, so that what is decoded of it takes a few times its bytes at most.
pub const OPS_MAX: usize = 1 << 18;

/// Decodes a batch.
///
/// # Errors
/// `InvalidInput` for anything that is not a batch, `LimitExceeded` above [`OPS_MAX`] writes.
pub fn decode(message: &[u8]) -> Result<Vec<Op<'_>>> {
    let mut reader = Reader::new(message);
    let mut ops = Vec::new();
    while !reader.is_empty() {
        if ops.len() == OPS_MAX {
            let message =
                format!("a batch has at most {OPS_MAX} writes; split it in a transaction");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        ops.push(op(&mut reader).map_err(|error| junk("batch of writes", &error))?);
    }
    Ok(ops)
}

fn op<'a>(reader: &mut Reader<'a>) -> Result<Op<'a>> {
    let code = reader.u8()?;
    let collection = u32::try_from(reader.varint()?)
        .map_err(|_| Error::decode("a collection id has at most 32 bits"))?;
    let id = reader.slice()?;
    let (change, if_match) = match code {
        1 => (Change::Insert(reader.slice()?), IfMatch::Any),
        2 => (Change::Put(reader.slice()?), IfMatch::Any),
        3 => (Change::Put(reader.slice()?), IfMatch::Hash(reader.array()?)),
        4 => (Change::Put(reader.slice()?), IfMatch::Absent),
        5 => (Change::Patch { set: reader.slice()?, unset: names(reader)? }, IfMatch::Any),
        6 => (Change::Delete, IfMatch::Any),
        _ => return Err(Error::decode("there is no write with this code")),
    };
    Ok(Op { collection: CollectionId(collection), id, change, if_match })
}

fn names<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a str>> {
    let count = reader.length()?;
    // Every name takes at least the byte of its length.
    if count > reader.rest().len() {
        return Err(Error::decode("more names are announced than there are bytes"));
    }
    (0..count)
        .map(|_| {
            std::str::from_utf8(reader.slice()?).map_err(|_| Error::decode("a name is not UTF-8"))
        })
        .collect()
}
