//! Reads the frames of an epoch back, one at a time.

use super::commits::Commits;
use super::damage;
use super::frame::{FRAME_HEAD_BYTES, FrameHead, FrameKind, checksum};
use super::header::Header;
use super::window::Window;
use crate::error::{Error, Result};
use crate::kv::io::Io;
use crate::limits::LOG_HEAD_BYTES;
use crate::storage::{FileId, Storage};

/// A sound frame: checked against its checksum, its place and its own structure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameView<'a> {
    pub(super) head: FrameHead,
    payload: &'a [u8],
}

impl<'a> FrameView<'a> {
    /// The sequence number of its first commit.
    pub fn first_seq(&self) -> u64 {
        self.head.first_seq
    }

    /// The sequence number of its last commit.
    pub fn last_seq(&self) -> u64 {
        self.head.last_seq()
    }

    /// Its commits; none in a frame that carries a catalog.
    pub fn commits(&self) -> Commits<'a> {
        let count = if self.head.kind == FrameKind::Commits { self.head.count } else { 0 };
        Commits::new(self.payload, self.head.first_seq, count)
    }

    /// The catalog it carries, which is the commit `first_seq`.
    pub fn catalog(&self) -> Option<&'a [u8]> {
        (self.head.kind == FrameKind::Catalog).then_some(self.payload)
    }
}

/// Where the frames of an epoch end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The end of the last frame that counts.
    pub end_offset: u64,
    /// The last commit that counts; that before the epoch where it has no frame.
    pub last_seq: u64,
    /// Frames that count.
    pub frames: u64,
    /// Whether there are remains of a frame that was never acknowledged. Only a hint: remains that
    /// are torn beyond recognition do not show.
    pub torn: bool,
}

/// Shows `visit` the frames of the epoch that `header` begins, oldest first.
///
/// `through` is the last commit of the epoch that counts, where a later epoch says so: frames
/// beyond it are dead and not read, and one that is missing below it is damage, as a later epoch
/// begins only after all earlier commits are durable. Without it the epoch ends at the first frame
/// that is not sound.
///
/// Fails with `Corrupt` where acknowledged commits are lost: a frame is not sound, and a later one
/// says that it had been durable. Nothing is shown of a frame that is not sound as a whole, but
/// frames before it have been shown then; so they have where the storage must fetch chunks first,
/// and a replay starts again from its beginning.
///
/// The geometry must have been set: no frame is longer than it allows. Memory holds one frame at a
/// time.
pub(crate) fn replay<S: Storage>(
    io: &Io<S>,
    file: FileId,
    header: &Header,
    through: Option<u64>,
    mut visit: impl FnMut(&FrameView<'_>) -> Result<()>,
) -> Result<Tail> {
    let mut window = Window::new(io, file)?;
    let payload_max = io.geometry().frame_bytes_max();
    let mut tail = Tail {
        end_offset: u64::from(LOG_HEAD_BYTES),
        last_seq: header.prev_last_seq,
        frames: 0,
        torn: false,
    };
    let mut expected_seq = header.first_seq;
    while through.is_none_or(|through| expected_seq <= through) {
        let offset = tail.end_offset;
        let Some(frame) = frame_at(&mut window, offset, header.epoch, payload_max)? else {
            tail.torn = damage::check_tail(&mut window, header.epoch, expected_seq, offset)?;
            if through.is_some() {
                return Err(lost(file, offset, expected_seq));
            }
            break;
        };
        let last_seq = frame.last_seq();
        if frame.first_seq() != expected_seq || through.is_some_and(|through| last_seq > through) {
            let what = "a frame of the log is out of sequence";
            return Err(Error::corrupt(file.name(), offset, what)
                .with(|details| details.seq = Some(expected_seq)));
        }
        for commit in frame.commits() {
            commit.map_err(|error| error.at(file.name(), offset))?;
        }
        visit(&frame)?;
        tail.end_offset = offset.saturating_add(frame.head.frame_len());
        tail.last_seq = last_seq;
        tail.frames += 1;
        expected_seq = last_seq.saturating_add(1);
    }
    Ok(tail)
}

/// The frame at `offset`, if it is whole and of this epoch.
fn frame_at<'w, S: Storage>(
    window: &'w mut Window<'_, S>,
    offset: u64,
    epoch: u64,
    payload_max: usize,
) -> Result<Option<FrameView<'w>>> {
    let Some(bytes) = window.view(offset, FRAME_HEAD_BYTES as u64)? else { return Ok(None) };
    let Ok(head) = FrameHead::decode(bytes) else { return Ok(None) };
    let Some(payload_len) = head.payload_len_within(payload_max) else { return Ok(None) };
    let Some(bytes) = window.view(offset, head.frame_len())? else { return Ok(None) };
    let payload = bytes.get(FRAME_HEAD_BYTES..FRAME_HEAD_BYTES + payload_len).unwrap_or_default();
    let is_sound = head.checksum == checksum(epoch, offset, bytes, payload);
    Ok(is_sound.then_some(FrameView { head, payload }))
}

/// An acknowledged commit is gone.
#[cold]
pub(super) fn lost(file: FileId, offset: u64, seq: u64) -> Error {
    let what = format!("commit {seq} was acknowledged and cannot be read");
    Error::corrupt(file.name(), offset, &what).with(|details| details.seq = Some(seq))
}
