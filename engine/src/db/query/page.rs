//! One page of a query.

use std::ops::Bound;

use super::cursor::Cursor;
use super::plan::Check;
use crate::catalog::{Collection, Index};
use crate::codec::id;
use crate::db::document::{self, Document};
use crate::db::read::Context;
use crate::db::tx::Transaction;
use crate::db::{Database, Output, draft};
use crate::error::{Error, ErrorKind, Result};
use crate::index;
use crate::kv::scan::Scan;
use crate::kv::view::{Direction, KeyRange, View};
use crate::limits::{KEY_PREFIX_BYTES, PAGE_EXAMINED_MAX, PAGE_MISSES_MAX};
use crate::storage::Storage;

/// How much a page may hold. It has at least one row, if there is one, however large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// Bytes of ids and documents after which it ends.
    pub bytes: usize,
    /// Rows after which it ends.
    pub documents: usize,
}

/// Some rows of a query. It may have none and not be the last: a page ends after so many entries
/// examined, and where an asynchronous storage has to fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows; none of them where only the count was asked for.
    pub rows: Vec<Row>,
    /// How many rows.
    pub count: u64,
    /// Whether it is the last page.
    pub done: bool,
}

/// A row of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The encoded id.
    pub id: Vec<u8>,
    /// The document, where documents were asked for.
    pub document: Option<Vec<u8>>,
}

/// What to do with an entry.
enum Verdict {
    Skip,
    Pass,
    Deliver(Row),
}

impl<S: Storage> Database<S> {
    /// The next page of a query, after which the cursor stands behind it. `tx` is the transaction
    /// it was begun in. Fails with `SnapshotExpired`, or `Closed` where the transaction is over;
    /// the cursor then stands where it stood.
    pub fn page(
        &self,
        cursor: &mut Cursor,
        tx: Option<&mut Transaction>,
        limits: PageLimits,
    ) -> Result<Page> {
        let start = cursor.path.range.clone();
        let mut next = cursor.clone();
        let mut read = ReadKeys(tx.is_some().then(Vec::new));
        let page = {
            let tx = tx.as_deref();
            self.cursor_context(cursor.snapshot(), cursor.transaction(), tx)
                .and_then(|context| self.fill_page(&mut next, &context, tx, limits, &mut read))
        };
        let page = self.counted(page)?;
        self.counts.entries_examined.add(next.state.examined - cursor.state.examined);
        if let Some(tx) = tx {
            tx.reads.range(&passed(start, &next));
            for key in read.0.unwrap_or_default() {
                tx.reads.key(&key);
            }
        }
        *cursor = next;
        Ok(page)
    }

    fn fill_page(
        &self,
        cursor: &mut Cursor,
        context: &Context<'_>,
        tx: Option<&Transaction>,
        limits: PageLimits,
        read: &mut ReadKeys,
    ) -> Result<Page> {
        let mut page = Page::default();
        if cursor.state.take == 0 {
            cursor.state.is_done = true;
        }
        if !cursor.state.is_done && !cursor.state.is_started && cursor.output == Output::Count {
            self.count_at_once(cursor, context, tx, &mut page)?;
        }
        cursor.state.is_started = true;
        let range = cursor.path.range.clone();
        let mut scan = if cursor.state.is_done {
            None
        } else {
            Some(self.store.scan(context.view, &range, cursor.direction)?)
        };
        let examined_max = cursor.state.examined.saturating_add(PAGE_EXAMINED_MAX);
        let mut bytes = 0;
        let mut last = Vec::new();
        while let Some(scan) = scan.as_mut().filter(|_| !cursor.state.is_done) {
            let is_full = bytes >= limits.bytes || page.rows.len() >= limits.documents.max(1);
            if is_full || cursor.state.examined >= examined_max {
                break;
            }
            let verdict = match self.examine(scan, cursor, context.view, read) {
                Ok(verdict) => verdict,
                // What is there already goes out first; the next page then starts with the miss.
                Err(error) if error.is_missing() && !last.is_empty() => break,
                Err(error) if error.is_missing() => {
                    self.gather_misses(scan, cursor, context.view, limits);
                    return Err(error);
                }
                Err(error) => return Err(error),
            };
            let Some(verdict) = verdict else {
                cursor.state.is_done = true;
                cursor.state.is_exhausted = true;
                break;
            };
            cursor.state.examined += 1;
            last.clear();
            last.extend_from_slice(scan.key());
            match verdict {
                Verdict::Pass => {}
                Verdict::Skip => cursor.state.skip -= 1,
                Verdict::Deliver(row) => bytes += cursor.deliver(row, &mut page),
            }
        }
        drop(scan);
        if !last.is_empty() {
            cursor.pass(&last);
        }
        page.done = cursor.state.is_done;
        Ok(page)
    }

    /// Moves to the next entry and decides on it; `None` at the end.
    fn examine(
        &self,
        scan: &mut Scan<'_, S>,
        cursor: &Cursor,
        view: View<'_>,
        read: &mut ReadKeys,
    ) -> Result<Option<Verdict>> {
        if !scan.advance()? {
            return Ok(None);
        }
        let is_skipped = cursor.state.skip > 0;
        let wants_document = cursor.output == Output::Documents && !is_skipped;
        let Some(index) = cursor.path.index() else {
            if is_skipped {
                return Ok(Some(Verdict::Skip));
            }
            let id = scan.key().get(KEY_PREFIX_BYTES..).unwrap_or_default();
            // An id that no caller could have given is damage, and not theirs to hear of.
            id::check(id).map_err(|_| document::damaged(&cursor.path.collection, id))?;
            let value = if wants_document { scan.value().to_vec() } else { Vec::new() };
            let document = wants_document
                .then(|| document::assemble(&self.store, view, &cursor.path.collection, id, value))
                .transpose()?
                .map(|found| found.bytes);
            return Ok(Some(Verdict::Deliver(cursor.row(id, document))));
        };
        let id = index::split(index, scan.key(), scan.value())?.id;
        let is_checked = !matches!(cursor.path.check, Check::None);
        let document = if is_checked || wants_document {
            let document = self.indexed_document(cursor, index, view, id)?;
            read.note(&cursor.path.collection, id);
            Some(document.bytes)
        } else {
            None
        };
        let counts = match &document {
            Some(document) => cursor.counts(index, scan.key(), id, document)?,
            None => true,
        };
        Ok(Some(match (counts, is_skipped) {
            (false, _) => Verdict::Pass,
            (true, true) => Verdict::Skip,
            (true, false) => Verdict::Deliver(cursor.row(id, document.filter(|_| wants_document))),
        }))
    }

    fn indexed_document(
        &self,
        cursor: &Cursor,
        index: &Index,
        view: View<'_>,
        id: &[u8],
    ) -> Result<Document> {
        let collection = &cursor.path.collection;
        document::read(&self.store, view, collection, id)?.ok_or_else(|| {
            let message = format!(
                "{} of `{}` has an entry for a document that is not there; run `verify`, then drop \
                 the index and create it again",
                index.spec, collection.name
            );
            Error::new(ErrorKind::Corrupt, message).with(|details| {
                details.collection = Some(collection.name.clone());
                details.path = Some(index.spec.to_string());
                details.id = Some(id.to_vec());
            })
        })
    }

    /// Looks for what else the page would miss, so that one fetch brings it. Whatever else goes
    /// wrong will do so again when the page is read.
    fn gather_misses(
        &self,
        scan: &mut Scan<'_, S>,
        cursor: &Cursor,
        view: View<'_>,
        limits: PageLimits,
    ) {
        let take = usize::try_from(cursor.state.take).unwrap_or(usize::MAX);
        for _ in 1..PAGE_MISSES_MAX.min(take).min(limits.documents) {
            match self.examine(scan, cursor, view, &mut ReadKeys(None)) {
                Ok(Some(_)) => {}
                Err(error) if error.is_missing() => {}
                Ok(None) | Err(_) => break,
            }
        }
    }

    /// Counts by the counters where they say it all.
    fn count_at_once(
        &self,
        cursor: &mut Cursor,
        context: &Context<'_>,
        tx: Option<&Transaction>,
        page: &mut Page,
    ) -> Result<()> {
        let path = &cursor.path;
        let one_each = path.index().is_none_or(|index| !index.spec.each);
        if !path.is_whole || !one_each {
            return Ok(());
        }
        let mut counters = draft::counters(&self.store, context.view, &path.collection)?;
        if let Some(tx) = tx {
            tx.add_delta(&path.collection, &mut counters);
        }
        let all = match path.index {
            Some(index) => counters.entries(index),
            None => counters.documents,
        };
        page.count = all.saturating_sub(cursor.state.skip).min(cursor.state.take);
        cursor.state.returned = page.count;
        cursor.state.is_done = true;
        cursor.state.is_exhausted = true;
        Ok(())
    }
}

impl Cursor {
    /// Whether an entry is one of the rows.
    fn counts(&self, index: &Index, key: &[u8], id: &[u8], document: &[u8]) -> Result<bool> {
        match &self.path.check {
            Check::None => Ok(true),
            Check::Values(values) => Ok(index::tuples(index, id, document)?.contains(values)),
            Check::First => {
                // The range has moved on since the query began; what comes first is decided by
                // where it began, so a row is never delivered again.
                let range = &self.path.whole;
                let entries = index::entries(index, id, document)?;
                let mut within = entries.iter().filter(|entry| range.contains(&entry.key));
                let first = match self.direction {
                    Direction::Forward => within.next(),
                    Direction::Reverse => within.next_back(),
                };
                // In a transaction the id can follow where a unique key has none.
                Ok(first.is_some_and(|first| {
                    key.strip_prefix(first.key.as_slice())
                        .is_some_and(|rest| rest.is_empty() || rest == id)
                }))
            }
        }
    }

    /// A row to be delivered; what is only counted is not copied.
    fn row(&self, id: &[u8], document: Option<Vec<u8>>) -> Row {
        let id = if self.output == Output::Count { Vec::new() } else { id.to_vec() };
        Row { id, document }
    }

    /// Adds a row to the page; returns its size.
    fn deliver(&mut self, row: Row, page: &mut Page) -> usize {
        page.count += 1;
        self.state.returned += 1;
        self.state.take -= 1;
        self.state.is_done = self.state.take == 0;
        if self.output == Output::Count {
            return 0;
        }
        let bytes = row.id.len() + row.document.as_ref().map_or(0, Vec::len);
        page.rows.push(row);
        bytes
    }
}

/// The keys of documents that were read, where somebody has to know them.
struct ReadKeys(Option<Vec<Vec<u8>>>);

impl ReadKeys {
    fn note(&mut self, collection: &Collection, id: &[u8]) {
        if let Some(keys) = &mut self.0 {
            keys.push(collection.document_key(id));
        }
    }
}

/// The part of a range that lies behind the cursor.
fn passed(start: KeyRange, cursor: &Cursor) -> KeyRange {
    if cursor.state.is_exhausted {
        return start;
    }
    match cursor.direction {
        Direction::Forward => match &cursor.path.range.lower {
            Bound::Excluded(last) => KeyRange { upper: Bound::Included(last.clone()), ..start },
            _ => KeyRange { upper: start.lower.clone(), ..start },
        },
        Direction::Reverse => match &cursor.path.range.upper {
            Bound::Excluded(last) => KeyRange { lower: Bound::Included(last.clone()), ..start },
            _ => KeyRange { lower: start.upper.clone(), ..start },
        },
    }
}
