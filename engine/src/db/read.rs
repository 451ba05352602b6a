//! Reading documents by id, and counting them.

use std::sync::Arc;

use super::document::{self, Body};
use super::draft;
use super::misses::Misses;
use super::tx::Transaction;
use super::{Database, op};
use crate::catalog::{Catalog, CollectionId};
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
    pub fn get(&self, at: At<'_>, collection: CollectionId, id: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut copy = None;
        self.get_with(at, collection, id, &mut |document| {
            copy = Some(document.to_vec());
            Ok(())
        })?;
        Ok(copy)
    }

    /// Gives the document with this encoded id away where it lies, if there is one.
    pub(crate) fn get_with(
        &self,
        mut at: At<'_>,
        collection: CollectionId,
        id: &[u8],
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut key = self.key.take();
        let found = self.find_one(&at, collection, id, &mut key);
        let taken = found.and_then(|document| document.map_or(Ok(()), |found| take(&found)));
        if taken.is_ok() {
            at.note_key(&key);
        }
        self.key.set(key);
        self.counted(taken)
    }

    /// The documents with these encoded ids, in the order asked.
    pub fn get_many(
        &self,
        mut at: At<'_>,
        collection: CollectionId,
        ids: &[&[u8]],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let documents = self.find_many(&mut at, collection, ids)?;
        let copy = |document: Option<Body<'_>>| document.map(|found| found.to_vec());
        Ok(documents.into_iter().map(copy).collect())
    }

    /// The documents with these encoded ids where they lie, in the order asked.
    pub(crate) fn find_many<'a>(
        &'a self,
        at: &'a mut At<'_>,
        collection: CollectionId,
        ids: &[&[u8]],
    ) -> Result<Vec<Option<Body<'a>>>> {
        let found = self.note_keys(at, collection, ids).and_then(|()| {
            let mut key = self.key.take();
            let (mut misses, mut documents) = (Misses::default(), Vec::with_capacity(ids.len()));
            for id in ids {
                let found = self.find_one(at, collection, id, &mut key);
                documents.push(misses.note(found)?.flatten());
            }
            self.key.set(key);
            misses.finish().map(|()| documents)
        });
        self.counted(found)
    }

    /// Whether there is a document with this encoded id.
    pub fn has(&self, mut at: At<'_>, collection: CollectionId, id: &[u8]) -> Result<bool> {
        let mut key = self.key.take();
        let has = self.has_one(&at, collection, id, &mut key);
        if has.is_ok() {
            at.note_key(&key);
        }
        self.key.set(key);
        self.counted(has)
    }

    /// SHA-256 of the document, its id included, in its canonical form.
    pub fn hash(
        &self,
        at: At<'_>,
        collection: CollectionId,
        id: &[u8],
    ) -> Result<Option<[u8; id::HASH_BYTES]>> {
        let named = self.context(&at).and_then(|at| at.catalog.collection(collection).cloned());
        let named = self.counted(named)?;
        let mut hash = None;
        self.get_with(at, collection, id, &mut |document| {
            // Only what was damaged since it was checked cannot be read through.
            let hashed = id::hash(&Id::decode(id)?, document);
            hash = Some(hashed.map_err(|_| document::damaged(&named, id))?);
            Ok(())
        })?;
        Ok(hash)
    }

    /// Number of documents, in one step at any size.
    pub fn count(&self, mut at: At<'_>, collection: CollectionId) -> Result<u64> {
        self.counted(self.count_documents(&mut at, collection))
    }

    fn find_one<'a>(
        &'a self,
        at: &'a At<'_>,
        collection: CollectionId,
        id: &[u8],
        key: &mut Vec<u8>,
    ) -> Result<Option<Body<'a>>> {
        let context = self.context(at)?;
        let collection = context.catalog.collection(collection)?;
        id::check(id).map_err(|error| op::named(error, collection, id))?;
        let found = document::find(&self.store, context.view, collection, id, key)?;
        self.counts.reads.add(1);
        Ok(found)
    }

    /// Notes in a transaction that these documents are read, before it is lent to those that are
    /// found.
    fn note_keys(&self, at: &mut At<'_>, collection: CollectionId, ids: &[&[u8]]) -> Result<()> {
        if !matches!(at, At::Transaction(_)) {
            return Ok(());
        }
        let collection = Arc::clone(self.context(at)?.catalog.collection(collection)?);
        for id in ids {
            id::check(id).map_err(|error| op::named(error, &collection, id))?;
            at.note_key(&collection.document_key(id));
        }
        Ok(())
    }

    fn has_one(
        &self,
        at: &At<'_>,
        collection: CollectionId,
        id: &[u8],
        key: &mut Vec<u8>,
    ) -> Result<bool> {
        let context = self.context(at)?;
        let collection = context.catalog.collection(collection)?;
        id::check(id).map_err(|error| op::named(error, collection, id))?;
        collection.document_key_into(id, key);
        let found = self.store.find(context.view, key)?;
        self.counts.reads.add(1);
        Ok(found.is_some())
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
    fn note_key(&mut self, key: &[u8]) {
        if let Self::Transaction(tx) = self {
            tx.reads.key(key);
        }
    }
}
