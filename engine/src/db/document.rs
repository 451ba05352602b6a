//! Documents as entries of the store: one entry, or a head and chunks. FORMAT.md, section 4.

use std::ops::Deref;

use super::misses::Misses;
use crate::catalog::Collection;
use crate::codec::bytes::{Reader, put_varint, varint_len};
use crate::codec::space::{self, Space};
use crate::error::{Error, ErrorKind, Result};
use crate::kv::batch::Batch;
use crate::kv::sought::Value;
use crate::kv::store::Store;
use crate::kv::view::View;
use crate::limits::DOCUMENT_BYTES_MAX;
use crate::storage::Storage;

const WHOLE: u8 = 0;
const CHUNKED: u8 = 1;

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    pub bytes: Vec<u8>,
    /// In how many chunks it lies; none where it is one entry.
    pub chunks: u32,
}

/// A document that was found: where it lies, or put together.
#[derive(Clone, Debug)]
pub(crate) enum Body<'a> {
    /// The value of its entry.
    Whole(Value<'a>),
    Chunks(Document),
}

impl Deref for Body<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Whole(value) => value.get(1..).unwrap_or_default(),
            Self::Chunks(document) => &document.bytes,
        }
    }
}

impl Body<'_> {
    pub fn into_document(self) -> Document {
        match self {
            Self::Whole(_) => Document { bytes: self.to_vec(), chunks: 0 },
            Self::Chunks(document) => document,
        }
    }
}

/// Reads the document with this id, if there is one.
pub(super) fn read<S: Storage>(
    store: &Store<S>,
    view: View<'_>,
    collection: &Collection,
    id: &[u8],
) -> Result<Option<Document>> {
    let found = find(store, view, collection, id, &mut Vec::new())?;
    Ok(found.map(Body::into_document))
}

/// Finds the document with this id, if there is one. Its key is put in `key`.
pub(super) fn find<'a, S: Storage>(
    store: &'a Store<S>,
    view: View<'a>,
    collection: &Collection,
    id: &[u8],
    key: &mut Vec<u8>,
) -> Result<Option<Body<'a>>> {
    collection.document_key_into(id, key);
    match store.find(view, key)? {
        Some(value) => assemble(store, view, collection, id, value).map(Some),
        None => Ok(None),
    }
}

/// Makes the document from the value of its entry.
pub(super) fn assemble<'a, S: Storage>(
    store: &Store<S>,
    view: View<'_>,
    collection: &Collection,
    id: &[u8],
    value: Value<'a>,
) -> Result<Body<'a>> {
    match value.first() {
        Some(&WHOLE) => Ok(Body::Whole(value)),
        Some(&CHUNKED) => {
            let (len, chunks) = chunk_head(&value)?;
            let mut bytes = Vec::new();
            let (mut chunk, mut misses) = (Vec::new(), Misses::default());
            for number in 0..chunks {
                let key = chunk_key(collection, id, number);
                if misses.note(store.get(view, &key, &mut chunk))? == Some(false) {
                    return Err(damaged(collection, id));
                }
                if number == 0 {
                    // Not before: a length alone is worth no memory.
                    bytes.reserve_exact(len);
                }
                bytes.extend_from_slice(&chunk);
            }
            misses.finish()?;
            if bytes.len() != len {
                return Err(damaged(collection, id));
            }
            Ok(Body::Chunks(Document { bytes, chunks }))
        }
        _ => Err(damaged(collection, id)),
    }
}

/// Writes a document over one that had `old_chunks` chunks.
pub(super) fn put(
    batch: &mut Batch,
    value_bytes_max: usize,
    collection: &Collection,
    id: &[u8],
    document: &[u8],
    old_chunks: u32,
) -> Result<()> {
    let mut value;
    let mut chunks = 0;
    if document.len() <= value_bytes_max {
        value = Vec::with_capacity(1 + document.len());
        value.push(WHOLE);
        value.extend_from_slice(document);
    } else {
        for chunk in document.chunks(value_bytes_max) {
            batch.put(&chunk_key(collection, id, chunks), chunk)?;
            chunks += 1;
        }
        let len = document.len() as u64;
        value = Vec::with_capacity(1 + varint_len(len) + varint_len(u64::from(chunks)));
        value.push(CHUNKED);
        put_varint(&mut value, len);
        put_varint(&mut value, u64::from(chunks));
    }
    batch.put(&collection.document_key(id), &value)?;
    delete_chunks(batch, collection, id, chunks..old_chunks)
}

/// Deletes a document that had `chunks` chunks.
pub(super) fn delete(
    batch: &mut Batch,
    collection: &Collection,
    id: &[u8],
    chunks: u32,
) -> Result<()> {
    batch.delete(&collection.document_key(id))?;
    delete_chunks(batch, collection, id, 0..chunks)
}

fn delete_chunks(
    batch: &mut Batch,
    collection: &Collection,
    id: &[u8],
    numbers: std::ops::Range<u32>,
) -> Result<()> {
    for number in numbers {
        batch.delete(&chunk_key(collection, id, number))?;
    }
    Ok(())
}

fn chunk_key(collection: &Collection, id: &[u8], number: u32) -> Vec<u8> {
    [&space::prefix(Space::Chunks, collection.data), id, &number.to_be_bytes()[..]].concat()
}

fn chunk_head(value: &[u8]) -> Result<(usize, u32)> {
    let mut reader = Reader::new(value);
    reader.u8()?;
    let len = reader.length()?;
    let chunks = reader.varint()?;
    match u32::try_from(chunks) {
        Ok(n) if chunks <= len as u64 && len <= DOCUMENT_BYTES_MAX && reader.is_empty() => {
            Ok((len, n))
        }
        _ => Err(Error::decode("the head of a document in chunks is misshapen")),
    }
}

#[cold]
pub(super) fn damaged(collection: &Collection, id: &[u8]) -> Error {
    let message =
        format!("a document of `{}` is damaged; restore a backup of the database", collection.name);
    Error::new(ErrorKind::Corrupt, message).with(|details| {
        details.collection = Some(collection.name.clone());
        details.id = Some(id.to_vec());
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::CollectionId;
    use crate::kv::view::{Direction, KeyRange};
    use crate::options::{Durability, Options};
    use crate::storage::{MemoryStorage, Synced};

    #[test]
    fn no_chunk_outlives_its_document() {
        let mut store = Store::open(MemoryStorage::new(), &Options::default()).unwrap();
        let collection =
            Collection { id: CollectionId(1), data: 2, name: "c".to_owned(), indexes: Vec::new() };
        let mut old_chunks = 0;
        for (len, chunks) in [(100, 10), (10, 0), (35, 4), (11, 2), (0, 0), (20, 2)] {
            let mut batch = Batch::new();
            let document = vec![7; len];
            put(&mut batch, 10, &collection, b"id", &document, old_chunks).unwrap();
            store.stage(&batch).unwrap();
            assert_eq!(store.commit(Durability::Strict).unwrap(), Synced::Done);
            let view = View::at(store.visible_seq());
            let found = read(&store, view, &collection, b"id").unwrap();
            assert_eq!(found, Some(Document { bytes: document, chunks }));
            let range = KeyRange::prefix(&space::prefix(Space::Chunks, 2));
            let mut scan = store.scan(view, &range, Direction::Forward).unwrap();
            let mut left = 0;
            while scan.advance().unwrap() {
                left += 1;
            }
            assert_eq!(left, chunks, "{len} bytes");
            old_chunks = chunks;
        }
    }
}
