//! Verification of a database: it finds what is damaged, and nothing where nothing is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail")]

mod db_support;

use std::ops::Bound;

use db_support::{build_all, commit, delete, doc, id, num, put};
use entidb::codec::value::Value;
use entidb::kv::{Batch, Direction, KeyRange, Store, View};
use entidb::storage::fault::{Image, SimStorage};
use entidb::storage::{FileId, Storage};
use entidb::{
    At, BuildBudget, CollectionId, Database, Durability, ErrorKind, Findings, Geometry, IndexSpec,
    Options,
};

type Db = Database<SimStorage>;

fn options() -> Options {
    Options { geometry: Geometry::TINY, ..Options::default() }
}

fn document(n: u32) -> Vec<u8> {
    let tags = [n % 2, 2].map(|tag| Value::Text(format!("tag {tag}")));
    let length = if n % 9 == 8 { 3000 } else { 20 };
    doc([
        ("n", num(f64::from(n % 3))),
        ("u", num(f64::from(n))),
        ("tags", Value::Array(tags.to_vec())),
        ("body", Value::Bytes(vec![n.to_le_bytes()[0]; length])),
    ])
}

fn specs() -> [IndexSpec; 3] {
    [
        IndexSpec::ordered(["n"]),
        IndexSpec::ordered(["u"]).unique(),
        IndexSpec::hash(["tags"]).each(),
    ]
}

/// Two collections of some documents, one of them without indexes.
fn made(sim: &SimStorage) -> (Db, CollectionId, CollectionId) {
    let mut db = Database::open(sim.clone(), &options()).unwrap();
    let (tasks, _) = db.create_collection("tasks", &specs()).unwrap();
    let (notes, _) = db.create_collection("notes", &[]).unwrap();
    for n in 0..20 {
        for collection in [tasks, notes] {
            commit(&mut db, &[put(collection, &id(i64::from(n)), &document(n))]).unwrap();
        }
    }
    commit(&mut db, &[delete(tasks, &id(3))]).unwrap();
    (db, tasks, notes)
}

fn verify(db: &mut Db, budget: u64) -> Findings {
    let mut verification = db.verify_begin().unwrap();
    let mut steps = 0;
    while db.verify_step(&mut verification, budget).unwrap() {
        steps += 1;
        assert!(steps < 10_000, "a verification ends");
    }
    let (done, all) = verification.progress();
    assert!(done <= all);
    verification.findings().clone()
}

#[test]
fn nothing_is_found_where_nothing_is_damaged_whatever_the_budget() {
    let sim = SimStorage::new(1);
    let (mut db, _, notes) = made(&sim);
    let whole = verify(&mut db, u64::MAX);
    assert!(whole.is_ok() && whole.problems.is_empty(), "{:?}", whole.problems);
    assert_eq!(whole.checked.documents, 39);
    assert_eq!(whole.checked.index_entries, 19 * 4);
    assert!(whole.checked.segments > 0 && whole.checked.blocks > 0 && whole.checked.frames > 0);
    assert_eq!(verify(&mut db, 1), whole, "step by step");
    let _ = db.create_index(notes, &IndexSpec::ordered(["n"])).unwrap();
    db.build_step(BuildBudget { documents: 5, bytes: 1 << 20 }).unwrap();
    assert_eq!(verify(&mut db, 100).problems, [], "in the middle of a build");
    build_all(&mut db).unwrap();
    assert_eq!(verify(&mut db, 100).problems, [], "after a build");
    let _ = db.clear(notes).unwrap();
    let _ = db.checkpoint().unwrap();
    db.compact_begin().unwrap();
    while db.step(1 << 16).unwrap() {}
    assert_eq!(verify(&mut db, 100).problems, [], "cleared and compacted");
    let _ = db.close().unwrap();
    let mut db = Database::open(sim, &Options { read_only: true, ..options() }).unwrap();
    assert_eq!(verify(&mut db, 100).problems, [], "closed, and opened for reading");
}

#[test]
fn writes_and_merges_between_its_steps_do_not_disturb_it() {
    let sim = SimStorage::new(1);
    let (mut db, tasks, _) = made(&sim);
    let mut verification = db.verify_begin().unwrap();
    let mut n = 100;
    while db.verify_step(&mut verification, 300).unwrap() {
        commit(&mut db, &[put(tasks, &id(i64::from(n)), &document(n))]).unwrap();
        commit(&mut db, &[delete(tasks, &id(i64::from(n) - 90))]).unwrap();
        while db.step(1 << 14).unwrap() {}
        n += 1;
    }
    assert!(n > 110, "it took steps");
    assert_eq!(verification.findings().problems, []);
    assert_eq!(verification.findings().checked.documents, 39, "those of its beginning");
    assert_eq!(verify(&mut db, 1 << 20).problems, []);
}

/// Opens the store beneath a database, and changes it as no database would.
fn tamper(image: Image, change: impl FnOnce(&Store<SimStorage>, &mut Batch)) -> Findings {
    let sim = SimStorage::from_image(image, 1);
    let mut store = Store::open(sim.clone(), &options()).unwrap();
    let mut batch = Batch::new();
    change(&store, &mut batch);
    store.stage(&batch).unwrap();
    let _ = store.commit(Durability::Strict).unwrap();
    drop(store);
    verify(&mut Database::open(sim, &options()).unwrap(), 1000)
}

/// Keys of a space with their values.
fn keys(store: &Store<SimStorage>, space: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let range =
        KeyRange { lower: Bound::Included(vec![space]), upper: Bound::Excluded(vec![space + 1]) };
    let view = View::at(store.visible_seq());
    let mut scan = store.scan(view, &range, Direction::Forward).unwrap();
    let mut keys = Vec::new();
    while scan.advance().unwrap() {
        keys.push((scan.key().to_vec(), scan.value().to_vec()));
    }
    keys
}

#[test]
fn documents_entries_and_counts_that_disagree_are_found() {
    let sim = SimStorage::new(1);
    drop(made(&sim));
    let image = || sim.image();
    let expect = |findings: &Findings, what: &str| {
        assert!(!findings.is_ok());
        let problem = findings.problems.iter().find(|problem| problem.what.contains(what));
        let problem = problem.unwrap_or_else(|| panic!("{what}: {:?}", findings.problems));
        assert!(problem.what.contains("restore a backup"));
        problem.details.clone()
    };
    for space in [3, 4, 5] {
        let gone = tamper(image(), |store, batch| {
            batch.delete(&keys(store, space).first().unwrap().0).unwrap();
        });
        let details = expect(&gone, "lacks an entry");
        assert!(details.collection.is_some() && details.path.is_some() && details.id.is_some());
        let added = tamper(image(), |store, batch| {
            let all = keys(store, space);
            let (mut key, value) = all.first().unwrap().clone();
            // Another value, or another hash, of the same document.
            key[7] ^= 0x55;
            batch.put(&key, &value).unwrap();
        });
        let details = expect(&added, "without a document");
        assert!(details.path.is_some() && details.id.is_some());
    }
    let unowned = tamper(image(), |store, batch| {
        let (key, _) = keys(store, 4).first().unwrap().clone();
        batch.put(&key, &id(19)).unwrap();
    });
    expect(&unowned, "lacks an entry");
    let lost = tamper(image(), |store, batch| {
        batch.delete(&keys(store, 1).first().unwrap().0).unwrap();
    });
    expect(&lost, "without a document");
    expect(&lost, "counts are not those");
    let changed = tamper(image(), |store, batch| {
        let (key, mut value) = keys(store, 1).first().unwrap().clone();
        value.truncate(9);
        batch.put(&key, &value).unwrap();
    });
    expect(&changed, "a document of `tasks` is damaged");
    let piece = tamper(image(), |store, batch| {
        batch.delete(&keys(store, 2).first().unwrap().0).unwrap();
    });
    expect(&piece, "is damaged");
    let spare_piece = tamper(image(), |store, batch| {
        let (mut key, value) = keys(store, 2).last().unwrap().clone();
        *key.last_mut().unwrap() = 99;
        batch.put(&key, &value).unwrap();
    });
    expect(&spare_piece, "pieces of no document");
    let stray = tamper(image(), |_, batch| batch.put(&[1, 9, 9, 9, 9, 1], b"x").unwrap());
    expect(&stray, "in no collection");
}

#[test]
fn a_damaged_block_of_one_collection_leaves_the_others_readable_and_writable() {
    let sim = SimStorage::new(1);
    let (mut db, tasks, notes) = made(&sim);
    let _ = db.checkpoint().unwrap();
    drop(db);
    let volume = sim.image().file(FileId::Volume).to_vec();
    let (mut of_one, mut refused) = (0, 0);
    for at in (32 * 1024..volume.len()).step_by(211) {
        let mut image = sim.image();
        image.file_mut(FileId::Volume)[at] ^= 0x10;
        let sim = SimStorage::from_image(image, 1);
        let mut db = Database::open(sim, &options()).unwrap();
        let mut damaged = [false; 2];
        for (collection, damaged) in [tasks, notes].into_iter().zip(&mut damaged) {
            for n in (0..20).filter(|n| collection == notes || *n != 3) {
                match db.get(At::Latest, collection, &id(i64::from(n))) {
                    Ok(found) => assert_eq!(found, Some(document(n)), "byte {at}"),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Corrupt);
                        *damaged = true;
                    }
                }
            }
        }
        assert!(damaged != [true; 2], "byte {at}: one block, two collections");
        of_one += u32::from(damaged != [false; 2]);
        let refused_before = refused;
        for collection in [tasks, notes] {
            let written = commit(&mut db, &[put(collection, &id(77), &document(77))]);
            if let Err(error) = written {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "byte {at}: {error}");
                refused += 1;
            }
        }
        assert!(refused <= refused_before + 1, "byte {at}: no collection can be written to");
        let findings = verify(&mut db, 1000);
        assert!(findings.is_ok() <= (damaged == [false; 2]), "byte {at}: {findings:?}");
    }
    assert!(of_one > 10, "{of_one} blocks were hit, {refused} writes refused");
    assert!(sim.len(FileId::Volume).unwrap() > 0);
}
