//! One commit's writes before they are committed.

use super::entry::Kind;
use super::memtable::Memtable;
use super::units::Lease;
use super::version::Run;
use crate::error::Result;

/// So many bytes of values count as much as one delete.
const WRITTEN_BYTES: u64 = 64;

/// The writes of one commit, the newest of each key, in key order. What outgrows memory lies in
/// private segments that no root lists; dropping the batch gives their units back.
#[derive(Debug, Default)]
pub struct Batch {
    table: Memtable,
    /// Orders writes to one key within the batch.
    writes: u64,
    /// Private runs, newest first.
    runs: Vec<Run>,
    /// Holds the units of the private runs.
    lease: Lease,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a value.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.writes += 1;
        self.table.insert(key, self.writes, Kind::Put, value)
    }

    /// Deletes a key, whether it is there or not.
    pub fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.writes += 1;
        self.table.insert(key, self.writes, Kind::Delete, &[])
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty() && self.runs.is_empty()
    }

    /// Bytes held in memory; what has been spilled does not count.
    pub fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// Whether a part of it lies in private segments.
    pub fn is_spilled(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Whether it deletes something and writes next to nothing: a delete writes the counters of its
    /// collection.
    pub(crate) fn shrinks(&self) -> bool {
        let (mut deleted, mut written) = (0_u64, 0_u64);
        for (_, kind, value) in self.entries() {
            deleted += u64::from(kind == Kind::Delete);
            written += if kind == Kind::Put { 1 + value.len() as u64 / WRITTEN_BYTES } else { 0 };
        }
        for meta in self.runs.iter().flat_map(|run| run.iter()).map(|segment| segment.meta()) {
            deleted += meta.tombstones;
            written += meta.entries.saturating_sub(meta.tombstones);
        }
        deleted > 0 && deleted >= written
    }

    pub(crate) fn table(&self) -> &Memtable {
        &self.table
    }

    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(crate) fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Takes out what is in memory, to be written elsewhere.
    pub(crate) fn take_table(&mut self) -> Memtable {
        std::mem::take(&mut self.table)
    }

    /// Puts back what could not be written.
    pub(crate) fn restore_table(&mut self, table: Memtable) {
        self.table = table;
    }

    /// Adds the run that now holds what was taken out.
    pub(crate) fn push_run(&mut self, run: Run) {
        self.runs.insert(0, run);
    }

    /// The newest entry of each key in memory, in key order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&[u8], Kind, &[u8])> {
        let table = &self.table;
        let mut node = table.first();
        let mut last: Option<&[u8]> = None;
        std::iter::from_fn(move || {
            loop {
                let at = node?;
                node = table.next(at);
                let key = table.key(at);
                if last != Some(key) {
                    last = Some(key);
                    return Some((key, table.kind(at), table.value(at)));
                }
            }
        })
    }
}
