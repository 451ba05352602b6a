//! The head of a log frame, and its checksum. FORMAT.md, section 7.2.

use entidb_hot::crc32;

use crate::codec::bytes::Reader;
use crate::error::{Error, Result};

/// Bytes of a frame before its payload.
pub(crate) const FRAME_HEAD_BYTES: usize = 40;
/// Bytes of the head that its checksum covers.
const COVERED_BYTES: usize = 32;
const FLAG_RELAXED: u8 = 1;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FrameKind {
    /// The writes of a group of commits.
    Commits = 1,
    /// A new catalog, which is one commit.
    Catalog = 2,
}

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHead {
    pub payload_len: u32,
    pub kind: FrameKind,
    /// Nobody was promised that the frame survives a loss of power.
    pub relaxed: bool,
    pub first_seq: u64,
    /// The last commit that was durable when the frame was written.
    pub durable_seq: u64,
    /// Commits in the frame, each with its own sequence number.
    pub count: u32,
    pub checksum: u32,
}

impl FrameHead {
    /// The head's bytes, with the checksum of the frame at `offset` of `epoch`.
    pub fn encode_for(mut self, epoch: u64, offset: u64, payload: &[u8]) -> [u8; FRAME_HEAD_BYTES] {
        let head = self.encode();
        self.checksum = checksum(epoch, offset, &head, payload);
        self.encode()
    }

    fn encode(&self) -> [u8; FRAME_HEAD_BYTES] {
        let [a, b, c, d] = self.payload_len.to_le_bytes();
        let flags = if self.relaxed { FLAG_RELAXED } else { 0 };
        let mut out = [0; FRAME_HEAD_BYTES];
        let fields = [a, b, c, d, self.kind as u8, flags, 0, 0]
            .into_iter()
            .chain(self.first_seq.to_le_bytes())
            .chain(self.durable_seq.to_le_bytes())
            .chain(self.count.to_le_bytes())
            .chain([0; 4])
            .chain(self.checksum.to_le_bytes());
        for (to, byte) in out.iter_mut().zip(fields) {
            *to = byte;
        }
        out
    }

    /// Decodes a head, without its checksum's word on it.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        if !is_head_like(bytes) {
            return Err(Error::decode("no frame begins like this"));
        }
        let mut reader = Reader::new(bytes);
        let payload_len = reader.u32()?;
        let kind = if reader.u8()? == 1 { FrameKind::Commits } else { FrameKind::Catalog };
        let relaxed = reader.u8()? == FLAG_RELAXED;
        reader.u16()?;
        let first_seq = reader.u64()?;
        let durable_seq = reader.u64()?;
        let count = reader.u32()?;
        let zero = reader.u32()?;
        let checksum = reader.u32()?;
        let is_sound = zero == 0
            && reader.u32()? == 0
            && durable_seq < first_seq
            && (1..=payload_len).contains(&count)
            && first_seq.checked_add(u64::from(count)).is_some()
            && (kind == FrameKind::Commits || count == 1);
        let head = Self { payload_len, kind, relaxed, first_seq, durable_seq, count, checksum };
        is_sound.then_some(head).ok_or_else(|| Error::decode("no frame begins like this"))
    }

    /// The sequence number of the frame's last commit.
    pub fn last_seq(&self) -> u64 {
        self.first_seq.saturating_add(u64::from(self.count)).saturating_sub(1)
    }

    /// Bytes of the payload, where they are no more than `max`.
    pub fn payload_len_within(&self, max: usize) -> Option<usize> {
        usize::try_from(self.payload_len).ok().filter(|len| *len <= max)
    }

    /// Bytes of the whole frame.
    pub fn frame_len(&self) -> u64 {
        u64::from(self.payload_len).saturating_add(FRAME_HEAD_BYTES as u64)
    }
}

/// Whether a frame could begin with these bytes, told by the few that are the same in every frame.
/// A search asks this at every offset.
pub(crate) fn is_head_like(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _, _, _, 1 | 2, 0 | FLAG_RELAXED, 0, 0, ..])
}

/// The checksum of a frame at `offset` of `epoch`; `head` begins with its head.
pub(crate) fn checksum(epoch: u64, offset: u64, head: &[u8], payload: &[u8]) -> u32 {
    let head = head.get(..COVERED_BYTES).unwrap_or_default();
    crc32::hash_parts(&[&epoch.to_le_bytes(), &offset.to_le_bytes(), head, payload])
}
