//! Checks a segment: every block of it, read anew, and that all of them agree.

use std::sync::Arc;

use super::block::{Block, Target, kind_of};
use super::block_cursor::BlockCursor;
use super::filter;
use super::footer::Footer;
use super::meta::BlockPtr;
use super::reader::{Segment, pointer};
use crate::codec::seal::BlockKind;
use crate::codec::space::has_filter;
use crate::error::{Error, Result};
use crate::kv::entry::Kind;
use crate::kv::io::Io;
use crate::kv::verify::Findings;
use crate::storage::{FileId, Storage};

/// A key, and a sequence number counted from the segment's base.
type Position = (Vec<u8>, u64);

/// What the entries of a segment add up to.
#[derive(Debug, Default)]
struct Sums {
    entries: u64,
    tombstones: u64,
    keys: u64,
    filter_keys: u64,
    raw_bytes: u64,
    max_delta: u64,
    min_key: Vec<u8>,
}

/// A check under way. It goes block by block and borrows nothing, so that it can be kept between
/// steps; memory holds the filter and one block of each level.
#[derive(Debug)]
pub(crate) struct SegmentCheck {
    segment: Arc<Segment>,
    footer: Option<Footer>,
    filter: Vec<Option<Arc<Block>>>,
    has_root: bool,
    /// From the root of the index down, each on the next pointer to follow, with its level counted
    /// from 1; those that are done are left out.
    path: Vec<(BlockCursor, usize)>,
    /// Bytes of the blocks that pointers have led to.
    bytes: u64,
    /// The last entry seen, or where that could not be read the last separator passed.
    last: Option<Position>,
    sums: Sums,
    /// Whether everything so far could be read, so that sums can be compared.
    is_whole: bool,
}

impl SegmentCheck {
    pub fn new(segment: Arc<Segment>) -> Self {
        Self {
            segment,
            footer: None,
            filter: Vec::new(),
            has_root: false,
            path: Vec::new(),
            bytes: 0,
            last: None,
            sums: Sums::default(),
            is_whole: true,
        }
    }

    /// Id of the segment.
    pub fn id(&self) -> u64 {
        self.segment.meta().id
    }

    /// Checks the next block; false once there is none. After a miss nothing has changed.
    pub fn step<S: Storage>(&mut self, io: &Io<S>, findings: &mut Findings) -> Result<bool> {
        let Some(footer) = &self.footer else {
            let footer = self.segment.read_footer(io);
            self.footer = findings.read(footer, self.segment.meta().footer.len)?;
            return Ok(self.footer.is_some());
        };
        if let Some(part) = footer.filter.get(self.filter.len()) {
            let block = self.segment.read_block(io, *part, BlockKind::Filter);
            let block = findings.read(block, part.len)?;
            self.filter.push(block);
            return Ok(true);
        }
        if !self.has_root {
            let cursor = self.enter(io, footer.root, findings)?;
            self.has_root = true;
            self.path.extend(cursor.map(|cursor| (cursor, 1)));
            return Ok(true);
        }
        let Some((cursor, depth)) = self.path.last() else {
            self.compare_sums(io, findings);
            return Ok(false);
        };
        let depth = *depth;
        let next = cursor.current().map(|(block, entry)| {
            pointer(block, entry).map(|ptr| (ptr, (cursor.key().to_vec(), entry.delta)))
        });
        match next.transpose() {
            Ok(Some((ptr, separator))) => self.follow(io, ptr, separator, depth, findings)?,
            Ok(None) => drop(self.path.pop()),
            Err(error) => {
                self.is_whole = false;
                findings.note(error)?;
                self.advance(findings)?;
            }
        }
        Ok(true)
    }

    /// Checks what a pointer leads to, and moves the cursors on.
    fn follow<S: Storage>(
        &mut self,
        io: &Io<S>,
        ptr: BlockPtr,
        separator: Position,
        depth: usize,
        findings: &mut Findings,
    ) -> Result<()> {
        // Blocks do not overlap; without this an index that leads in circles would never end.
        if self.bytes > u64::from(self.segment.meta().len) {
            let first = self.segment.meta().units.first().map_or(0, |unit| io.unit_offset(*unit));
            let what = "an index leads to more blocks than its segment has";
            self.is_whole = false;
            self.path.clear();
            return findings.note(Error::corrupt(FileId::Volume.name(), first, what));
        }
        if self.footer.as_ref().is_some_and(|footer| depth < footer.levels) {
            let cursor = self.enter(io, ptr, findings)?;
            self.bytes += u64::from(ptr.len);
            // The last separator below is the one above, so that it may move on at once.
            self.advance(findings)?;
            self.path.extend(cursor.map(|cursor| (cursor, depth + 1)));
            return Ok(());
        }
        let block = self.segment.read_block(io, ptr, BlockKind::Data);
        let block = findings.read(block, ptr.len)?;
        self.bytes += u64::from(ptr.len);
        let walked = block.map(|block| self.walk(&block, &separator));
        self.is_whole &= matches!(walked, Some(Ok(())));
        let is_sound = match walked {
            Some(walked) => findings.judge(walked)?.is_some(),
            None => false,
        };
        if !is_sound {
            self.last = Some(separator);
        }
        self.advance(findings)
    }

    /// Moves the lowest cursor on, and leaves its block where that is done. Those above have been
    /// moved on when it was entered.
    fn advance(&mut self, findings: &mut Findings) -> Result<()> {
        let Some((cursor, _)) = self.path.last_mut() else { return Ok(()) };
        let stepped = cursor.step();
        if !matches!(stepped, Ok(true)) {
            self.path.pop();
        }
        self.is_whole &= stepped.is_ok();
        findings.judge(stepped).map(drop)
    }

    /// Reads an index block, and stands on its first pointer.
    fn enter<S: Storage>(
        &mut self,
        io: &Io<S>,
        ptr: BlockPtr,
        findings: &mut Findings,
    ) -> Result<Option<BlockCursor>> {
        let block = self.segment.read_block(io, ptr, BlockKind::Index);
        let entered = findings.read(block, ptr.len)?.map(|block| {
            let mut cursor = BlockCursor::default();
            cursor.enter_first(block).map(|()| cursor)
        });
        let cursor = match entered {
            Some(entered) => findings.judge(entered)?,
            None => None,
        };
        self.is_whole &= cursor.is_some();
        Ok(cursor)
    }

    /// Goes over the entries of a data block, which end at or before its separator.
    fn walk(&mut self, block: &Arc<Block>, separator: &Position) -> Result<()> {
        let mut cursor = BlockCursor::default();
        cursor.enter_first(Arc::clone(block))?;
        while let Some((_, entry)) = cursor.current() {
            let (key, entry) = (cursor.key(), *entry);
            let target = Target { key, delta: Some(entry.delta) };
            if block.seek(target)?.is_none_or(|found| found.entry.at != entry.at) {
                return Err(block.damaged("an entry is not found by its key"));
            }
            if !self.is_after_last(key, entry.delta) {
                return Err(block.damaged("blocks are out of order"));
            }
            if !self.may_contain(key) {
                return Err(block.damaged("the filter does not know a key"));
            }
            self.add(key, entry.delta, kind_of(&entry), block.value(&entry).len());
            if !cursor.step()? {
                break;
            }
        }
        match &self.last {
            Some((key, delta)) if is_before(separator, key, *delta) => {
                Err(block.damaged("an entry lies behind its separator"))
            }
            _ => Ok(()),
        }
    }

    fn is_after_last(&self, key: &[u8], delta: u64) -> bool {
        self.last.as_ref().is_none_or(|last| is_before(last, key, delta))
    }

    fn may_contain(&self, key: &[u8]) -> bool {
        if !has_filter(key) {
            return true;
        }
        let hash = filter::hash_of(key);
        match self.filter.get(filter::part_of(hash, self.filter.len())) {
            Some(Some(part)) => filter::may_contain(part.bytes(), hash),
            // A part that could not be read has been noted.
            Some(None) => true,
            None => false,
        }
    }

    fn add(&mut self, key: &[u8], delta: u64, kind: Kind, value_len: usize) {
        let sums = &mut self.sums;
        let is_new = self.last.as_ref().is_none_or(|(last, _)| last != key);
        if sums.entries == 0 {
            sums.min_key = key.to_vec();
        }
        sums.entries += 1;
        sums.tombstones += u64::from(kind == Kind::Delete);
        sums.keys += u64::from(is_new || sums.entries == 1);
        sums.filter_keys += u64::from((is_new || sums.entries == 1) && has_filter(key));
        sums.raw_bytes += (key.len() + value_len) as u64;
        sums.max_delta = sums.max_delta.max(delta);
        match &mut self.last {
            Some((last, last_delta)) => {
                last.clear();
                last.extend_from_slice(key);
                *last_delta = delta;
            }
            None => self.last = Some((key.to_vec(), delta)),
        }
    }

    /// Whether the entries are those that footer and manifest count.
    fn compare_sums<S: Storage>(&self, io: &Io<S>, findings: &mut Findings) {
        let (meta, Some(footer)) = (self.segment.meta(), &self.footer) else { return };
        if !self.is_whole {
            return;
        }
        let sums = &self.sums;
        let last = self.last.as_ref().map(|(key, _)| key.as_slice()).unwrap_or_default();
        let agree = (sums.entries, sums.tombstones, sums.raw_bytes)
            == (footer.entries, footer.tombstones, footer.raw_bytes)
            && (sums.entries, sums.tombstones, sums.raw_bytes)
                == (meta.entries, meta.tombstones, meta.raw_bytes)
            && (sums.keys, sums.filter_keys) == (footer.keys, footer.filter_keys)
            && sums.max_delta == footer.max_delta
            && meta.base_seq.checked_add(sums.max_delta) == Some(meta.max_seq)
            && (sums.min_key.as_slice(), last) == (&*meta.min_key, &*meta.max_key);
        if !agree {
            let offset = meta.units.first().map_or(0, |unit| io.unit_offset(*unit));
            let what = "the entries of a segment are not those that its footer counts";
            findings.add(&Error::corrupt(FileId::Volume.name(), offset, what));
        }
    }
}

/// Whether `position` lies before the entry of `key` and `delta`: newer versions come first.
fn is_before(position: &Position, key: &[u8], delta: u64) -> bool {
    let (own, own_delta) = position;
    own.as_slice() < key || own == key && *own_delta > delta
}
