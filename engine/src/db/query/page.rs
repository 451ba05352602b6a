//! One page of a query.

use std::ops::Bound;

use super::cursor::Cursor;
use super::plan::Check;
use crate::catalog::Index;
use crate::codec::id;
use crate::db::document::{self, Body};
use crate::db::read::Context;
use crate::db::tx::Transaction;
use crate::db::{Database, Output, draft};
use crate::error::{Error, ErrorKind, Result};
use crate::index;
use crate::kv::scan::Scan;
use crate::kv::sought::Value;
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

/// Takes the rows of a page, in order.
pub(crate) trait PageRows {
    /// Takes one row.
    fn row(&mut self, id: &[u8], document: Option<&[u8]>) -> Result<()>;
}

impl PageRows for Vec<Row> {
    fn row(&mut self, id: &[u8], document: Option<&[u8]>) -> Result<()> {
        self.push(Row { id: id.to_vec(), document: document.map(<[u8]>::to_vec) });
        Ok(())
    }
}

/// A page without its rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PageEnd {
    /// How many rows.
    pub count: u64,
    /// Whether it is the last page.
    pub done: bool,
}

/// What to do with an entry.
enum Verdict<'a> {
    Skip,
    Pass,
    Deliver { id: &'a [u8], document: Option<Body<'a>> },
}

/// What a page reads beside the entries it goes over.
struct ReadKeys {
    /// The key of the document that was read last, or room for it.
    key: Vec<u8>,
    /// The keys of all documents that were read, where somebody has to know them.
    all: Option<Vec<Vec<u8>>>,
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
        let mut rows = Vec::new();
        let PageEnd { count, done } = self.page_into(cursor, tx, limits, &mut rows)?;
        Ok(Page { rows, count, done })
    }

    /// The same, with the rows given away one by one. After an error they are of no use.
    pub(crate) fn page_into(
        &self,
        cursor: &mut Cursor,
        tx: Option<&mut Transaction>,
        limits: PageLimits,
        rows: &mut dyn PageRows,
    ) -> Result<PageEnd> {
        let start = cursor.path.range.clone();
        let mut next = cursor.clone();
        let mut read = ReadKeys { key: Vec::new(), all: tx.is_some().then(Vec::new) };
        let page = {
            let tx = tx.as_deref();
            self.cursor_context(cursor.snapshot(), cursor.transaction(), tx).and_then(|context| {
                self.fill_page(&mut next, &context, tx, (limits, rows), &mut read)
            })
        };
        let page = self.counted(page)?;
        self.counts.entries_examined.add(next.state.examined - cursor.state.examined);
        if let Some(tx) = tx {
            tx.reads.range(&passed(start, &next));
            for key in read.all.unwrap_or_default() {
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
        (limits, rows): (PageLimits, &mut dyn PageRows),
        read: &mut ReadKeys,
    ) -> Result<PageEnd> {
        let mut page = PageEnd::default();
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
        let mut room = PageLimits { documents: limits.documents.max(1), ..limits };
        let mut last = Vec::new();
        while let Some(scan) = scan.as_mut().filter(|_| !cursor.state.is_done) {
            if room.bytes == 0 || room.documents == 0 || cursor.state.examined >= examined_max {
                break;
            }
            let examined = match scan.advance() {
                Ok(true) => self.examine(scan, cursor, context.view, read).map(Some),
                Ok(false) => Ok(None),
                Err(error) => Err(error),
            };
            let verdict = match examined {
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
                Verdict::Deliver { id, document } => {
                    page.count += 1;
                    if cursor.deliver() {
                        room.take(id, document.as_deref());
                        rows.row(id, document.as_deref())?;
                    }
                }
            }
        }
        drop(scan);
        if !last.is_empty() {
            cursor.pass(&last);
        }
        page.done = cursor.state.is_done;
        Ok(page)
    }

    /// Decides on the entry that a scan stands on.
    fn examine<'a>(
        &'a self,
        scan: &'a Scan<'_, S>,
        cursor: &Cursor,
        view: View<'a>,
        read: &mut ReadKeys,
    ) -> Result<Verdict<'a>> {
        let is_skipped = cursor.state.skip > 0;
        let wants_document = cursor.output == Output::Documents && !is_skipped;
        let Some(index) = cursor.path.index() else {
            if is_skipped {
                return Ok(Verdict::Skip);
            }
            let collection = &cursor.path.collection;
            let id = scan.key().get(KEY_PREFIX_BYTES..).unwrap_or_default();
            // An id that no caller could have given is damage, and not theirs to hear of.
            id::check(id).map_err(|_| document::damaged(collection, id))?;
            let value = Value::Borrowed(scan.value());
            let document = wants_document
                .then(|| document::assemble(&self.store, view, collection, id, value))
                .transpose()?;
            return Ok(Verdict::Deliver { id, document });
        };
        let id = index::split(index, scan.key(), scan.value())?.id;
        let is_checked = !matches!(cursor.path.check, Check::None);
        let document = if is_checked || wants_document {
            let document = self.indexed_document(cursor, index, view, id, &mut read.key)?;
            if let Some(all) = &mut read.all {
                all.push(read.key.clone());
            }
            Some(document)
        } else {
            None
        };
        let counts = match &document {
            Some(document) => cursor.counts(index, scan.key(), id, document)?,
            None => true,
        };
        Ok(match (counts, is_skipped) {
            (false, _) => Verdict::Pass,
            (true, true) => Verdict::Skip,
            (true, false) => Verdict::Deliver { id, document: document.filter(|_| wants_document) },
        })
    }

    fn indexed_document<'a>(
        &'a self,
        cursor: &Cursor,
        index: &Index,
        view: View<'a>,
        id: &[u8],
        key: &mut Vec<u8>,
    ) -> Result<Body<'a>> {
        let collection = &cursor.path.collection;
        document::find(&self.store, view, collection, id, key)?.ok_or_else(|| {
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
        let mut read = ReadKeys { key: Vec::new(), all: None };
        let take = usize::try_from(cursor.state.take).unwrap_or(usize::MAX);
        for _ in 1..PAGE_MISSES_MAX.min(take).min(limits.documents) {
            let examined = match scan.advance() {
                Ok(true) => self.examine(scan, cursor, view, &mut read).map(|_| true),
                ended => ended,
            };
            match examined {
                Ok(true) => {}
                Err(error) if error.is_missing() => {}
                Ok(false) | Err(_) => break,
            }
        }
    }

    /// Counts by the counters where they say it all.
    fn count_at_once(
        &self,
        cursor: &mut Cursor,
        context: &Context<'_>,
        tx: Option<&Transaction>,
        page: &mut PageEnd,
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

    /// Counts a row that is delivered; whether there is more of it than that it is counted.
    fn deliver(&mut self) -> bool {
        self.state.returned += 1;
        self.state.take -= 1;
        self.state.is_done = self.state.take == 0;
        self.output != Output::Count
    }
}

impl PageLimits {
    /// Takes the room for a row.
    fn take(&mut self, id: &[u8], document: Option<&[u8]>) {
        self.bytes = self.bytes.saturating_sub(id.len() + document.map_or(0, <[u8]>::len));
        self.documents = self.documents.saturating_sub(1);
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
