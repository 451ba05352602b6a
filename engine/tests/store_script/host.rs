//! Whoever calls a store: fetches what it misses, and waits for barriers.

use entidb::kv::{Batch, Store, View};
use entidb::storage::fault::SimStorage;
use entidb::storage::{FileId, Storage};
use entidb::{Durability, Error, ErrorKind, Result};
use fastrand::Rng;

use super::{
    HEAD_BYTES, History, State, Step, Write, after, batch_of, check, entries_at, is_same, open,
    open_with, try_state_of, write,
};

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
    /// Whether the files may grow no more than a little.
    pub is_short: bool,
    /// What the store did so far.
    pub seen: Seen,
    /// Snapshots, and what they must show.
    pins: Vec<(u64, State)>,
    volume_bytes: u64,
}

/// What a store did while a script ran, to tell that the script shows what it is named after.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub flushes: u64,
    pub merges: u64,
    pub moves: u64,
    pub runs_max: u64,
    /// The most bytes that a log file had.
    pub log_file_bytes_max: u64,
    /// Steps after which the volume was shorter, and longer, than before.
    pub shrinkings: u64,
    pub growths: u64,
    /// Steps that were refused for want of space.
    pub refusals: u64,
    /// Readings of snapshots that show something else than the present.
    pub old_views: u64,
    /// Groups that had no room for all their commits.
    pub full_groups: u64,
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
            is_short: false,
            seen: Seen::default(),
            pins: Vec::new(),
            volume_bytes: 0,
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
                history.give(store.visible_seq());
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
                self.pins.clear();
                *store = self.open()?;
            }
            Step::CompactBegin => self.call(store, Store::compact_begin)?,
            Step::Sync => {
                let _ = self.call(store, |store| store.commit(Durability::Strict))?;
                self.acknowledge(store, Durability::Strict, history)?;
            }
            Step::Discard(writes) => {
                let batch = batch_of(writes)?;
                let _ = self.stage(store, &batch)?;
                store.discard();
            }
            other => self.run_aside(store, other, history)?,
        }
        Ok(())
    }

    /// Steps that read, and those that happen to a store from outside.
    fn run_aside(
        &mut self,
        store: &mut Store<SimStorage>,
        step: &Step,
        history: &History,
    ) -> Result<()> {
        match step {
            Step::Pin => {
                let seq = store.visible_seq();
                store.pin(seq);
                self.pins.push((seq, history.last()));
            }
            Step::Unpin if !self.pins.is_empty() => {
                let (seq, _) = self.pins.remove(0);
                store.unpin(seq);
            }
            Step::Look => self.look(store, history)?,
            Step::Kill => {
                self.pins.clear();
                *store = self.open()?;
                check(store, &history.of_process(), "killed");
            }
            Step::ReadOnly => {
                self.pins.clear();
                let before = self.sim.image();
                let mut reader = open_with(&self.sim, true)?;
                check(&reader, &history.of_process(), "read only");
                let refused = reader.flush().unwrap_err();
                assert_eq!(refused.kind(), ErrorKind::Unsupported, "{refused}");
                let _ = reader.close()?;
                assert!(self.sim.holds(&before), "a reader has written");
                *store = self.open()?;
            }
            Step::Quota(room) => {
                let limit = room.map(|room| self.sim.image().total_len() + room);
                self.sim.set_quota(limit);
                self.is_short = limit.is_some();
            }
            _ => {}
        }
        Ok(())
    }

    fn look(&mut self, store: &Store<SimStorage>, history: &History) -> Result<()> {
        assert_eq!(history.find(&try_state_of(store)?), Some(history.states.len() - 1));
        for (seq, (wanted, catalog)) in &self.pins {
            let found = entries_at(store, View::at(*seq))?;
            assert!(is_same(&found, wanted, catalog), "the snapshot at {seq}");
            self.seen.old_views += u64::from(found != history.last().0);
        }
        Ok(())
    }

    /// Notes what the store did since the last look.
    pub fn look_at(&mut self, store: &Store<SimStorage>) {
        let stats = store.stats();
        let seen = &mut self.seen;
        // A store that was opened anew begins to count again.
        seen.flushes = seen.flushes.max(stats.flushes);
        seen.merges = seen.merges.max(stats.merges);
        seen.moves = seen.moves.max(stats.moves);
        seen.runs_max = seen.runs_max.max(stats.level0_runs);
        let len = |file| self.sim.len(file).unwrap_or(0);
        let volume = len(FileId::Volume);
        seen.shrinkings += u64::from(volume < self.volume_bytes);
        seen.growths += u64::from(volume > self.volume_bytes);
        self.volume_bytes = volume;
        let logs = len(FileId::LogA).max(len(FileId::LogB));
        seen.log_file_bytes_max = seen.log_file_bytes_max.max(logs);
    }

    fn group(
        &mut self,
        store: &mut Store<SimStorage>,
        commits: &[Vec<Write>],
        durability: Durability,
        history: &mut History,
    ) -> Result<()> {
        let acknowledge = |host: &mut Self, store: &mut Store<_>, history: &mut History| {
            let given = history.given;
            history.give(store.staged_seq());
            let committed = host.call(store, |store| store.commit(durability));
            if committed.as_ref().is_err_and(|error| error.kind() == ErrorKind::QuotaExceeded) {
                // Nobody saw the numbers of what was refused.
                history.given = given;
            }
            let _ = committed?;
            host.acknowledge(store, durability, history)
        };
        for writes in commits {
            let batch = batch_of(writes)?;
            let staged = match self.stage(store, &batch) {
                Ok(None) => {
                    self.seen.full_groups += 1;
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
        self.acknowledge(store, Durability::Strict, history)?;
        history.give(store.visible_seq());
        Ok(())
    }
}
