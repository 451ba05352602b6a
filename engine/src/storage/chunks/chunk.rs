//! One chunk of a file at hand, or the parts of it that were written before the rest was fetched.

use std::ops::Range;
use std::sync::Arc;

/// A chunk at hand.
#[derive(Debug)]
pub struct Chunk {
    bytes: Arc<Vec<u8>>,
    /// The ranges that hold what the file holds, in order and apart; the rest is elsewhere only.
    known: Vec<Range<usize>>,
    /// The number of the last change; 0 once it is stored.
    pub changed: u64,
    /// When it was used last.
    pub used: u64,
}

impl Chunk {
    /// A chunk of zeros.
    pub fn zeros(len: usize) -> Self {
        let mut chunk = Self::unknown(len);
        chunk.know(0..len);
        chunk
    }

    /// A chunk of which nothing is known yet.
    pub fn unknown(len: usize) -> Self {
        Self { bytes: Arc::new(vec![0; len]), known: Vec::new(), changed: 0, used: 0 }
    }

    /// Whether all of it is at hand.
    pub fn is_whole(&self) -> bool {
        self.knows(&(0..self.bytes.len()))
    }

    /// All of its bytes.
    pub fn bytes(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.bytes)
    }

    /// Fills `buf` from `at`; false where that is not at hand.
    pub fn read(&self, at: usize, buf: &mut [u8]) -> bool {
        let range = at..at.saturating_add(buf.len());
        match self.bytes.get(range.clone()).filter(|_| self.knows(&range)) {
            Some(found) => {
                buf.copy_from_slice(found);
                true
            }
            None => false,
        }
    }

    /// Puts `bytes` at `at`.
    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        let range = at..at.saturating_add(bytes.len());
        if let Some(room) = Arc::make_mut(&mut self.bytes).get_mut(range.clone()) {
            room.copy_from_slice(bytes);
            self.know(range);
        }
    }

    /// Puts zeros from `at` to the end.
    pub fn clear_from(&mut self, at: usize) {
        let len = self.bytes.len();
        if let Some(rest) = Arc::make_mut(&mut self.bytes).get_mut(at..) {
            rest.fill(0);
            self.know(at..len);
        }
    }

    /// Takes in what was stored, wherever nothing newer is known. What is stored may end early:
    /// zeros follow.
    pub fn complete(&mut self, stored: &[u8]) {
        let len = self.bytes.len();
        let mut at = 0;
        let gaps: Vec<_> = self
            .known
            .iter()
            .cloned()
            .chain(std::iter::once(len..len))
            .map(|known| std::mem::replace(&mut at, known.end)..known.start)
            .collect();
        let bytes = Arc::make_mut(&mut self.bytes);
        for gap in gaps {
            let end = gap.end.min(stored.len());
            let (Some(from), Some(to)) =
                (stored.get(gap.start..end), bytes.get_mut(gap.start..end))
            else {
                continue;
            };
            to.copy_from_slice(from);
        }
        self.know(0..len);
    }

    fn knows(&self, range: &Range<usize>) -> bool {
        range.is_empty()
            || self.known.iter().any(|known| known.start <= range.start && range.end <= known.end)
    }

    fn know(&mut self, mut range: Range<usize>) {
        self.known.retain(|known| {
            let apart = known.end < range.start || range.end < known.start;
            if !apart {
                range = range.start.min(known.start)..range.end.max(known.end);
            }
            apart
        });
        let at = self.known.partition_point(|known| known.start < range.start);
        self.known.insert(at, range);
    }
}
