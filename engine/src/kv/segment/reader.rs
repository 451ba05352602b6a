//! Reads a segment: its blocks through the cache, and single keys.

use std::sync::{Arc, OnceLock};

use super::as_usize;
use super::block::{Block, EntryAt, Found, Target};
use super::filter;
use super::footer::Footer;
use super::meta::{BlockPtr, SegmentMeta};
use crate::codec::bytes::Reader;
use crate::codec::seal::{self, BlockKind, Place, SEAL_BYTES};
use crate::error::{Error, Result};
use crate::kv::cache::BlockId;
use crate::kv::io::Io;
use crate::kv::sought::Sought;
use crate::limits::RAW_BLOCK_BYTES_MAX;
use crate::storage::{FileId, Storage};

/// What a segment knows about a key.
#[cfg(any(test, feature = "fuzzing"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Lookup {
    /// It has a value.
    Found,
    /// It was deleted.
    Deleted,
    /// Nothing.
    Absent,
}

/// Whether a block that had to be read stays in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Yes,
    /// It is read once and never again, as by a merge.
    No,
}

/// A segment. Nothing of it is read before it is needed.
#[derive(Debug)]
pub(crate) struct Segment {
    meta: SegmentMeta,
    footer: OnceLock<Footer>,
}

impl Segment {
    /// The segment that `meta` describes.
    pub fn new(meta: SegmentMeta) -> Self {
        Self { meta, footer: OnceLock::new() }
    }

    pub fn meta(&self) -> &SegmentMeta {
        &self.meta
    }

    /// Whether there can be an entry of `key`. False is certain.
    #[cfg(test)]
    pub fn may_contain<S: Storage>(&self, io: &Io<S>, key: &[u8]) -> Result<bool> {
        Ok(self.reaches(key) && self.is_admitted(io, &Sought::new(key))?)
    }

    /// Whether `key` is between the first key and the last one.
    #[cfg(any(test, feature = "fuzzing"))]
    fn reaches(&self, key: &[u8]) -> bool {
        self.meta.min_key.as_slice() <= key && key <= self.meta.max_key.as_slice()
    }

    /// Whether the filter lets a key pass.
    fn is_admitted<S: Storage>(&self, io: &Io<S>, sought: &Sought<'_>) -> Result<bool> {
        let Some(hash) = sought.hash else { return Ok(true) };
        let footer = self.footer(io)?;
        if footer.filter_keys == 0 {
            return Ok(false);
        }
        let Some(part) = footer.filter.get(filter::part_of(hash, footer.filter.len())) else {
            return Ok(true);
        };
        let block = self.block(io, *part, BlockKind::Filter, Keep::Yes)?;
        Ok(filter::may_contain(block.bytes(), hash))
    }

    /// Looks up the newest entry of a key, which the segment reaches, at or below `seq`.
    pub fn find<S: Storage>(
        &self,
        io: &Io<S>,
        sought: &Sought<'_>,
        seq: u64,
    ) -> Result<Option<(Arc<Block>, EntryAt)>> {
        let target = self.target(sought.key, seq);
        if target.delta.is_none() || !self.is_admitted(io, sought)? {
            return Ok(None);
        }
        let footer = self.footer(io)?;
        let mut ptr = footer.root;
        for _ in 0..footer.levels {
            let block = self.block(io, ptr, BlockKind::Index, Keep::Yes)?;
            match block.seek(target)? {
                Some(found) => ptr = pointer(&block, &found.entry)?,
                None => return Ok(None),
            }
        }
        // A separator holds the sequence number where versions of one key straddle blocks, so the
        // entry is in this block or nowhere.
        let block = self.block(io, ptr, BlockKind::Data, Keep::Yes)?;
        let found = block.seek(target)?;
        let own =
            |found: &Found| target.key.get(found.prefix..) == Some(block.suffix(&found.entry));
        Ok(found.filter(own).map(|found| (block, found.entry)))
    }

    /// Looks up the newest entry of `key` at or below `seq`, and puts its value in `out`.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn get<S: Storage>(
        &self,
        io: &Io<S>,
        key: &[u8],
        seq: u64,
        out: &mut Vec<u8>,
    ) -> Result<Lookup> {
        if !self.reaches(key) {
            return Ok(Lookup::Absent);
        }
        let found = self.find(io, &Sought::new(key), seq)?;
        let Some((block, entry)) = found else { return Ok(Lookup::Absent) };
        if entry.is_delete {
            return Ok(Lookup::Deleted);
        }
        out.clear();
        out.extend_from_slice(block.value(&entry));
        Ok(Lookup::Found)
    }

    /// What to look for in order to find the first entry at or after (key, seq).
    pub fn target<'a>(&self, key: &'a [u8], seq: u64) -> Target<'a> {
        Target { key, delta: seq.checked_sub(self.meta.base_seq) }
    }

    /// The footer, read at first use and then held.
    pub fn footer<S: Storage>(&self, io: &Io<S>) -> Result<&Footer> {
        if let Some(footer) = self.footer.get() {
            return Ok(footer);
        }
        let footer = self.read_footer(io)?;
        Ok(self.footer.get_or_init(|| footer))
    }

    /// The footer, read anew.
    pub fn read_footer<S: Storage>(&self, io: &Io<S>) -> Result<Footer> {
        let ptr = self.meta.footer;
        let (offset, sealed) = self.sealed(io, ptr)?;
        if seal::checksum(&sealed) != self.meta.footer_hash {
            let what = "a footer is not the one that the manifest lists";
            return Err(Error::corrupt(FileId::Volume.name(), offset, what));
        }
        seal::open(sealed, BlockKind::Footer, self.place(ptr))
            .and_then(|payload| Footer::decode(&payload))
            .and_then(|footer| self.check(footer))
            .map_err(|error| error.at(FileId::Volume.name(), offset))
    }

    /// An opened block, from the cache if it is there.
    pub fn block<S: Storage>(
        &self,
        io: &Io<S>,
        ptr: BlockPtr,
        kind: BlockKind,
        keep: Keep,
    ) -> Result<Arc<Block>> {
        let id = BlockId { segment: self.meta.id, offset: ptr.offset };
        if let Some(block) = io.cached(id).filter(|block| block.kind() == kind) {
            return Ok(block);
        }
        let block = self.read_block(io, ptr, kind)?;
        if keep == Keep::Yes {
            io.keep(id, Arc::clone(&block));
        }
        Ok(block)
    }

    /// A block, read anew.
    pub fn read_block<S: Storage>(
        &self,
        io: &Io<S>,
        ptr: BlockPtr,
        kind: BlockKind,
    ) -> Result<Arc<Block>> {
        let (offset, sealed) = self.sealed(io, ptr)?;
        let payload = seal::open(sealed, kind, self.place(ptr))
            .map_err(|error| error.at(FileId::Volume.name(), offset))?;
        Ok(Arc::new(Block::open(kind, payload, offset)?))
    }

    fn place(&self, ptr: BlockPtr) -> Place {
        Place { segment: self.meta.id, offset: ptr.offset }
    }

    fn check(&self, footer: Footer) -> Result<Footer> {
        let meta = &self.meta;
        let same = footer.segment == meta.id
            && footer.place == meta.footer
            && footer.units == meta.units
            && footer.min_key == meta.min_key
            && footer.max_key == meta.max_key;
        if same { Ok(footer) } else { Err(Error::decode("a footer contradicts the manifest")) }
    }

    /// Reads the bytes that a pointer names; says where in the volume they are.
    fn sealed<S: Storage>(&self, io: &Io<S>, ptr: BlockPtr) -> Result<(u64, Vec<u8>)> {
        let unit_bytes = io.geometry().unit_bytes;
        let unit = self.meta.units.get(as_usize(ptr.offset / unit_bytes));
        let start = ptr.offset % unit_bytes;
        let len = as_usize(ptr.len);
        let fits = ptr.len <= unit_bytes - start
            && (SEAL_BYTES..RAW_BLOCK_BYTES_MAX + SEAL_BYTES).contains(&len);
        let (Some(unit), true) = (unit, fits) else {
            let what = "a block pointer leads out of its segment";
            let first = self.meta.units.first().map_or(0, |unit| io.unit_offset(*unit));
            return Err(Error::corrupt(FileId::Volume.name(), first, what));
        };
        let offset = io.unit_offset(*unit) + u64::from(start);
        let mut sealed = vec![0; len];
        io.read_exact(FileId::Volume, offset, &mut sealed)?;
        Ok((offset, sealed))
    }
}

/// The pointer in an entry of an index block.
pub(crate) fn pointer(block: &Block, entry: &EntryAt) -> Result<BlockPtr> {
    let mut reader = Reader::new(block.value(entry));
    match BlockPtr::read(&mut reader) {
        Ok(ptr) if reader.is_empty() => Ok(ptr),
        _ => Err(block.damaged("an index entry has no pointer")),
    }
}
