//! The store's interface over a map in memory, for the layers above while the store is built.
#![allow(missing_docs, clippy::pedantic)]

pub mod view {
    use super::batch::Batch;
    use std::ops::Bound;

    #[derive(Clone, Copy, Debug)]
    pub struct View<'a> {
        pub seq: u64,
        pub overlay: Option<&'a Batch>,
    }

    impl View<'_> {
        pub fn at(seq: u64) -> Self {
            Self { seq, overlay: None }
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Direction {
        Forward,
        Reverse,
    }

    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct KeyRange {
        pub lower: Bound<Vec<u8>>,
        pub upper: Bound<Vec<u8>>,
    }

    impl KeyRange {
        pub fn prefix(prefix: &[u8]) -> Self {
            let mut key = prefix.to_vec();
            let mut upper = Bound::Unbounded;
            while let Some(last) = key.pop() {
                if last < u8::MAX {
                    key.push(last + 1);
                    upper = Bound::Excluded(key);
                    break;
                }
            }
            Self { lower: Bound::Included(prefix.to_vec()), upper }
        }

        pub fn contains(&self, key: &[u8]) -> bool {
            use std::ops::RangeBounds;
            (self.lower.clone(), self.upper.clone()).contains(&key.to_vec())
        }
    }
}

pub mod batch {
    use crate::error::Result;
    use std::collections::BTreeMap;

    #[derive(Debug, Default)]
    pub struct Batch {
        pub(super) map: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
        pub(super) bytes: usize,
        pub(super) spilled: bool,
    }

    impl Batch {
        pub fn new() -> Self {
            Self::default()
        }
        pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
            self.bytes += key.len() + value.len();
            self.map.insert(key.to_vec(), Some(value.to_vec()));
            Ok(())
        }
        pub fn delete(&mut self, key: &[u8]) -> Result<()> {
            self.bytes += key.len();
            self.map.insert(key.to_vec(), None);
            Ok(())
        }
        pub fn is_empty(&self) -> bool {
            self.map.is_empty()
        }
        pub fn bytes(&self) -> usize {
            self.bytes
        }
        pub fn is_spilled(&self) -> bool {
            self.spilled
        }
    }
}

pub mod scan {
    use crate::error::Result;
    use crate::storage::Storage;
    use std::marker::PhantomData;

    type Pull<'a> = dyn FnMut() -> Option<(Vec<u8>, Vec<u8>)> + 'a;

    pub struct Scan<'a, S: Storage> {
        pub(super) pull: Box<Pull<'a>>,
        pub(super) key: Vec<u8>,
        pub(super) value: Vec<u8>,
        pub(super) storage: PhantomData<&'a S>,
    }

    impl<S: Storage> Scan<'_, S> {
        pub fn next(&mut self) -> Result<bool> {
            match (self.pull)() {
                Some((key, value)) => {
                    self.key = key;
                    self.value = value;
                    Ok(true)
                }
                None => Ok(false),
            }
        }
        pub fn key(&self) -> &[u8] {
            &self.key
        }
        pub fn value(&self) -> &[u8] {
            &self.value
        }
    }
}

pub mod store {
    use std::cmp::Reverse;
    use std::collections::BTreeMap;
    use std::marker::PhantomData;
    use std::ops::Bound;

    use super::batch::Batch;
    use super::scan::Scan;
    use super::view::{Direction, KeyRange, View};
    use crate::error::{Error, Result};
    use crate::options::{Durability, Geometry, Options};
    use crate::storage::{Barrier, FileId, Read, Storage, Synced};

    type Versions = BTreeMap<(Vec<u8>, Reverse<u64>), Option<Vec<u8>>>;

    #[derive(Clone, Debug, Default, serde::Serialize)]
    pub struct StoreStats {
        pub bytes: u64,
        pub pins: u64,
    }

    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
    pub struct CompactionReport {
        pub input_records: u64,
        pub output_records: u64,
        pub tombstones_removed: u64,
        pub obsolete_versions_removed: u64,
        pub bytes_saved: u64,
    }

    #[derive(serde::Serialize, serde::Deserialize, Default)]
    struct Dump {
        versions: Vec<(Vec<u8>, u64, Option<Vec<u8>>)>,
        catalog: Vec<u8>,
        visible: u64,
    }

    pub struct Store<S: Storage> {
        storage: S,
        geometry: Geometry,
        id: [u8; 16],
        versions: Versions,
        catalog: Vec<u8>,
        visible: u64,
        staged: u64,
        staged_bytes: usize,
        created: bool,
        pins: BTreeMap<u64, u64>,
        compacted: bool,
    }

    impl<S: Storage> Store<S> {
        pub fn open(storage: S, options: &Options) -> Result<Self> {
            let len = storage.len(FileId::Volume)?;
            let mut dump = Dump::default();
            if len > 0 {
                let mut bytes = vec![0; len as usize];
                if storage.read_at(FileId::Volume, 0, &mut bytes)? == Read::Missing {
                    return Err(Error::missing());
                }
                dump = ciborium::from_reader(bytes.as_slice())
                    .map_err(|_| Error::decode("the dump does not decode"))?;
            }
            Ok(Self {
                storage,
                geometry: options.geometry,
                id: options.database_id,
                versions: dump.versions.into_iter().map(|(k, s, v)| ((k, Reverse(s)), v)).collect(),
                catalog: dump.catalog,
                visible: dump.visible,
                staged: dump.visible,
                staged_bytes: 0,
                created: len == 0,
                pins: BTreeMap::new(),
                compacted: false,
            })
        }
        pub fn created(&self) -> bool {
            self.created
        }
        pub fn database_id(&self) -> [u8; 16] {
            self.id
        }
        pub fn geometry(&self) -> &Geometry {
            &self.geometry
        }
        pub fn catalog(&self) -> &[u8] {
            &self.catalog
        }
        pub fn visible_seq(&self) -> u64 {
            self.visible
        }
        pub fn staged_seq(&self) -> u64 {
            self.staged
        }
        pub fn get(&self, view: View<'_>, key: &[u8], out: &mut Vec<u8>) -> Result<bool> {
            out.clear();
            if let Some(value) = view.overlay.and_then(|overlay| overlay.map.get(key)) {
                if let Some(value) = value {
                    out.extend_from_slice(value);
                }
                return Ok(value.is_some());
            }
            let from = (key.to_vec(), Reverse(view.seq));
            match self.versions.range(from..=(key.to_vec(), Reverse(0))).next() {
                Some((_, Some(value))) => {
                    out.extend_from_slice(value);
                    Ok(true)
                }
                _ => Ok(false),
            }
        }
        fn neighbour(
            &self,
            view: View<'_>,
            range: &KeyRange,
            direction: Direction,
        ) -> Option<Vec<u8>> {
            let lower = match &range.lower {
                Bound::Included(key) => Bound::Included((key.clone(), Reverse(u64::MAX))),
                Bound::Excluded(key) => Bound::Excluded((key.clone(), Reverse(0))),
                Bound::Unbounded => Bound::Unbounded,
            };
            let upper = match &range.upper {
                Bound::Included(key) => Bound::Included((key.clone(), Reverse(0))),
                Bound::Excluded(key) => Bound::Excluded((key.clone(), Reverse(u64::MAX))),
                Bound::Unbounded => Bound::Unbounded,
            };
            let bounds = (range.lower.clone(), range.upper.clone());
            let mut below = self.versions.range((lower, upper)).map(|((key, _), _)| key);
            match direction {
                Direction::Forward => {
                    let own = view.overlay.and_then(|o| o.map.range(bounds).next());
                    below.next().into_iter().chain(own.map(|o| o.0)).min().cloned()
                }
                Direction::Reverse => {
                    let own = view.overlay.and_then(|o| o.map.range(bounds).next_back());
                    below.next_back().into_iter().chain(own.map(|o| o.0)).max().cloned()
                }
            }
        }
        pub fn scan<'a>(
            &'a self,
            view: View<'a>,
            range: &KeyRange,
            direction: Direction,
        ) -> Result<Scan<'a, S>> {
            let mut range = range.clone();
            let pull = move || {
                loop {
                    if empty(&range) {
                        return None;
                    }
                    let key = self.neighbour(view, &range, direction)?;
                    match direction {
                        Direction::Forward => range.lower = Bound::Excluded(key.clone()),
                        Direction::Reverse => range.upper = Bound::Excluded(key.clone()),
                    }
                    let mut value = Vec::new();
                    if self.get(view, &key, &mut value).ok()? {
                        return Some((key, value));
                    }
                }
            };
            let (key, value) = (Vec::new(), Vec::new());
            Ok(Scan { pull: Box::new(pull), key, value, storage: PhantomData })
        }
        pub fn stage(&mut self, batch: &Batch) -> Result<Option<u64>> {
            if self.staged > self.visible && self.staged_bytes + batch.bytes > 256 * 1024 {
                return Ok(None);
            }
            self.staged += 1;
            self.staged_bytes += batch.bytes;
            for (key, value) in &batch.map {
                self.versions.insert((key.clone(), Reverse(self.staged)), value.clone());
            }
            Ok(Some(self.staged))
        }
        pub fn discard(&mut self) {
            let visible = self.visible;
            self.versions.retain(|(_, seq), _| seq.0 <= visible);
            self.staged = visible;
            self.staged_bytes = 0;
        }
        pub fn commit(&mut self, _durability: Durability) -> Result<Synced> {
            self.visible = self.staged;
            self.staged_bytes = 0;
            Ok(Synced::Done)
        }
        pub fn commit_catalog(
            &mut self,
            catalog: &[u8],
            _retired: &[Vec<u8>],
            _durability: Durability,
        ) -> Result<Synced> {
            assert_eq!(self.staged, self.visible);
            self.catalog = catalog.to_vec();
            self.visible += 1;
            self.staged = self.visible;
            Ok(Synced::Done)
        }
        pub fn spill(&mut self, batch: &mut Batch) -> Result<()> {
            batch.bytes = 0;
            batch.spilled = true;
            Ok(())
        }
        pub fn spill_bytes(&self) -> usize {
            self.geometry.frame_bytes_max()
        }
        pub fn commit_spilled(&mut self, batch: Batch) -> Result<(u64, Synced)> {
            assert_eq!(self.staged, self.visible);
            let seq = self.stage(&batch)?.unwrap_or(0);
            Ok((seq, self.commit(Durability::Strict)?))
        }
        pub fn pin(&mut self, seq: u64) {
            *self.pins.entry(seq).or_default() += 1;
        }
        pub fn unpin(&mut self, seq: u64) {
            let count = self.pins.entry(seq).or_default();
            assert!(*count > 0);
            *count -= 1;
            if *count == 0 {
                self.pins.remove(&seq);
            }
        }
        pub fn settle(&mut self) -> Result<()> {
            Ok(())
        }
        pub fn step(&mut self, _budget_bytes: u64) -> Result<bool> {
            Ok(false)
        }
        pub fn flush(&mut self) -> Result<Synced> {
            let versions = &self.versions;
            let dump = Dump {
                versions: versions.iter().map(|((k, s), v)| (k.clone(), s.0, v.clone())).collect(),
                catalog: self.catalog.clone(),
                visible: self.visible,
            };
            let mut bytes = Vec::new();
            ciborium::into_writer(&dump, &mut bytes).map_err(|_| Error::decode("dump"))?;
            self.storage.write_at(FileId::Volume, 0, &bytes)?;
            Ok(Synced::Done)
        }
        pub fn compact_begin(&mut self) -> Result<()> {
            self.compacted = true;
            Ok(())
        }
        pub fn compact_report(&mut self) -> Option<CompactionReport> {
            std::mem::take(&mut self.compacted).then(CompactionReport::default)
        }
        pub fn compact_progress(&self) -> Option<(u64, u64)> {
            None
        }
        pub fn close(&mut self) -> Result<Synced> {
            self.flush()
        }
        pub fn is_pending(&self) -> bool {
            false
        }
        pub fn barrier_done(&mut self, _barrier: Barrier) -> Result<()> {
            Ok(())
        }
        pub fn barrier_failed(&mut self, _error: Error) {}
        pub fn stats(&self) -> StoreStats {
            StoreStats { bytes: self.versions.len() as u64, pins: self.pins.len() as u64 }
        }
        pub fn storage(&self) -> &S {
            &self.storage
        }
    }

    /// Whether `BTreeMap::range` would refuse the bounds.
    fn empty(range: &KeyRange) -> bool {
        match (&range.lower, &range.upper) {
            (Bound::Included(a), Bound::Included(b)) => a > b,
            (Bound::Included(a) | Bound::Excluded(a), Bound::Excluded(b) | Bound::Included(b)) => {
                a >= b
            }
            _ => false,
        }
    }
}
