//! The k-way merge: many sorted sources as one.

use std::cmp::Ordering;

use super::io::Io;
use super::source::Source;
use super::view::Direction;
use crate::error::Result;
use crate::storage::Storage;

/// All entries of all sources. Forward: keys ascending, of one key the newest first. Reverse: keys
/// descending, of one key the oldest first. Sources are given newest first, which decides between
/// entries of equal key and sequence number.
#[derive(Debug)]
pub(crate) struct Merge<'a> {
    sources: Vec<Source<'a>>,
    /// The head of each source's key, which decides most comparisons.
    heads: Vec<u128>,
    /// Positions in `sources` that stand on an entry, as a binary heap with the next entry on top.
    heap: Vec<usize>,
    /// The place in the heap of the entry after the next one, as long as it is known: runs of
    /// entries come from one source, and each has to be compared with this one alone.
    second: Option<usize>,
    direction: Direction,
}

impl<'a> Merge<'a> {
    /// Merges sources that have been moved to where the merge is to begin.
    pub fn new(sources: Vec<Source<'a>>, direction: Direction) -> Self {
        let heap = (0..sources.len()).filter(|at| sources.get(*at).is_some_and(Source::valid));
        let heads = sources.iter().map(|source| head(source.key())).collect();
        let heap = heap.collect();
        let mut merge = Self { heap, heads, second: None, sources, direction };
        for at in (0..merge.heap.len() / 2).rev() {
            merge.sift_down(at);
        }
        merge
    }

    /// The source that stands on the next entry.
    pub fn top(&self) -> Option<&Source<'a>> {
        self.heap.first().and_then(|at| self.sources.get(*at))
    }

    /// The same, with its place among the sources.
    pub fn top_ranked(&self) -> Option<(usize, &Source<'a>)> {
        let rank = *self.heap.first()?;
        Some((rank, self.sources.get(rank)?))
    }

    /// Moves past the next entry. After an error the merge must be made anew.
    pub fn advance<S: Storage>(&mut self, io: &Io<S>) -> Result<()> {
        let Some(at) = self.heap.first().copied() else { return Ok(()) };
        let (Some(source), Some(own)) = (self.sources.get_mut(at), self.heads.get_mut(at)) else {
            return Ok(());
        };
        match self.direction {
            Direction::Forward => source.next(io)?,
            Direction::Reverse => source.prev(io)?,
        }
        if source.valid() {
            *own = head(source.key());
            let second = self.second.unwrap_or_else(|| if self.precedes(2, 1) { 2 } else { 1 });
            if !self.precedes(second, 0) {
                self.second = Some(second);
                return Ok(());
            }
        } else {
            self.heap.swap_remove(0);
        }
        self.second = None;
        self.sift_down(0);
        Ok(())
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let mut first = at;
            for child in [left, right] {
                if child < self.heap.len() && self.precedes(child, first) {
                    first = child;
                }
            }
            if first == at {
                return;
            }
            self.heap.swap(at, first);
            at = first;
        }
    }

    /// Whether the source at heap position `a` comes before the one at `b`.
    fn precedes(&self, a: usize, b: usize) -> bool {
        let (Some(rank_a), Some(rank_b)) = (self.heap.get(a), self.heap.get(b)) else {
            return false;
        };
        let (Some(a), Some(b)) = (self.sources.get(*rank_a), self.sources.get(*rank_b)) else {
            return false;
        };
        let newest_first = || b.seq().cmp(&a.seq()).then(rank_a.cmp(rank_b));
        let order = self.heads.get(*rank_a).cmp(&self.heads.get(*rank_b));
        let order = order.then_with(|| a.key().cmp(b.key())).then_with(newest_first);
        match self.direction {
            Direction::Forward => order == Ordering::Less,
            Direction::Reverse => order == Ordering::Greater,
        }
    }
}

/// The first bytes of a key as a number, in the order of keys; shorter keys end in zeros. The
/// prefix and the start of what follows are in it.
fn head(key: &[u8]) -> u128 {
    let mut head = [0; size_of::<u128>()];
    let len = key.len().min(head.len());
    if let (Some(head), Some(key)) = (head.get_mut(..len), key.get(..len)) {
        head.copy_from_slice(key);
    }
    u128::from_be_bytes(head)
}
