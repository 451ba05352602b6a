//! A storage that fails on purpose, for tests: everything a platform may do to the engine, done
//! deterministically from a seed.
//!
//! # The fault model
//!
//! *Live and durable.* Every file has a live image, which reads see and which stands for what the
//! operating system holds in memory, and a durable image, which stands for the medium. Between them
//! is a journal: the writes and changes of length since the last sync, in order. A strict sync
//! moves the journal of its file, and of no other, to the durable image. A relaxed sync moves
//! nothing.
//!
//! *The end of the process* loses nothing that was written: [`SimStorage::kill_image`] is the live
//! image. [`SimStorage::restart`] goes on from there with the journal still at risk, so that an
//! engine which builds on bytes it merely read back is caught by the next loss of power.
//!
//! *Loss of power* leaves the durable image and any part of the journal ([`Cuts`]):
//! - a write is split at sector boundaries; each piece is kept, lost or torn. A torn piece has new
//!   bytes at its front, its back or both, cut at multiples of the tearing granularity, and between
//!   them the old bytes or garbage;
//! - pieces are independent, within a file and between files: that a later piece is kept and an
//!   earlier one lost is what reordering amounts to once the power is gone;
//! - each change of a file's length is a piece of its own. Length can lag behind the data, which
//!   then is cut off, or lead it, and then the missing data reads as zeros or as whatever the
//!   medium held there before. A lost cut leaves stale old bytes;
//! - bytes that no write of the journal covers never change: the medium is assumed to overwrite
//!   part of a sector without harming the rest of it, and durable bytes do not decay by themselves.
//!
//! *Failures of one call* ([`Fault`]): an `Io` error that did nothing; a full storage; a write that
//! stopped half-way; a write that landed elsewhere; a sync that failed with some of its pieces on
//! the medium, after which the live image has the new bytes, never to be written (ext4), or the old
//! ones (Btrfs); a sync that says `Done` and did nothing. Reads fail or flip a bit at chosen
//! places. A total size limit refuses growth and nothing else.
//!
//! *An asynchronous storage* is one that answers `Pending`: a barrier is a transaction, which
//! commits whole or not at all and in order; what no barrier committed ends with the process. One
//! that keeps chunks answers `Missing` until a chunk was fetched, and refuses to write part of a
//! chunk it does not have.
//!
//! *Names are not durable* on some platforms: [`Image::without`] is a file that is found missing
//! or, what is the same to a storage, empty; [`Image::with_logs_swapped`] is a pair found under
//! each other's names.
//!
//! Not modelled: two writers.

mod counts;
mod image;
mod journal;
mod plan;
mod power_cut;
mod residency;
mod state;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use counts::{Counts, FileCounts};
pub use image::Image;
pub use plan::{Fault, Repeat, Reread, When};
pub use power_cut::{Cuts, PIECES_EXHAUSTIVE_MAX, PowerCut};

use super::{Barrier, FileId, Read, Storage, Synced};
use crate::error::Result;
use crate::options::Durability;
use state::State;

/// The simulated storage; see the [fault model](self). A clone is another handle on the same files.
///
/// Calls that change something (`write_at`, `set_len`, `sync`) are numbered from 0; faults name the
/// call they happen to by that number.
#[derive(Clone)]
pub struct SimStorage {
    state: Arc<Mutex<State>>,
}

impl SimStorage {
    /// Three empty files. `seed` decides what a failing sync leaves on the medium, nothing else.
    pub fn new(seed: u64) -> Self {
        Self::from_image(Image::default(), seed)
    }

    /// Files that hold `image`, all of it durable.
    pub fn from_image(image: Image, seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(image, seed))) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What reads see.
    pub fn image(&self) -> Image {
        self.state().live.to_image()
    }

    /// What is certain to survive a loss of power.
    pub fn durable_image(&self) -> Image {
        self.state().durable.to_image()
    }

    /// What the end of the process leaves: all writes, or where syncs are pending, what barriers
    /// committed.
    pub fn kill_image(&self) -> Image {
        self.state().kill_image().to_image()
    }

    /// Whether reads see exactly `image`.
    pub fn holds(&self, image: &Image) -> bool {
        let state = self.state();
        FileId::ALL.iter().all(|file| state.live.file(*file) == image.file(*file))
    }

    /// What a loss of power at this moment could leave.
    pub fn power_cut(&self, model: PowerCut) -> Cuts {
        self.state().power_cut(model)
    }

    /// The process ended and a new one begins on the same files, without a loss of power: planned
    /// faults and the crash are gone, counts start again, no chunk is at hand, the journal is still
    /// at risk.
    pub fn restart(&self) {
        self.state().restart();
    }

    /// What was asked of the storage so far.
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// Starts counting, and numbering calls, from zero.
    pub fn reset_counts(&self) {
        self.state().counts = Counts::default();
    }

    /// The power goes before or after call `n` takes effect; that call and all later ones fail with
    /// `Io`.
    pub fn crash_at(&self, n: u64, when: When) {
        self.state().plan.crash = Some((n, when));
    }

    /// Whether the power is gone.
    pub fn is_off(&self) -> bool {
        self.state().plan.is_off
    }

    /// Lets `fault` happen to the first call from number `n` on that it can happen to, or to all of
    /// them.
    pub fn fail_at(&self, n: u64, fault: Fault, repeat: Repeat) {
        self.state().plan.add(n, fault, repeat);
    }

    /// Fails read number `n`, counted from 0 over all files, or that and all later ones, with `Io`.
    pub fn fail_read(&self, n: u64, repeat: Repeat) {
        self.state().plan.failing_read = Some((n, repeat));
    }

    /// Fails every read that touches `range` of `file` with `Io`.
    pub fn fail_reads_in(&self, file: FileId, range: Range<u64>) {
        self.state().plan.unreadable.push((file, range));
    }

    /// Every read of the byte at `offset` of `file` finds `bit` (0 to 7) flipped.
    pub fn flip_bit(&self, file: FileId, offset: u64, bit: u8) {
        self.state().plan.flipped.push((file, offset, bit));
    }

    /// Refuses growth of the three files together beyond `bytes` with `QuotaExceeded`.
    pub fn set_quota(&self, bytes: Option<u64>) {
        self.state().plan.quota = bytes;
    }

    /// Takes back every planned fault, quota and crash that did not happen yet. The power stays
    /// off.
    pub fn heal(&self) {
        self.state().plan.heal();
    }

    /// From now on `sync` answers `Pending`.
    pub fn make_asynchronous(&self) {
        self.state().make_asynchronous();
    }

    /// Barriers that were neither completed nor failed, oldest first.
    pub fn outstanding(&self) -> Vec<Barrier> {
        self.state().outstanding()
    }

    /// Commits `barrier` and all before it: what they cover is durable.
    pub fn complete(&self, barrier: Barrier) {
        self.state().complete(barrier);
    }

    /// Aborts `barrier`, and with it everything written since: reads see what earlier barriers
    /// cover.
    pub fn fail(&self, barrier: Barrier) {
        self.state().fail(barrier);
    }

    /// From now on the storage keeps chunks of `chunk_bytes`, and none is at hand. Chunks of the
    /// volume's first `head_bytes` and of the logs stay at hand once they are.
    pub fn keep_chunks(&self, chunk_bytes: u32, head_bytes: u64) {
        self.state().keep_chunks(chunk_bytes, head_bytes);
    }

    /// Fetches the chunks that reads found missing; answers how many.
    pub fn fetch_missing(&self) -> usize {
        self.state().fetch_missing()
    }

    /// Drops every chunk that may be dropped: those of the volume behind its head that hold no
    /// un-synced write.
    pub fn evict(&self) {
        self.state().evict();
    }
}

impl Storage for SimStorage {
    fn len(&self, file: FileId) -> Result<u64> {
        self.state().len(file)
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        self.state().read_at(file, offset, buf)
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        self.state().write_at(file, offset, bytes)
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        self.state().set_len(file, len)
    }

    fn sync(&self, file: FileId, durability: Durability) -> Result<Synced> {
        self.state().sync(file, durability)
    }
}

impl fmt::Debug for SimStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("SimStorage")
            .field("live_bytes", &state.live.total_len())
            .field("durable_bytes", &state.durable.total_len())
            .field("unsynced", &state.journal.len())
            .field("counts", &state.counts)
            .finish()
    }
}
