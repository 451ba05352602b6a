//! Whoever calls a store: fetches what it misses, and waits for barriers.

use entidb::kv::{Batch, Store};
use entidb::storage::fault::SimStorage;
use entidb::storage::{FileId, Storage};
use entidb::{Durability, Error, ErrorKind, Result};
use fastrand::Rng;

use super::{HEAD_BYTES, History, Step, Write, after, batch_of, open, write};

/// Calls of a store with misses before it counts as one that never ends.
const RETRIES_MAX: usize = 200;

/// Whoever calls a store: fetches what it misses and calls again, and waits for barriers.
pub struct Host {
    sim: SimStorage,
    rng: Rng,
    /// Whether chunks are dropped between calls.
    pub evicts: bool,
    /// Calls that had to be made again.
    pub retries: u64,
    /// Barriers that were waited for.
    pub waits: u64,
    /// What steps of work answered.
    pub worked: Vec<bool>,
    /// The barrier that fails, counted from 0.
    pub fails_at: Option<u64>,
}

impl Host {
    pub fn new(sim: &SimStorage, seed: u64) -> Self {
        let rng = Rng::with_seed(seed);
        Self {
            sim: sim.clone(),
            rng,
            evicts: false,
            retries: 0,
            waits: 0,
            worked: Vec::new(),
            fails_at: None,
        }
    }

    /// Opens the store, with what a host of chunks keeps at hand.
    pub fn open(&mut self) -> Result<Store<SimStorage>> {
        for file in FileId::ALL {
            let len = self.sim.len(file)?;
            let len = if file == FileId::Volume { len.min(HEAD_BYTES) } else { len };
            let mut bytes = vec![0; usize::try_from(len).unwrap()];
            let _ = self.sim.read_at(file, 0, &mut bytes)?;
        }
        self.sim.fetch_missing();
        let mut store = open(&self.sim);
        for _ in 0..RETRIES_MAX {
            if !store.as_ref().is_err_and(Error::is_missing) {
                break;
            }
            assert!(self.sim.fetch_missing() > 0, "a miss that names nothing");
            store = open(&self.sim);
        }
        let mut store = store?;
        self.wait(&mut store, false)?;
        Ok(store)
    }

    /// One call, as often as it takes.
    pub fn call<T>(
        &mut self,
        store: &mut Store<SimStorage>,
        call: impl FnMut(&mut Store<SimStorage>) -> Result<T>,
    ) -> Result<T> {
        let result = self.retry(store, call)?;
        self.wait(store, false)?;
        Ok(result)
    }

    /// Stages a commit.
    fn stage(&mut self, store: &mut Store<SimStorage>, batch: &Batch) -> Result<Option<u64>> {
        let staged = self.retry(store, |store| store.stage(batch))?;
        self.wait(store, true)?;
        Ok(staged)
    }

    fn retry<T>(
        &mut self,
        store: &mut Store<SimStorage>,
        mut call: impl FnMut(&mut Store<SimStorage>) -> Result<T>,
    ) -> Result<T> {
        if self.evicts && self.rng.u8(..4) == 0 {
            self.sim.evict();
        }
        for _ in 0..RETRIES_MAX {
            let before = store.visible_seq();
            let result = call(store);
            if store.is_pending() {
                assert_eq!(store.visible_seq(), before, "nothing is visible before its barrier");
            }
            if !result.as_ref().is_err_and(Error::is_missing) {
                return result;
            }
            assert!(self.sim.fetch_missing() > 0, "a miss that names nothing");
            self.retries += 1;
        }
        panic!("a call that never ends");
    }

    /// Waits for the commit on its way, and for other barriers now and then.
    fn wait(&mut self, store: &mut Store<SimStorage>, group_is_open: bool) -> Result<()> {
        while store.is_pending() {
            let commits = !group_is_open && store.staged_seq() > store.visible_seq();
            if !commits && self.rng.bool() {
                break;
            }
            self.wait_once(store)?;
        }
        Ok(())
    }

    /// Waits for everything, then notes what is promised.
    fn acknowledge(
        &mut self,
        store: &mut Store<SimStorage>,
        durability: Durability,
        history: &mut History,
    ) -> Result<()> {
        while !self.sim.outstanding().is_empty() {
            self.wait_once(store)?;
        }
        history.acknowledge(durability);
        Ok(())
    }

    /// Barriers complete in order, some of them before the store hears of any.
    fn wait_once(&mut self, store: &mut Store<SimStorage>) -> Result<()> {
        let outstanding = self.sim.outstanding();
        let barrier = outstanding[self.rng.usize(..outstanding.len())];
        if self.fails_at == Some(self.waits) {
            self.sim.fail(barrier);
            let error = Error::new(ErrorKind::Io, "a barrier was made to fail");
            store.barrier_failed(error.clone());
            return Err(error);
        }
        self.sim.complete(barrier);
        self.waits += 1;
        store.barrier_done(barrier)
    }

    /// One step of a script.
    pub fn run_step(
        &mut self,
        store: &mut Store<SimStorage>,
        step: &Step,
        history: &mut History,
    ) -> Result<()> {
        match step {
            Step::Group(commits, durability) => self.group(store, commits, *durability, history)?,
            Step::Catalog(bytes, retired) => {
                let (mut entries, _) = history.last();
                entries.retain(|key, _| !retired.iter().any(|prefix| key.starts_with(prefix)));
                history.states.push((entries, bytes.clone()));
                let _ = self.call(store, |store| store.commit_catalog(bytes, retired))?;
                self.acknowledge(store, Durability::Strict, history)?;
            }
            Step::Large(pieces) => self.large(store, pieces, history)?,
            Step::Flush => {
                let _ = self.call(store, Store::flush)?;
                self.acknowledge(store, Durability::Strict, history)?;
            }
            Step::Work(budget) => {
                let more = self.call(store, |store| store.step(*budget))?;
                self.worked.push(more);
            }
            Step::Settle => self.call(store, Store::settle)?,
            Step::Compact => {
                self.call(store, Store::compact_begin)?;
                while self.call(store, |store| store.step(4096))? {}
            }
            Step::Close => {
                let _ = self.call(store, Store::close)?;
                self.acknowledge(store, Durability::Strict, history)?;
                *store = self.open()?;
            }
        }
        Ok(())
    }

    fn group(
        &mut self,
        store: &mut Store<SimStorage>,
        commits: &[Vec<Write>],
        durability: Durability,
        history: &mut History,
    ) -> Result<()> {
        let acknowledge = |host: &mut Self, store: &mut _, history: &mut History| {
            let _ = host.call(store, |store| store.commit(durability))?;
            host.acknowledge(store, durability, history)
        };
        for writes in commits {
            let batch = batch_of(writes)?;
            let staged = match self.stage(store, &batch) {
                Ok(None) => {
                    acknowledge(self, store, history)?;
                    let staged = self.stage(store, &batch);
                    assert!(!matches!(staged, Ok(None)), "an empty group takes a commit");
                    staged
                }
                staged => staged,
            };
            if staged.is_err() {
                store.discard();
            }
            staged?;
            let state = after(history.last(), writes);
            history.states.push(state);
        }
        acknowledge(self, store, history)
    }

    fn large(
        &mut self,
        store: &mut Store<SimStorage>,
        pieces: &[Vec<Write>],
        history: &mut History,
    ) -> Result<()> {
        let mut batch = Batch::new();
        let mut state = history.last();
        for writes in pieces {
            write(&mut batch, writes)?;
            self.call(store, |store| store.spill(&mut batch))?;
            state = after(state, writes);
        }
        history.states.push(state);
        let _ = self.call(store, |store| store.commit_spilled(&mut batch))?;
        self.acknowledge(store, Durability::Strict, history)
    }
}
