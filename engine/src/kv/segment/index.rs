//! The index of a segment: levels of separators and pointers, built while the blocks are written.
//! FORMAT.md, section 6.3.

use super::block_builder::{BlockBuilder, entry_bytes_max};
use super::meta::BlockPtr;
use super::writer::{Output, SegmentWriter};
use crate::codec::seal::BlockKind;
use crate::error::{Error, Result};
use crate::kv::entry::Kind;
use crate::storage::Storage;

/// Entries between restart points: few, as lookups search index blocks and nobody reads them whole.
const RESTART_INTERVAL: usize = 4;
/// Entries of an index block at least, however long they are, so that every level is shorter than
/// the one below.
const ENTRIES_MIN: usize = 2;
/// Bytes of an encoded block pointer at most.
const POINTER_BYTES_MAX: usize = 4 + 3;

/// What divides one block's entries from the next block's: at or after the last entry of the one,
/// before the first of the other.
#[derive(Clone, Debug)]
pub(crate) struct Separator {
    pub key: Vec<u8>,
    /// Sequence number counted from the segment's base; 0 is after all versions of the key.
    pub delta: u64,
}

impl Separator {
    /// The shortest that is easily had, between the last entry of a block and the next key.
    pub fn between(last_key: &[u8], last_delta: u64, next_key: Option<&[u8]>) -> Self {
        let Some(next) = next_key else {
            return Self { key: last_key.to_vec(), delta: 0 };
        };
        if next == last_key {
            // Older versions of the key follow, so only its sequence number divides the blocks.
            return Self { key: last_key.to_vec(), delta: last_delta };
        }
        let shared = last_key.iter().zip(next).take_while(|(a, b)| a == b).count();
        let shorter = next.get(..=shared).filter(|shorter| shorter.len() < next.len());
        let key = shorter.filter(|shorter| shorter.len() < last_key.len()).unwrap_or(last_key);
        Self { key: key.to_vec(), delta: 0 }
    }
}

/// Index blocks that are not full yet, from those that point at data blocks upwards.
#[derive(Debug)]
pub(crate) struct IndexBuilder {
    levels: Vec<BlockBuilder>,
    block_bytes: usize,
}

impl IndexBuilder {
    pub fn new(block_bytes: usize) -> Self {
        Self { levels: Vec::new(), block_bytes }
    }

    /// Takes in a data block that was written.
    pub fn push<S: Storage>(
        &mut self,
        writer: &mut SegmentWriter,
        output: &mut Output<'_, S>,
        separator: Separator,
        ptr: BlockPtr,
    ) -> Result<()> {
        self.push_from(0, writer, output, separator, ptr)
    }

    /// Writes all that is left; says where the highest block is and how many levels there are.
    pub fn finish<S: Storage>(
        &mut self,
        writer: &mut SegmentWriter,
        output: &mut Output<'_, S>,
    ) -> Result<(BlockPtr, usize)> {
        let mut level = 0;
        loop {
            let (separator, ptr) = self.write_level(level, writer, output)?;
            level += 1;
            if level == self.levels.len() {
                return Ok((ptr, level));
            }
            self.push_from(level, writer, output, separator, ptr)?;
        }
    }

    /// Sizes of the blocks that one more data block, and the one that may be open, could still make
    /// necessary, if the longest separator has `key_len` bytes; each at most, in the order of
    /// writing.
    pub fn blocks_to_come(&self, key_len: usize) -> impl Iterator<Item = usize> + '_ {
        let separators = ENTRIES_MIN * entry_bytes_max(key_len, POINTER_BYTES_MAX) + 2;
        let largest = self.block_bytes.max(separators);
        let level = move |block: &BlockBuilder| (block.size_bytes() + separators).min(largest);
        let top = std::iter::once(separators);
        self.levels.iter().map(level).chain(top)
    }

    /// Sizes of those among them that may become full before the end.
    pub fn overflows_to_come(&self, key_len: usize) -> impl Iterator<Item = usize> + '_ {
        let separators = ENTRIES_MIN * entry_bytes_max(key_len, POINTER_BYTES_MAX) + 2;
        let largest = self.block_bytes.max(separators);
        let full = move |block: &&BlockBuilder| block.size_bytes() + separators > self.block_bytes;
        self.levels.iter().filter(full).map(move |_| largest)
    }

    /// Adds to a level. A block that is full goes to the volume, and its pointer to the level
    /// above.
    fn push_from<S: Storage>(
        &mut self,
        mut level: usize,
        writer: &mut SegmentWriter,
        output: &mut Output<'_, S>,
        mut separator: Separator,
        mut ptr: BlockPtr,
    ) -> Result<()> {
        loop {
            if level == self.levels.len() {
                self.levels.push(BlockBuilder::new(RESTART_INTERVAL));
            }
            let mut full = None;
            if self.levels.get(level).is_some_and(|block| self.is_full(block, &separator)) {
                full = Some(self.write_level(level, writer, output)?);
            }
            if let Some(block) = self.levels.get_mut(level) {
                let mut value = Vec::with_capacity(POINTER_BYTES_MAX);
                ptr.put(&mut value);
                block.add(&separator.key, separator.delta, Kind::Put, &value)?;
            }
            let Some(above) = full else {
                return Ok(());
            };
            (separator, ptr) = above;
            level += 1;
        }
    }

    fn is_full(&self, block: &BlockBuilder, separator: &Separator) -> bool {
        let with = block.size_bytes_with(separator.key.len(), POINTER_BYTES_MAX);
        block.count() >= ENTRIES_MIN && with > self.block_bytes
    }

    fn write_level<S: Storage>(
        &mut self,
        level: usize,
        writer: &mut SegmentWriter,
        output: &mut Output<'_, S>,
    ) -> Result<(Separator, BlockPtr)> {
        let empty = || Error::decode("a segment without entries has no index");
        let block = self.levels.get_mut(level).filter(|block| !block.is_empty());
        let block = block.ok_or_else(empty)?;
        let separator = Separator { key: block.last_key().to_vec(), delta: block.last_delta() };
        let ptr = writer.block(output, block.finish()?, BlockKind::Index)?;
        block.clear();
        Ok((separator, ptr))
    }
}
