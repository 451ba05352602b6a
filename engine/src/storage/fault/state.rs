//! The simulated files, and what each call does to them.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::counts::Counts;
use super::image::{Image, Shared};
use super::journal::{Change, Op};
use super::plan::{Call, Fault, Plan, Reread, When};
use super::power_cut::{Cuts, PowerCut};
use super::residency::{Chunk, Residency};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Durability;
use crate::storage::{Barrier, FileId, Read, Synced, buffer};

/// What reads leave in the buffer where the storage answers `Missing`: not zeros, so that whoever
/// uses it all the same is found out.
const UNFILLED: u8 = 0xdb;

pub struct State {
    pub live: Shared,
    pub durable: Shared,
    pub journal: Vec<Op>,
    pub counts: Counts,
    pub plan: Plan,
    residency: Option<Residency>,
    barriers: Option<Barriers>,
    rng: Rng,
}

/// Barriers of an asynchronous storage.
#[derive(Default)]
struct Barriers {
    last: u64,
    outstanding: BTreeSet<u64>,
}

impl State {
    pub fn new(image: Image, seed: u64) -> Self {
        let files = Shared::from(image);
        Self {
            live: files.clone(),
            durable: files,
            journal: Vec::new(),
            counts: Counts::default(),
            plan: Plan::default(),
            residency: None,
            barriers: None,
            rng: Rng::with_seed(seed),
        }
    }

    pub fn len(&self, file: FileId) -> Result<u64> {
        self.check_power(file)?;
        Ok(self.live.file(file).len() as u64)
    }

    pub fn read_at(&mut self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        self.check_power(file)?;
        let n = self.counts.total().reads;
        self.counts.of_mut(file).reads += 1;
        let range = offset..offset.saturating_add(buf.len() as u64);
        if self.plan.read_fails(n, file, &range) {
            return Err(fault(file, offset, "a read was made to fail"));
        }
        let end = range.end.min(self.live.file(file).len() as u64);
        if self.residency.as_mut().is_some_and(|r| !r.demand(file, offset, end)) {
            buf.fill(UNFILLED);
            return Ok(Read::Missing);
        }
        buffer::read(self.live.file(file), file, offset, buf)?;
        self.plan.flip(file, offset, buf);
        self.counts.of_mut(file).bytes_read += buf.len() as u64;
        Ok(Read::Done)
    }

    pub fn write_at(&mut self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        self.call(file, Call::Write, |state, happens| {
            state.counts.of_mut(file).writes += 1;
            match happens {
                Some(Fault::Quota) => Err(no_room(file, offset)),
                Some(Fault::ShortWrite) => {
                    let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
                    state.write(file, offset, half)?;
                    Err(fault(file, offset, "a write was made to stop half-way"))
                }
                Some(Fault::Misdirected { offset }) => state.write(file, offset, bytes),
                Some(_) => Err(fault(file, offset, "a write was made to fail")),
                None => state.write(file, offset, bytes),
            }
        })
    }

    pub fn set_len(&mut self, file: FileId, len: u64) -> Result<()> {
        self.call(file, Call::SetLen, |state, happens| {
            state.counts.of_mut(file).set_lens += 1;
            match happens {
                Some(Fault::Quota) => Err(no_room(file, len)),
                Some(_) => Err(fault(file, len, "a change of length was made to fail")),
                None => state.resize(file, len),
            }
        })
    }

    pub fn sync(&mut self, file: FileId, durability: Durability) -> Result<Synced> {
        let strict = durability == Durability::Strict;
        let call = if strict { Call::StrictSync } else { Call::RelaxedSync };
        self.call(file, call, |state, happens| {
            let counts = state.counts.of_mut(file);
            let counter = if strict { &mut counts.syncs } else { &mut counts.syncs_relaxed };
            *counter += 1;
            match happens {
                Some(Fault::SyncLies) => return Ok(Synced::Done),
                Some(Fault::SyncFails { reread }) => state.lose(file, reread),
                _ => {}
            }
            if happens.is_some() {
                return Err(fault(file, 0, "a sync was made to fail"));
            }
            if let Some(barrier) = state.begin_barrier(file) {
                return Ok(Synced::Pending(barrier));
            }
            if strict {
                state.commit(|op| op.file == file)?;
            }
            Ok(Synced::Done)
        })
    }

    /// Numbers a call, and lets happen to it what is planned.
    fn call<T>(
        &mut self,
        file: FileId,
        call: Call,
        run: impl FnOnce(&mut Self, Option<Fault>) -> Result<T>,
    ) -> Result<T> {
        self.check_power(file)?;
        let n = self.counts.calls;
        self.counts.calls += 1;
        self.plan.is_off = self.plan.crashes(n, When::Before);
        self.check_power(file)?;
        let happens = self.plan.take(n, call);
        let result = run(self, happens);
        self.plan.is_off = self.plan.crashes(n, When::After);
        self.check_power(file)?;
        result
    }

    fn check_power(&self, file: FileId) -> Result<()> {
        if self.plan.is_off { Err(fault(file, 0, "the power is off")) } else { Ok(()) }
    }

    fn write(&mut self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let len = self.live.file(file).len() as u64;
        let end = offset.checked_add(bytes.len() as u64).ok_or_else(|| no_room(file, offset))?;
        self.check_quota(file, len, end)?;
        if self.residency.as_ref().is_some_and(|r| !r.allows(file, offset, end, len)) {
            return Err(fault(file, offset, "part of a chunk that is not at hand was written"));
        }
        buffer::write(self.live.file_mut(file), file, offset, bytes)?;
        if let Some(residency) = &mut self.residency {
            residency.write(file, offset, end, len);
        }
        self.counts.of_mut(file).bytes_written += bytes.len() as u64;
        let grown_to = (end > len).then_some(end);
        let change = Change::Write { offset, bytes: bytes.to_vec(), grown_to };
        self.journal.push(Op { file, change, barrier: None });
        Ok(())
    }

    fn resize(&mut self, file: FileId, len: u64) -> Result<()> {
        let old_len = self.live.file(file).len() as u64;
        if len == old_len {
            return Ok(());
        }
        self.check_quota(file, old_len, len)?;
        buffer::set_len(self.live.file_mut(file), file, len)?;
        if let Some(residency) = &mut self.residency {
            residency.grow(file, old_len, len);
        }
        self.journal.push(Op { file, change: Change::SetLen(len), barrier: None });
        Ok(())
    }

    fn check_quota(&self, file: FileId, len: u64, end: u64) -> Result<()> {
        let growth = end.saturating_sub(len);
        let total = self.live.total_len().saturating_add(growth);
        if growth > 0 && self.plan.quota.is_some_and(|quota| total > quota) {
            return Err(no_room(file, len));
        }
        Ok(())
    }

    /// Moves chosen operations from the journal to the medium.
    fn commit(&mut self, chosen: impl Fn(&Op) -> bool) -> Result<()> {
        for op in self.journal.extract_if(.., |op| chosen(op)) {
            op.apply(&mut self.durable)?;
        }
        Ok(())
    }

    /// A sync failed: some of the file's pieces are on the medium, and the system believes that all
    /// are.
    fn lose(&mut self, file: FileId, reread: Reread) {
        let model = PowerCut::default();
        let seed = self.rng.u64(..);
        let mut left = self.cuts(model, |op| op.file == file).random(seed);
        self.journal.retain(|op| op.file != file);
        *self.durable.file_mut(file) = std::mem::take(left.file_mut(file));
        if reread == Reread::Old {
            self.live.share(file, &self.durable);
        }
    }

    fn cuts(&self, model: PowerCut, chosen: impl Fn(&Op) -> bool) -> Cuts {
        let mut pieces = Vec::new();
        for op in self.journal.iter().filter(|op| chosen(op)) {
            op.split(model.sector(), &mut pieces);
        }
        Cuts::of_pieces(model, self.durable.clone(), pieces)
    }

    pub fn power_cut(&self, model: PowerCut) -> Cuts {
        let Some(barriers) = &self.barriers else { return self.cuts(model, |_| true) };
        let mut images = vec![self.durable.clone()];
        images.extend(barriers.outstanding.iter().map(|last| self.up_to(*last)));
        Cuts::of_barriers(model, images)
    }

    /// The files with every barrier up to `last` committed.
    fn up_to(&self, last: u64) -> Shared {
        let mut image = self.durable.clone();
        for op in self.journal.iter().filter(|op| op.barrier.is_some_and(|b| b <= last)) {
            // What fitted into the live image fits here; there is nobody to tell otherwise.
            let _ = op.apply(&mut image);
        }
        image
    }

    pub fn kill_image(&self) -> &Shared {
        if self.barriers.is_some() { &self.durable } else { &self.live }
    }

    pub fn restart(&mut self) {
        if self.barriers.is_some() {
            self.journal.clear();
            self.live = self.durable.clone();
            self.barriers = Some(Barriers::default());
        }
        if let Some(residency) = &mut self.residency {
            residency.clear();
        }
        self.plan = Plan::default();
        self.counts = Counts::default();
    }

    pub fn make_asynchronous(&mut self) {
        self.barriers.get_or_insert_default();
    }

    fn begin_barrier(&mut self, file: FileId) -> Option<Barrier> {
        let barriers = self.barriers.as_mut()?;
        barriers.last += 1;
        barriers.outstanding.insert(barriers.last);
        for op in self.journal.iter_mut().filter(|op| op.file == file) {
            op.barrier.get_or_insert(barriers.last);
        }
        Some(Barrier(barriers.last))
    }

    pub fn outstanding(&self) -> Vec<Barrier> {
        let numbers = self.barriers.iter().flat_map(|b| &b.outstanding);
        numbers.copied().map(Barrier).collect()
    }

    pub fn complete(&mut self, barrier: Barrier) {
        self.durable = self.up_to(barrier.0);
        self.journal.retain(|op| op.barrier.is_none_or(|b| b > barrier.0));
        if let Some(barriers) = &mut self.barriers {
            barriers.outstanding.retain(|b| *b > barrier.0);
        }
    }

    pub fn fail(&mut self, barrier: Barrier) {
        self.journal.retain(|op| op.barrier.is_some_and(|b| b < barrier.0));
        self.live = self.up_to(barrier.0);
        if let Some(barriers) = &mut self.barriers {
            barriers.outstanding.retain(|b| *b < barrier.0);
        }
    }

    pub fn keep_chunks(&mut self, chunk_bytes: u32, head_bytes: u64) {
        self.residency = Some(Residency::new(chunk_bytes, head_bytes));
    }

    pub fn fetch_missing(&mut self) -> usize {
        self.residency.as_mut().map_or(0, Residency::fetch)
    }

    pub fn evict(&mut self) {
        let Some(residency) = &mut self.residency else { return };
        let mut dirty: BTreeSet<Chunk> = BTreeSet::new();
        for op in &self.journal {
            if let Change::Write { offset, bytes, .. } = &op.change {
                dirty.extend(residency.chunks(op.file, *offset, offset + bytes.len() as u64));
            }
        }
        residency.evict(&dirty);
    }
}

#[cold]
fn fault(file: FileId, offset: u64, what: &str) -> Error {
    Error::new(ErrorKind::Io, format!("{}: {what}", file.name())).with(|d| {
        d.file = Some(file.name());
        d.offset = Some(offset);
    })
}

#[cold]
fn no_room(file: FileId, offset: u64) -> Error {
    let message = format!("{} may not grow; the quota of the simulation is used up", file.name());
    Error::new(ErrorKind::QuotaExceeded, message).with(|d| {
        d.file = Some(file.name());
        d.offset = Some(offset);
    })
}
