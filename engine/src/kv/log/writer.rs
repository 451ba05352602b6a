//! Appends frames to the current epoch.

use super::builder::FrameBuilder;
use super::frame::FRAME_HEAD_BYTES;
use super::header::Header;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::io::Io;
use crate::limits::LOG_HEAD_BYTES;
use crate::options::{Durability, Geometry};
use crate::storage::{FileId, Storage};

/// An epoch that is being written. It takes no frame after a write has failed: what the file holds
/// at its end is unknown from then on.
#[derive(Debug)]
pub(crate) struct LogWriter {
    file: FileId,
    epoch: u64,
    /// The end of the last frame.
    tail: u64,
    file_len: u64,
    /// How long the file may become: its largest size, or on a full storage the one it has.
    len_max: u64,
    /// The last commit of its frames; the one before the first where there is none.
    pub(super) last_seq: u64,
    geometry: Geometry,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// A part of a frame, or all of it, may lie at the end.
    Failed,
    Closed,
}

impl LogWriter {
    /// Begins the epoch that `header` describes in `file`: gives the file at least its smallest
    /// size, writes the header and syncs it. Everything up to `header.prev_last_seq` must be
    /// durable by then, and nothing in the file may be needed any more.
    ///
    /// With `QuotaExceeded` the file is as it was; after any other error of the storage its header
    /// is in doubt. A barrier of an asynchronous storage need not be waited for: those of the
    /// epoch's frames come after it.
    pub fn begin<S: Storage>(
        io: &Io<S>,
        file: FileId,
        header: &Header,
        geometry: &Geometry,
    ) -> Result<Self> {
        let head = header.encode(file)?;
        let file_len = reserve_smallest(io, file, geometry)?;
        io.write(file, 0, &head)?;
        let _ordered = io.sync(file, Durability::Strict)?;
        Ok(Self {
            file,
            epoch: header.epoch,
            tail: u64::from(LOG_HEAD_BYTES),
            file_len,
            len_max: u64::from(geometry.log_bytes_max).max(file_len),
            last_seq: header.first_seq - 1,
            geometry: *geometry,
            state: State::Open,
        })
    }

    /// The log it writes.
    pub fn file(&self) -> FileId {
        self.file
    }

    /// Bytes of the log in use.
    pub fn tail(&self) -> u64 {
        self.tail
    }

    /// Whether a frame with so many bytes of payload can be appended: the epoch is open, and the
    /// file within its largest size has room. A frame of the largest size fits into every new
    /// epoch.
    pub fn fits(&self, payload_bytes: usize) -> bool {
        self.state == State::Open
            && payload_bytes <= self.geometry.frame_bytes_max()
            && self.end_with(payload_bytes) <= self.len_max
    }

    /// The same, with a file that has the room already, as it could not be had any more once a
    /// commit is promised. A file that cannot grow takes what it has room for.
    pub fn reserve<S: Storage>(&mut self, io: &Io<S>, payload_bytes: usize) -> Result<bool> {
        if !self.fits(payload_bytes) {
            return Ok(false);
        }
        match self.grow(io, self.end_with(payload_bytes)) {
            Err(error) if error.kind() == ErrorKind::QuotaExceeded => {
                self.len_max = self.file_len;
                Ok(false)
            }
            grown => grown.map(|()| true),
        }
    }

    /// Appends a sealed frame in one write, after growing the file where it must; the frame's first
    /// commit follows the last one of the frames before. Nothing is synced.
    ///
    /// With `LimitExceeded` for a frame that does not fit, `InvalidInput` for one that is not
    /// sealed like this, and the error of a file that could not grow, nothing has changed.
    /// After an error of the write the epoch takes no more frames, and [`LogWriter::kill_tail`]
    /// must follow.
    pub fn append<S: Storage>(&mut self, io: &Io<S>, frame: &mut FrameBuilder) -> Result<()> {
        let end = self.end_with(frame.bytes());
        let last_seq = self.last_seq.checked_add(frame.commits()).filter(|last| *last < u64::MAX);
        let Some(last_seq) = last_seq.filter(|_| self.fits(frame.bytes())) else {
            let message = "the log has no room for this group; begin a new epoch, or commit less";
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        };
        let bytes = frame.finish(self.epoch, self.tail, self.last_seq + 1)?;
        self.grow(io, end)?;
        if let Err(error) = io.write(self.file, self.tail, bytes) {
            self.state = State::Failed;
            return Err(error);
        }
        self.tail = end;
        self.last_seq = last_seq;
        Ok(())
    }

    /// After a failed append: makes sure that nothing of the frame is ever read, by putting zeros
    /// in the place of its head, and ends the epoch. Where no write has failed there is nothing
    /// to do, and the epoch goes on. After an error nobody can say what a later open would
    /// find.
    pub fn kill_tail<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        if self.state == State::Failed {
            io.write(self.file, self.tail, &[0; FRAME_HEAD_BYTES])?;
            let _ordered = io.sync(self.file, Durability::Strict)?;
            self.state = State::Closed;
        }
        Ok(())
    }

    fn end_with(&self, payload_bytes: usize) -> u64 {
        let frame = payload_bytes.saturating_add(FRAME_HEAD_BYTES) as u64;
        self.tail.saturating_add(frame)
    }

    /// Doubles the file until it reaches `end`, so that its length seldom changes.
    fn grow<S: Storage>(&mut self, io: &Io<S>, end: u64) -> Result<()> {
        let mut len = self.file_len;
        while len < end {
            len = len.saturating_mul(2).min(self.len_max);
        }
        if len > self.file_len {
            io.set_len(self.file, len)?;
            self.file_len = len;
        }
        Ok(())
    }
}

/// Gives a log at least its smallest size; returns the size it has.
pub(crate) fn reserve_smallest<S: Storage>(
    io: &Io<S>,
    file: FileId,
    geometry: &Geometry,
) -> Result<u64> {
    let len = io.len(file)?;
    let len_min = u64::from(geometry.log_bytes_min);
    if len < len_min {
        io.set_len(file, len_min)?;
    }
    Ok(len.max(len_min))
}
