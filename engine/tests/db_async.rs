//! The database over a storage that fetches what it reads and answers syncs later gives the answers
//! that it gives over memory: a miss leaves nothing behind, whatever it interrupted.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    missing_docs,
    reason = "helpers of tests may fail"
)]

mod db_support;
mod model_support;

use db_support::{find, id, tiny};
use entidb::storage::fault::SimStorage;
use entidb::storage::{FileId, MemoryStorage, Storage, Synced};
use entidb::{
    At, BuildBudget, CollectionId, Database, Durability, Error, IndexSpec, Output, Page,
    PageLimits, QueryPlan, Result, Staged, Transaction,
};
use fastrand::Rng;
use model_support::oracle::{Coll, Model, What, Write, encoded, ops};
use model_support::random;

/// A database and the host that serves its storage.
struct Patient {
    db: Database<SimStorage>,
    storage: SimStorage,
    rng: Rng,
    misses: u64,
    barriers: u64,
}

impl Patient {
    /// Runs an operation from its start until nothing is missing, then until it is durable.
    fn run<T>(&mut self, mut op: impl FnMut(&mut Database<SimStorage>) -> Result<T>) -> Result<T> {
        if self.rng.u8(0..4) == 0 {
            self.storage.evict();
        }
        for _ in 0..10_000 {
            match op(&mut self.db) {
                Err(error) if error.is_missing() => {
                    assert!(self.storage.fetch_missing() > 0, "a miss that names nothing");
                    self.misses += 1;
                    // Making room may have written something before the miss.
                    self.wait();
                }
                result => {
                    self.wait();
                    return result;
                }
            }
        }
        panic!("an operation gets no further");
    }

    fn wait(&mut self) {
        while self.db.is_pending() {
            let barrier = self.storage.outstanding()[0];
            self.storage.complete(barrier);
            self.db.barrier_done(barrier).unwrap();
            self.barriers += 1;
        }
    }
}

fn kinds<T>(result: Result<T>) -> std::result::Result<T, entidb::ErrorKind> {
    result.map_err(|error: Error| error.kind())
}

/// What both say must be the same, but for when it is durable.
fn same(a: Result<Staged>, b: Result<Staged>) {
    let settled = |staged| match staged {
        Staged::Committed { seq, outcomes, .. } => {
            Staged::Committed { seq, outcomes, synced: Synced::Done }
        }
        other => other,
    };
    assert_eq!(kinds(a.map(settled)), kinds(b.map(settled)));
}

fn open(seed: u64) -> (Database<MemoryStorage>, Patient) {
    let calm = Database::open(MemoryStorage::new(), &tiny()).unwrap();
    let storage = SimStorage::new(seed);
    let mut db = Database::open(storage.clone(), &tiny()).unwrap();
    assert_eq!(db.close().unwrap(), Synced::Done);
    storage.make_asynchronous();
    let head = 2 * 4096 + 2 * 4096 + 2 * u64::from(tiny().geometry.manifest_area_bytes);
    storage.keep_chunks(tiny().geometry.chunk_bytes, head);
    // The head and the logs are at hand before the database is opened.
    for (file, end) in [(FileId::Volume, head), (FileId::LogA, u64::MAX), (FileId::LogB, u64::MAX)]
    {
        let len = storage.len(file).unwrap().min(end);
        let _ = storage.read_at(file, 0, &mut vec![0; usize::try_from(len).unwrap()]).unwrap();
    }
    storage.fetch_missing();
    let db = loop {
        match Database::open(storage.clone(), &tiny()) {
            Err(error) if error.is_missing() => assert!(storage.fetch_missing() > 0),
            opened => break opened.unwrap(),
        }
    };
    let mut patient = Patient { db, storage, rng: Rng::with_seed(seed), misses: 0, barriers: 0 };
    patient.wait();
    let (mut calm, options) = (calm, tiny());
    let storage = calm.storage().clone();
    assert_eq!(calm.close().unwrap(), Synced::Done);
    (Database::open(storage, &options).unwrap(), patient)
}

fn all_pages<S: Storage>(
    db: &mut Database<S>,
    plan: &QueryPlan,
    mut page: impl FnMut(&mut Database<S>, &mut entidb::Cursor) -> Result<Page>,
) -> Result<(Vec<entidb::Row>, u64)> {
    let mut cursor = db.cursor(At::Latest, plan)?;
    let (mut rows, mut count) = (Vec::new(), 0);
    while !cursor.is_done() {
        let page = page(db, &mut cursor)?;
        rows.extend(page.rows);
        count += page.count;
    }
    Ok((rows, count))
}

fn query(calm: &mut Database<MemoryStorage>, patient: &mut Patient, plan: &QueryPlan) {
    let limits = PageLimits { bytes: 2000, documents: 10 };
    let expected = all_pages(calm, plan, |db, cursor| db.page(cursor, None, limits));
    let cursor = patient.run(|db| db.cursor(At::Latest, plan));
    let Ok(mut cursor) = cursor else {
        assert!(expected.is_err());
        return;
    };
    let (mut rows, mut count) = (Vec::new(), 0);
    while !cursor.is_done() {
        let page = patient.run(|db| db.page(&mut cursor, None, limits)).unwrap();
        rows.extend(page.rows);
        count += page.count;
    }
    assert_eq!(expected.unwrap(), (rows, count), "{plan:?}");
}

fn stage(calm: &mut Database<MemoryStorage>, patient: &mut Patient, writes: &[Write]) {
    let bytes = encoded(writes);
    let ops = ops(writes, &bytes);
    let staged = calm.stage(&ops);
    let is_full = matches!(staged, Ok(Staged::GroupFull));
    same(staged, patient.run(|db| db.stage(&ops)));
    if is_full {
        commit(calm, patient);
        stage(calm, patient, writes);
    }
}

fn commit(calm: &mut Database<MemoryStorage>, patient: &mut Patient) {
    let _ = calm.commit(Durability::Strict).unwrap();
    let _ = patient.run(|db| db.commit(Durability::Strict)).unwrap();
    calm.settle().unwrap();
    patient.run(Database::settle).unwrap();
}

/// A transaction on both sides, large or small, that reads and writes.
fn transact(calm: &mut Database<MemoryStorage>, patient: &mut Patient, model: &Model) {
    let mut one: Transaction = calm.begin().unwrap();
    let mut two = patient.run(Database::begin).unwrap();
    let collection = *model.collections.keys().next().unwrap();
    for _ in 0..patient.rng.u8(1..6) {
        let writes: Vec<_> = (0..patient.rng.usize(1..30))
            .map(|_| random::write(&mut patient.rng, model))
            .filter(|write| matches!(write.what, What::Put(_) | What::Delete))
            .collect();
        let bytes = encoded(&writes);
        let ops = ops(&writes, &bytes);
        let expected = calm.tx_write(&mut one, &ops);
        assert_eq!(kinds(expected), kinds(patient.run(|db| db.tx_write(&mut two, &ops))));
        let expected = calm.count(At::Transaction(&mut one), collection).unwrap();
        let count = patient.run(|db| db.count(At::Transaction(&mut two), collection)).unwrap();
        assert_eq!(expected, count);
    }
    commit(calm, patient);
    same(calm.tx_commit(&mut one), patient.run(|db| db.tx_commit(&mut two)));
    commit(calm, patient);
}

fn build(calm: &mut Database<MemoryStorage>, patient: &mut Patient, collection: CollectionId) {
    let specs = random::specs();
    let spec = specs[patient.rng.usize(..specs.len())].clone();
    commit(calm, patient);
    let expected = kinds(calm.create_index(collection, &spec).map(|(id, _)| id));
    let created = patient.run(|db| db.create_index(collection, &spec));
    assert_eq!(expected, kinds(created.map(|(id, _)| id)));
    let budget = BuildBudget { documents: 9, bytes: 3000 };
    let expected = loop {
        match calm.build_step(budget) {
            Ok(Some(_)) => {}
            other => break kinds(other.map(|_| ())),
        }
    };
    let built = loop {
        match patient.run(|db| db.build_step(budget)) {
            Ok(Some(_)) => {}
            other => break kinds(other.map(|_| ())),
        }
    };
    assert_eq!(expected, built);
    assert_eq!(
        calm.indexes(collection).unwrap(),
        patient.run(|db| db.indexes(collection)).unwrap()
    );
}

#[test]
fn misses_and_barriers_change_no_answer() {
    for seed in 0..12 {
        let (mut calm, mut patient) = open(seed);
        let specs = [
            IndexSpec::ordered(["a", "b"]),
            IndexSpec::ordered(["u"]).unique(),
            IndexSpec::ordered(["tags"]).each(),
            IndexSpec::hash(["b", "u"]).unique(),
        ];
        let (collection, _) = calm.create_collection("one", &specs).unwrap();
        let created = patient.run(|db| db.create_collection("one", &specs)).unwrap();
        assert_eq!(created.0, collection);
        let mut model = Model::default();
        model.collections.insert(collection, Coll::default().into());
        for _ in 0..250 {
            match patient.rng.u8(0..20) {
                0..10 => {
                    let count = patient.rng.usize(1..8);
                    let writes: Vec<_> =
                        (0..count).map(|_| random::write(&mut patient.rng, &model)).collect();
                    stage(&mut calm, &mut patient, &writes);
                }
                10..13 => commit(&mut calm, &mut patient),
                13..17 => {
                    commit(&mut calm, &mut patient);
                    let plan = random::query(&mut patient.rng, &model);
                    query(&mut calm, &mut patient, &plan);
                }
                17 => transact(&mut calm, &mut patient, &model),
                18 => build(&mut calm, &mut patient, collection),
                _ => {
                    let keys: Vec<_> = (0..9).map(|_| random::id(&mut patient.rng)).collect();
                    let keys: Vec<_> = keys.iter().map(Vec::as_slice).collect();
                    let expected = calm.get_many(At::Latest, collection, &keys).unwrap();
                    let got = patient.run(|db| db.get_many(At::Latest, collection, &keys));
                    assert_eq!(expected, got.unwrap());
                }
            }
        }
        commit(&mut calm, &mut patient);
        query(&mut calm, &mut patient, &QueryPlan::scan(collection));
        assert!(patient.misses > 20 && patient.barriers > 20, "the test tests nothing");
    }
}

#[test]
fn one_fetch_brings_all_that_a_batch_of_reads_lacks() {
    let (_, mut patient) = open(1);
    let (collection, _) = patient.run(|db| db.create_collection("one", &[])).unwrap();
    let document = db_support::doc([("pad", entidb::codec::value::Value::Bytes(vec![5; 900]))]);
    for n in 0..200 {
        let key = id(n);
        patient.run(|db| db.stage(&[db_support::put(collection, &key, &document)])).unwrap();
        let _ = patient.run(|db| db.commit(Durability::Strict)).unwrap();
    }
    let _ = patient.run(Database::checkpoint).unwrap();
    let keys: Vec<_> = (0..200).step_by(20).map(id).collect();
    let keys: Vec<_> = keys.iter().map(Vec::as_slice).collect();
    patient.storage.evict();
    // The index block of a segment must be there before it tells which block to fetch, and so on.
    let before = patient.misses;
    patient.rng = Rng::with_seed(1);
    while patient.rng.clone().u8(0..4) == 0 {
        patient.rng.u8(..);
    }
    patient.run(|db| db.get_many(At::Latest, collection, &keys)).unwrap();
    assert!(patient.misses - before <= 5, "{} rounds for 10 documents", patient.misses - before);
}

#[test]
fn a_catalog_that_is_not_durable_yet_is_not_seen() {
    let (_, mut patient) = open(2);
    let (collection, _) =
        patient.run(|db| db.create_collection("one", &[IndexSpec::ordered(["a"])])).unwrap();
    let key = id("a");
    let document = db_support::doc([("a", 1.0.into())]);
    patient.run(|db| db.stage(&[db_support::put(collection, &key, &document)])).unwrap();
    let _ = patient.run(|db| db.commit(Durability::Strict)).unwrap();

    let synced = patient.db.clear(collection).unwrap();
    assert!(matches!(synced, Synced::Pending(_)));
    assert_eq!(patient.db.count(At::Latest, collection).unwrap(), 1);
    let refused = patient.db.stage(&[db_support::delete(collection, &key)]).unwrap_err();
    assert_eq!(refused.kind(), entidb::ErrorKind::InvalidInput);
    patient.wait();
    assert_eq!(patient.db.count(At::Latest, collection).unwrap(), 0);
    let mut plan = find(collection, &["a"], &[]);
    plan.output = Output::Count;
    assert_eq!(patient.db.explain(At::Latest, &plan).unwrap().returned, 0);
}
