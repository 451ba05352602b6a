//! Files as chunks that somebody else stores: the contract, the database on top of it, and what is
//! left where the batches end early.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "helpers of tests may fail"
)]

mod db_support;

use std::collections::BTreeMap;

use db_support::{doc, id, put, tiny};
use entidb::codec::value::Value;
use entidb::storage::chunks::{Batch, ChunkId, StoredFile};
use entidb::storage::contract::{self, Scope};
use entidb::storage::{ChunkStorage, FileId, Storage};
use entidb::{At, CollectionId, Database, Durability, Error, Geometry, Options, Result};
use fastrand::Rng;

const CHUNK_BYTES: [u32; 3] = [4096, 1024, 1024];

/// What a browser's database would hold.
#[derive(Clone, Default)]
struct Kept {
    files: Option<[StoredFile; 3]>,
    chunks: BTreeMap<ChunkId, Vec<u8>>,
    fetches: usize,
    batches: usize,
}

impl Kept {
    /// The files as whoever opens them finds them.
    fn files(&self) -> [StoredFile; 3] {
        let found = |file: FileId| {
            let chunks = self.chunks.keys().filter(|(of, _)| *of == file);
            StoredFile {
                len: self.files.map_or(0, |files| file.of(&files).len),
                chunk_bytes: *file.of(&CHUNK_BYTES),
                extent: chunks.map(|(_, number)| number + 1).max().unwrap_or(0),
            }
        };
        FileId::ALL.map(found)
    }

    fn fetch(&mut self, storage: &ChunkStorage) {
        let missing = storage.missing();
        self.fetches += usize::from(!missing.is_empty());
        for chunk in missing {
            storage.supply(chunk, self.chunks.get(&chunk).map_or(&[], Vec::as_slice));
        }
    }

    /// Stores what is due; the batch that was stored.
    fn store(&mut self, storage: &ChunkStorage) -> Option<Batch> {
        if !storage.is_due() {
            return None;
        }
        self.fetch(storage);
        let batch = storage.batch().unwrap();
        for (file, cut) in FileId::ALL.into_iter().zip(batch.cuts) {
            self.chunks.retain(|chunk, _| chunk.0 != file || cut.is_none_or(|cut| chunk.1 < cut));
        }
        for (chunk, bytes) in &batch.chunks {
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            self.chunks.insert(*chunk, bytes[..end].to_vec());
        }
        self.files = Some(batch.files);
        self.batches += 1;
        storage.stored(&batch);
        Some(batch)
    }
}

struct Host {
    kept: Kept,
    rng: Rng,
}

impl contract::Host for Host {
    type Storage = ChunkStorage;

    fn make(&mut self) -> Result<ChunkStorage> {
        self.kept = Kept::default();
        Ok(ChunkStorage::new(self.kept.files()))
    }

    fn reopen(&mut self, storage: ChunkStorage) -> Result<ChunkStorage> {
        self.settle(&storage)?;
        Ok(ChunkStorage::new(self.kept.files()))
    }

    fn settle(&mut self, storage: &ChunkStorage) -> Result<()> {
        let before = self.kept.fetches;
        self.kept.fetch(storage);
        self.kept.store(storage);
        // What was just fetched is read next.
        if self.rng.u8(..4) == 0 && self.kept.fetches == before {
            storage.trim_to(64 * 1024);
        }
        Ok(())
    }
}

#[test]
fn chunks_keep_the_contract() {
    for seed in 0..20 {
        let mut host = Host { kept: Kept::default(), rng: Rng::with_seed(seed) };
        let scope = Scope { sparse: true, model_ops: 3000, seed };
        contract::check(&mut host, scope).unwrap();
    }
}

/// A model of random writes, cuts, reads and lost memory, with tiny bounds on what is at hand.
#[test]
fn whatever_is_at_hand_reads_and_stores_are_those_of_a_plain_file() {
    for seed in 0..300 {
        let mut rng = Rng::with_seed(seed);
        let mut kept = Kept::default();
        let mut storage = ChunkStorage::new(kept.files());
        let mut model: [Vec<u8>; 3] = Default::default();
        for step in 0..200 {
            let file = FileId::ALL[rng.usize(..3)];
            let bytes = file.of_mut(&mut model);
            match rng.u8(..10) {
                0..4 => {
                    let at = rng.usize(..20_000);
                    let new: Vec<u8> = (0..rng.usize(1..9000)).map(|_| rng.u8(..)).collect();
                    storage.write_at(file, at as u64, &new).unwrap();
                    let end = at + new.len();
                    bytes.resize(bytes.len().max(end), 0);
                    bytes[at..end].copy_from_slice(&new);
                }
                4 => {
                    let len = rng.usize(..30_000);
                    storage.set_len(file, len as u64).unwrap();
                    bytes.resize(len, 0);
                }
                5 | 6 => {
                    let _ = storage.sync(file, Durability::Strict).unwrap();
                    kept.store(&storage);
                    storage.trim_to(rng.usize(..20_000));
                }
                7 if rng.bool() => {
                    let _ = storage.sync(file, Durability::Strict).unwrap();
                    kept.store(&storage);
                    storage = ChunkStorage::new(kept.files());
                }
                _ => {
                    let start = rng.usize(..=bytes.len());
                    let end = rng.usize(start..=bytes.len());
                    let mut found = vec![7; end - start];
                    let mut rounds = 0;
                    while storage.read_at(file, start as u64, &mut found).unwrap()
                        == entidb::storage::Read::Missing
                    {
                        kept.fetch(&storage);
                        rounds += 1;
                    }
                    assert!(rounds <= 1, "one fetch brings all");
                    assert_eq!(found, bytes[start..end], "seed {seed}, step {step}");
                }
            }
            assert_eq!(storage.len(file).unwrap(), file.of(&model).len() as u64);
        }
    }
}

/// A database whose batches end at some moment, as those of a browser that was killed.
struct Patient {
    db: Database<ChunkStorage>,
    storage: ChunkStorage,
    kept: Kept,
    /// Batches that are stored before the end.
    left: usize,
}

/// The host was killed.
#[derive(Debug)]
struct Killed;

impl Patient {
    fn open(mut kept: Kept, options: &Options) -> Self {
        let storage = ChunkStorage::new(kept.files());
        let db = loop {
            match Database::open(storage.clone(), options) {
                Err(error) if error.is_missing() => kept.fetch(&storage),
                opened => break opened.unwrap(),
            }
        };
        let mut patient = Self { db, storage, kept, left: usize::MAX };
        patient.store().unwrap();
        patient
    }

    fn run<T>(
        &mut self,
        mut call: impl FnMut(&mut Database<ChunkStorage>) -> Result<T>,
    ) -> std::result::Result<Result<T>, Killed> {
        loop {
            let result = call(&mut self.db);
            if !result.as_ref().is_err_and(Error::is_missing) {
                self.store()?;
                self.storage.trim_to(64 * 1024);
                return Ok(result);
            }
            self.kept.fetch(&self.storage);
            self.store()?;
        }
    }

    fn store(&mut self) -> std::result::Result<(), Killed> {
        if !self.storage.is_due() {
            return Ok(());
        }
        self.left = self.left.checked_sub(1).ok_or(Killed)?;
        let barrier = self.kept.store(&self.storage).and_then(|batch| batch.barrier);
        if let Some(barrier) = barrier {
            self.db.barrier_done(barrier).unwrap();
        }
        assert!(!self.db.is_pending() && !self.storage.is_due());
        Ok(())
    }

    /// Writes documents until it is killed; how many were acknowledged.
    fn write(
        &mut self,
        rng: &mut Rng,
        collection: CollectionId,
        from: u32,
    ) -> std::result::Result<(), u32> {
        for n in from..from + 400 {
            let key = id(f64::from(n).to_string());
            let pad = Value::Bytes(vec![1; rng.usize(..700)]);
            let document = doc([("n", Value::Number(f64::from(n))), ("pad", pad)]);
            let durability = if rng.bool() { Durability::Strict } else { Durability::Relaxed };
            let done = self
                .run(|db| db.stage(&[put(collection, &key, &document)]).map(|_| ()))
                .and_then(|_| self.run(|db| db.commit(durability)))
                .map_err(|_| n)?;
            let _ = done.unwrap();
            let _ = self.run(Database::settle).map_err(|_| n + 1)?;
            let _ = self.run(|db| db.step(4096)).map_err(|_| n + 1)?;
        }
        Ok(())
    }
}

#[test]
fn acknowledged_documents_survive_the_end_of_any_batch() {
    for seed in 0..25 {
        let mut rng = Rng::with_seed(seed);
        let options = tiny();
        let mut patient = Patient::open(Kept::default(), &options);
        let (collection, _) = patient.run(|db| db.create_collection("one", &[])).unwrap().unwrap();
        let mut known = 0;
        for _ in 0..4 {
            patient.left = rng.usize(1..300);
            known = patient.write(&mut rng, collection, known).err().unwrap_or(known + 400);
            patient = Patient::open(patient.kept, &options);
            let count = patient.run(|db| db.count(At::Latest, collection)).unwrap().unwrap();
            let count = u32::try_from(count).unwrap();
            assert!(count == known || count == known + 1, "seed {seed}: {count} of {known}");
            for n in 0..count {
                let key = id(f64::from(n).to_string());
                let found =
                    patient.run(|db| db.get(At::Latest, collection, &key)).unwrap().unwrap();
                assert!(found.is_some(), "seed {seed}: {n} of {count}");
            }
            known = count;
        }
        assert!(patient.kept.fetches > 10, "the test tests nothing");
    }
}

#[test]
fn a_commit_is_one_batch_of_the_chunk_it_changed() {
    let options = Options { geometry: Geometry::DEFAULT, ..Options::default() };
    let mut patient = Patient::open(Kept::default(), &options);
    let (collection, _) = patient.run(|db| db.create_collection("one", &[])).unwrap().unwrap();
    let document = doc([("n", Value::Number(1.0))]);
    for n in 0..20 {
        let key = id(f64::from(n).to_string());
        patient.run(|db| db.stage(&[put(collection, &key, &document)])).unwrap().unwrap();
        let (batches, fetches) = (patient.kept.batches, patient.kept.fetches);
        let _ = patient.db.commit(Durability::Strict).unwrap();
        let batch = patient.storage.batch().unwrap();
        assert!(batch.is_strict);
        assert!(n == 0 || batch.chunks.len() <= 2, "{} chunks", batch.chunks.len());
        patient.store().unwrap();
        assert_eq!((patient.kept.batches, patient.kept.fetches), (batches + 1, fetches));
    }
}

#[test]
fn what_was_stored_relaxed_is_not_taken_for_strict() {
    let mut kept = Kept::default();
    let storage = ChunkStorage::new(kept.files());
    storage.write_at(FileId::LogA, 0, b"a").unwrap();
    let _ = storage.sync(FileId::LogA, Durability::Relaxed).unwrap();
    assert!(!kept.store(&storage).unwrap().is_strict);
    let _ = storage.sync(FileId::LogA, Durability::Relaxed).unwrap();
    assert!(!storage.is_due());
    let _ = storage.sync(FileId::LogA, Durability::Strict).unwrap();
    assert!(kept.store(&storage).unwrap().is_strict);
    let _ = storage.sync(FileId::LogA, Durability::Strict).unwrap();
    assert!(!storage.is_due());
}
