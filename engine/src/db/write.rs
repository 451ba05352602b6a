//! Staging commits, and committing the group.

use super::Database;
use super::draft::Draft;
use super::misses::Misses;
use super::op::{Change, Op, Outcome, Steps};
use crate::error::{ErrorKind, Result};
use crate::kv::batch::Batch;
use crate::kv::view::View;
use crate::options::Durability;
use crate::storage::{Storage, Synced};

/// What became of a commit that was staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Staged {
    /// It is part of the open group: visible and durable with the next [`Database::commit`].
    Seq {
        /// Its sequence number.
        seq: u64,
        /// What each write did, in the order asked.
        outcomes: Vec<Outcome>,
    },
    /// Nothing was staged, as the open group has no room for it: commit the group, then stage
    /// again.
    GroupFull,
    /// It was too large for a group and was committed by itself, strictly.
    Committed {
        /// Its sequence number.
        seq: u64,
        /// What each write did, in the order asked.
        outcomes: Vec<Outcome>,
        /// Whether it is durable yet.
        synced: Synced,
    },
}

/// Where a draft went.
pub(super) enum Placed {
    Group(u64),
    Alone(u64, Synced),
}

impl Placed {
    pub fn into_staged(self, outcomes: Vec<Outcome>) -> Staged {
        match self {
            Self::Group(seq) => Staged::Seq { seq, outcomes },
            Self::Alone(seq, synced) => Staged::Committed { seq, outcomes, synced },
        }
    }
}

impl<S: Storage> Database<S> {
    /// Stages one commit of all `ops`, or nothing on any error. They apply in the order given, each
    /// seeing those before it; unique values are checked against what they leave behind.
    ///
    /// Making room can leave a barrier outstanding, which the group's commit then has to wait for.
    ///
    /// Fails with `InvalidInput` or `LimitExceeded` for documents and ids that cannot be stored,
    /// `NotFound` for a collection that was dropped or a patch of what is not there,
    /// `AlreadyExists`, `Conflict` where `if_match` does not hold, `UniqueViolation`.
    pub fn stage(&mut self, ops: &[Op<'_>]) -> Result<Staged> {
        let staged = self.stage_ops(ops);
        self.counted(staged)
    }

    fn stage_ops(&mut self, ops: &[Op<'_>]) -> Result<Staged> {
        self.check_not_pending()?;
        let view = View::at(self.store.staged_seq());
        let mut steps = Steps::new(&self.catalog, ops)?;
        let mut draft = Draft::new(&self.store);
        let mut misses = Misses::default();
        loop {
            let step = match misses.note(steps.next(&self.store, view, &self.catalog))? {
                Some(Some(step)) => step,
                Some(None) => break,
                None => continue,
            };
            // After a miss the rest only tells what else to fetch.
            if step.is_write && misses.count() == 0 {
                let (old, new) = (step.old.as_ref(), step.new.as_deref());
                let id = step.id;
                misses.note(draft.change(&self.store, view, &step.collection, id, old, new))?;
            }
            if misses.count() == 0 && !self.make_room(&mut draft)? {
                return Ok(Staged::GroupFull);
            }
        }
        misses.finish()?;
        let Some(placed) = self.place(draft, view)? else { return Ok(Staged::GroupFull) };
        self.count_ops(ops);
        Ok(placed.into_staged(steps.into_outcomes()))
    }

    /// Spills a draft that has outgrown memory; false where it must first be alone.
    pub(super) fn make_room(&mut self, draft: &mut Draft) -> Result<bool> {
        if draft.batch.bytes() > self.store.spill_bytes() {
            if self.has_staged() {
                return Ok(false);
            }
            self.store.spill(&mut draft.batch)?;
        }
        Ok(true)
    }

    /// Finishes a draft made over `view` and stages it, or commits it by itself if it is too large;
    /// `None` where the open group has no room.
    pub(super) fn place(&mut self, mut draft: Draft, view: View<'_>) -> Result<Option<Placed>> {
        if draft.is_empty() {
            return Ok(Some(Placed::Group(view.seq)));
        }
        draft.finish(&self.store, view)?;
        if !self.make_room(&mut draft)? {
            return Ok(None);
        }
        let Some(placed) = self.place_batch(&mut draft.batch)? else { return Ok(None) };
        let (Placed::Group(seq) | Placed::Alone(seq, _)) = placed;
        self.recent.push(seq, draft.touched);
        self.snapshots.wrote(draft.bytes);
        self.counts.commits.add(1);
        Ok(Some(placed))
    }

    fn place_batch(&mut self, batch: &mut Batch) -> Result<Option<Placed>> {
        if !batch.is_spilled() {
            match self.store.stage(batch) {
                // On a full storage segments have room for many deletes where the log has none.
                Err(error) if error.kind() == ErrorKind::QuotaExceeded && batch.shrinks() => {
                    self.store.spill(batch)?;
                }
                staged => return staged.map(|seq| seq.map(Placed::Group)),
            }
        }
        if self.has_staged() {
            return Ok(None);
        }
        let (seq, synced) = self.store.commit_spilled(batch)?;
        Ok(Some(Placed::Alone(seq, synced)))
    }

    pub(super) fn count_ops(&self, ops: &[Op<'_>]) {
        for op in ops {
            match op.change {
                Change::Delete => self.counts.deletes.add(1),
                _ => self.counts.writes.add(1),
            }
        }
    }

    /// Whether a group of commits is open.
    pub fn has_staged(&self) -> bool {
        self.store.staged_seq() > self.store.visible_seq()
    }

    /// Commits the open group: its commits become visible together, once the answer, or the barrier
    /// it names, says so. On failure none of them happened. Without an open group it makes durable
    /// what was committed at a lower level.
    pub fn commit(&mut self, durability: Durability) -> Result<Synced> {
        self.check_not_pending()?;
        let synced = self.store.commit(durability);
        if synced.is_err() {
            self.store.discard();
            self.recent.truncate(self.store.visible_seq());
        }
        self.counted(synced)
    }

    /// Forgets the open group.
    pub fn discard(&mut self) {
        if self.store.discard() {
            self.recent.truncate(self.store.visible_seq());
        }
    }
}
