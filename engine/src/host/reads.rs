//! Reads of single documents.

use crate::codec::bytes::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::host::message::junk;
use crate::host::ops::OPS_MAX;
use crate::host::{Host, collection_id};
use crate::storage::Storage;

/// An answer to [`Host::get_many`] stops once it has this many bytes.
pub const GET_MANY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Ids that are looked up together at first, before it is known how large the documents are.
const BATCH_IDS_MIN: usize = 4;
/// Ids that are looked up together at most.
const BATCH_IDS_MAX: usize = 256;

impl<S: Storage> Host<S> {
    /// The document with the encoded id `id`, as a row of [`rows`](super::rows).
    pub fn get(&mut self, view: u32, collection: u32, id: &[u8]) -> Result<Option<Vec<u8>>> {
        let (at, rows) = (self.views.at(view)?, &mut self.rows);
        let mut row = None;
        self.db.get_with(at, collection_id(collection), id, &mut |document| {
            row = Some(rows.alone(id, document)?);
            Ok(())
        })?;
        Ok(row)
    }

    /// The documents of many ids, as laid out in [`rows`](super::rows). `ids` is a slice for each.
    /// The answer stops early where it gets long, or where bytes must be fetched first: it then
    /// covers the ids at the front, one at least, and the caller asks again for those left.
    pub fn get_many(&mut self, view: u32, collection: u32, ids: &[u8]) -> Result<Vec<u8>> {
        let ids = decode_ids(ids)?;
        let rows = &mut self.rows;
        rows.begin();
        let mut rest = ids.as_slice();
        let mut batch_ids = BATCH_IDS_MIN;
        while !rest.is_empty() && rows.bytes() < GET_MANY_BYTES_MAX {
            let (batch, later) = rest.split_at(batch_ids.min(rest.len()));
            let mut at = self.views.at(view)?;
            let documents = match self.db.find_many(&mut at, collection_id(collection), batch) {
                Err(error) if error.is_missing() && rows.bytes() > 0 => break,
                documents => documents?,
            };
            for (id, document) in batch.iter().zip(&documents) {
                rows.document(id, document.as_deref())?;
            }
            rest = later;
            let done = ids.len() - rest.len();
            let each = rows.bytes() / done.max(1) + 1;
            let room = GET_MANY_BYTES_MAX.saturating_sub(rows.bytes());
            batch_ids = (room / each).clamp(1, BATCH_IDS_MAX);
        }
        Ok(rows.finish(&[]))
    }

    /// Whether there is a document with this id.
    pub fn has(&mut self, view: u32, collection: u32, id: &[u8]) -> Result<bool> {
        self.db.has(self.views.at(view)?, collection_id(collection), id)
    }

    /// Number of documents.
    pub fn count(&mut self, view: u32, collection: u32) -> Result<u64> {
        self.db.count(self.views.at(view)?, collection_id(collection))
    }

    /// SHA-256 of the document with its id.
    pub fn hash(&mut self, view: u32, collection: u32, id: &[u8]) -> Result<Option<[u8; 32]>> {
        self.db.hash(self.views.at(view)?, collection_id(collection), id)
    }
}

fn decode_ids(message: &[u8]) -> Result<Vec<&[u8]>> {
    let mut reader = Reader::new(message);
    let mut ids = Vec::new();
    while !reader.is_empty() {
        if ids.len() == OPS_MAX {
            let message = format!("at most {OPS_MAX} ids can be asked for at once; ask in parts");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        ids.push(reader.slice().map_err(|error| junk("list of ids", &error.into()))?);
    }
    Ok(ids)
}
