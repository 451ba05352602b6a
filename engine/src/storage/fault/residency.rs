//! Which chunks are at hand in a storage that must fetch them.

use std::collections::BTreeSet;

use crate::storage::FileId;

/// A chunk: its file and its number in it.
pub type Chunk = (FileId, u64);

/// Chunks that are at hand, and those that reads asked for in vain.
#[derive(Debug)]
pub struct Residency {
    chunk_bytes: u64,
    head_bytes: u64,
    resident: BTreeSet<Chunk>,
    wanted: BTreeSet<Chunk>,
}

impl Residency {
    pub fn new(chunk_bytes: u32, head_bytes: u64) -> Self {
        let chunk_bytes = u64::from(chunk_bytes).max(1);
        Self { chunk_bytes, head_bytes, resident: BTreeSet::new(), wanted: BTreeSet::new() }
    }

    /// The chunks that `start..end` of `file` touches.
    pub fn chunks(
        &self,
        file: FileId,
        start: u64,
        end: u64,
    ) -> impl Iterator<Item = Chunk> + use<> {
        let first = start / self.chunk_bytes;
        let numbers =
            if start < end { first..end.div_ceil(self.chunk_bytes) } else { first..first };
        numbers.map(move |number| (file, number))
    }

    /// Whether all of the range is at hand; notes what is not.
    pub fn demand(&mut self, file: FileId, start: u64, end: u64) -> bool {
        let mut complete = true;
        for chunk in self.chunks(file, start, end) {
            if !self.resident.contains(&chunk) {
                complete = false;
                self.wanted.insert(chunk);
            }
        }
        complete
    }

    /// Whether `start..end` of a file of length `len` can be written: all that the chunks hold
    /// beside the range must be at hand.
    pub fn allows(&self, file: FileId, start: u64, end: u64, len: u64) -> bool {
        let start = start.min(len);
        // Chunks that begin behind the end of the file hold nothing yet.
        self.chunks(file, start, end.min(len.saturating_add(1))).all(|chunk| {
            let first = chunk.1 * self.chunk_bytes;
            let held = first..len.min(first.saturating_add(self.chunk_bytes));
            let covered = held.is_empty() || (start <= held.start && held.end <= end);
            covered || self.resident.contains(&chunk)
        })
    }

    /// Takes in a write that was allowed.
    pub fn write(&mut self, file: FileId, start: u64, end: u64, len: u64) {
        let chunks = self.chunks(file, start.min(len), end);
        self.resident.extend(chunks);
    }

    /// Takes in a growth with zeros; a chunk that was there before stays as it is.
    pub fn grow(&mut self, file: FileId, old_len: u64, len: u64) {
        let new = old_len.next_multiple_of(self.chunk_bytes);
        let chunks = self.chunks(file, new, len);
        self.resident.extend(chunks);
    }

    pub fn fetch(&mut self) -> usize {
        let count = self.wanted.len();
        self.resident.append(&mut self.wanted);
        count
    }

    pub fn evict(&mut self, dirty: &BTreeSet<Chunk>) {
        let head_chunks = self.head_bytes.div_ceil(self.chunk_bytes);
        self.resident.retain(|chunk| {
            let (file, number) = chunk;
            *file != FileId::Volume || *number < head_chunks || dirty.contains(chunk)
        });
    }

    pub fn clear(&mut self) {
        self.resident.clear();
        self.wanted.clear();
    }
}
