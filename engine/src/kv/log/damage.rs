//! Tells damage from a torn tail.
//!
//! A log that stops making sense has either lost what was never acknowledged, as after a loss of
//! power, or what was. The bytes that cannot be read do not say which; the frames behind them do.
//! Each states the last commit that was durable when it was written, and each can be checked alone.
//! So the rest of the file is searched for frames, at every offset, as nothing says any more where
//! they begin. A later frame alone proves nothing: what was not yet durable may reach the medium in
//! any order.

use super::frame::{FRAME_HEAD_BYTES, FrameHead, checksum, is_head_like};
use super::reader::lost;
use super::window::Window;
use crate::error::{Error, Result};
use crate::storage::Storage;

/// A search may compute checksums over this many times the bytes it searches. Frames do not
/// overlap, so that an honest log stays below 2 even where values hold other logs; only values made
/// to look like thousands of frames get above it.
const CHECKSUM_FACTOR_MAX: u64 = 64;

/// Searches what follows `offset`, where the frame that begins with `expected_seq` should be and no
/// sound one is. Fails with `Corrupt` where a later frame of the epoch says that this commit had
/// been durable; else the tail was never acknowledged, and the result is whether there are remains
/// of it.
pub(super) fn check_tail<S: Storage>(
    window: &mut Window<'_, S>,
    epoch: u64,
    expected_seq: u64,
    offset: u64,
) -> Result<bool> {
    let mut torn = match window.view(offset, FRAME_HEAD_BYTES as u64)? {
        Some(bytes) => FrameHead::decode(bytes).is_ok_and(|head| head.first_seq == expected_seq),
        None => false,
    };
    let mut search = Search::new(window, offset, epoch);
    // Each commit in between takes at least one byte.
    let is_candidate = |head: &FrameHead, at: u64| {
        head.first_seq.checked_sub(expected_seq).is_some_and(|gap| gap > 0 && gap < at - offset)
    };
    while let Some(head) = search.next(is_candidate)? {
        if head.durable_seq >= expected_seq {
            return Err(lost(search.window.file(), offset, expected_seq));
        }
        torn = true;
    }
    Ok(torn)
}

/// The frames of an epoch, wherever they begin.
struct Search<'w, 'i, S> {
    window: &'w mut Window<'i, S>,
    epoch: u64,
    /// Where the search goes on.
    at: u64,
    payload_max: usize,
    checksum_bytes_left: u64,
}

impl<'w, 'i, S: Storage> Search<'w, 'i, S> {
    fn new(window: &'w mut Window<'i, S>, from: u64, epoch: u64) -> Self {
        let bytes = window.file_len().saturating_sub(from);
        let payload_max = window.geometry().frame_bytes_max();
        let checksum_bytes_left = bytes.saturating_mul(CHECKSUM_FACTOR_MAX);
        Self { window, epoch, at: from, payload_max, checksum_bytes_left }
    }

    /// The next sound frame that `is_candidate` holds for, given its head and offset.
    fn next(
        &mut self,
        is_candidate: impl Fn(&FrameHead, u64) -> bool,
    ) -> Result<Option<FrameHead>> {
        while let Some(bytes) = self.window.view(self.at, FRAME_HEAD_BYTES as u64)? {
            let Some(skip) = bytes.windows(FRAME_HEAD_BYTES).position(is_head_like) else {
                self.at += (bytes.len() - FRAME_HEAD_BYTES) as u64 + 1;
                continue;
            };
            let offset = self.at + skip as u64;
            let head = FrameHead::decode(bytes.get(skip..).unwrap_or_default());
            self.at = offset + 1;
            if let Ok(head) = head
                && is_candidate(&head, offset)
                && self.is_sound(&head, offset)?
            {
                self.at = offset + head.frame_len();
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    fn is_sound(&mut self, head: &FrameHead, offset: u64) -> Result<bool> {
        let Some(payload_len) = head.payload_len_within(self.payload_max) else { return Ok(false) };
        let file = self.window.file();
        let Some(bytes) = self.window.view(offset, head.frame_len())? else { return Ok(false) };
        let payload =
            bytes.get(FRAME_HEAD_BYTES..FRAME_HEAD_BYTES + payload_len).unwrap_or_default();
        let left = self.checksum_bytes_left.checked_sub(head.frame_len());
        self.checksum_bytes_left = left.ok_or_else(|| {
            let what = "too much of it looks like frames to tell whether commits were lost";
            Error::corrupt(file.name(), offset, what)
        })?;
        Ok(head.checksum == checksum(self.epoch, offset, bytes, payload))
    }
}
