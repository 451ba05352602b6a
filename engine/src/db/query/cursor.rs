//! How far a query has come.

use std::ops::Bound;

use super::explain::Explain;
use super::plan::{self, Path, QueryPlan};
use crate::db::read::{At, Context};
use crate::db::tx::Transaction;
use crate::db::{Database, Output};
use crate::error::{Error, Result};
use crate::kv::view::Direction;
use crate::snapshot::Snapshot;
use crate::storage::Storage;

/// A query that is being read. It is plain data: it goes on by seeking behind the last row, so
/// nothing is held in the database between two pages but its snapshot.
#[derive(Clone, Debug)]
pub struct Cursor {
    /// What it sees; none belongs to a transaction.
    snapshot: Option<Snapshot>,
    transaction: u64,
    pub(super) path: Path,
    pub(super) direction: Direction,
    pub(super) output: Output,
    pub(super) state: State,
}

/// What changes from page to page.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub skip: u64,
    /// Rows still to deliver.
    pub take: u64,
    pub examined: u64,
    pub returned: u64,
    pub is_started: bool,
    pub is_done: bool,
    /// Whether it is done because nothing is left in the range.
    pub is_exhausted: bool,
}

impl Cursor {
    /// Whether all rows were delivered.
    pub fn is_done(&self) -> bool {
        self.state.is_done
    }

    /// The access path, and what it took so far.
    pub fn explain(&self) -> Explain {
        let path = match self.path.index() {
            Some(index) => index.spec.to_string(),
            None => "scan".to_owned(),
        };
        let (examined, returned) = (self.state.examined, self.state.returned);
        Explain { path, reverse: self.direction == Direction::Reverse, examined, returned }
    }

    /// Moves behind a key that has been dealt with.
    pub(super) fn pass(&mut self, key: &[u8]) {
        match self.direction {
            Direction::Forward => self.path.range.lower = Bound::Excluded(key.to_vec()),
            Direction::Reverse => self.path.range.upper = Bound::Excluded(key.to_vec()),
        }
    }
}

impl<S: Storage> Database<S> {
    /// Begins a query. At [`At::Latest`] it keeps a snapshot of its own; in a transaction each page
    /// sees what the transaction has written by then. Fails with `IndexRequired` where no index
    /// answers it, `InvalidInput` for values that cannot be stored.
    pub fn cursor(&mut self, at: At<'_>, plan: &QueryPlan) -> Result<Cursor> {
        let cursor = self.new_cursor(at, plan);
        self.counted(cursor)
    }

    fn new_cursor(&mut self, at: At<'_>, plan: &QueryPlan) -> Result<Cursor> {
        let (snapshot, transaction, path) = match at {
            At::Latest => {
                let path = plan::resolve(&self.catalog, plan)?;
                (Some(self.snapshots.take(&mut self.store, &self.catalog)?), 0, path)
            }
            At::Snapshot(snapshot) => {
                let path = plan::resolve(self.snapshot_context(snapshot)?.catalog, plan)?;
                (Some(snapshot.clone()), 0, path)
            }
            At::Transaction(tx) => {
                (None, tx.number, plan::resolve(self.tx_context(tx)?.catalog, plan)?)
            }
        };
        match path.index {
            Some(_) => self.counts.index_lookups.add(1),
            None => self.counts.scans.add(1),
        }
        let direction = if plan.reverse { Direction::Reverse } else { Direction::Forward };
        let state = State {
            skip: plan.skip,
            take: plan.take.unwrap_or(u64::MAX),
            examined: 0,
            returned: 0,
            is_started: false,
            is_done: false,
            is_exhausted: false,
        };
        Ok(Cursor { snapshot, transaction, path, direction, output: plan.output, state })
    }

    /// What the cursor goes by.
    pub(super) fn cursor_context<'a>(
        &'a self,
        snapshot: Option<&'a Snapshot>,
        number: u64,
        tx: Option<&'a Transaction>,
    ) -> Result<Context<'a>> {
        match (snapshot, tx) {
            (Some(snapshot), _) => self.snapshot_context(snapshot),
            (None, Some(tx)) if tx.number == number => self.tx_context(tx),
            (None, _) => {
                Err(Error::invalid("the query was begun in a transaction; page it in that one"))
            }
        }
    }
}

impl Cursor {
    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    pub(super) fn transaction(&self) -> u64 {
        self.transaction
    }
}
