//! The two logs: which epoch is written where, and when a file may be used again.

use super::io::Io;
use super::log::{FrameBuilder, Header, LogWriter, reserve_smallest};
use super::superblock::Superblock;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{Durability, Geometry};
use crate::storage::{FileId, Storage, Synced};

/// What one of the two files holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Epoch {
    /// 0 where the file was never used.
    pub number: u64,
    /// The last commit in it that counts.
    pub last_seq: u64,
}

/// The two logs of a store.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    /// Writes the live epoch; none until the first commit after an open or a checkpoint.
    writer: Option<LogWriter>,
    /// What lies in `log.a` and `log.b`.
    files: [Epoch; 2],
    /// The newest epoch there is.
    epoch: u64,
    /// No sequence number up to this one is given to another commit after a crash.
    reserved_seq: u64,
    /// Epochs up to this one hold nothing that is not in segments.
    closed: u64,
}

impl Logs {
    /// What recovery found in the files. `epoch` is the newest ever begun, `closed` what the root
    /// says.
    pub fn new(files: [Epoch; 2], epoch: u64, closed: u64, reserved_seq: u64) -> Self {
        Self { writer: None, files, epoch, reserved_seq, closed }
    }

    /// The newest epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// What a crash must not give out again.
    pub fn reserved_seq(&self) -> u64 {
        self.reserved_seq
    }

    /// After a clean close nothing that was reserved can have been given out and lost.
    pub fn forget_reservation(&mut self) {
        self.reserved_seq = 0;
    }

    /// The newest epoch that is over and holds nothing beyond `flushed_seq`.
    pub fn closed_epoch(&self, flushed_seq: u64) -> u64 {
        let live = self.writer.as_ref().map_or(u64::MAX, |_| self.epoch);
        let over = |epoch: &&Epoch| epoch.number < live && epoch.last_seq <= flushed_seq;
        let needed = self.files.iter().filter(|epoch| !over(epoch) && epoch.number > self.closed);
        let first_needed = needed.map(|epoch| epoch.number).min().unwrap_or(self.epoch + 1);
        self.closed.max(first_needed.saturating_sub(1))
    }

    /// Remembers what a root has made durable.
    pub fn set_closed(&mut self, closed: u64) {
        self.closed = self.closed.max(closed);
    }

    /// The epochs behind `closed`: where they lie, their numbers, and the last commit of each that
    /// counts.
    pub fn needed(&self, closed: u64) -> impl Iterator<Item = (FileId, u64, u64)> {
        let files = [FileId::LogA, FileId::LogB].into_iter().zip(self.files);
        let needed = files.filter(move |(_, epoch)| epoch.number > closed);
        needed.map(|(file, epoch)| (file, epoch.number, epoch.last_seq))
    }

    /// Keeps room for a frame of `bytes` in the live epoch; false where it does not fit, or there
    /// is none.
    pub fn reserve<S: Storage>(&mut self, io: &Io<S>, bytes: usize) -> Result<bool> {
        self.writer.as_mut().map_or(Ok(false), |writer| writer.reserve(io, bytes))
    }

    /// Whether the file that the next epoch goes to holds nothing beyond `flushed_seq`.
    pub fn next_file_is_free(&self, flushed_seq: u64) -> bool {
        let at = usize::from(self.next_file() == FileId::LogB);
        self.files
            .get(at)
            .is_none_or(|epoch| epoch.number <= self.closed || epoch.last_seq <= flushed_seq)
    }

    /// No more frames go to the live epoch.
    pub fn end_epoch(&mut self) {
        self.writer = None;
    }

    /// Ends the epoch and cuts both files to their smallest size. Nothing in them may be needed,
    /// whichever root counts.
    pub fn cut<S: Storage>(&mut self, io: &Io<S>, geometry: &Geometry) -> Result<()> {
        self.end_epoch();
        for file in [FileId::LogA, FileId::LogB] {
            if io.len(file)? > u64::from(geometry.log_bytes_min) {
                io.set_len(file, u64::from(geometry.log_bytes_min))?;
            }
        }
        Ok(())
    }

    /// Begins the next epoch in the other file. `first_seq` is the sequence number of its first
    /// commit, `last_seq` that of the last commit before it.
    pub fn begin_epoch<S: Storage>(
        &mut self,
        io: &Io<S>,
        superblock: &Superblock,
        (first_seq, last_seq): (u64, u64),
        generation: u64,
    ) -> Result<()> {
        if let Some(writer) = &self.writer {
            let _ = io.sync(writer.file(), Durability::Strict)?;
        }
        let file = self.next_file();
        // The epoch after this one must be able to begin where nothing can grow any more.
        reserve_smallest(io, self.newest_file(), &superblock.geometry)?;
        // Every commit takes at least one byte of the log, so that its length bounds their number.
        let reserved_seq = first_seq + u64::from(superblock.geometry.log_bytes_max);
        let header = Header {
            database_id: superblock.database_id,
            epoch: self.epoch + 1,
            first_seq,
            prev_last_seq: last_seq,
            generation,
            reserved_through: reserved_seq,
        };
        // Where there is no room for the file to grow, the old epoch goes on with what still fits.
        let writer = LogWriter::begin(io, file, &header, &superblock.geometry)?;
        self.epoch = header.epoch;
        self.reserved_seq = reserved_seq;
        if let Some(epoch) = self.files.get_mut(usize::from(file == FileId::LogB)) {
            *epoch = Epoch { number: header.epoch, last_seq };
        }
        self.writer = Some(writer);
        Ok(())
    }

    /// Appends a sealed frame: one write.
    pub fn append<S: Storage>(&mut self, io: &Io<S>, frame: &mut FrameBuilder) -> Result<()> {
        self.writer.as_mut().ok_or_else(no_epoch)?.append(io, frame)
    }

    /// Makes sure that a frame whose append failed is never read; the epoch is over if one has.
    pub fn kill_tail<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        writer.kill_tail(io)?;
        self.writer = Some(writer).filter(|writer| writer.fits(0));
        Ok(())
    }

    /// The last appended frame counts, up to `seq`.
    pub fn committed(&mut self, seq: u64) {
        if let Some(epoch) = self.files.iter_mut().find(|epoch| epoch.number == self.epoch) {
            epoch.last_seq = epoch.last_seq.max(seq);
        }
    }

    /// Makes the newest epoch durable, also where it is over: a flush that ended it may have
    /// failed.
    pub fn sync<S: Storage>(&mut self, io: &Io<S>, durability: Durability) -> Result<Synced> {
        io.sync(self.newest_file(), durability)
    }

    /// Bytes of the live epoch.
    pub fn bytes(&self) -> u64 {
        self.writer.as_ref().map_or(0, LogWriter::tail)
    }

    /// The file that does not hold the newest epoch.
    fn next_file(&self) -> FileId {
        if self.newest_file() == FileId::LogA { FileId::LogB } else { FileId::LogA }
    }

    /// The file that holds the newest epoch; `log.b` where there is none yet.
    fn newest_file(&self) -> FileId {
        match self.files {
            [a, b] if a.number > b.number => FileId::LogA,
            _ => FileId::LogB,
        }
    }
}

#[cold]
fn no_epoch() -> Error {
    Error::new(ErrorKind::Io, "no log epoch is open; commit again")
}
