//! Rows of answers: ids and documents, in the form of [`entidb_hot::rows`].

use entidb_hot::{Malformed, rows};

use crate::codec::cbor;
use crate::codec::id::{self, Id};
use crate::error::{Error, Result};
use crate::limits::DOCUMENT_DEPTH_MAX;
use crate::storage::FileId;

const _: () = assert!(rows::DEPTH_MAX == DOCUMENT_DEPTH_MAX);

/// An answer of rows that is being written. Its memory serves one answer after the other.
#[derive(Debug, Default)]
pub struct Rows(rows::Rows);

impl Rows {
    /// Begins an answer with `head`.
    pub fn begin(&mut self, head: Vec<u8>) {
        self.0.begin(head);
    }

    /// Bytes of the answer so far, at least.
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// The answer.
    pub fn finish(&mut self) -> Vec<u8> {
        self.0.finish()
    }

    /// Adds an id, and the document if one is given.
    pub fn row(&mut self, id: &[u8], document: Option<&[u8]>) -> Result<()> {
        self.put_id(id)?;
        if let Some(document) = document {
            self.0.document(document).map_err(|error| damaged(error, Some(id)))?;
        }
        self.0.end_row();
        Ok(())
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
        self.begin(Vec::new());
        self.document(id, Some(document))?;
        Ok(self.finish())
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

/// What cannot be read lies behind a right checksum: nobody but the document can be named.
#[cold]
fn damaged(error: Malformed, id: Option<&[u8]>) -> Error {
    Error::from(error).with(|details| {
        details.file = Some(FileId::Volume.name());
        details.id = id.map(<[u8]>::to_vec);
    })
}
