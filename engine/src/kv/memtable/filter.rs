//! Says of most keys that a memtable does not hold that it does not, so that they cost no search.
//!
//! It grows with the table, and what has been taken out of the table stays in it: that costs a
//! search and no more.

use crate::codec::space::has_filter;
use crate::kv::segment::hash_of;
use crate::kv::sought::Sought;

/// Fewer keys are searched in no time.
const KEYS_MIN: usize = 64;
/// Keys to each word of 64 bits when the filter is made; at twice as many a larger one is.
const KEYS_PER_WORD: usize = 4;

/// A Bloom filter over the keys that lookups ask for. The three bits of a key are in one word.
#[derive(Debug, Default)]
pub(super) struct KeyFilter {
    words: Vec<u64>,
    /// Keys, each as often as it was added.
    keys: usize,
}

impl KeyFilter {
    /// Takes in a key. Where it says true it is full, and needs another that all keys are put in.
    pub fn add(&mut self, key: &[u8]) -> bool {
        if !has_filter(key) {
            return false;
        }
        self.keys += 1;
        self.put(key);
        self.keys > self.words.len().max(KEYS_MIN / KEYS_PER_WORD / 2) * KEYS_PER_WORD * 2
    }

    /// An empty filter with room for twice as many keys.
    pub fn grown(&self) -> Self {
        Self { words: vec![0; self.keys.div_ceil(KEYS_PER_WORD)], keys: self.keys }
    }

    /// Sets the bits of a key.
    pub fn put(&mut self, key: &[u8]) {
        if self.words.is_empty() || !has_filter(key) {
            return;
        }
        let (at, bits) = self.place(hash_of(key));
        if let Some(word) = self.words.get_mut(at) {
            *word |= bits;
        }
    }

    /// Whether there may be an entry of the key. False is certain.
    pub fn may_contain(&self, sought: &Sought<'_>) -> bool {
        let Some(hash) = sought.hash else { return true };
        let (at, bits) = self.place(hash);
        self.words.get(at).is_none_or(|word| word & bits == bits)
    }

    #[cfg(test)]
    pub fn memory_bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        let at = entidb_hot::filter::scale(hash >> 32, self.words.len());
        (at, 1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63))
    }
}
