//! Builds a segment from sorted entries. It holds no storage, so that a job can keep it from step
//! to step.

use std::cmp::Ordering;

use super::as_usize;
use super::block::RESTART_BYTES;
use super::block_builder::{BlockBuilder, entry_bytes_max};
use super::filter::FilterBuilder;
use super::footer::{Footer, footer_bytes_max};
use super::index::{IndexBuilder, Separator};
use super::meta::{BlockPtr, SegmentMeta};
use super::writer::{Output, SegmentWriter, as_offset};
use crate::codec::seal::{BlockKind, SEAL_BYTES};
use crate::codec::space::has_filter;
use crate::error::{Error, ErrorKind, Result};
use crate::kv::entry::Kind;
use crate::kv::io::Io;
use crate::limits::{KEY_BYTES_MAX, KEY_PREFIX_BYTES};
use crate::options::Geometry;
use crate::storage::{FileId, Storage};

/// Entries between restart points: a lookup reads half of them, a whole key each is what they cost.
const RESTART_INTERVAL: usize = 16;

/// A segment in the making. After an error it must be dropped, and its units are free again.
#[derive(Debug)]
pub(crate) struct SegmentBuilder {
    id: u64,
    database_id: [u8; 16],
    base_seq: u64,
    block_bytes: usize,
    value_bytes_max: usize,
    writer: SegmentWriter,
    data: BlockBuilder,
    index: IndexBuilder,
    filter: FilterBuilder,
    min_key: Vec<u8>,
    /// Length of the longest key so far: no separator is longer.
    key_len_max: usize,
    entries: u64,
    tombstones: u64,
    keys: u64,
    raw_bytes: u64,
    max_delta: u64,
}

impl SegmentBuilder {
    /// Begins segment `id`. Sequence numbers are kept as their distance from `base_seq`, which the
    /// manifest remembers.
    pub fn new(id: u64, database_id: [u8; 16], geometry: &Geometry, base_seq: u64) -> Self {
        let block_bytes = as_usize(geometry.block_bytes);
        Self {
            id,
            database_id,
            base_seq,
            block_bytes,
            value_bytes_max: geometry.entry_value_bytes_max(),
            writer: SegmentWriter::new(id, geometry),
            data: BlockBuilder::new(RESTART_INTERVAL),
            index: IndexBuilder::new(block_bytes),
            filter: FilterBuilder::new(geometry),
            min_key: Vec::new(),
            key_len_max: 0,
            entries: 0,
            tombstones: 0,
            keys: 0,
            raw_bytes: 0,
            max_delta: 0,
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Bytes that have reached the storage, padding included.
    pub fn bytes_written(&self) -> u64 {
        self.writer.bytes_written()
    }

    /// The key that was added last.
    pub fn last_key(&self) -> &[u8] {
        self.data.last_key()
    }

    /// Whether an entry of `key` belongs into the next segment: because it belongs to something
    /// else, or because this segment could become too long with it. An empty builder takes any
    /// entry.
    pub fn should_cut(&self, key: &[u8]) -> bool {
        if self.is_empty() {
            return false;
        }
        let prefix = key.get(..KEY_PREFIX_BYTES);
        prefix != self.last_key().get(..KEY_PREFIX_BYTES) || !self.fits(key, self.value_bytes_max)
    }

    /// Adds an entry; keys ascend, and of one key the newest entry comes first. `alloc` gives free
    /// units of the volume.
    pub fn add<S: Storage>(
        &mut self,
        io: &Io<S>,
        alloc: &mut dyn FnMut() -> Result<u32>,
        key: &[u8],
        seq: u64,
        kind: Kind,
        value: &[u8],
    ) -> Result<()> {
        if key.len() > KEY_BYTES_MAX || value.len() > self.value_bytes_max {
            let message = "a key or a value is longer than an entry of a segment may be";
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        // Only a merge of damaged segments brings entries out of order, and which one it was cannot
        // be told any more.
        let out_of_order = || {
            let what = "the entries of segments that are merged are out of order";
            Error::corrupt(FileId::Volume.name(), 0, what)
        };
        let delta = seq.checked_sub(self.base_seq).ok_or_else(out_of_order)?;
        let order = if self.is_empty() { Ordering::Greater } else { key.cmp(self.last_key()) };
        if order == Ordering::Less || order == Ordering::Equal && delta >= self.data.last_delta() {
            return Err(out_of_order());
        }
        let full = self.data.size_bytes_with(key.len(), value.len()) > self.block_bytes;
        if full && !self.data.is_empty() {
            self.write_data(&mut Output { io, alloc }, Some(key))?;
        }
        if self.is_empty() {
            self.min_key = key.to_vec();
        }
        if order == Ordering::Greater {
            self.keys += 1;
            self.filter.add(key);
            self.key_len_max = self.key_len_max.max(key.len());
        }
        self.data.add(key, delta, kind, value)?;
        self.entries += 1;
        self.tombstones += u64::from(kind == Kind::Delete);
        self.raw_bytes += (key.len() + value.len()) as u64;
        self.max_delta = self.max_delta.max(delta);
        Ok(())
    }

    /// Writes all that is left. The segment is not durable before the volume is synced, and does
    /// not count before a root lists it.
    pub fn finish<S: Storage>(
        mut self,
        io: &Io<S>,
        alloc: &mut dyn FnMut() -> Result<u32>,
    ) -> Result<SegmentMeta> {
        let output = &mut Output { io, alloc };
        let max_key = self.last_key().to_vec();
        if !self.data.is_empty() {
            self.write_data(output, None)?;
        }
        let (root, levels) = self.index.finish(&mut self.writer, output)?;
        let parts = self.filter.finish();
        let filter = parts.iter().map(|part| self.writer.block(output, part, BlockKind::Filter));
        let filter = filter.collect::<Result<Vec<_>>>()?;
        let footer_len = self.footer_bytes_max(max_key.len(), filter.len());
        self.writer.make_room(output, footer_len)?;
        let mut footer = Footer {
            segment: self.id,
            database_id: self.database_id,
            place: BlockPtr::default(),
            root,
            levels,
            units: self.writer.units().to_vec(),
            entries: self.entries,
            tombstones: self.tombstones,
            keys: self.keys,
            filter_keys: self.filter.keys() as u64,
            raw_bytes: self.raw_bytes,
            max_delta: self.max_delta,
            min_key: self.min_key,
            max_key,
            filter,
        };
        footer.place.offset = as_offset(self.writer.end())?;
        footer.place.len = as_offset(footer.encode().len() + SEAL_BYTES)?;
        let place = self.writer.block(output, &footer.encode(), BlockKind::Footer)?;
        let footer_hash = self.writer.checksum();
        self.writer.finish(output)?;
        Ok(SegmentMeta {
            id: self.id,
            units: footer.units,
            len: place.offset + place.len,
            footer: place,
            footer_hash,
            min_key: footer.min_key,
            max_key: footer.max_key,
            base_seq: self.base_seq,
            max_seq: self.base_seq + self.max_delta,
            entries: self.entries,
            tombstones: self.tombstones,
            raw_bytes: self.raw_bytes,
        })
    }

    fn write_data<S: Storage>(
        &mut self,
        output: &mut Output<'_, S>,
        next_key: Option<&[u8]>,
    ) -> Result<()> {
        let separator = Separator::between(self.data.last_key(), self.data.last_delta(), next_key);
        let ptr = self.writer.block(output, self.data.finish()?, BlockKind::Data)?;
        self.data.clear();
        self.index.push(&mut self.writer, output, separator, ptr)
    }

    /// Whether the finished segment would not be too long with one more entry. Counts every block
    /// still to be written, in the order of writing and none too short; a longer block or one more
    /// of them never lets a later one end earlier, so the segment ends no later than this says.
    fn fits(&self, key: &[u8], value_len: usize) -> bool {
        let mut end = self.writer.end();
        let mut put = |len: usize| {
            let sealed = len + SEAL_BYTES;
            end = self.writer.place_after(end, sealed) + sealed;
        };
        let key_len_max = self.key_len_max.max(key.len());
        let with = self.data.size_bytes_with(key.len(), value_len);
        if with <= self.block_bytes {
            put(with);
        } else {
            put(self.data.size_bytes());
            self.index.overflows_to_come(key_len_max).for_each(&mut put);
            put(entry_bytes_max(key.len(), value_len) + RESTART_BYTES);
        }
        self.index.overflows_to_come(key_len_max).for_each(&mut put);
        for block in self.index.blocks_to_come(key_len_max) {
            put(block);
            self.index.overflows_to_come(key_len_max).for_each(&mut put);
        }
        let is_new = has_filter(key) && key != self.last_key();
        let parts = self.filter.parts_with(usize::from(is_new));
        (0..parts.count).for_each(|_| put(parts.bytes));
        put(self.footer_bytes_max(key.len(), parts.count) - SEAL_BYTES);
        end <= self.writer.bytes_max()
    }

    /// Sealed bytes of the footer at most.
    fn footer_bytes_max(&self, max_key_len: usize, filter_parts: usize) -> usize {
        let keys_len = self.min_key.len() + max_key_len;
        let payload = footer_bytes_max(self.writer.units_max(), keys_len, filter_parts);
        (payload + SEAL_BYTES).min(self.writer.unit_bytes())
    }
}
