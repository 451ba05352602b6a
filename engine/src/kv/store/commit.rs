//! Group commit: commits are staged one by one and reach the log together, in one write and one
//! sync.

use super::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::batch::Batch;
use crate::kv::entry::Kind;
use crate::kv::manifest::CatalogState;
use crate::options::Durability;
use crate::storage::{Storage, Synced};

/// Bytes of merging that a commit brings about for each byte of its own.
const DEBT_RATIO: u64 = 16;
/// Runs in level 0 from which on commits pay double.
const LEVEL0_RUNS_SLOW: usize = 14;

impl<S: Storage> Store<S> {
    /// Adds a commit to the open group and returns its sequence number; `None` where the group is
    /// full and must be committed first. Other writers see it from now on, readers once the
    /// group is committed. After an error nothing of it is staged.
    pub fn stage(&mut self, batch: &Batch) -> Result<Option<u64>> {
        self.check_writable()?;
        if batch.is_spilled() {
            return Err(Error::invalid("a write set in segments is committed by itself"));
        }
        let before = self.frame.mark();
        self.frame.push_commit(batch.entries())?;
        let within = self.frame.bytes() <= self.geometry().frame_bytes_max();
        if before.is_empty() && !within {
            self.frame.rewind(before);
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                "the write set is too large for the log",
            ));
        }
        let staged = self.stage_frame(batch, within, before.is_empty());
        if !matches!(staged, Ok(Some(_))) {
            self.frame.rewind(before);
            self.active.truncate_after(self.seqs.staged);
        }
        staged
    }

    /// Finds room for the frame, which holds the batch already, and for what it will come to in
    /// segments. Nothing more is needed for it to be committed and flushed.
    fn stage_frame(&mut self, batch: &Batch, within: bool, is_first: bool) -> Result<Option<u64>> {
        let fits = within && !self.memtable_is_full();
        let fits = fits && self.logs.reserve(&self.io, self.frame.bytes())?;
        if !fits && !is_first {
            return Ok(None);
        }
        let shrinks = batch.shrinks();
        if shrinks {
            self.earn_search();
        }
        let entered = self.enter(batch, !fits, self.spare_units(batch));
        if !entered.as_ref().is_err_and(|error| error.kind() == ErrorKind::QuotaExceeded) {
            return entered.map(Some);
        }
        self.active.truncate_after(self.seqs.staged);
        if !self.may_take_last(batch) {
            if !is_first {
                return Ok(None);
            }
            self.make_room(batch)?;
        }
        let fits = self.logs.reserve(&self.io, self.frame.bytes())?;
        let spare = if shrinks { 0 } else { self.spare_units(batch) };
        self.enter(batch, !fits, spare).map(Some)
    }

    /// Forgets the open group; whether there was one. A group that is on its way is not open any
    /// more.
    pub fn discard(&mut self) -> bool {
        let commits = self.frame.commits();
        if commits > 0 {
            self.active.truncate_after(self.seqs.visible);
            self.seqs.next -= commits;
            self.seqs.staged = self.seqs.visible;
        }
        self.frame.clear();
        commits > 0
    }

    /// Commits the group. With `QuotaExceeded` the group is gone and everything else as before; any
    /// other failure of the storage poisons the store.
    pub fn commit(&mut self, durability: Durability) -> Result<Synced> {
        self.check_writable()?;
        if self.frame.commits() == 0 {
            return self.sync_log(durability);
        }
        let written = self.append_frame(durability);
        if written.is_err() {
            self.discard();
        }
        let synced = written?;
        self.frame.clear();
        Ok(synced)
    }

    /// Replaces the catalog, as a commit of its own; entries under the prefixes in `retired` no
    /// longer count from then on. Always strictly durable: a manifest may carry the catalog
    /// before the log is synced again, and must not get ahead of the documents.
    pub fn commit_catalog(&mut self, catalog: &[u8], retired: &[Vec<u8>]) -> Result<Synced> {
        self.check_writable()?;
        self.check_no_group()?;
        let seq = self.seqs.next;
        let mut state = self.catalog.clone();
        state.bytes = catalog.to_vec();
        state.retired.extend(retired.iter().map(|prefix| (prefix.clone(), seq)));
        let payload = state.encode();
        self.frame.set_catalog(&payload)?;
        if !retired.is_empty() {
            self.search_owed = 0;
        }
        let written = self.commit_catalog_frame(seq, state);
        self.frame.clear();
        written
    }

    /// Makes every commit so far durable against a loss of power, those included that the last open
    /// has found.
    pub fn sync_log(&mut self, durability: Durability) -> Result<Synced> {
        self.check_writable()?;
        if durability == Durability::Relaxed {
            return Ok(Synced::Done);
        }
        if !self.taken_over {
            self.take_over()?;
            return Ok(self.outstanding());
        }
        if self.seqs.durable >= self.seqs.visible {
            return Ok(Synced::Done);
        }
        let synced = self.logs.sync(&self.io, Durability::Strict);
        let synced = self.poisoned(synced)?;
        self.note_commit(synced, self.seqs.visible, self.seqs.visible);
        Ok(synced)
    }

    fn commit_catalog_frame(&mut self, seq: u64, state: CatalogState) -> Result<Synced> {
        // It goes into the manifest as well, beside the list of segments.
        let manifest_bytes_max = as_usize(self.geometry().manifest_area_bytes) / 4 * 3;
        if self.frame.bytes() > self.geometry().frame_bytes_max().min(manifest_bytes_max) {
            let message = "the catalog is too large; drop collections or indexes that are not used";
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        if !self.logs.reserve(&self.io, self.frame.bytes())? {
            self.begin_log()?;
        }
        self.seqs.next += 1;
        self.seqs.staged = seq;
        match self.append_frame(Durability::Strict) {
            Ok(synced) => {
                self.catalog = state;
                Ok(synced)
            }
            Err(error) => {
                self.seqs.next = seq;
                self.seqs.staged = self.seqs.visible;
                Err(error)
            }
        }
    }

    /// Goes on in the other log, with room for the frame.
    fn begin_log(&mut self) -> Result<()> {
        self.rotate()?;
        if self.logs.reserve(&self.io, self.frame.bytes())? {
            return Ok(());
        }
        let message = "the storage is full and the log has no room for so much; write or delete \
                       less at once";
        Err(Error::new(ErrorKind::QuotaExceeded, message))
    }

    /// Enters a batch in the memtable, and has the volume keep room for what that comes to in
    /// segments, with `spare` units more.
    fn enter(&mut self, batch: &Batch, rotate: bool, spare: u64) -> Result<u64> {
        if rotate {
            self.begin_log()?;
        }
        let seq = self.seqs.next;
        for (key, kind, value) in batch.entries() {
            let prefix = key.first_chunk().copied().unwrap_or_default();
            if let Err(at) = self.prefixes.binary_search(&prefix) {
                self.prefixes.insert(at, prefix);
            }
            self.active.insert(key, seq, kind, if kind == Kind::Put { value } else { &[] })?;
        }
        self.reserve(spare)?;
        self.seqs.next += 1;
        self.seqs.staged = seq;
        Ok(seq)
    }

    fn append_frame(&mut self, durability: Durability) -> Result<Synced> {
        let first_seq = self.seqs.next - self.frame.commits();
        self.frame.seal(first_seq, self.seqs.durable, durability);
        let appended = self.logs.append(&self.io, &mut self.frame);
        if let Err(error) = appended {
            // The frame may have reached the file in part or whole; it must never be read again.
            let killed = self.logs.kill_tail(&self.io);
            self.poisoned(killed)?;
            return if error.kind() == ErrorKind::QuotaExceeded {
                Err(error)
            } else {
                self.poisoned(Err(error))
            };
        }
        let synced = self.logs.sync(&self.io, durability);
        let synced = self.poisoned(synced)?;
        let last = self.seqs.staged;
        self.logs.committed(last);
        let durable = if durability == Durability::Strict { last } else { self.seqs.durable };
        self.note_commit(synced, last, durable);
        let ratio = match self.volume.version().level0.len() {
            runs if runs >= LEVEL0_RUNS_SLOW => 2 * DEBT_RATIO,
            _ => DEBT_RATIO,
        };
        self.owed_bytes = self.owed_bytes.saturating_add(self.frame.bytes() as u64 * ratio);
        Ok(synced)
    }

    fn memtable_is_full(&self) -> bool {
        self.active.bytes() as u64 >= u64::from(self.geometry().memtable_bytes)
    }
}

pub(super) fn as_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
