//! Committing a transaction.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Shared, Transaction};
use crate::catalog::{Collection, CollectionId};
use crate::db::Database;
use crate::db::document;
use crate::db::draft::{self, Draft};
use crate::db::misses::Misses;
use crate::db::recent::{self, Touched};
use crate::db::write::{Placed, Staged};
use crate::error::Result;
use crate::kv::view::{KeyRange, View};
use crate::storage::Storage;
use std::ops::Bound;

impl<S: Storage> Database<S> {
    /// Validates a transaction and stages its writes as one commit, like [`Database::stage`]; the
    /// answer names no outcomes. One that wrote nothing has nothing to validate: it read one state
    /// throughout.
    ///
    /// Fails with `Conflict` if what it read has changed, `UniqueViolation`, `SnapshotExpired`,
    /// `Closed`. Unless the answer is [`Staged::GroupFull`] or a miss, it is over.
    pub fn tx_commit(&mut self, tx: &mut Transaction) -> Result<Staged> {
        let staged = self.tx_commit_once(tx);
        match &staged {
            Ok(Staged::GroupFull) => return staged,
            Ok(_) => self.counts.transactions_committed.add(1),
            Err(error) if error.is_missing() || tx.is_over => {}
            Err(_) => {
                self.counts.transactions_aborted.fetch_add(1, Ordering::Relaxed);
            }
        }
        if !staged.as_ref().is_err_and(crate::Error::is_missing) {
            tx.end();
        }
        self.counted(staged)
    }

    fn tx_commit_once(&mut self, tx: &mut Transaction) -> Result<Staged> {
        tx.check_open()?;
        if tx.spans.is_empty() {
            return Ok(Placed::Group(tx.seq()).into_staged(Vec::new()));
        }
        self.check_not_pending()?;
        tx.snapshot.touch(self.snapshots.now_ms())?;
        let placed = if tx.overlay.is_spilled() {
            self.commit_spilled(tx)?
        } else {
            self.commit_written(tx)?
        };
        Ok(placed.map_or(Staged::GroupFull, |placed| placed.into_staged(Vec::new())))
    }

    /// Diffs each document written against the newest state.
    fn commit_written(&mut self, tx: &Transaction) -> Result<Option<Placed>> {
        self.check_reads_exist(tx)?;
        self.recent.check(tx.seq(), &tx.reads)?;
        let view = View::at(self.store.staged_seq());
        let mut draft = Draft::new(&self.store);
        let mut misses = Misses::default();
        let written =
            tx.spans.iter().flat_map(|(c, span)| span.written.iter().map(move |id| (c, id)));
        for (collection, id) in written {
            let collection = self.same_collection(tx, *collection)?;
            let old = document::read(&self.store, view, &collection, id);
            let new = document::read(&self.store, tx.view(), &collection, id);
            let (old, new) = (misses.note(old)?.flatten(), misses.note(new)?.flatten());
            if misses.count() > 0 || (old.is_none() && new.is_none()) {
                continue;
            }
            let (old, new) = (old.as_ref(), new.as_ref().map(|new| &*new.bytes));
            misses.note(draft.change(&self.store, view, &collection, id, old, new))?;
            if !self.make_room(&mut draft)? {
                return Ok(None);
            }
        }
        misses.finish()?;
        self.place(draft, view)
    }

    /// Commits the entries as they were derived; see the module's description for why it may.
    fn commit_spilled(&mut self, tx: &mut Transaction) -> Result<Option<Placed>> {
        if self.has_staged() {
            return Ok(None);
        }
        self.check_reads_exist(tx)?;
        let mut reads = tx.reads.clone();
        let mut touched = Touched::default();
        for (id, span) in tx.spans.iter() {
            let collection = self.same_collection(tx, *id)?;
            if *collection != **tx.snapshot.catalog().collection(*id)? {
                return Err(recent::conflict("the indexes of a collection have changed"));
            }
            reads.range(&KeyRange {
                lower: Bound::Included(collection.document_key(&span.first)),
                upper: Bound::Included(collection.document_key(&span.last)),
            });
            touched.prefix(collection.documents_prefix());
            for index in &collection.indexes {
                touched.prefix(index.prefix());
                if index.spec.unique {
                    reads.prefix(&index.prefix());
                }
                if !index.is_ready() {
                    reads.key(&index.progress_key());
                }
            }
        }
        self.recent.check(tx.seq(), &reads)?;
        self.settle_shared(tx)?;
        let view = View::at(self.store.visible_seq());
        for (id, span) in tx.spans.iter() {
            let collection = self.catalog.collection(*id)?;
            let mut counters = draft::counters(&self.store, view, collection)?;
            counters.add(&span.delta);
            tx.overlay.put(&collection.counters_key(), &counters.encode(collection))?;
        }
        let (seq, synced) = self.store.commit_spilled(&mut tx.overlay)?;
        self.recent.push(seq, touched);
        self.snapshots.wrote(tx.bytes);
        self.counts.commits.add(1);
        Ok(Some(Placed::Alone(seq, synced)))
    }

    /// Turns entries that shared a unique value into ordinary ones, or fails where they still do.
    fn settle_shared(&self, tx: &mut Transaction) -> Result<()> {
        while let Some((key, shared)) = tx.shared.pop_first() {
            let settled = self.settle_one(tx, &key, &shared);
            if settled.is_err() {
                tx.shared.insert(key, shared);
            }
            settled?;
        }
        Ok(())
    }

    fn settle_one(&self, tx: &mut Transaction, key: &[u8], shared: &Shared) -> Result<()> {
        let collection = self.catalog.collection(shared.collection)?;
        let Some(index) = collection.index_by_id(shared.index) else { return Ok(()) };
        let id = &shared.id;
        if index.spec.kind == crate::catalog::IndexKind::Hash {
            let view = tx.view();
            if draft::shares_values(&self.store, view, collection, index, id, key)? {
                return Err(draft::violation(collection, index, id));
            }
            return Ok(());
        }
        let plain = key.get(..key.len().saturating_sub(id.len())).unwrap_or(key);
        if self.store.get(tx.view(), plain, &mut Vec::new())? {
            return Err(draft::violation(collection, index, id));
        }
        tx.overlay.delete(key)?;
        tx.overlay.put(plain, id)
    }

    /// The collection as it is now, if its documents are still those of the transaction's snapshot.
    fn same_collection(&self, tx: &Transaction, id: CollectionId) -> Result<Arc<Collection>> {
        let then = tx.snapshot.catalog().collection(id)?;
        match self.catalog.collection(id) {
            Ok(now) if now.data == then.data => Ok(Arc::clone(now)),
            _ => Err(recent::conflict("a collection was cleared or dropped")),
        }
    }

    /// What is no longer written to cannot be validated by what was written.
    fn check_reads_exist(&self, tx: &Transaction) -> Result<()> {
        let is_same = Arc::ptr_eq(&self.catalog, tx.snapshot.catalog());
        if is_same || tx.reads.prefixes().all(|prefix| self.catalog.has_prefix(prefix)) {
            return Ok(());
        }
        Err(recent::conflict("a collection was cleared or dropped, or an index dropped"))
    }
}
