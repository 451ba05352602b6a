//! The contract of [`Storage`], as a suite that every storage must pass: each sentence of the
//! contract is a check with a name.
//!
//! Nothing here panics or needs a test harness, so that the suite runs wherever a storage does: a
//! test calls [`check`] and fails with the text it answers.

mod checks;
mod model;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::{FileId, Read, Storage, Synced};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Durability;

/// What the suite needs from whoever brings the storage.
pub trait Host {
    /// The storage under test.
    type Storage: Storage;

    /// Three empty files that nobody else uses. Earlier storages of this host are gone by then.
    fn make(&mut self) -> Result<Self::Storage>;

    /// Closes the storage and opens it again. A host that cannot do so hands back what it was
    /// given.
    fn reopen(&mut self, storage: Self::Storage) -> Result<Self::Storage> {
        Ok(storage)
    }

    /// Fetches what the storage lacks and completes its barriers. Called after `Missing` and
    /// `Pending`; a storage that never gives these answers needs nothing here.
    fn settle(&mut self, storage: &Self::Storage) -> Result<()> {
        let _ = storage;
        Ok(())
    }
}

/// How much of the contract is checked.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Files have holes that cost nothing, so offsets beyond 4 GiB are tried.
    pub sparse: bool,
    /// Operations of the comparison with a model.
    pub model_ops: u32,
    /// Seed of that comparison.
    pub seed: u64,
}

impl Default for Scope {
    /// Without sparse files, 4,000 operations.
    fn default() -> Self {
        Self { sparse: false, model_ops: 4_000, seed: 1 }
    }
}

/// Why a check failed.
type Verdict = std::result::Result<(), String>;

/// A host whose storages take their time, such as those of a browser's database.
pub trait AsyncHost {
    /// The storage under test.
    type Storage: Storage;

    /// As [`Host::make`].
    fn make(&mut self) -> impl Future<Output = Result<Self::Storage>>;

    /// As [`Host::reopen`].
    fn reopen(&mut self, storage: Self::Storage) -> impl Future<Output = Result<Self::Storage>>;

    /// As [`Host::settle`].
    fn settle(&mut self, storage: &Self::Storage) -> impl Future<Output = Result<()>>;
}

impl<H: Host> AsyncHost for H {
    type Storage = H::Storage;

    async fn make(&mut self) -> Result<H::Storage> {
        Host::make(self)
    }

    async fn reopen(&mut self, storage: H::Storage) -> Result<H::Storage> {
        Host::reopen(self, storage)
    }

    async fn settle(&mut self, storage: &H::Storage) -> Result<()> {
        Host::settle(self, storage)
    }
}

/// Runs every check on a storage of its own. The error names the first sentence that is not held,
/// and what was found instead.
pub fn check<H: Host>(host: &mut H, scope: Scope) -> Verdict {
    let checked = pin!(check_async(host, scope));
    match checked.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verdict) => verdict,
        Poll::Pending => Err("a host that answers at once has waited".into()),
    }
}

/// As [`check`], where the host takes its time.
pub async fn check_async<H: AsyncHost>(host: &mut H, scope: Scope) -> Verdict {
    checks::all(host, scope).await?;
    one(host, scope, "any sequence of calls does what a model does", model::run).await
}

/// Runs one check.
async fn one<H: AsyncHost>(
    host: &mut H,
    scope: Scope,
    name: &str,
    run: impl AsyncFnOnce(&mut Bench<'_, H>) -> Verdict,
) -> Verdict {
    let made = host.make().await;
    let storage = made.map_err(|e| format!("{name}: the storage could not be made: {e}"))?;
    let mut bench = Bench { host, storage: Some(storage), scope, barrier_last: None };
    run(&mut bench).await.map_err(|why| format!("{name}: {why}"))
}

/// A storage under test, with the calls that a check makes.
struct Bench<'h, H: AsyncHost> {
    host: &'h mut H,
    /// Empty only when reopening failed.
    storage: Option<H::Storage>,
    scope: Scope,
    barrier_last: Option<u64>,
}

impl<H: AsyncHost> Bench<'_, H> {
    fn storage(&self) -> std::result::Result<&H::Storage, String> {
        self.storage.as_ref().ok_or_else(|| "the storage is gone".into())
    }

    async fn settle(&mut self) -> Verdict {
        let storage = self.storage.as_ref().ok_or("the storage is gone")?;
        self.host.settle(storage).await.map_err(|e| format!("settling failed: {e}"))
    }

    fn len(&self, file: FileId) -> std::result::Result<u64, String> {
        self.storage()?.len(file).map_err(|e| format!("len of {} failed: {e}", file.name()))
    }

    /// Reads; the answer `Missing` must be gone once the host has settled.
    async fn try_read(
        &mut self,
        file: FileId,
        offset: u64,
        len: usize,
    ) -> std::result::Result<Result<Vec<u8>>, String> {
        let mut buf = vec![0xa5; len];
        for _ in 0..2 {
            match self.storage()?.read_at(file, offset, &mut buf) {
                Ok(Read::Done) => return Ok(Ok(buf)),
                Ok(Read::Missing) => self.settle().await?,
                Err(e) => return Ok(Err(e)),
            }
        }
        Err(format!("{} is still missing at {offset} after it was fetched", file.name()))
    }

    async fn read(
        &mut self,
        file: FileId,
        offset: u64,
        len: usize,
    ) -> std::result::Result<Vec<u8>, String> {
        let name = file.name();
        self.try_read(file, offset, len)
            .await?
            .map_err(|e| format!("reading {len} bytes of {name} at {offset} failed: {e}"))
    }

    async fn write(&mut self, file: FileId, offset: u64, bytes: &[u8]) -> Verdict {
        // A storage of chunks needs those at the rim of the range, as the engine's alignment
        // ensures.
        self.fetch_around(file, offset, bytes.len()).await?;
        self.storage()?.write_at(file, offset, bytes).map_err(|e| {
            format!("writing {} bytes of {} at {offset} failed: {e}", bytes.len(), file.name())
        })
    }

    async fn fetch_around(&mut self, file: FileId, offset: u64, len: usize) -> Verdict {
        let file_len = self.len(file)?;
        let end = offset.saturating_add(len as u64);
        for at in [offset.min(file_len.saturating_sub(1)), end] {
            if at < file_len {
                self.read(file, at, 1).await?;
            }
        }
        Ok(())
    }

    fn set_len(&mut self, file: FileId, len: u64) -> Verdict {
        self.storage()?
            .set_len(file, len)
            .map_err(|e| format!("setting {} to {len} bytes failed: {e}", file.name()))
    }

    /// Syncs, and has a pending barrier completed.
    async fn sync(&mut self, file: FileId, durability: Durability) -> Verdict {
        let answer = self.storage()?.sync(file, durability);
        match answer.map_err(|e| format!("syncing {} failed: {e}", file.name()))? {
            Synced::Done => Ok(()),
            Synced::Pending(barrier) => {
                ensure(self.barrier_last.is_none_or(|last| barrier.0 > last), || {
                    format!("barrier {} came after {:?}", barrier.0, self.barrier_last)
                })?;
                self.barrier_last = Some(barrier.0);
                self.settle().await
            }
        }
    }

    /// Syncs all files, then closes and opens the storage.
    async fn reopen(&mut self) -> Verdict {
        for file in FileId::ALL {
            self.sync(file, Durability::Strict).await?;
        }
        let storage = self.storage.take().ok_or("the storage is gone")?;
        let storage =
            self.host.reopen(storage).await.map_err(|e| format!("reopening failed: {e}"))?;
        self.storage = Some(storage);
        self.barrier_last = None;
        Ok(())
    }

    fn expect_len(&self, file: FileId, expected: u64) -> Verdict {
        let found = self.len(file)?;
        ensure(found == expected, || {
            format!("{} has {found} bytes instead of {expected}", file.name())
        })
    }

    async fn expect_bytes(&mut self, file: FileId, offset: u64, expected: &[u8]) -> Verdict {
        let found = self.read(file, offset, expected.len()).await?;
        let differs = found.iter().zip(expected).position(|(a, b)| a != b);
        differs.map_or(Ok(()), |at| {
            Err(format!(
                "{} at {offset} + {at} of {}: found {:?}, expected {:?}",
                file.name(),
                expected.len(),
                found.get(at),
                expected.get(at)
            ))
        })
    }

    /// A read that leaves the file must fail with `Io`.
    async fn expect_past_the_end(&mut self, file: FileId, offset: u64, len: usize) -> Verdict {
        expect_kind(
            &self.try_read(file, offset, len).await?,
            &[ErrorKind::Io],
            &format!("reading {len} bytes of {} at {offset}, past its end", file.name()),
        )
    }
}

fn expect_kind<T>(result: &Result<T>, kinds: &[ErrorKind], what: &str) -> Verdict {
    let kind = result.as_ref().err().map(Error::kind);
    ensure(kind.is_some_and(|kind| kinds.contains(&kind)), || match kind {
        Some(kind) => format!("{what} failed with {} instead of {kinds:?}", kind.name()),
        None => format!("{what} succeeded"),
    })
}

fn ensure(holds: bool, why: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(why()) }
}

/// Bytes that differ from place to place and are never zero, so that shifted or missing ones show.
fn pattern(seed: u8, len: usize) -> Vec<u8> {
    let bytes = (1..=251_u8).cycle().skip(usize::from(seed));
    bytes
        .zip(0_u64..)
        .map(|(byte, at)| byte ^ ((at >> 12) & 3) as u8)
        .map(|b| b.max(1))
        .take(len)
        .collect()
}
