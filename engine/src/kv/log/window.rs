//! A window that moves forward over a file: memory for one frame, never for a whole log.

use crate::error::Result;
use crate::kv::io::Io;
use crate::options::Geometry;
use crate::storage::{FileId, Storage};

/// Bytes that one read asks for, unless one frame has more.
const WINDOW_BYTES: u64 = 64 * 1024;

/// Some bytes of a file, read ahead in large pieces.
pub(crate) struct Window<'i, S> {
    io: &'i Io<S>,
    file: FileId,
    file_len: u64,
    start: u64,
    buf: Vec<u8>,
}

impl<'i, S: Storage> Window<'i, S> {
    /// A window on `file`.
    pub fn new(io: &'i Io<S>, file: FileId) -> Result<Self> {
        let file_len = io.len(file)?;
        Ok(Self { io, file, file_len, start: 0, buf: Vec::new() })
    }

    /// The file it looks at.
    pub fn file(&self) -> FileId {
        self.file
    }

    /// The sizes of the database that the file belongs to.
    pub fn geometry(&self) -> &Geometry {
        self.io.geometry()
    }

    /// Length of the file.
    pub fn file_len(&self) -> u64 {
        self.file_len
    }

    /// All bytes at hand from `offset` on, at least `len` of them; `None` where the file ends
    /// before. Offsets may only grow from call to call: what lies before them is forgotten when
    /// more is read.
    pub fn view(&mut self, offset: u64, len: u64) -> Result<Option<&[u8]>> {
        let Some(end) = offset.checked_add(len).filter(|end| *end <= self.file_len) else {
            return Ok(None);
        };
        if offset < self.start || end > self.start + self.buf.len() as u64 {
            self.advance(offset, end)?;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(self.buf.get(from..))
    }

    /// Forgets what lies before `offset`, and reads on to `end` or further.
    fn advance(&mut self, offset: u64, end: u64) -> Result<()> {
        let known = offset.checked_sub(self.start).and_then(|gone| usize::try_from(gone).ok());
        match known.filter(|gone| *gone <= self.buf.len()) {
            Some(gone) => drop(self.buf.drain(..gone)),
            None => self.buf.clear(),
        }
        self.start = offset;
        let at = offset + self.buf.len() as u64;
        let end = end.max((offset + WINDOW_BYTES).min(self.file_len));
        let kept = self.buf.len();
        let more = usize::try_from(end - at).unwrap_or(0);
        self.buf.resize(kept + more, 0);
        let read = match self.buf.get_mut(kept..) {
            Some(room) => self.io.read_exact(self.file, at, room),
            None => Ok(()),
        };
        if read.is_err() {
            self.buf.truncate(kept);
        }
        read
    }
}
