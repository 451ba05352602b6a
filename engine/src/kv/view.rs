//! What a read sees: a sequence number, writes of one's own on top, a range, a direction.

use std::ops::Bound;

use super::batch::Batch;

/// A point of view on the store.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Commits above this are not seen.
    pub seq: u64,
    /// Uncommitted writes that are seen before everything else.
    pub overlay: Option<&'a Batch>,
}

impl View<'_> {
    /// What was committed at or below `seq`.
    pub fn at(seq: u64) -> Self {
        Self { seq, overlay: None }
    }
}

/// The direction of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Ascending keys.
    Forward,
    /// Descending keys.
    Reverse,
}

/// A range of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Where it begins.
    pub lower: Bound<Vec<u8>>,
    /// Where it ends.
    pub upper: Bound<Vec<u8>>,
}

impl KeyRange {
    /// Every key that starts with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        let upper = successor(prefix).map_or(Bound::Unbounded, Bound::Excluded);
        Self { lower: Bound::Included(prefix.to_vec()), upper }
    }

    /// Whether `key` lies in it.
    pub fn contains(&self, key: &[u8]) -> bool {
        !self.is_before_lower(key) && !self.is_after_upper(key)
    }

    pub(crate) fn is_before_lower(&self, key: &[u8]) -> bool {
        match &self.lower {
            Bound::Included(lower) => key < lower.as_slice(),
            Bound::Excluded(lower) => key <= lower.as_slice(),
            Bound::Unbounded => false,
        }
    }

    pub(crate) fn is_after_upper(&self, key: &[u8]) -> bool {
        match &self.upper {
            Bound::Included(upper) => key > upper.as_slice(),
            Bound::Excluded(upper) => key >= upper.as_slice(),
            Bound::Unbounded => false,
        }
    }
}

/// The smallest key that is greater than every key with this prefix.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut key = prefix.to_vec();
    while let Some(last) = key.pop() {
        if last < u8::MAX {
            key.push(last + 1);
            return Some(key);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_range_ends_at_the_next_prefix() {
        let range = KeyRange::prefix(&[1, 0xff]);
        assert!(range.contains(&[1, 0xff]) && range.contains(&[1, 0xff, 0xff, 0xff]));
        assert!(!range.contains(&[2]) && !range.contains(&[1, 0xfe, 9]));
        assert_eq!(KeyRange::prefix(&[0xff, 0xff]).upper, Bound::Unbounded);
    }
}
