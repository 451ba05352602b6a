//! Every storage passes the one contract suite.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use entidb::storage::contract::{self, Host, Scope};
use entidb::storage::fault::SimStorage;
use entidb::storage::{Barrier, FileId, FileStorage, MemoryStorage, Read, Storage, Synced};
use entidb::{Durability, Error, ErrorKind, Result};
use tempfile::TempDir;

fn passes<H: Host>(host: &mut H, scope: Scope) {
    if let Err(why) = contract::check(host, scope) {
        panic!("{why}");
    }
}

struct Memory;

impl Host for Memory {
    type Storage = MemoryStorage;

    fn make(&mut self) -> Result<MemoryStorage> {
        Ok(MemoryStorage::new())
    }

    fn reopen(&mut self, storage: MemoryStorage) -> Result<MemoryStorage> {
        Ok(storage.clone())
    }
}

#[test]
fn memory_keeps_the_contract() {
    passes(&mut Memory, Scope { model_ops: 20_000, ..Scope::default() });
}

#[derive(Default)]
struct Files(Option<TempDir>);

impl Host for Files {
    type Storage = FileStorage;

    fn make(&mut self) -> Result<FileStorage> {
        let dir = tempfile::tempdir().unwrap();
        let storage = FileStorage::open(dir.path());
        self.0 = Some(dir);
        storage
    }

    fn reopen(&mut self, storage: FileStorage) -> Result<FileStorage> {
        let dir = storage.dir().to_path_buf();
        drop(storage);
        FileStorage::open_existing(dir)
    }
}

#[test]
fn files_keep_the_contract() {
    passes(&mut Files::default(), Scope { sparse: true, model_ops: 4_000, seed: 2 });
}

/// A simulation in one of its ways of answering.
#[derive(Default)]
struct Simulated {
    asynchronous: bool,
    chunk_bytes: Option<u32>,
    fetches: usize,
    barriers: usize,
}

impl Host for Simulated {
    type Storage = SimStorage;

    fn make(&mut self) -> Result<SimStorage> {
        let storage = SimStorage::new(1);
        if self.asynchronous {
            storage.make_asynchronous();
        }
        if let Some(chunk_bytes) = self.chunk_bytes {
            storage.keep_chunks(chunk_bytes, 0);
        }
        Ok(storage)
    }

    fn reopen(&mut self, storage: SimStorage) -> Result<SimStorage> {
        storage.restart();
        Ok(storage)
    }

    fn settle(&mut self, storage: &SimStorage) -> Result<()> {
        self.fetches += storage.fetch_missing();
        if let Some(barrier) = storage.outstanding().last() {
            storage.complete(*barrier);
            self.barriers += 1;
            storage.evict();
        }
        Ok(())
    }
}

#[test]
fn the_simulation_keeps_the_contract() {
    passes(&mut Simulated::default(), Scope { model_ops: 20_000, ..Scope::default() });
}

#[test]
fn the_simulation_keeps_the_contract_while_it_is_asynchronous() {
    let mut host =
        Simulated { asynchronous: true, chunk_bytes: Some(4096), ..Simulated::default() };
    passes(&mut host, Scope { model_ops: 10_000, seed: 3, ..Scope::default() });
    assert!(host.fetches > 100, "chunks were fetched: {}", host.fetches);
    assert!(host.barriers > 100, "barriers were completed: {}", host.barriers);
}

/// A memory storage with one thing wrong.
struct Wrong {
    inner: MemoryStorage,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    StartsWithBytes,
    ReadsZerosPastTheEnd,
    FailsWithTheWrongKind,
    AppendsWhereThereIsAGap,
    LeavesOldBytesAfterACut,
    SharesTheLogs,
    ForgetsTheLastByteOfALargeWrite,
    NeverGrowsBySetLen,
    WrapsOffsets,
    GivesBarriersBackwards,
    StaysMissing,
    ForgetsWhenReopened,
}

impl Wrong {
    fn file(&self, file: FileId) -> FileId {
        if self.how == How::SharesTheLogs && file == FileId::LogB { FileId::LogA } else { file }
    }
}

impl Storage for Wrong {
    fn len(&self, file: FileId) -> Result<u64> {
        let len = self.inner.len(self.file(file))?;
        Ok(if self.how == How::StartsWithBytes { len.max(1) } else { len })
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        if self.how == How::StaysMissing && offset > 4_000 {
            return Ok(Read::Missing);
        }
        let result = self.inner.read_at(self.file(file), offset, buf);
        match (result, self.how) {
            (Err(_), How::ReadsZerosPastTheEnd) => {
                buf.fill(0);
                Ok(Read::Done)
            }
            (Err(_), How::FailsWithTheWrongKind) => Err(Error::new(ErrorKind::Corrupt, "past")),
            (result, _) => result,
        }
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        let offset = match self.how {
            How::AppendsWhereThereIsAGap => offset.min(self.inner.len(self.file(file))?),
            How::WrapsOffsets => offset & 0x3ff_ffff,
            _ => offset,
        };
        let whole = self.how != How::ForgetsTheLastByteOfALargeWrite || bytes.len() < 1 << 20;
        let end = if whole { bytes.len() } else { bytes.len() - 1 };
        self.inner.write_at(self.file(file), offset, &bytes[..end])
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        let file = self.file(file);
        let old = self.inner.len(file)?;
        match self.how {
            How::NeverGrowsBySetLen if len > old => Ok(()),
            How::LeavesOldBytesAfterACut if len > old => {
                self.inner.set_len(file, len)?;
                self.inner.write_at(file, old, &[1])
            }
            _ => self.inner.set_len(file, len),
        }
    }

    fn sync(&self, _file: FileId, _durability: Durability) -> Result<Synced> {
        let backwards = self.how == How::GivesBarriersBackwards;
        Ok(if backwards { Synced::Pending(Barrier(1)) } else { Synced::Done })
    }
}

impl Host for How {
    type Storage = Wrong;

    fn make(&mut self) -> Result<Wrong> {
        Ok(Wrong { inner: MemoryStorage::new(), how: *self })
    }

    fn reopen(&mut self, storage: Wrong) -> Result<Wrong> {
        if *self == Self::ForgetsWhenReopened { self.make() } else { Ok(storage) }
    }
}

#[test]
fn the_suite_finds_every_planted_defect() {
    let planted = [
        (How::StartsWithBytes, "never written"),
        (How::ReadsZerosPastTheEnd, "past the end"),
        (How::FailsWithTheWrongKind, "past the end"),
        (How::AppendsWhereThereIsAGap, "gap"),
        (How::LeavesOldBytesAfterACut, "set_len grows"),
        (How::SharesTheLogs, "independent"),
        (How::ForgetsTheLastByteOfALargeWrite, "large write"),
        (How::NeverGrowsBySetLen, "set_len grows"),
        (How::WrapsOffsets, "no file can have"),
        (How::GivesBarriersBackwards, "barrier"),
        (How::StaysMissing, "missing"),
        (How::ForgetsWhenReopened, "reopening"),
    ];
    for (mut how, sentence) in planted {
        let why = contract::check(&mut how, Scope::default()).expect_err(&format!("{how:?}"));
        assert!(why.contains(sentence), "{how:?}: {why}");
    }
}
