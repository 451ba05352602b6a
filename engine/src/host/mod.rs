//! What stands between a database and whoever speaks to it in messages.
//!
//! A [`Host`] owns a [`Database`] and, behind numbers, everything a caller holds of it: snapshots,
//! transactions and cursors. Its methods take and return bytes and numbers, so that a skin for
//! another language has nothing to decide, and tests and fuzzers reach everything that skin
//! reaches. It knows no language, no files and no clock.
//!
//! | file | concept |
//! |---|---|
//! | `ops` | batches of writes as bytes |
//! | `plan` | queries as CBOR |
//! | `schema` | collections and indexes as CBOR |
//! | `reply` | answers as bytes |
//! | `rows` | documents and ids in answers |
//! | `handles` | numbers for what the caller holds |
//! | `views` | snapshots and transactions |
//! | `writes`, `reads`, `cursors`, `care` | the calls |
//!
//! Junk in a message is `InvalidInput` and changes nothing; no message makes the host take more
//! memory than a few times its own length, or than the documented maximum of the answer. Where a
//! call fails with [`Error::is_missing`](crate::Error::is_missing) nothing has changed: fetch what
//! the storage lacks and make the same call again. After a change [`Host::is_pending`] tells
//! whether it waits for a barrier of the storage; until that is reported reads go on and changes do
//! not.

mod care;
mod cursors;
mod handles;
mod message;
pub mod ops;
mod plan;
mod reads;
mod reply;
mod rows;
mod schema;
mod views;
mod writes;

pub use reads::GET_MANY_BYTES_MAX;
pub use schema::BuildReport;

use std::fmt;

use crate::catalog::CollectionId;
use crate::db::Database;
use crate::error::Result;
use crate::options::{Durability, Options};
use crate::storage::Storage;
use cursors::Cursors;
use rows::Rows;
use views::Views;

/// A database and what its callers hold of it. See the [module](self).
pub struct Host<S: Storage> {
    db: Database<S>,
    views: Views,
    cursors: Cursors,
    /// Where answers are written.
    rows: Rows,
    /// The strictest durability that a member of the open group asked for.
    group: Durability,
}

impl<S: Storage> fmt::Debug for Host<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("sequence", &self.sequence()).finish_non_exhaustive()
    }
}

impl<S: Storage> Host<S> {
    /// Opens the database in `storage`.
    pub fn open(storage: S, options: &Options) -> Result<Self> {
        Ok(Self {
            db: Database::open(storage, options)?,
            views: Views::new(),
            cursors: Cursors::new(),
            rows: Rows::default(),
            group: Durability::Relaxed,
        })
    }

    /// Whether this open made the database.
    pub fn created(&self) -> bool {
        self.db.created()
    }

    /// The sixteen bytes that tell this database from every other.
    pub fn database_id(&self) -> [u8; 16] {
        self.db.database_id()
    }

    /// Sequence number of the newest visible commit.
    pub fn sequence(&self) -> u64 {
        self.db.sequence()
    }

    /// The storage, for what only its owner can do: fetch chunks, close files.
    pub fn storage(&self) -> &S {
        self.db.storage()
    }
}

fn collection_id(number: u32) -> CollectionId {
    CollectionId(number)
}
