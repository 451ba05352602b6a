//! Snapshots and transactions by number, and what a read sees.

use crate::db::{At, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::host::handles::{Handles, Numbers};
use crate::limits::SNAPSHOTS_MAX;
use crate::snapshot::Snapshot;
use crate::storage::Storage;

/// The view of a read that sees the newest commit.
pub const LATEST: u32 = 0;

/// What callers hold, by number.
pub struct Views {
    pub numbers: Numbers,
    pub snapshots: Handles<Snapshot>,
    pub transactions: Handles<Transaction>,
}

impl Views {
    pub fn new() -> Self {
        Self {
            numbers: Numbers::default(),
            snapshots: Handles::new("snapshot", SNAPSHOTS_MAX),
            transactions: Handles::new("transaction", SNAPSHOTS_MAX),
        }
    }

    /// What a read of `view` sees.
    pub fn at(&mut self, view: u32) -> Result<At<'_>> {
        if view == LATEST {
            return Ok(At::Latest);
        }
        if let Ok(snapshot) = self.snapshots.get_mut(view) {
            return Ok(At::Snapshot(snapshot));
        }
        match self.transactions.get_mut(view) {
            Ok(transaction) => Ok(At::Transaction(transaction)),
            Err(_) => Err(no_view(view)),
        }
    }
}

impl<S: Storage> Host<S> {
    /// The last handle that was given.
    pub fn last_handle(&self) -> u32 {
        self.views.numbers.last()
    }

    /// Gives handles after `last` only, so that those of a host before this one mean nothing here.
    #[must_use]
    pub fn with_handles_after(mut self, last: u32) -> Self {
        self.views.numbers = Numbers::after(last);
        self
    }

    /// Begins a transaction; its handle, which is a view.
    pub fn begin(&mut self) -> Result<u32> {
        self.views.transactions.check_room()?;
        let transaction = self.db.begin()?;
        self.views.transactions.insert(&mut self.views.numbers, transaction)
    }

    /// Ends a transaction without a trace. One that has ended already is left alone.
    pub fn rollback(&mut self, transaction: u32) {
        self.cursors.close_of(transaction);
        if let Some(transaction) = self.views.transactions.take(transaction) {
            self.db.rollback(transaction);
        }
    }

    /// Takes a snapshot; its handle, which is a view.
    pub fn snapshot(&mut self) -> Result<u32> {
        self.views.snapshots.check_room()?;
        let snapshot = self.db.snapshot()?;
        self.views.snapshots.insert(&mut self.views.numbers, snapshot)
    }

    /// Gives up a snapshot. One that was given up already is left alone.
    pub fn release(&mut self, snapshot: u32) {
        self.views.snapshots.take(snapshot);
    }
}

#[cold]
fn no_view(view: u32) -> Error {
    let message =
        format!("{view} is no open snapshot or transaction; it was closed, or never was one");
    Error::new(ErrorKind::Closed, message)
}
