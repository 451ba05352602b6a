//! A storage whose files lie elsewhere as chunks, which are fetched and stored asynchronously.

mod chunk;
mod file;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::buffer::past_the_end;
use super::{Barrier, FileId, Read, Storage, Synced};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Durability;
use file::ChunkFile;

/// Bytes of chunks kept at hand between calls, beside those that are not stored yet.
const RESIDENT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes written that are stored before anything else is done, barrier or not.
const UNSTORED_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Chunks of a file at most, so that their numbers fit into 32 bits.
const CHUNKS_MAX: u64 = u32::MAX as u64;

/// What is kept of a file elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its length.
    pub len: u64,
    /// Bytes of each of its chunks.
    pub chunk_bytes: u32,
    /// From this chunk on none is stored.
    pub extent: u64,
}

/// A chunk: its file and its number in it.
pub type ChunkId = (FileId, u64);

/// Everything that has changed, to be stored in one atomic write: first what is deleted, then the
/// chunks.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Whether it must outlast a loss of power, with all batches before it.
    pub is_strict: bool,
    /// The files afterwards, in the order of [`FileId::ALL`].
    pub files: [StoredFile; 3],
    /// The chunk of each file from which on what is stored is deleted.
    pub cuts: [Option<u64>; 3],
    /// The chunks that have changed, whole.
    pub chunks: Vec<(ChunkId, Arc<Vec<u8>>)>,
    /// The barrier that is passed once it is stored; none where it is stored to free memory.
    pub barrier: Option<Barrier>,
    through: u64,
}

/// Three files of chunks that somebody else keeps, such as a database of the browser. A clone is
/// another handle on the same files.
///
/// Reads answer `Missing` for chunks that are not at hand, and syncs are pending. Whoever owns it
/// fetches what [`ChunkStorage::missing`] names, after every miss, and runs the call again; and
/// after every call stores what [`ChunkStorage::batch`] gives, in one atomic write, and reports it.
///
/// A chunk that is not there reads as zeros, as does what lies behind the end of a short one.
/// Memory is bounded by the chunks that one call needs and writes, and 8 MiB of others.
#[derive(Clone, Debug)]
pub struct ChunkStorage {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    files: [ChunkFile; 3],
    /// Each once, in no order.
    wanted: Vec<ChunkId>,
    /// Counts reads and changes.
    now: u64,
    /// The last change, and the last one that is stored.
    changed: u64,
    stored: u64,
    unstored_bytes: usize,
    last_barrier: u64,
    /// The barrier that the next batch passes.
    owed: Option<Barrier>,
    owed_is_strict: bool,
    /// Whether a loss of power can take something that was stored.
    is_soft: bool,
}

impl ChunkStorage {
    /// A storage over `files`, in the order of [`FileId::ALL`].
    pub fn new(files: [StoredFile; 3]) -> Self {
        let is_soft = files.iter().any(|file| file.len > 0);
        let state = State {
            files: files.map(|file| ChunkFile::new(file.chunk_bytes, file.len, file.extent)),
            wanted: Vec::new(),
            now: 0,
            changed: 0,
            stored: 0,
            unstored_bytes: 0,
            last_barrier: 0,
            owed: None,
            owed_is_strict: false,
            // Whoever stored it may have been killed before the system wrote it out.
            is_soft,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The chunks to be fetched, each named once: those that reads asked for in vain, and, where a
    /// batch is due, those of which only a part was written.
    pub fn missing(&self) -> Vec<ChunkId> {
        let mut state = self.state();
        let mut missing = std::mem::take(&mut state.wanted);
        if state.is_due() {
            let partial: Vec<_> =
                state.partial().filter(|chunk| !missing.contains(chunk)).collect();
            missing.extend(partial);
        }
        missing
    }

    /// Takes in a chunk that was fetched; `stored` is empty where there is none.
    pub fn supply(&self, (file, number): ChunkId, stored: &[u8]) {
        let mut state = self.state();
        state.now += 1;
        let now = state.now;
        file.of_mut(&mut state.files).supply(number, stored, now);
    }

    /// Whether something has to be stored, or fetched in order to be, before the next call.
    pub fn is_due(&self) -> bool {
        self.state().is_due()
    }

    /// What has to be stored, unless chunks have to be fetched first. Nothing may be written until
    /// [`ChunkStorage::stored`] is told of it; reads go on.
    pub fn batch(&self) -> Option<Batch> {
        let state = self.state();
        (state.is_due() && state.partial().next().is_none()).then(|| state.batch())
    }

    /// The batch is stored, as durable as it asked for.
    pub fn stored(&self, batch: &Batch) {
        let mut state = self.state();
        for file in &mut state.files {
            file.stored(batch.through);
        }
        state.stored = batch.through;
        state.unstored_bytes = 0;
        state.is_soft = !batch.is_strict;
        state.owed = state.owed.filter(|owed| Some(*owed) > batch.barrier);
        state.owed_is_strict &= state.owed.is_some();
    }

    /// Forgets the chunks that were used longest ago, until what is kept is within its bound. To be
    /// called between calls: those that a call waits for must stay until it is through.
    pub fn trim(&self) {
        self.state().trim(RESIDENT_BYTES_MAX);
    }

    /// As [`ChunkStorage::trim`], for another bound.
    pub fn trim_to(&self, resident_bytes_max: usize) {
        self.state().trim(resident_bytes_max);
    }

    /// Whether a loss of power can take something that was stored. It can where it is not known who
    /// stored it, until a strict batch is stored.
    pub fn is_soft(&self) -> bool {
        self.state().is_soft
    }

    /// Says it where it is known.
    pub fn set_soft(&self, is_soft: bool) {
        self.state().is_soft = is_soft;
    }

    /// Bytes of the chunks at hand.
    pub fn resident_bytes(&self) -> usize {
        self.state().resident_bytes()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_due(&self) -> bool {
        self.owed.is_some() || self.unstored_bytes > UNSTORED_BYTES_MAX
    }

    /// Changed chunks that are not whole.
    fn partial(&self) -> impl Iterator<Item = ChunkId> {
        FileId::ALL.into_iter().flat_map(|file| {
            let chunks = file.of(&self.files).chunks.iter();
            let partial = chunks.filter(|(_, chunk)| chunk.changed > 0 && !chunk.is_whole());
            partial.map(move |(number, _)| (file, *number))
        })
    }

    fn batch(&self) -> Batch {
        let chunks = FileId::ALL.into_iter().flat_map(|file| {
            let chunks = file.of(&self.files).chunks.iter();
            let changed = chunks.filter(|(_, chunk)| chunk.changed > 0);
            changed.map(move |(number, chunk)| ((file, *number), chunk.bytes()))
        });
        Batch {
            is_strict: self.owed_is_strict,
            files: self.files.each_ref().map(|file| StoredFile {
                len: file.len,
                chunk_bytes: file.chunk_bytes,
                extent: file.extent,
            }),
            cuts: self.files.each_ref().map(|file| file.cut),
            chunks: chunks.collect(),
            barrier: self.owed,
            through: self.changed,
        }
    }

    fn resident_bytes(&self) -> usize {
        self.files.iter().map(ChunkFile::resident_bytes).sum()
    }

    fn trim(&mut self, resident_bytes_max: usize) {
        if self.resident_bytes() <= resident_bytes_max {
            return;
        }
        // A quarter at a time, so that it is seldom done.
        while self.resident_bytes() > resident_bytes_max / 4 * 3 {
            let clean = self.files.iter_mut().filter_map(|file| {
                let chunks = file.chunks.iter().enumerate();
                let clean = chunks.filter(|(_, (_, chunk))| chunk.changed == 0);
                let oldest = clean.map(|(at, (_, chunk))| (chunk.used, at)).min();
                oldest.map(|(used, at)| (used, at, file))
            });
            let Some((_, at, file)) = clean.min_by_key(|(used, ..)| *used) else { return };
            file.chunks.remove(at);
        }
    }

    /// Numbers a change.
    fn change(&mut self) -> u64 {
        self.now += 1;
        self.changed = self.now;
        self.now
    }
}

impl Storage for ChunkStorage {
    fn len(&self, file: FileId) -> Result<u64> {
        Ok(file.of(&self.state().files).len)
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        let state = &mut *self.state();
        state.now += 1;
        let chunks = file.of_mut(&mut state.files);
        let end = offset.checked_add(buf.len() as u64).filter(|end| *end <= chunks.len);
        if end.is_none() {
            return Err(past_the_end(file, offset, buf.len()));
        }
        let mut read = Read::Done;
        chunks.read(offset, buf, state.now, |number| {
            if !state.wanted.contains(&(file, number)) {
                state.wanted.push((file, number));
            }
            read = Read::Missing;
        });
        Ok(read)
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let state = &mut *self.state();
        let end = offset.checked_add(bytes.len() as u64);
        check_len(file, file.of(&state.files), end)?;
        let now = state.change();
        state.unstored_bytes += bytes.len();
        file.of_mut(&mut state.files).write(offset, bytes, now);
        Ok(())
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        let state = &mut *self.state();
        check_len(file, file.of(&state.files), Some(len))?;
        let now = state.change();
        file.of_mut(&mut state.files).set_len(len, now);
        Ok(())
    }

    fn sync(&self, _file: FileId, durability: Durability) -> Result<Synced> {
        let mut state = self.state();
        let is_strict = durability == Durability::Strict;
        if state.changed == state.stored && !(is_strict && state.is_soft) {
            return Ok(Synced::Done);
        }
        state.last_barrier += 1;
        let barrier = Barrier(state.last_barrier);
        state.owed = Some(barrier);
        state.owed_is_strict |= is_strict;
        Ok(Synced::Pending(barrier))
    }
}

fn check_len(file: FileId, chunks: &ChunkFile, len: Option<u64>) -> Result<()> {
    let len_max = u64::from(chunks.chunk_bytes) * CHUNKS_MAX;
    if len.is_some_and(|len| len <= len_max) {
        return Ok(());
    }
    let name = file.name();
    let message = format!("{name} cannot grow beyond {len_max} bytes; delete what is not needed");
    Err(Error::new(ErrorKind::QuotaExceeded, message).with(|d| d.file = Some(name)))
}
