//! The root: the pointer to the manifest that counts. FORMAT.md, section 5.2.

use entidb_hot::crc32;

use crate::codec::bytes::Reader;
use crate::error::{Error, Result};

/// Bytes of one copy of a root.
pub(crate) const ROOT_BYTES: usize = 104;
/// Bytes from one copy to the other within a slot: each lies in a sector of its own.
pub(crate) const ROOT_COPY_OFFSET: usize = 2048;

const MAGIC: [u8; 8] = *b"EntiRoot";
const CHECKSUM_OFFSET: usize = 96;
/// Sequence numbers, epochs and generations stay below this.
pub(crate) const NUMBERS_END: u64 = 1 << 63;

/// A committed state of the volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Root {
    /// Greater than that of every older root.
    pub generation: u64,
    /// Where the manifest begins in the volume.
    pub manifest_offset: u64,
    pub manifest_len: u32,
    /// xxh3 of the manifest's bytes.
    pub manifest_hash: u64,
    /// Every commit up to this one lies in segments.
    pub flushed_seq: u64,
    /// No sequence number up to this one may be given to another commit.
    pub reserved_seq: u64,
    /// Log epochs up to this one hold nothing that is not in segments.
    pub closed_epoch: u64,
    /// A log whose header says this epoch exists, unless it was closed.
    pub live_epoch: u64,
    pub database_id: [u8; 16],
}

impl Root {
    /// A whole slot: the root twice, so that one damaged sector does not lose it.
    pub fn encode_slot(&self) -> Vec<u8> {
        let copy = self.encode();
        let mut slot = copy.clone();
        slot.resize(ROOT_COPY_OFFSET, 0);
        slot.extend_from_slice(&copy);
        slot
    }

    /// The root in a slot: whichever copy is sound, and the newer one where one is left from
    /// earlier.
    pub fn decode_slot(slot: &[u8]) -> Result<Self> {
        let first = Self::decode(slot);
        let second = slot.get(ROOT_COPY_OFFSET..).and_then(|copy| Self::decode(copy).ok());
        match (first, second) {
            (Ok(first), Some(second)) if second.generation > first.generation => Ok(second),
            (Err(_), Some(second)) => Ok(second),
            (first, _) => first,
        }
    }

    /// One copy of the root.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(ROOT_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.generation.to_le_bytes());
        out.extend_from_slice(&self.manifest_offset.to_le_bytes());
        out.extend_from_slice(&self.manifest_len.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        for number in [
            self.manifest_hash,
            self.flushed_seq,
            self.reserved_seq,
            self.closed_epoch,
            self.live_epoch,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.database_id);
        out.resize(CHECKSUM_OFFSET, 0);
        let checksum = crc32::hash(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out.resize(ROOT_BYTES, 0);
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        let (body, rest) =
            bytes.split_at_checked(CHECKSUM_OFFSET).ok_or_else(|| Error::decode("no root"))?;
        if !body.starts_with(&MAGIC) || Reader::new(rest).u32()? != crc32::hash(body) {
            return Err(Error::decode("the root's checksum differs"));
        }
        let mut reader = Reader::new(body);
        reader.take(MAGIC.len())?;
        let generation = reader.u64()?;
        let manifest_offset = reader.u64()?;
        let manifest_len = reader.u32()?;
        reader.take(4)?;
        let root = Self {
            generation,
            manifest_offset,
            manifest_len,
            manifest_hash: reader.u64()?,
            flushed_seq: reader.u64()?,
            reserved_seq: reader.u64()?,
            closed_epoch: reader.u64()?,
            live_epoch: reader.u64()?,
            database_id: reader.array()?,
        };
        root.is_sound().then_some(root).ok_or_else(|| Error::decode("no root says this"))
    }

    /// Whether its numbers leave room to count on.
    fn is_sound(&self) -> bool {
        [self.generation, self.flushed_seq, self.reserved_seq, self.closed_epoch, self.live_epoch]
            .into_iter()
            .all(|number| number < NUMBERS_END)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_whose_numbers_leave_no_room_to_count_on_is_refused() {
        let sound = Root { closed_epoch: NUMBERS_END - 1, ..Root::default() };
        assert_eq!(Root::decode_slot(&sound.encode_slot()).unwrap(), sound);
        for unsound in [
            Root { generation: u64::MAX, ..sound },
            Root { flushed_seq: u64::MAX, ..sound },
            Root { reserved_seq: NUMBERS_END, ..sound },
            Root { closed_epoch: u64::MAX, ..sound },
            Root { live_epoch: u64::MAX, ..sound },
        ] {
            assert!(Root::decode_slot(&unsound.encode_slot()).is_err(), "{unsound:?}");
        }
    }

    #[test]
    fn a_slot_survives_the_loss_of_either_copy_but_not_of_both() {
        let root = Root { generation: 7, flushed_seq: 9, live_epoch: 3, ..Root::default() };
        let slot = root.encode_slot();
        for at in 0..slot.len() {
            let mut damaged = slot.clone();
            damaged[at] ^= 0x10;
            assert_eq!(Root::decode_slot(&damaged).unwrap(), root, "byte {at}");
        }
        let mut damaged = slot.clone();
        damaged[20] ^= 1;
        damaged[ROOT_COPY_OFFSET + 20] ^= 1;
        assert!(Root::decode_slot(&damaged).is_err());
    }

    #[test]
    fn a_copy_that_is_left_from_earlier_does_not_count() {
        let old = Root { generation: 7, ..Root::default() };
        let new = Root { generation: 9, ..old };
        let (old_slot, new_slot) = (old.encode_slot(), new.encode_slot());
        let half = ROOT_COPY_OFFSET;
        for mixed in
            [[&old_slot[..half], &new_slot[half..]], [&new_slot[..half], &old_slot[half..]]]
        {
            assert_eq!(Root::decode_slot(&mixed.concat()).unwrap(), new);
        }
    }
}
