//! One file as chunks, some of which are at hand.

use super::chunk::Chunk;

/// A file whose chunks are kept elsewhere.
#[derive(Debug)]
pub struct ChunkFile {
    pub chunk_bytes: u32,
    pub len: u64,
    /// From this chunk on nothing is stored: what is not at hand there is zeros.
    pub extent: u64,
    /// What is stored from this chunk on is to be deleted.
    pub cut: Option<u64>,
    /// What is at hand, by number: a few hundred chunks at most.
    pub chunks: Vec<(u64, Chunk)>,
}

/// A piece of a range that lies in one chunk.
struct Piece {
    chunk: u64,
    /// Where it begins in the chunk.
    at: usize,
    bytes: usize,
}

impl ChunkFile {
    pub fn new(chunk_bytes: u32, len: u64, extent: u64) -> Self {
        Self { chunk_bytes, len, extent, cut: None, chunks: Vec::new() }
    }

    /// Bytes of the chunks at hand.
    pub fn resident_bytes(&self) -> usize {
        self.chunks.len() * self.size()
    }

    /// Fills `buf` from `offset` on, within the file; tells `lacks` each chunk that has to be
    /// fetched.
    pub fn read(&mut self, offset: u64, buf: &mut [u8], now: u64, mut lacks: impl FnMut(u64)) {
        let mut rest = buf;
        let mut at = offset;
        while !rest.is_empty() {
            let piece = self.piece(at, rest.len());
            let (part, behind) = rest.split_at_mut(piece.bytes.min(rest.len()));
            let is_stored = piece.chunk < self.extent;
            match self.chunk_mut(piece.chunk) {
                Some(chunk) => {
                    chunk.used = now;
                    if !chunk.read(piece.at, part) {
                        lacks(piece.chunk);
                    }
                }
                None if is_stored => lacks(piece.chunk),
                None => part.fill(0),
            }
            at += piece.bytes as u64;
            rest = behind;
        }
    }

    /// Writes `bytes` at `offset`, as the change `now`. Nothing has to be at hand for it.
    pub fn write(&mut self, offset: u64, bytes: &[u8], now: u64) {
        let mut rest = bytes;
        let mut at = offset;
        while !rest.is_empty() {
            let piece = self.piece(at, rest.len());
            let (part, behind) = rest.split_at(piece.bytes.min(rest.len()));
            let start = piece.chunk * u64::from(self.chunk_bytes);
            // Behind the end of the file there are zeros, whatever is stored.
            let is_covered = piece.at == 0
                && at + piece.bytes as u64 >= self.len.min(start + u64::from(self.chunk_bytes));
            self.change(piece.chunk, is_covered, |chunk| {
                chunk.write(piece.at, part);
                (chunk.changed, chunk.used) = (now, now);
            });
            at += piece.bytes as u64;
            rest = behind;
        }
        self.len = self.len.max(at);
    }

    /// Sets the length, as the change `now`.
    pub fn set_len(&mut self, len: u64, now: u64) {
        if len < self.len {
            let first_gone = len.div_ceil(u64::from(self.chunk_bytes));
            self.chunks.retain(|(number, _)| *number < first_gone);
            if first_gone < self.extent {
                self.extent = first_gone;
                self.cut = Some(self.cut.map_or(first_gone, |cut| cut.min(first_gone)));
            }
            let last = self.piece(len, 1);
            let is_there = last.chunk < self.extent || self.chunk_mut(last.chunk).is_some();
            if last.at > 0 && is_there {
                self.change(last.chunk, false, |chunk| {
                    chunk.clear_from(last.at);
                    (chunk.changed, chunk.used) = (now, now);
                });
            }
        }
        self.len = len;
    }

    /// Takes in what is stored of a chunk, nothing where it is absent.
    pub fn supply(&mut self, number: u64, stored: &[u8], now: u64) {
        if number < self.extent {
            self.change(number, false, |chunk| {
                chunk.complete(stored);
                chunk.used = now;
            });
        }
    }

    /// Every change up to `through` is stored.
    pub fn stored(&mut self, through: u64) {
        self.cut = None;
        for (number, chunk) in &mut self.chunks {
            if chunk.changed > 0 && chunk.changed <= through {
                chunk.changed = 0;
                self.extent = self.extent.max(*number + 1);
            }
        }
    }

    fn chunk_mut(&mut self, number: u64) -> Option<&mut Chunk> {
        let at = self.chunks.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.chunks.get_mut(at).map(|(_, chunk)| chunk)
    }

    /// Changes a chunk, which begins as zeros or unknown where it is not at hand.
    fn change(&mut self, number: u64, is_covered: bool, change: impl FnOnce(&mut Chunk)) {
        let is_blank = is_covered || number >= self.extent;
        let found = self.chunks.binary_search_by_key(&number, |(number, _)| *number);
        let at = found.unwrap_or_else(|at| {
            let size = self.size();
            let chunk = if is_blank { Chunk::zeros(size) } else { Chunk::unknown(size) };
            self.chunks.insert(at, (number, chunk));
            at
        });
        if let Some((_, chunk)) = self.chunks.get_mut(at) {
            change(chunk);
        }
    }

    fn piece(&self, offset: u64, wanted: usize) -> Piece {
        let size = u64::from(self.chunk_bytes);
        let at = usize::try_from(offset % size).unwrap_or(0);
        Piece { chunk: offset / size, at, bytes: (self.size() - at).min(wanted) }
    }

    fn size(&self) -> usize {
        usize::try_from(self.chunk_bytes).unwrap_or(usize::MAX)
    }
}
