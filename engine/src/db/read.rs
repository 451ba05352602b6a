//! Reading documents by id, and counting them.

use std::sync::Arc;

use super::document;
use super::draft;
use super::misses::Misses;
use super::tx::Transaction;
use super::{Database, op};
use crate::catalog::{Catalog, Collection, CollectionId};
use crate::codec::id::{self, Id};
use crate::error::Result;
use crate::kv::view::View;
use crate::snapshot::Snapshot;
use crate::storage::Storage;

/// What a read sees.
#[derive(Debug)]
pub enum At<'a> {
    /// The newest visible commit.
    Latest,
    /// A snapshot.
    Snapshot(&'a Snapshot),
    /// A transaction: its snapshot and its own writes over it. What is read is noted in it.
    Transaction(&'a mut Transaction),
}

/// What a read goes by.
pub(super) struct Context<'a> {
    pub view: View<'a>,
    pub catalog: &'a Arc<Catalog>,
}

impl<S: Storage> Database<S> {
    /// The document with this encoded id, if there is one.
    pub fn get(
        &self,
        mut at: At<'_>,
        collection: CollectionId,
        id: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        self.counted(self.read_one(&mut at, collection, id))
    }

    /// The documents with these encoded ids, in the order asked.
    pub fn get_many(
        &self,
        mut at: At<'_>,
        collection: CollectionId,
        ids: &[&[u8]],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let mut misses = Misses::default();
        let mut documents = Vec::with_capacity(ids.len());
        for id in ids {
            let read = self.counted(self.read_one(&mut at, collection, id));
            documents.push(misses.note(read)?.flatten());
        }
        misses.finish()?;
        Ok(documents)
    }

    /// Whether there is a document with this encoded id.
    pub fn has(&self, mut at: At<'_>, collection: CollectionId, id: &[u8]) -> Result<bool> {
        self.counted(self.has_one(&mut at, collection, id))
    }

    /// SHA-256 of the document, its id included, in its canonical form.
    pub fn hash(
        &self,
        mut at: At<'_>,
        collection: CollectionId,
        id: &[u8],
    ) -> Result<Option<[u8; id::HASH_BYTES]>> {
        self.counted(self.hash_one(&mut at, collection, id))
    }

    /// Number of documents, in one step at any size.
    pub fn count(&self, mut at: At<'_>, collection: CollectionId) -> Result<u64> {
        self.counted(self.count_documents(&mut at, collection))
    }

    fn read_one(
        &self,
        at: &mut At<'_>,
        collection: CollectionId,
        id: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        let context = self.context(at)?;
        let collection = Arc::clone(context.catalog.collection(collection)?);
        id::check(id).map_err(|error| op::named(error, &collection, id))?;
        let document = document::read(&self.store, context.view, &collection, id)?;
        at.note_key(&collection, id);
        self.counts.reads.add(1);
        Ok(document.map(|document| document.bytes))
    }

    fn hash_one(
        &self,
        at: &mut At<'_>,
        collection: CollectionId,
        id: &[u8],
    ) -> Result<Option<[u8; id::HASH_BYTES]>> {
        let Some(document) = self.read_one(at, collection, id)? else { return Ok(None) };
        let hashed = id::hash(&Id::decode(id)?, &document);
        // Only what was damaged since it was checked cannot be read through.
        let collection = Arc::clone(self.context(at)?.catalog.collection(collection)?);
        hashed.map(Some).map_err(|_| document::damaged(&collection, id))
    }

    fn has_one(&self, at: &mut At<'_>, collection: CollectionId, id: &[u8]) -> Result<bool> {
        let context = self.context(at)?;
        let collection = Arc::clone(context.catalog.collection(collection)?);
        id::check(id).map_err(|error| op::named(error, &collection, id))?;
        let mut value = Vec::new();
        let has = self.store.get(context.view, &collection.document_key(id), &mut value)?;
        at.note_key(&collection, id);
        self.counts.reads.add(1);
        Ok(has)
    }

    fn count_documents(&self, at: &mut At<'_>, collection: CollectionId) -> Result<u64> {
        let context = self.context(at)?;
        let collection = Arc::clone(context.catalog.collection(collection)?);
        let mut counters = draft::counters(&self.store, context.view, &collection)?;
        if let At::Transaction(tx) = at {
            tx.add_delta(&collection, &mut counters);
            tx.reads.prefix(&collection.documents_prefix());
        }
        Ok(counters.documents)
    }

    /// What a read at `at` goes by; fails where it has expired or is over.
    pub(super) fn context<'a>(&'a self, at: &'a At<'_>) -> Result<Context<'a>> {
        match at {
            At::Latest => {
                let view = View::at(self.store.visible_seq());
                Ok(Context { view, catalog: &self.catalog })
            }
            At::Snapshot(snapshot) => self.snapshot_context(snapshot),
            At::Transaction(tx) => self.tx_context(tx),
        }
    }

    pub(super) fn snapshot_context<'a>(&self, snapshot: &'a Snapshot) -> Result<Context<'a>> {
        snapshot.touch(self.snapshots.now_ms())?;
        Ok(Context { view: View::at(snapshot.seq()), catalog: snapshot.catalog() })
    }

    pub(super) fn tx_context<'a>(&self, tx: &'a Transaction) -> Result<Context<'a>> {
        tx.check_open()?;
        tx.snapshot.touch(self.snapshots.now_ms())?;
        Ok(Context { view: tx.view(), catalog: tx.snapshot.catalog() })
    }
}

impl At<'_> {
    fn note_key(&mut self, collection: &Collection, id: &[u8]) {
        if let Self::Transaction(tx) = self {
            tx.reads.key(&collection.document_key(id));
        }
    }
}
