//! Reading: one key, or a range.

use std::sync::Arc;

use super::Store;
use crate::error::Result;
use crate::kv::entry::Kind;
use crate::kv::memtable::{Found, Memtable};
use crate::kv::scan::Scan;
use crate::kv::segment::{Block, EntryAt};
use crate::kv::sought::{Sought, Value};
use crate::kv::source::{Source, TableRef};
use crate::kv::version::{Run, holding};
use crate::kv::view::{Direction, KeyRange, View};
use crate::storage::Storage;

impl<S: Storage> Store<S> {
    /// The newest version of `key` at or below the view, into `out`; false where there is none.
    pub fn get(&self, view: View<'_>, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        let Some(value) = self.find(view, key)? else { return Ok(false) };
        out.clear();
        out.extend_from_slice(&value);
        Ok(true)
    }

    /// The newest version of `key` at or below the view, where it lies.
    pub(crate) fn find<'a>(&'a self, view: View<'a>, key: &[u8]) -> Result<Option<Value<'a>>> {
        self.check_sound()?;
        let sought = Sought::new(key);
        if let Some(overlay) = view.overlay {
            if let Some(found) = overlay.table().find(&sought, u64::MAX) {
                return Ok(in_table(found));
            }
            if let Some(found) = self.search_runs(overlay.runs().iter(), &sought, u64::MAX)? {
                return Ok(in_block(found));
            }
        }
        for table in self.tables() {
            if let Some(found) = table.find(&sought, view.seq) {
                return Ok(in_table(found));
            }
        }
        let found = self.search_runs(self.volume.version().runs(), &sought, view.seq)?;
        Ok(found.and_then(in_block))
    }

    /// A scan of `range` as `view` sees it.
    pub fn scan<'a>(
        &'a self,
        view: View<'a>,
        range: &KeyRange,
        direction: Direction,
    ) -> Result<Scan<'a, S>> {
        self.check_sound()?;
        let mut sources = Vec::new();
        if let Some(overlay) = view.overlay {
            let table = Source::table(TableRef::Borrowed(overlay.table()));
            sources.push(table.into_overlay());
            let runs = overlay.runs().iter().filter(|run| reaches(run, range));
            sources.extend(runs.map(|run| Source::run(Arc::clone(run)).into_overlay()));
        }
        sources.extend(self.tables().map(|table| Source::table(TableRef::Borrowed(table))));
        let runs = self.volume.version().runs().filter(|run| reaches(run, range));
        sources.extend(runs.map(|run| Source::run(Arc::clone(run))));
        Scan::new(&self.io, sources, view.seq, range.clone(), direction)
    }

    /// The memtables, newest first.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Memtable> {
        std::iter::once(&self.active).chain(self.sealed.as_ref().map(|sealed| &*sealed.table))
    }

    /// Looks into runs, newest first. Misses of all runs that might hold the key are gathered, so
    /// that one fetch serves the whole lookup.
    fn search_runs<'r>(
        &self,
        runs: impl Iterator<Item = &'r Run>,
        sought: &Sought<'_>,
        seq: u64,
    ) -> Result<Option<InBlock>> {
        let mut missing = None;
        for segment in runs.flat_map(|run| holding(run, sought.key)) {
            match segment.find(&self.io, sought, seq) {
                Ok(None) => {}
                Ok(_) if missing.is_some() => break,
                Ok(found) => return Ok(found),
                Err(error) if error.is_missing() => missing = Some(error),
                Err(error) => return Err(error),
            }
        }
        missing.map_or(Ok(None), Err)
    }
}

/// An entry in a block.
type InBlock = (Arc<Block>, EntryAt);

fn in_table(found: Found<'_>) -> Option<Value<'_>> {
    (found.kind == Kind::Put).then_some(Value::Borrowed(found.value))
}

fn in_block<'a>((block, entry): InBlock) -> Option<Value<'a>> {
    (!entry.is_delete).then_some(Value::Block(block, entry))
}

/// Whether the run has any key in reach of the range.
fn reaches(run: &Run, range: &KeyRange) -> bool {
    match (run.first(), run.last()) {
        (Some(first), Some(last)) => {
            !range.is_after_upper(&first.meta().min_key)
                && !range.is_before_lower(&last.meta().max_key)
        }
        _ => false,
    }
}
