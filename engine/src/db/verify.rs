//! Verification: that the files are whole, and that documents, index entries and counts agree.
//!
//! After the files, collection by collection: each document is read and has exactly its entries,
//! each index holds no others, chunks and counts are those of the documents. At last, no key lies
//! outside of every collection. All of it under one snapshot, in steps, with one document in memory
//! and a place to go on from.

use std::ops::Bound;
use std::sync::Arc;

use super::Database;
use super::document;
use super::draft;
use crate::catalog::{Catalog, Collection, Index};
use crate::codec::cbor;
use crate::codec::id;
use crate::codec::space::{self, Space};
use crate::counters::Counters;
use crate::error::{Error, ErrorKind, Result};
use crate::index::{self, Claim};
use crate::kv::sought::Value;
use crate::kv::verify::Findings;
use crate::kv::view::{Direction, KeyRange, View};
use crate::kv::{self, Scan};
use crate::limits::{KEY_BYTES_MAX, KEY_PREFIX_BYTES};
use crate::snapshot::Snapshot;
use crate::storage::Storage;

/// A verification under way; dropping it ends it. It holds a snapshot, which expires like any
/// other: the next step answers `SnapshotExpired` then.
#[derive(Debug)]
pub struct Verification {
    snapshot: Snapshot,
    files: kv::Verification,
    stage: Stage,
    /// The collections that come, the next one last.
    collections: Vec<Arc<Collection>>,
    found: Found,
    /// The last key that was dealt with; empty at the beginning of a stage.
    last_key: Vec<u8>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Files,
    Documents,
    /// The entries of an index, counted.
    Index(usize),
    /// The entries of an index, each with its document.
    Orphans(usize),
    Chunks,
    Counters,
    Strays,
    Done,
}

/// What the documents of a collection add up to.
#[derive(Debug, Default)]
struct Found {
    documents: u64,
    bytes: u64,
    chunks: u64,
    entries: Vec<u64>,
    /// Entries that the stage under way has seen.
    seen: u64,
    /// Whether all documents could be read.
    is_whole: bool,
}

/// How a stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Budget,
    /// Everything was read.
    Whole,
    /// Something could not be read, and the rest of the stage was left out.
    Damaged,
}

impl Verification {
    /// What was found so far.
    pub fn findings(&self) -> &Findings {
        self.files.findings()
    }

    /// Bytes of files read, and bytes to read in all; an estimate.
    pub fn progress(&self) -> (u64, u64) {
        self.files.progress()
    }

    /// The catalog that belongs to the snapshot.
    fn collection(&self) -> Option<Arc<Collection>> {
        self.collections.last().map(Arc::clone)
    }

    fn begin(&mut self, stage: Stage) {
        self.stage = stage;
        self.last_key.clear();
        self.found.seen = 0;
    }

    /// Begins with the next collection, or with what lies outside of all.
    fn begin_collection(&mut self) {
        let indexes = self.collections.last().map(|collection| collection.indexes.len());
        self.found = Found { entries: vec![0; indexes.unwrap_or(0)], ..Found::default() };
        self.found.is_whole = true;
        self.begin(if indexes.is_some() { Stage::Documents } else { Stage::Strays });
    }

    /// Where the scan of a stage goes on.
    fn range(&self, prefix: &[u8]) -> KeyRange {
        let mut range = KeyRange::prefix(prefix);
        if !self.last_key.is_empty() {
            range.lower = Bound::Excluded(self.last_key.clone());
        }
        range
    }
}

impl<S: Storage> Database<S> {
    /// Begins to verify everything that is stored at this moment. Writes may go on meanwhile.
    pub fn verify_begin(&mut self) -> Result<Verification> {
        let snapshot = self.snapshot()?;
        let collections: Vec<_> = snapshot.catalog().collections().map(Arc::clone).collect();
        Ok(Verification {
            files: self.store.verify_begin(),
            stage: Stage::Files,
            collections: collections.into_iter().rev().collect(),
            found: Found::default(),
            last_key: Vec::new(),
            snapshot,
        })
    }

    /// Reads on for about `budget_bytes`; true while more is left. Damage is a finding, no error;
    /// after a miss the step is run again.
    pub fn verify_step(&self, verification: &mut Verification, budget_bytes: u64) -> Result<bool> {
        let more = self.verify_on(verification, budget_bytes.max(1));
        self.counted(more)
    }

    fn verify_on(&self, verification: &mut Verification, budget: u64) -> Result<bool> {
        let snapshot = verification.snapshot.clone();
        let view = self.snapshot_context(&snapshot)?.view;
        let collection = verification.collection();
        match (verification.stage, collection) {
            (Stage::Files, _) => {
                if !self.store.verify_step(&mut verification.files, budget)? {
                    verification.begin_collection();
                }
            }
            (Stage::Done, _) => return Ok(false),
            (Stage::Strays, _) | (_, None) => {
                if self.verify_strays(verification, view, snapshot.catalog())? {
                    verification.begin(Stage::Done);
                }
            }
            (stage, Some(collection)) => {
                let end = self.verify_stage(verification, view, stage, &collection, budget)?;
                if end != End::Budget {
                    next_stage(verification, &collection, stage, end);
                }
            }
        }
        Ok(verification.stage != Stage::Done)
    }

    fn verify_stage(
        &self,
        verification: &mut Verification,
        view: View<'_>,
        stage: Stage,
        collection: &Collection,
        budget: u64,
    ) -> Result<End> {
        let index = |at: usize| collection.indexes.get(at);
        match stage {
            Stage::Documents => {
                let prefix = collection.documents_prefix();
                self.walk(verification, view, &prefix, budget, |own, key, value| {
                    self.verify_document(own, view, collection, key, value)
                })
            }
            Stage::Index(at) | Stage::Orphans(at) => {
                let Some(index) = index(at) else { return Ok(End::Whole) };
                let with_document = stage == Stage::Orphans(at);
                self.walk(verification, view, &index.prefix(), budget, |own, key, value| {
                    if with_document {
                        return self.verify_entry(own, view, (collection, index), key, value);
                    }
                    own.found.seen += 1;
                    own.files.findings_mut().checked.index_entries += 1;
                    Ok(())
                })
            }
            Stage::Chunks => {
                let prefix = space::prefix(Space::Chunks, collection.data);
                self.walk(verification, view, &prefix, budget, |own, _, _| {
                    own.found.seen += 1;
                    Ok(())
                })
            }
            _ => {
                let counters = draft::counters(&self.store, view, collection);
                let findings = verification.files.findings_mut();
                let Some(counters) = findings.judge(counters)? else { return Ok(End::Damaged) };
                if verification.found.is_whole
                    && !agrees(&counters, &verification.found, collection)
                {
                    findings.add(&disagreement(
                        collection,
                        "its counts are not those of its documents",
                    ));
                }
                Ok(End::Whole)
            }
        }
    }

    /// Shows `visit` what lies under a prefix from where the last step ended.
    fn walk(
        &self,
        verification: &mut Verification,
        view: View<'_>,
        prefix: &[u8],
        budget: u64,
        mut visit: impl FnMut(&mut Verification, &[u8], &[u8]) -> Result<()>,
    ) -> Result<End> {
        let range = verification.range(prefix);
        let scan = self.store.scan(view, &range, Direction::Forward);
        let Some(mut scan) = verification.files.findings_mut().judge(scan)? else {
            return Ok(End::Damaged);
        };
        let mut bytes = 0;
        while bytes < budget {
            let advanced = verification.files.findings_mut().judge(scan.advance())?;
            match advanced {
                Some(true) => {}
                Some(false) => return Ok(End::Whole),
                None => return Ok(End::Damaged),
            }
            let (key, value) = (scan.key(), scan.value());
            if key <= verification.last_key.as_slice() {
                // Going on from here would never end.
                verification.files.findings_mut().add(&out_of_order(key));
                return Ok(End::Damaged);
            }
            visit(verification, key, value)?;
            bytes += (key.len() + value.len()) as u64;
            verification.last_key.clear();
            verification.last_key.extend_from_slice(scan.key());
        }
        Ok(End::Budget)
    }

    /// Reads a document, and looks up each entry that it should have.
    fn verify_document(
        &self,
        verification: &mut Verification,
        view: View<'_>,
        collection: &Collection,
        key: &[u8],
        value: &[u8],
    ) -> Result<()> {
        let id = key.get(KEY_PREFIX_BYTES..).unwrap_or_default();
        let value = Value::Borrowed(value);
        let read = document::assemble(&self.store, view, collection, id, value).and_then(|body| {
            let sound = id::check(id).and_then(|()| cbor::validate(&body));
            sound.map(|()| body.into_document()).map_err(|error| match error.kind() {
                ErrorKind::InvalidInput | ErrorKind::LimitExceeded => {
                    document::damaged(collection, id)
                }
                _ => error,
            })
        });
        let Some(document) = verification.files.findings_mut().judge(read)? else {
            verification.found.is_whole = false;
            return Ok(());
        };
        let mut counts = Vec::with_capacity(collection.indexes.len());
        for index in &collection.indexes {
            let findings = verification.files.findings_mut();
            counts.push(self.verify_entries(findings, view, (collection, index), id, &document)?);
        }
        // Nothing is counted before the last read, as a miss begins the document anew.
        for (sum, count) in verification.found.entries.iter_mut().zip(counts) {
            *sum += count;
        }
        verification.found.documents += 1;
        verification.found.bytes += document.bytes.len() as u64;
        verification.found.chunks += u64::from(document.chunks);
        verification.files.findings_mut().checked.documents += 1;
        Ok(())
    }

    /// Looks up the entries of a document in an index; how many it should have.
    fn verify_entries(
        &self,
        findings: &mut Findings,
        view: View<'_>,
        (collection, index): (&Collection, &Index),
        id: &[u8],
        document: &document::Document,
    ) -> Result<u64> {
        if !index.is_ready() {
            let progress = draft::progress(&self.store, view, index);
            if findings.judge(progress)?.is_none_or(|progress| id > progress.as_slice()) {
                return Ok(0);
            }
        }
        let Some(entries) = findings.judge(index::entries(index, id, &document.bytes))? else {
            return Ok(0);
        };
        let mut value = Vec::new();
        for entry in &entries {
            let there = self.store.get(view, &entry.key, &mut value);
            let expected = if entry.claim == Claim::Key { id } else { &[] };
            if findings.judge(there)?.is_some_and(|there| !there || value != expected) {
                let what = format!("{} lacks an entry of a document", index.spec);
                findings.add(&of_document(disagreement(collection, &what), index, id));
            }
        }
        Ok(entries.len() as u64)
    }

    /// Looks for the document that an entry speaks of.
    fn verify_entry(
        &self,
        verification: &mut Verification,
        view: View<'_>,
        (collection, index): (&Collection, &Index),
        key: &[u8],
        value: &[u8],
    ) -> Result<()> {
        let findings = verification.files.findings_mut();
        let what = format!("{} has an entry without a document", index.spec);
        let Some(parts) = findings.judge(index::split(index, key, value))? else { return Ok(()) };
        let document = document::read(&self.store, view, collection, parts.id);
        let Some(document) = findings.judge(document)? else { return Ok(()) };
        let entries = document.map(|document| index::entries(index, parts.id, &document.bytes));
        let has = match entries {
            Some(entries) => findings
                .judge(entries)?
                .is_none_or(|entries| entries.iter().any(|entry| entry.key == key)),
            None => false,
        };
        if !has {
            findings.add(&of_document(disagreement(collection, &what), index, parts.id));
        }
        Ok(())
    }

    /// Looks for a key outside of every collection; true once there is nothing behind the last one.
    fn verify_strays(
        &self,
        verification: &mut Verification,
        view: View<'_>,
        catalog: &Catalog,
    ) -> Result<bool> {
        let range = verification.range(&[]);
        let found = self
            .store
            .scan(view, &range, Direction::Forward)
            .and_then(|mut scan: Scan<'_, S>| Ok(scan.advance()?.then(|| scan.key().to_vec())));
        let findings = verification.files.findings_mut();
        let Some(key) = findings.judge(found)?.flatten() else { return Ok(true) };
        if key <= verification.last_key {
            verification.files.findings_mut().add(&out_of_order(&key));
            return Ok(true);
        }
        let findings = verification.files.findings_mut();
        let prefix = key.first_chunk();
        let is_known = prefix.is_some_and(|prefix| catalog.has_prefix(*prefix));
        if !is_known && !self.store.is_retired(&key) {
            let what = format!("a key lies in no collection: {key:02x?}; restore a backup");
            findings.add(&Error::new(ErrorKind::Corrupt, what));
        }
        if let Some(prefix) = prefix.map(|prefix| prefix.to_vec()) {
            // Behind everything with this prefix.
            verification.last_key = prefix;
            verification.last_key.resize(KEY_BYTES_MAX + 1, u8::MAX);
        } else {
            verification.last_key = key;
        }
        Ok(false)
    }
}

/// Notes how a stage has ended, and begins the next one.
fn next_stage(verification: &mut Verification, collection: &Collection, stage: Stage, end: End) {
    let found = &mut verification.found;
    let after_index = |at: usize| {
        if at + 1 < collection.indexes.len() { Stage::Index(at + 1) } else { Stage::Chunks }
    };
    let next = match stage {
        Stage::Documents => {
            found.is_whole &= end == End::Whole;
            if collection.indexes.is_empty() { Stage::Chunks } else { Stage::Index(0) }
        }
        Stage::Index(at) => {
            let is_counted = end == End::Whole && found.is_whole;
            if is_counted && found.entries.get(at) != Some(&found.seen) {
                Stage::Orphans(at)
            } else {
                after_index(at)
            }
        }
        Stage::Orphans(at) => after_index(at),
        Stage::Chunks => {
            if end == End::Whole && found.is_whole && found.seen != found.chunks {
                let what = "it has pieces of no document";
                verification.files.findings_mut().add(&disagreement(collection, what));
            }
            Stage::Counters
        }
        _ => {
            verification.collections.pop();
            return verification.begin_collection();
        }
    };
    verification.begin(next);
}

fn agrees(counters: &Counters, found: &Found, collection: &Collection) -> bool {
    let entries = collection.indexes.iter().zip(&found.entries);
    (counters.documents, counters.bytes) == (found.documents, found.bytes)
        && entries.into_iter().all(|(index, count)| counters.entries(index.id) == *count)
}

fn disagreement(collection: &Collection, what: &str) -> Error {
    let message =
        format!("`{}` is damaged: {what}; restore a backup of the database", collection.name);
    Error::new(ErrorKind::Corrupt, message)
        .with(|details| details.collection = Some(collection.name.clone()))
}

fn out_of_order(key: &[u8]) -> Error {
    let message = format!("keys are out of order at {key:02x?}; restore a backup of the database");
    Error::new(ErrorKind::Corrupt, message)
}

fn of_document(error: Error, index: &Index, id: &[u8]) -> Error {
    error.with(|details| {
        details.path = Some(index.spec.to_string());
        details.id = Some(id.to_vec());
    })
}
