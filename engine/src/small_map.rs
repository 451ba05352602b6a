//! Maps of few entries: a sorted vector, which is less code than a tree for every type.

use std::borrow::Borrow;

/// A map in the order of its keys. Adding and removing take time linear in the entries, so it is
/// for maps that a limit keeps small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SmallMap<K, V> {
    entries: Vec<(K, V)>,
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<K: Ord, V> SmallMap<K, V> {
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        self.entries.get(at).map(|(_, value)| value)
    }

    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// The value of `key`, which becomes `value()` where there is none yet.
    pub fn entry(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        let at = self.find(&key).unwrap_or_else(|at| {
            self.entries.insert(at, (key, value()));
            at
        });
        #[expect(clippy::indexing_slicing, reason = "the entry was found or made there")]
        &mut self.entries[at].1
    }

    pub fn insert(&mut self, key: K, value: V) {
        match self.get_mut(&key) {
            Some(own) => *own = value,
            None => {
                self.entry(key, || value);
            }
        }
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        self.entries.get_mut(at).map(|(_, value)| value)
    }

    /// The last entry whose key is not greater.
    pub fn last_up_to<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).or_else(|at| at.checked_sub(1).ok_or(())).ok()?;
        self.entries.get(at).map(|(key, value)| (key, value))
    }

    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if let Ok(at) = self.find(key) {
            self.entries.remove(at);
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> + Clone {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.entries.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.entries.iter().map(|(_, value)| value)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.entries.binary_search_by(|(own, _)| own.borrow().cmp(key))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_is_a_map_in_key_order() {
        let mut rng = fastrand::Rng::with_seed(7);
        let (mut map, mut model) = (SmallMap::default(), BTreeMap::new());
        for step in 0..4_000 {
            let key = rng.u8(0..40);
            match rng.u8(0..4) {
                0 => {
                    map.insert(key, step);
                    model.insert(key, step);
                }
                1 => {
                    map.remove(&key);
                    model.remove(&key);
                }
                2 => {
                    *map.entry(key, || 0) += 1;
                    *model.entry(key).or_insert(0) += 1;
                }
                _ => {
                    if let Some(value) = map.get_mut(&key) {
                        *value -= 1;
                        model.entry(key).and_modify(|value| *value -= 1);
                    }
                }
            }
            assert!(map.iter().eq(model.iter()), "step {step}");
            assert_eq!(map.get(&key), model.get(&key));
            assert_eq!(map.contains_key(&key), model.contains_key(&key));
            assert_eq!(map.last_up_to(&key), model.range(..=key).next_back());
            assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
        }
    }
}
