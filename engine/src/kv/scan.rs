//! A range of the store as one view sees it: of each key the newest visible value.

use std::ops::Bound;

use super::entry::Kind;
use super::io::Io;
use super::merge::Merge;
use super::source::Source;
use super::view::{Direction, KeyRange};
use crate::error::Result;
use crate::storage::Storage;

/// An iteration over a range. It borrows the store; a longer one goes on later by a new scan from
/// the last key.
pub struct Scan<'a, S: Storage> {
    io: &'a Io<S>,
    merge: Merge<'a>,
    range: KeyRange,
    direction: Direction,
    seq: u64,
    /// The key the scan stands on; empty before the first.
    key: Vec<u8>,
    started: bool,
    /// In reverse the value is known only once all versions of the key have passed.
    value: Vec<u8>,
}

impl<'a, S: Storage> Scan<'a, S> {
    /// Begins a scan over `sources`, newest first.
    pub(crate) fn new(
        io: &'a Io<S>,
        mut sources: Vec<Source<'a>>,
        seq: u64,
        range: KeyRange,
        direction: Direction,
    ) -> Result<Self> {
        let mut missing = None;
        for source in &mut sources {
            if let Err(error) = position(io, source, &range, direction) {
                // All misses are gathered before the operation gives up, so that one fetch serves.
                if !error.is_missing() {
                    return Err(error);
                }
                missing = Some(error);
            }
        }
        if let Some(missing) = missing {
            return Err(missing);
        }
        // What begins behind the range has nothing in it, and need not be compared with.
        sources.retain(|source| match direction {
            Direction::Forward => !range.is_after_upper(source.key()),
            Direction::Reverse => !range.is_before_lower(source.key()),
        });
        let merge = Merge::new(sources, direction);
        let (key, value) = (Vec::new(), Vec::new());
        Ok(Self { io, merge, range, direction, seq, key, started: false, value })
    }

    /// Moves to the next key that has a value, the first one at first; false at the end.
    pub fn advance(&mut self) -> Result<bool> {
        match self.direction {
            Direction::Forward => self.next_forward(),
            Direction::Reverse => self.next_reverse(),
        }
    }

    /// The key it stands on.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The value it stands on.
    pub fn value(&self) -> &[u8] {
        match self.direction {
            Direction::Forward => self.merge.top().map_or(&[], Source::value),
            Direction::Reverse => &self.value,
        }
    }

    fn next_forward(&mut self) -> Result<bool> {
        if self.started {
            self.merge.advance(self.io)?;
        }
        while let Some(top) = self.merge.top() {
            let decided = self.started && top.key() == self.key;
            if !decided && top.seq_visible(self.seq) {
                if self.range.is_after_upper(top.key()) {
                    return Ok(false);
                }
                self.started = true;
                self.key.clear();
                self.key.extend_from_slice(top.key());
                if top.kind() == Kind::Put {
                    return Ok(true);
                }
            }
            self.merge.advance(self.io)?;
        }
        Ok(false)
    }

    fn next_reverse(&mut self) -> Result<bool> {
        while let Some(top) = self.merge.top() {
            if self.range.is_before_lower(top.key()) {
                return Ok(false);
            }
            self.key.clear();
            self.key.extend_from_slice(top.key());
            if self.newest_of_key()? == Some(Kind::Put) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Passes all versions of the current key, oldest first, and keeps the newest visible one.
    fn newest_of_key(&mut self) -> Result<Option<Kind>> {
        let mut kind = None;
        while let Some(top) = self.merge.top().filter(|top| top.key() == self.key) {
            if top.seq_visible(self.seq) {
                kind = Some(top.kind());
                self.value.clear();
                self.value.extend_from_slice(top.value());
            }
            self.merge.advance(self.io)?;
        }
        Ok(kind)
    }
}

impl Source<'_> {
    fn seq_visible(&self, seq: u64) -> bool {
        self.is_overlay() || self.seq() <= seq
    }
}

fn position<S: Storage>(
    io: &Io<S>,
    source: &mut Source<'_>,
    range: &KeyRange,
    direction: Direction,
) -> Result<()> {
    match direction {
        Direction::Forward => match &range.lower {
            Bound::Included(lower) => source.seek(io, lower, u64::MAX),
            Bound::Excluded(lower) => source.seek(io, &after(lower), u64::MAX),
            Bound::Unbounded => source.seek_first(io),
        },
        Direction::Reverse => match &range.upper {
            Bound::Included(upper) => source.seek_before(io, &after(upper)),
            Bound::Excluded(upper) => source.seek_before(io, upper),
            Bound::Unbounded => source.seek_last(io),
        },
    }
}

/// The smallest key greater than `key`.
fn after(key: &[u8]) -> Vec<u8> {
    let mut after = Vec::with_capacity(key.len() + 1);
    after.extend_from_slice(key);
    after.push(0);
    after
}
