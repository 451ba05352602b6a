//! Reading: one key, or a range.

use std::sync::Arc;

use super::Store;
use crate::error::Result;
use crate::kv::entry::Kind;
use crate::kv::memtable::Memtable;
use crate::kv::scan::Scan;
use crate::kv::segment::Lookup;
use crate::kv::source::{Source, TableRef};
use crate::kv::version::{Run, overlapping};
use crate::kv::view::{Direction, KeyRange, View};
use crate::storage::Storage;

impl<S: Storage> Store<S> {
    /// The newest version of `key` at or below the view, into `out`; false where there is none.
    pub fn get(&self, view: View<'_>, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        self.check_sound()?;
        if let Some(overlay) = view.overlay {
            if let Some(kind) = search_table(overlay.table(), key, u64::MAX, out) {
                return Ok(kind == Kind::Put);
            }
            if let Some(kind) = self.search_runs(overlay.runs().iter(), key, u64::MAX, out)? {
                return Ok(kind == Kind::Put);
            }
        }
        for table in self.tables() {
            if let Some(kind) = search_table(table, key, view.seq, out) {
                return Ok(kind == Kind::Put);
            }
        }
        let found = self.search_runs(self.volume.version().runs(), key, view.seq, out)?;
        Ok(found == Some(Kind::Put))
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
        key: &[u8],
        seq: u64,
        out: &mut Vec<u8>,
    ) -> Result<Option<Kind>> {
        let mut missing = None;
        for segment in runs.flat_map(|run| overlapping(run, key, key)) {
            match segment.get(&self.io, key, seq, out) {
                Ok(Lookup::Absent) => {}
                Ok(_) if missing.is_some() => break,
                Ok(Lookup::Found) => return Ok(Some(Kind::Put)),
                Ok(Lookup::Deleted) => return Ok(Some(Kind::Delete)),
                Err(error) if error.is_missing() => missing = Some(error),
                Err(error) => return Err(error),
            }
        }
        missing.map_or(Ok(None), Err)
    }
}

fn search_table(table: &Memtable, key: &[u8], seq: u64, out: &mut Vec<u8>) -> Option<Kind> {
    let found = table.get(key, seq)?;
    out.clear();
    out.extend_from_slice(found.value);
    Some(found.kind)
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
