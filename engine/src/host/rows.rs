//! Rows of answers: ids and documents, in the form of [`entidb_hot::rows`].

use entidb_hot::{Malformed, rows};

use crate::codec::cbor;
use crate::codec::id::{self, Id};
use crate::db::PageRows;
use crate::error::{Error, Result};
use crate::limits::DOCUMENT_DEPTH_MAX;
use crate::storage::FileId;

const _: () = assert!(rows::DEPTH_MAX == DOCUMENT_DEPTH_MAX);

/// An answer of rows that is being written. Its memory serves one answer after the other.
#[derive(Debug, Default)]
pub struct Rows(rows::Rows);

impl Rows {
    /// Begins an answer.
    pub fn begin(&mut self) {
        self.0.begin();
    }

    /// Bytes of the answer so far, at least.
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// The answer, with `head` before it.
    pub fn finish(&mut self, head: &[u8]) -> Vec<u8> {
        self.0.finish(head)
    }

    /// Adds the document of an id that was asked for, or that there is none.
    pub fn document(&mut self, id: &[u8], document: Option<&[u8]>) -> Result<()> {
        match document {
            Some(document) => {
                self.0.document(document).map_err(|error| damaged(error, Some(id)))?;
            }
            None => self.0.absent(),
        }
        self.0.end_row();
        Ok(())
    }

    /// An answer that is one document.
    pub fn alone(&mut self, id: &[u8], document: &[u8]) -> Result<Vec<u8>> {
        self.begin();
        self.document(id, Some(document))?;
        Ok(self.finish(&[]))
    }

    fn put_id(&mut self, id: &[u8]) -> Result<()> {
        if let Some(text) = id::plain_text(id) {
            self.0.text(text);
            return Ok(());
        }
        // Nobody could make anything of an id that cannot be read.
        let unreadable = |_| damaged(Malformed("an id cannot be read"), None);
        match Id::decode(id).map_err(unreadable)? {
            Id::Int(n) => self.0.number(cbor::nearest(n.into())),
            Id::Text(text) => self.0.text(&text),
        }
        Ok(())
    }
}

impl PageRows for Rows {
    /// Adds an id, and the document if one is given.
    fn row(&mut self, id: &[u8], document: Option<&[u8]>) -> Result<()> {
        self.put_id(id)?;
        if let Some(document) = document {
            self.0.document(document).map_err(|error| damaged(error, Some(id)))?;
        }
        self.0.end_row();
        Ok(())
    }
}

/// What cannot be read lies behind a right checksum: nobody but the document can be named.
#[cold]
fn damaged(error: Malformed, id: Option<&[u8]>) -> Error {
    Error::from(error).with(|details| {
        details.file = Some(FileId::Volume.name());
        details.id = id.map(<[u8]>::to_vec);
    })
}
