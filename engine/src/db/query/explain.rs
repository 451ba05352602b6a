//! What a query did.

use serde::Serialize;

use super::page::PageLimits;
use super::plan::QueryPlan;
use crate::db::Database;
use crate::db::read::At;
use crate::error::Result;
use crate::limits::PAGE_EXAMINED_MAX;
use crate::storage::Storage;

/// The access path of a query, and what it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explain {
    /// The declaration of the index, or `scan`.
    pub path: String,
    /// From the end to the start.
    pub reverse: bool,
    /// Index entries, or documents of a scan, that were gone over.
    pub examined: u64,
    /// Rows delivered.
    pub returned: u64,
}

impl<S: Storage> Database<S> {
    /// Runs a query to its end and says what it took.
    pub fn explain(&mut self, at: At<'_>, plan: &QueryPlan) -> Result<Explain> {
        let limits = PageLimits {
            bytes: 1 << 20,
            documents: usize::try_from(PAGE_EXAMINED_MAX).unwrap_or(usize::MAX),
        };
        match at {
            At::Transaction(tx) => {
                let mut cursor = self.cursor(At::Transaction(tx), plan)?;
                while !self.page(&mut cursor, Some(tx), limits)?.done {}
                Ok(cursor.explain())
            }
            at => {
                let mut cursor = self.cursor(at, plan)?;
                while !self.page(&mut cursor, None, limits)?.done {}
                Ok(cursor.explain())
            }
        }
    }
}
