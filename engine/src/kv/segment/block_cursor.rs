//! A position in one block, which moves both ways.

use std::cmp::Ordering;
use std::sync::Arc;

use super::block::{Block, EntryAt, Found};
use crate::error::Result;

/// An entry before the current one, with the start of its key in the buffer of keys.
#[derive(Clone, Copy, Debug)]
struct Behind {
    entry: EntryAt,
    key_at: usize,
}

/// A position on an entry of a block.
#[derive(Debug, Default)]
pub(crate) struct BlockCursor {
    current: Option<(Arc<Block>, EntryAt)>,
    /// The whole key of the current entry.
    key: Vec<u8>,
    /// Going back: what lies between a restart point and the current entry, as keys can be put
    /// together only forwards.
    behind: Vec<Behind>,
    behind_keys: Vec<u8>,
}

impl BlockCursor {
    /// Moves to an entry that [`Block::seek`] found for `target_key`.
    pub fn enter(&mut self, block: Arc<Block>, found: Found, target_key: &[u8]) {
        self.behind.clear();
        self.key.clear();
        self.key.extend_from_slice(target_key.get(..found.prefix).unwrap_or_default());
        self.key.extend_from_slice(block.suffix(&found.entry));
        self.current = Some((block, found.entry));
    }

    /// Moves to the first entry of a block.
    pub fn enter_first(&mut self, block: Arc<Block>) -> Result<()> {
        match block.entry(0)? {
            Some(entry) if entry.shared == 0 => {
                self.enter(block, Found { entry, prefix: 0 }, &[]);
                Ok(())
            }
            _ => Err(block.damaged("a block has no first entry")),
        }
    }

    /// Moves to the entry before the one that begins at `at`, which is not the first.
    pub fn enter_before(&mut self, block: Arc<Block>, at: usize) -> Result<()> {
        self.current = None;
        self.gather_behind(&block, at)?;
        self.current = self.behind.last().map(|last| (block, last.entry));
        self.pop_behind();
        Ok(())
    }

    /// Moves to the last entry of a block.
    pub fn enter_last(&mut self, block: Arc<Block>) -> Result<()> {
        let end = block.entries_end();
        self.enter_before(block, end)
    }

    /// Moves on by one entry; at the last one it stays there and says false.
    #[inline]
    pub fn step(&mut self) -> Result<bool> {
        let Some((block, current)) = &mut self.current else {
            return Ok(false);
        };
        if !block.step(current, &mut self.key)? {
            return Ok(false);
        }
        self.behind.clear();
        Ok(true)
    }

    /// Moves back by one entry; at the first one it stays there and says false.
    pub fn step_back(&mut self) -> Result<bool> {
        let Some((block, current)) = &self.current else {
            return Ok(false);
        };
        if current.at == 0 {
            return Ok(false);
        }
        if self.behind.is_empty() {
            let (block, at) = (Arc::clone(block), current.at);
            self.gather_behind(&block, at)?;
        }
        self.pop_behind();
        Ok(true)
    }

    /// The whole key.
    #[inline]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The block and the entry.
    #[inline]
    pub fn current(&self) -> Option<(&Block, &EntryAt)> {
        self.current.as_ref().map(|(block, entry)| (&**block, entry))
    }

    fn pop_behind(&mut self) {
        if let (Some(last), Some((_, current))) = (self.behind.pop(), &mut self.current) {
            self.key.clear();
            self.key.extend_from_slice(self.behind_keys.get(last.key_at..).unwrap_or_default());
            self.behind_keys.truncate(last.key_at);
            *current = last.entry;
        }
    }

    /// Reads the entries from the restart point before `at` up to `at`, at least one.
    fn gather_behind(&mut self, block: &Block, at: usize) -> Result<()> {
        self.behind.clear();
        self.behind_keys.clear();
        let mut from = block.restart_before(at);
        while from < at {
            let Some(entry) = block.entry(from)? else {
                break;
            };
            let key_at = self.behind_keys.len();
            let suffix = block.suffix(&entry);
            let last = self.behind.last();
            let last_key_at = last.map_or(0, |last| last.key_at);
            let shared = last_key_at..last_key_at + entry.shared;
            let sound = match (last, self.behind_keys.get(shared.end..)) {
                (None, _) => entry.shared == 0,
                (Some(last), Some(tail)) => follows(tail, &last.entry, suffix, &entry),
                (Some(_), None) => false,
            };
            if !sound {
                self.behind.clear();
                return Err(block.damaged("entries are out of order"));
            }
            self.behind_keys.extend_from_within(shared);
            self.behind_keys.extend_from_slice(suffix);
            self.behind.push(Behind { entry, key_at });
            from = entry.end;
        }
        if from == at && !self.behind.is_empty() {
            return Ok(());
        }
        self.behind.clear();
        Err(block.damaged("entries do not meet"))
    }
}

/// Whether an entry may follow another: of the keys only what is after the shared part is given.
#[inline]
fn follows(tail: &[u8], last: &EntryAt, suffix: &[u8], entry: &EntryAt) -> bool {
    match suffix.cmp(tail) {
        Ordering::Greater => true,
        Ordering::Equal => entry.delta < last.delta,
        Ordering::Less => false,
    }
}
