//! Writes inside a transaction.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Shared, Span, Transaction};
use crate::catalog::{Collection, Index, IndexId};
use crate::counters::Delta;
use crate::db::Database;
use crate::db::document::{self, Document};
use crate::db::draft;
use crate::db::misses::Misses;
use crate::db::op::{Op, Outcome, Step, Steps};
use crate::error::{Error, ErrorKind, Result};
use crate::index::{Claim, Entry, HASH_BYTES};
use crate::kv::store::Store;
use crate::limits::{KEY_PREFIX_BYTES, SHARED_KEYS_BYTES_MAX};
use crate::storage::Storage;

/// The difference that a call makes in the index entries of one document.
struct Diff {
    index: IndexId,
    removed: Vec<Entry>,
    added: Vec<Entry>,
}

/// One document of a call.
struct Planned<'a> {
    collection: Arc<Collection>,
    id: &'a [u8],
    old_len: Option<usize>,
    old_chunks: u32,
    new: Option<Cow<'a, [u8]>>,
    diffs: Vec<Diff>,
}

/// What a call writes to the overlay besides documents, worked out before anything is written.
#[derive(Default)]
struct Entries {
    writes: BTreeMap<Vec<u8>, Write>,
}

/// What becomes of one key.
#[derive(Default)]
struct Write {
    /// `None` deletes.
    value: Option<Vec<u8>>,
    sharing: Sharing,
    /// The document, where the call adds the entry to a unique hash index.
    hashed: Option<Shared>,
}

/// Whether an entry may share a unique value with another document.
#[derive(Default)]
enum Sharing {
    #[default]
    AsBefore,
    Ends,
    Begins(Shared),
}

impl<S: Storage> Database<S> {
    /// Writes to the transaction: all of `ops` or, on any error, none of them. Fails like
    /// [`Database::stage`], except that unique values are checked when the transaction is
    /// committed.
    pub fn tx_write(&mut self, tx: &mut Transaction, ops: &[Op<'_>]) -> Result<Vec<Outcome>> {
        let written = self.tx_write_ops(tx, ops);
        self.counted(written)
    }

    fn tx_write_ops(&mut self, tx: &mut Transaction, ops: &[Op<'_>]) -> Result<Vec<Outcome>> {
        self.check_not_pending()?;
        let catalog = Arc::clone(self.tx_context(tx)?.catalog);
        let mut steps = Steps::new(&catalog, ops)?;
        let mut planned = Vec::new();
        let mut misses = Misses::default();
        loop {
            match misses.note(steps.next(&self.store, tx.view(), &catalog))? {
                Some(Some(step)) if step.is_write && misses.count() == 0 => {
                    if let Some(plan) = misses.note(plan(&self.store, tx, step))? {
                        planned.push(plan);
                    }
                }
                None | Some(Some(_)) => {}
                Some(None) => break,
            }
        }
        misses.finish()?;
        let entries = Entries::gather(&self.store, tx, &planned)?;
        for op in ops.iter().filter(|op| op.reads()) {
            tx.reads.key(&catalog.collection(op.collection)?.document_key(op.id));
        }
        tx.apply(self.store.geometry().value_bytes_max(), &planned, entries)?;
        if tx.overlay.bytes() > self.store.spill_bytes() {
            self.store.spill(&mut tx.overlay)?;
            for span in tx.spans.values_mut() {
                span.written.clear();
            }
        }
        if tx.shared_bytes > SHARED_KEYS_BYTES_MAX {
            let message = "too many documents share unique values in the middle of the \
                           transaction; write fewer of them at once";
            tx.end();
            self.counts.transactions_aborted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        self.count_ops(ops);
        Ok(steps.into_outcomes())
    }
}

fn plan<'a, S: Storage>(store: &Store<S>, tx: &Transaction, step: Step<'a>) -> Result<Planned<'a>> {
    let old = step.old.as_ref().map(|old: &Document| &*old.bytes);
    let mut diffs = Vec::new();
    for index in &step.collection.indexes {
        let is_maintained =
            index.is_ready() || step.id <= draft::progress(store, tx.view(), index)?.as_slice();
        if is_maintained && old != step.new.as_deref() {
            let new = step.new.as_deref();
            let (removed, added) = draft::derive(&step.collection, index, step.id, old, new)?;
            diffs.push(Diff { index: index.id, removed, added });
        }
    }
    Ok(Planned {
        old_len: old.map(<[u8]>::len),
        old_chunks: step.old.as_ref().map_or(0, |old| old.chunks),
        collection: step.collection,
        id: step.id,
        new: step.new,
        diffs,
    })
}

impl Entries {
    /// Removals come first, so that a value which one document of the call gives up is free for
    /// another one.
    fn gather<S: Storage>(
        store: &Store<S>,
        tx: &Transaction,
        planned: &[Planned<'_>],
    ) -> Result<Self> {
        let mut entries = Self::default();
        let mut misses = Misses::default();
        for plan in planned {
            for entry in plan.diffs.iter().flat_map(|diff| &diff.removed) {
                misses.note(entries.remove(store, tx, plan.id, entry))?;
            }
        }
        for plan in planned {
            for diff in &plan.diffs {
                let Some(index) = plan.collection.index_by_id(diff.index) else { continue };
                for entry in &diff.added {
                    misses.note(entries.add(store, tx, plan, index, entry))?;
                }
            }
        }
        entries.share_hashes();
        misses.finish()?;
        Ok(entries)
    }

    /// Entries that the call adds under one hash share it.
    fn share_hashes(&mut self) {
        let mut before: Option<(&[u8], &mut Write)> = None;
        for (key, write) in &mut self.writes {
            if write.hashed.is_none() {
                continue;
            }
            let hash = key.get(..KEY_PREFIX_BYTES + HASH_BYTES).unwrap_or_default();
            if let Some((_, other)) = before.take_if(|(other, _)| *other == hash) {
                other.share();
                write.share();
            }
            before = Some((hash, write));
        }
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> &mut Write {
        let write = self.writes.entry(key).or_default();
        write.value = value;
        write
    }

    fn remove<S: Storage>(
        &mut self,
        store: &Store<S>,
        tx: &Transaction,
        id: &[u8],
        entry: &Entry,
    ) -> Result<()> {
        if entry.claim == Claim::Key && self.owner(store, tx, &entry.key)?.as_deref() != Some(id) {
            let key = [&entry.key[..], id].concat();
            self.write(key, None).sharing = Sharing::Ends;
            return Ok(());
        }
        let write = self.write(entry.key.clone(), None);
        if entry.claim == Claim::Values {
            write.sharing = Sharing::Ends;
        }
        Ok(())
    }

    fn add<S: Storage>(
        &mut self,
        store: &Store<S>,
        tx: &Transaction,
        plan: &Planned<'_>,
        index: &Index,
        entry: &Entry,
    ) -> Result<()> {
        let id = plan.id;
        let shared = || Shared { collection: plan.collection.id, index: index.id, id: id.to_vec() };
        match entry.claim {
            Claim::None => {
                self.write(entry.key.clone(), Some(Vec::new()));
            }
            Claim::Key => match self.owner(store, tx, &entry.key)? {
                Some(owner) if owner != id => {
                    let key = [&entry.key[..], id].concat();
                    self.write(key, Some(Vec::new())).sharing = Sharing::Begins(shared());
                }
                _ => {
                    self.write(entry.key.clone(), Some(id.to_vec()));
                }
            },
            Claim::Values => {
                let hash = entry.key.get(..KEY_PREFIX_BYTES + HASH_BYTES).unwrap_or_default();
                let mut scan = store.scan(
                    tx.view(),
                    &crate::kv::view::KeyRange::prefix(hash),
                    crate::kv::view::Direction::Forward,
                )?;
                let mut is_shared = false;
                // What values they have is looked at when the transaction is committed.
                while scan.advance()? {
                    let is_deleted = self.writes.get(scan.key()).is_some_and(|w| w.value.is_none());
                    if !is_deleted && scan.key() != entry.key {
                        is_shared = true;
                        break;
                    }
                }
                drop(scan);
                let write = self.write(entry.key.clone(), Some(Vec::new()));
                write.hashed = Some(shared());
                if is_shared {
                    write.sharing = Sharing::Begins(shared());
                }
            }
        }
        Ok(())
    }

    /// The document that has the key of a unique index.
    fn owner<S: Storage>(
        &self,
        store: &Store<S>,
        tx: &Transaction,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        if let Some(write) = self.writes.get(key) {
            return Ok(write.value.clone());
        }
        let mut owner = Vec::new();
        Ok(store.get(tx.view(), key, &mut owner)?.then_some(owner))
    }
}

impl Write {
    fn share(&mut self) {
        if let Some(shared) = &self.hashed {
            self.sharing = Sharing::Begins(shared.clone());
        }
    }
}

impl Transaction {
    fn apply(
        &mut self,
        value_bytes_max: usize,
        planned: &[Planned<'_>],
        entries: Entries,
    ) -> Result<()> {
        for plan in planned {
            let (collection, id) = (&plan.collection, plan.id);
            match &plan.new {
                Some(new) => {
                    let (max, chunks) = (value_bytes_max, plan.old_chunks);
                    document::put(&mut self.overlay, max, collection, id, new, chunks)?;
                    self.bytes += new.len();
                }
                None => document::delete(&mut self.overlay, collection, id, plan.old_chunks)?,
            }
            self.bytes += id.len();
            let span = self.spans.entry(collection.id, || Span {
                first: id.to_vec(),
                last: id.to_vec(),
                written: BTreeSet::new(),
                delta: Delta::default(),
            });
            span.note(id);
            if !self.overlay.is_spilled() {
                span.written.insert(id.to_vec());
            }
            span.delta.document(plan.old_len, plan.new.as_ref().map(|new| new.len()));
            for diff in &plan.diffs {
                span.delta.entries(diff.index, diff.removed.len(), diff.added.len());
            }
        }
        for (key, write) in entries.writes {
            let bytes = key.len();
            self.bytes += bytes;
            match write.value {
                Some(value) => self.overlay.put(&key, &value)?,
                None => self.overlay.delete(&key)?,
            }
            let before = match write.sharing {
                Sharing::AsBefore => None,
                Sharing::Ends => self.shared.remove(&key),
                Sharing::Begins(shared) => {
                    self.shared_bytes += bytes;
                    self.shared.insert(key, shared)
                }
            };
            self.shared_bytes -= before.map_or(0, |_| bytes);
        }
        Ok(())
    }
}

impl Span {
    fn note(&mut self, id: &[u8]) {
        if id < self.first.as_slice() {
            self.first = id.to_vec();
        } else if id > self.last.as_slice() {
            self.last = id.to_vec();
        }
    }
}
