//! What a transaction has read: keys, and ranges of keys. Bounded: what would take too much memory
//! is widened to whole collections and indexes, which can only cause more conflicts, never fewer.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::catalog::Prefix;
use crate::codec::key::successor;
use crate::kv::view::KeyRange;
use crate::limits::{KEY_PREFIX_BYTES, READ_KEYS_BYTES_MAX};
use crate::small_map::SmallMap;

/// Keys and ranges that a transaction has seen, present or absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    keys: BTreeSet<Vec<u8>>,
    /// Disjoint ranges: the first key, and the first key behind.
    ranges: SmallMap<Vec<u8>, Vec<u8>>,
    bytes: usize,
    /// What all keys and ranges start with.
    prefixes: SmallMap<Prefix, ()>,
}

impl Reads {
    /// The collections and indexes that were read.
    pub fn prefixes(&self) -> impl Iterator<Item = Prefix> {
        self.prefixes.keys().copied()
    }

    /// Adds a key.
    pub fn key(&mut self, key: &[u8]) {
        if self.contains(key) {
            return;
        }
        self.note_prefix(key);
        self.bytes += key.len();
        self.keys.insert(key.to_vec());
        self.bound();
    }

    /// Adds every key that starts with `prefix`.
    pub fn prefix(&mut self, prefix: &[u8]) {
        self.range(&KeyRange::prefix(prefix));
    }

    /// Adds a range within one collection or index.
    pub fn range(&mut self, range: &KeyRange) {
        let mut lower = match &range.lower {
            Bound::Included(key) => key.clone(),
            Bound::Excluded(key) => after(key),
            Bound::Unbounded => Vec::new(),
        };
        let mut upper = match &range.upper {
            Bound::Included(key) => after(key),
            Bound::Excluded(key) => key.clone(),
            Bound::Unbounded => vec![u8::MAX; KEY_PREFIX_BYTES],
        };
        if lower >= upper {
            return;
        }
        self.note_prefix(&lower);
        // Ranges that touch the new one become part of it.
        while let Some((first, end)) = self.ranges.last_up_to(&upper) {
            if *end < lower {
                break;
            }
            let (first, end) = (first.clone(), end.clone());
            self.ranges.remove(&first);
            self.bytes = self.bytes.saturating_sub(first.len() + end.len());
            lower = lower.min(first);
            upper = upper.max(end);
        }
        self.bytes += lower.len() + upper.len();
        self.ranges.insert(lower, upper);
        self.bound();
    }

    /// Whether `key` was read.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.keys.contains(key) || self.in_range(key)
    }

    /// Whether any key that starts with `prefix` was read.
    pub fn meets(&self, prefix: Prefix) -> bool {
        self.prefixes.contains_key(&prefix)
    }

    fn in_range(&self, key: &[u8]) -> bool {
        self.ranges.last_up_to(key).is_some_and(|(_, end)| key < end.as_slice())
    }

    fn note_prefix(&mut self, key: &[u8]) {
        if let Some(prefix) = key.first_chunk() {
            self.prefixes.insert(*prefix, ());
        }
    }

    fn bound(&mut self) {
        if self.bytes <= READ_KEYS_BYTES_MAX {
            return;
        }
        self.keys = BTreeSet::new();
        self.ranges = SmallMap::default();
        self.bytes = 0;
        for prefix in self.prefixes.keys() {
            let end = successor(prefix).unwrap_or_else(|| vec![u8::MAX; KEY_PREFIX_BYTES + 1]);
            self.bytes += 2 * KEY_PREFIX_BYTES;
            self.ranges.insert(prefix.to_vec(), end);
        }
    }
}

/// The smallest key greater than `key`.
fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(lower: &[u8], upper: &[u8]) -> KeyRange {
        KeyRange { lower: Bound::Included(lower.into()), upper: Bound::Excluded(upper.into()) }
    }

    #[test]
    fn ranges_that_touch_or_overlap_become_one_and_hold_the_same_keys() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut reads, mut model) = (Reads::default(), vec![false; 64]);
            for _ in 0..12 {
                let lower = rng.u8(0..64);
                let upper = rng.u8(lower..=64);
                reads.range(&range(&[1, 0, 0, 0, 0, lower], &[1, 0, 0, 0, 0, upper]));
                model.get_mut(usize::from(lower)..usize::from(upper)).unwrap().fill(true);
                let mut last_end: Option<&Vec<u8>> = None;
                for (first, end) in reads.ranges.iter() {
                    assert!(last_end.is_none_or(|last| last < first), "seed {seed}: not disjoint");
                    last_end = Some(end);
                }
                for (at, held) in (0_u8..).zip(&model) {
                    assert_eq!(reads.contains(&[1, 0, 0, 0, 0, at]), *held, "seed {seed} at {at}");
                }
            }
        }
    }

    #[test]
    fn too_many_keys_widen_to_what_they_belong_to_and_still_hold() {
        let mut reads = Reads::default();
        let key = |n: u32| [&[1, 0, 0, 0, 7][..], &n.to_be_bytes(), &[0; 100]].concat();
        for n in 0..20_000 {
            reads.key(&key(n));
        }
        assert!(reads.bytes <= READ_KEYS_BYTES_MAX);
        assert!((0..20_000).all(|n| reads.contains(&key(n))));
        assert!(!reads.contains(&[1, 0, 0, 0, 8]) && !reads.meets([1, 0, 0, 0, 8]));
        assert!(reads.meets([1, 0, 0, 0, 7]));
    }
}
