//! What a document has in an index. Entries are derived from the document alone, so a write needs
//! no more than the difference between what the old and the new document have. FORMAT.md, section
//! 4.

use entidb_hot::hash::xxh3_64;

use crate::catalog::{Index, IndexKind};
use crate::codec::cbor;
use crate::codec::id::{self, Id};
use crate::codec::key;
use crate::codec::path;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{INDEX_ENTRIES_PER_DOCUMENT_MAX, INDEX_VALUES_BYTES_MAX, KEY_PREFIX_BYTES};

/// Bytes of the hash in a key of a hash index.
pub(crate) const HASH_BYTES: usize = 8;

/// What a unique index keeps apart with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// Nothing: the index is not unique, or a field is missing.
    None,
    /// The key itself, which has no id in it; the entry's value is the id.
    Key,
    /// The values, to be compared with those of every document under the same hash.
    Values,
}

/// An entry of a document in an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub key: Vec<u8>,
    pub claim: Claim,
}

/// The entries of a document, in key order, each once.
pub(crate) fn entries(index: &Index, id: &[u8], document: &[u8]) -> Result<Vec<Entry>> {
    let prefix = index.prefix();
    let tuples = tuples(index, id, document)?;
    let mut entries = Vec::with_capacity(tuples.len());
    for values in &tuples {
        let checked = index.spec.unique && !key::contains_missing(values)?;
        let entry = match index.spec.kind {
            IndexKind::Hash => Entry {
                key: [&hash_prefix(index, values), id].concat(),
                claim: if checked { Claim::Values } else { Claim::None },
            },
            IndexKind::Ordered => {
                check_size(index, id, values)?;
                if checked {
                    Entry { key: [&prefix[..], values].concat(), claim: Claim::Key }
                } else {
                    Entry { key: [&prefix[..], values, id].concat(), claim: Claim::None }
                }
            }
        };
        // Tuples are in order, hashes are not, and different values can share one.
        let at = entries.partition_point(|other: &Entry| other.key < entry.key);
        match entries.get_mut(at) {
            Some(same) if same.key == entry.key => same.claim = same.claim.max(entry.claim),
            _ => entries.insert(at, entry),
        }
    }
    Ok(entries)
}

/// The encoded values of a document, one tuple per entry, each once and in order. A document
/// without the first field has none.
///
/// Under `each` the field that yields several values yields one tuple for each. A value that is not
/// an array counts as its own only element, and an array without elements as missing.
pub(crate) fn tuples(index: &Index, id: &[u8], document: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut tuples = vec![Vec::new()];
    let mut many: Option<&str> = None;
    for (at, path) in index.paths.iter().enumerate() {
        let mut values = field(index, path, id, document)?;
        if at == 0 {
            values.retain(|value| !is_missing(value));
        }
        if let [value] = values.as_slice() {
            for tuple in &mut tuples {
                tuple.extend_from_slice(value);
            }
            continue;
        }
        if values.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(first) = many.replace(path.text()) {
            let message = format!(
                "`{first}` and `{}` both hold several values; {} takes one array at most, so index \
                 one of the two by itself",
                path.text(),
                index.spec
            );
            return Err(refused(ErrorKind::InvalidInput, message, index, id));
        }
        // All tuples are the same so far, as no other field had several values.
        let start = tuples.pop().unwrap_or_default();
        tuples = values.iter().map(|value| [start.as_slice(), value].concat()).collect();
    }
    Ok(tuples)
}

/// What the keys of a hash index for these encoded values start with.
pub(crate) fn hash_prefix(index: &Index, values: &[u8]) -> Vec<u8> {
    [&index.prefix()[..], &xxh3_64(values).to_be_bytes()].concat()
}

/// The tuples of a document, none of their values missing, that lie in a hash index under `hash`:
/// the part of an entry's key in front of the id.
pub(crate) fn values_under(
    index: &Index,
    id: &[u8],
    document: &[u8],
    hash: &[u8],
) -> Result<Vec<Vec<u8>>> {
    let mut under = Vec::new();
    for values in tuples(index, id, document)? {
        if hash_prefix(index, &values) == hash && !key::contains_missing(&values)? {
            under.push(values);
        }
    }
    Ok(under)
}

/// The distinct encoded values of one field, in order.
fn field(index: &Index, path: &path::Path, id: &[u8], document: &[u8]) -> Result<Vec<Vec<u8>>> {
    if path.is_id() {
        return Ok(vec![id_value(id)?]);
    }
    if !index.spec.each {
        return Ok(vec![encoded(path::find(document, path)?)?]);
    }
    let mut values = Vec::new();
    path::each(document, path, |value| {
        if values.len() >= INDEX_ENTRIES_PER_DOCUMENT_MAX {
            let message = format!(
                "a document has more than {INDEX_ENTRIES_PER_DOCUMENT_MAX} elements for {}; split \
                 it up",
                index.spec
            );
            return Err(refused(ErrorKind::LimitExceeded, message, index, id));
        }
        values.push(encoded(value)?);
        Ok(())
    })?;
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

fn encoded(value: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match value {
        Some(value) => key::encode_value(value, &mut out)?,
        None => key::put_missing(&mut out),
    }
    Ok(out)
}

/// The id as a value.
fn id_value(id: &[u8]) -> Result<Vec<u8>> {
    let mut value = Vec::new();
    match Id::decode(id)? {
        Id::Int(n) => cbor::put_int(&mut value, n),
        Id::Text(text) => cbor::put_text(&mut value, &text),
    }
    encoded(Some(&value))
}

fn is_missing(value: &[u8]) -> bool {
    let mut missing = Vec::with_capacity(1);
    key::put_missing(&mut missing);
    value == missing
}

fn check_size(index: &Index, id: &[u8], values: &[u8]) -> Result<()> {
    if values.len() <= INDEX_VALUES_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "the values for {} have {} bytes, at most {INDEX_VALUES_BYTES_MAX} can be kept in order; \
         shorten them, or declare the index with `kind: 'hash'`",
        index.spec,
        values.len()
    );
    Err(refused(ErrorKind::LimitExceeded, message, index, id))
}

#[cold]
fn refused(kind: ErrorKind, message: String, index: &Index, id: &[u8]) -> Error {
    Error::new(kind, message).with(|details| {
        details.path = Some(index.spec.to_string());
        details.id = Some(id.to_vec());
    })
}

/// What an entry's key and value say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// The encoded values, or their hash.
    pub values: &'a [u8],
    pub id: &'a [u8],
}

/// Takes an entry apart.
pub(crate) fn split<'a>(index: &Index, key: &'a [u8], value: &'a [u8]) -> Result<Parts<'a>> {
    let rest = key.get(KEY_PREFIX_BYTES..).ok_or_else(cut_off)?;
    let (values, id) = match index.spec.kind {
        IndexKind::Hash => rest.split_at_checked(HASH_BYTES).ok_or_else(cut_off)?,
        IndexKind::Ordered => key::split_values(rest, index.paths.len())?,
    };
    let id = if id.is_empty() { value } else { id };
    let (id, rest) = id::split_id(id)?;
    if rest.is_empty() { Ok(Parts { values, id }) } else { Err(cut_off()) }
}

#[cold]
fn cut_off() -> Error {
    Error::decode("the key of an index entry is misshapen")
}

/// What `old` has and `new` lacks, and the reverse; both in key order.
pub(crate) fn difference(mut old: Vec<Entry>, mut new: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    if old == new {
        return (Vec::new(), Vec::new());
    }
    let kept: Vec<Entry> = old.iter().filter(|e| new.binary_search(e).is_ok()).cloned().collect();
    old.retain(|entry| kept.binary_search(entry).is_err());
    new.retain(|entry| kept.binary_search(entry).is_err());
    (old, new)
}
