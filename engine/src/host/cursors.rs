//! Queries that are read page by page.

use crate::db::{Cursor, Explain, Output, PageEnd, PageLimits, QueryPlan};
use crate::error::Result;
use crate::host::handles::Handles;
use crate::host::{Host, plan, reply};
use crate::storage::Storage;

/// Open cursors.
const CURSORS_MAX: usize = 1024;
/// Bytes of a page, whatever the caller asks for; one document is returned even where it is larger.
const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Rows of a page, whatever the caller asks for.
const PAGE_ROWS_MAX: usize = 1 << 17;

/// A query under way.
struct Open {
    cursor: Cursor,
    /// The transaction it belongs to.
    transaction: Option<u32>,
}

/// The queries under way, by number.
pub struct Cursors {
    open: Handles<Open>,
}

impl Cursors {
    pub fn new() -> Self {
        Self { open: Handles::new("cursor", CURSORS_MAX) }
    }

    /// Closes those that belong to a transaction, which ends.
    pub fn close_of(&mut self, transaction: u32) {
        self.open.retain(|open| open.transaction != Some(transaction));
    }
}

impl<S: Storage> Host<S> {
    /// Starts a query; the handle of its cursor.
    ///
    /// # Errors
    /// `IndexRequired` where no declared index answers it.
    pub fn query(&mut self, view: u32, request: &[u8]) -> Result<u32> {
        self.cursors.open.check_room()?;
        let open = self.start(view, &plan::decode(request)?)?;
        self.cursors.open.insert(&mut self.views.numbers, open)
    }

    /// The next page, as laid out in [`reply`]. The cursor is closed with the last one.
    pub fn page(&mut self, cursor: u32, bytes: usize, rows: usize) -> Result<Vec<u8>> {
        let open = self.cursors.open.get_mut(cursor)?;
        let transaction = match open.transaction {
            Some(handle) => Some(self.views.transactions.get_mut(handle)?),
            None => None,
        };
        self.rows.begin();
        let limits = limits(bytes, rows);
        let page = self.db.page_into(&mut open.cursor, transaction, limits, &mut self.rows)?;
        if page.done {
            self.cursors.open.take(cursor);
        }
        Ok(reply::page(if page.done { 0 } else { cursor }, page, &mut self.rows))
    }

    /// Starts a query and reads its first page; the page names the cursor if there are more.
    pub fn query_page(
        &mut self,
        view: u32,
        request: &[u8],
        bytes: usize,
        rows: usize,
    ) -> Result<Vec<u8>> {
        self.cursors.open.check_room()?;
        let mut open = self.start(view, &plan::decode(request)?)?;
        let page = self.advance(&mut open, limits(bytes, rows))?;
        let cursor =
            if page.done { 0 } else { self.cursors.open.insert(&mut self.views.numbers, open)? };
        Ok(reply::page(cursor, page, &mut self.rows))
    }

    /// Gives up a cursor. One that was given up already is left alone.
    pub fn close_cursor(&mut self, cursor: u32) {
        self.cursors.open.take(cursor);
    }

    /// How many rows a query has; its `output` does not matter.
    pub fn query_count(&mut self, view: u32, request: &[u8]) -> Result<u64> {
        let mut plan = plan::decode(request)?;
        plan.output = Output::Count;
        let mut open = self.start(view, &plan)?;
        let mut count = 0_u64;
        loop {
            let page = self.advance(&mut open, limits(PAGE_BYTES_MAX, PAGE_ROWS_MAX))?;
            count = count.saturating_add(page.count);
            if page.done {
                return Ok(count);
            }
        }
    }

    /// Runs a query and tells what it cost.
    pub fn explain(&mut self, view: u32, request: &[u8]) -> Result<Explain> {
        let plan = plan::decode(request)?;
        self.db.explain(self.views.at(view)?, &plan)
    }

    fn start(&mut self, view: u32, plan: &QueryPlan) -> Result<Open> {
        let cursor = self.db.cursor(self.views.at(view)?, plan)?;
        let transaction = self.views.transactions.get_mut(view).is_ok().then_some(view);
        Ok(Open { cursor, transaction })
    }

    /// The next page, with its rows in `self.rows`.
    fn advance(&mut self, open: &mut Open, limits: PageLimits) -> Result<PageEnd> {
        let transaction = match open.transaction {
            Some(handle) => Some(self.views.transactions.get_mut(handle)?),
            None => None,
        };
        self.rows.begin();
        self.db.page_into(&mut open.cursor, transaction, limits, &mut self.rows)
    }
}

fn limits(bytes: usize, rows: usize) -> PageLimits {
    PageLimits { bytes: bytes.clamp(1, PAGE_BYTES_MAX), documents: rows.clamp(1, PAGE_ROWS_MAX) }
}
