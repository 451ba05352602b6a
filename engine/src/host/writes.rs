//! Group commit and transactions.

use crate::db::{Op, Staged};
use crate::error::{Error, Result};
use crate::host::{Host, ops, reply};
use crate::options::Durability;
use crate::storage::{Storage, Synced};

impl<S: Storage> Host<S> {
    /// Stages the batch of writes in `message` as one commit of the open group; the answer is laid
    /// out in [`reply`]. It becomes visible and durable with the next [`Host::commit`].
    pub fn stage(&mut self, message: &[u8], durability: Durability) -> Result<Vec<u8>> {
        let ops = ops::decode(message)?;
        let staged = self.db.stage(&ops)?;
        self.joined(staged, &ops, durability)
    }

    /// Publishes the open group, as durable as the strictest of its members asked for. Done at once
    /// where nothing is staged. After an error none of the group's members has happened.
    pub fn commit(&mut self) -> Result<Synced> {
        let committed = self.db.commit(self.group);
        if !committed.as_ref().is_err_and(Error::is_missing) {
            self.group = Durability::Relaxed;
        }
        committed
    }

    /// Makes durable what was committed with relaxed durability; to be called while no group is
    /// open.
    pub fn sync(&mut self) -> Result<Synced> {
        self.db.commit(Durability::Strict)
    }

    /// Whether something waits for [`Host::commit`].
    pub fn has_staged(&self) -> bool {
        self.db.has_staged()
    }

    /// Applies the batch in `message` to what `transaction` sees, and to nothing else yet.
    pub fn tx_stage(&mut self, transaction: u32, message: &[u8]) -> Result<Vec<u8>> {
        let ops = ops::decode(message)?;
        let transaction = self.views.transactions.get_mut(transaction)?;
        let outcomes = self.db.tx_write(transaction, &ops)?;
        reply::staged(reply::IN_GROUP, 0, &ops, &outcomes, &mut self.rows)
    }

    /// Stages what `transaction` wrote as one commit of the open group. The transaction is over
    /// then, and after every error but a miss; it lives on where the group is full.
    ///
    /// # Errors
    /// `Conflict` where another commit changed what it read.
    pub fn tx_commit(&mut self, transaction: u32, durability: Durability) -> Result<Vec<u8>> {
        let open = self.views.transactions.get_mut(transaction)?;
        let staged = match self.db.tx_commit(open) {
            Ok(staged) => staged,
            Err(error) => {
                if !error.is_missing() {
                    self.rollback(transaction);
                }
                return Err(error);
            }
        };
        if !matches!(staged, Staged::GroupFull) {
            self.rollback(transaction);
        }
        self.joined(staged, &[], durability)
    }

    fn joined(
        &mut self,
        staged: Staged,
        ops: &[Op<'_>],
        durability: Durability,
    ) -> Result<Vec<u8>> {
        let (status, seq, outcomes) = match staged {
            Staged::GroupFull => return Ok(reply::group_full()),
            Staged::Seq { seq, outcomes } => {
                self.group = self.group.max(durability);
                (reply::IN_GROUP, seq, outcomes)
            }
            Staged::Committed { seq, outcomes, .. } => (reply::COMMITTED, seq, outcomes),
        };
        reply::staged(status, seq, ops, &outcomes, &mut self.rows)
    }
}
