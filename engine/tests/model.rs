//! Random work against a model that answers every question by looking at everything.
//! In most seeds a random half of the kinds of operations does not occur, and every kind must have
//! met a database in every state.
//!
//! `MODEL_SEEDS` sets the number of seeds, `MODEL_FIRST` the first of them, `MODEL_SEED` runs one
//! alone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    missing_docs,
    reason = "helpers of tests may fail"
)]

mod model_support;

use std::collections::BTreeMap;

use entidb::codec::value::Value;
use entidb::storage::{MemoryStorage, Synced};
use entidb::{
    Access, At, BuildBudget, CollectionId, Database, Durability, ErrorKind, Geometry, IfMatch,
    Options, Outcome, Output, PageLimits, QueryPlan, Snapshot, Staged, Transaction, Undeclared,
};
use fastrand::Rng;
use model_support::coverage::Coverage;
use model_support::oracle::{Model, What, Write, encoded, ops};
use model_support::order::compare;
use model_support::random;
use model_support::told::{Told, replay};

type Db = Database<MemoryStorage>;

const SEEDS_DEFAULT: u64 = 250;
const ACTS_PER_SEED: u64 = 3_000;
/// Tests that share the seeds, so that they run side by side.
const PARTS: u64 = 2;
/// So many seeds show every kind of operation in every state.
const SEEDS_FOR_COVERAGE: u64 = 200;

/// A kind of operation: its name, how often it comes up where everything does, what it does and how
/// many operations that was.
type Kind = (&'static str, u32, fn(&mut World) -> u64);

const KINDS: [Kind; 15] = [
    ("write", 400, World::write),
    ("publish", 100, World::publish_one),
    ("discard", 5, World::discard_one),
    ("snapshot", 25, World::snapshot),
    ("begin", 40, World::begin),
    ("write in a transaction", 150, World::tx_write),
    ("read in a transaction", 140, World::tx_read),
    ("end a transaction", 40, World::tx_end_any),
    ("clear", 10, World::clear),
    ("change an index", 20, World::change_index),
    ("build", 35, World::build),
    ("reopen", 5, World::reopen),
    ("write more than memory takes", 4, World::many_writes),
    ("maintain", 11, World::maintain),
    ("count", 15, World::check_some_index_infos),
];

/// What can be true of a database when something is asked of it.
const STATES: [&str; 7] = [
    "a snapshot is held",
    "a transaction is open",
    "an index is being built",
    "a group is open",
    "something lies in segments",
    "something lies below level 0",
    "a compaction is under way",
];

struct OpenTx {
    tx: Transaction,
    /// What it sees.
    view: Model,
    told: Vec<Told>,
    /// How many changes had been published when it began.
    began: u64,
    wrote: bool,
}

struct World {
    rng: Rng,
    storage: MemoryStorage,
    options: Options,
    db: Db,
    staged: Model,
    visible: Model,
    /// Changes staged and published so far.
    staged_changes: u64,
    visible_changes: u64,
    snapshots: Vec<(Snapshot, Model)>,
    transactions: Vec<OpenTx>,
    now_ms: u64,
    /// What can happen with this seed: places in the table.
    kinds: Vec<usize>,
    met: Coverage,
}

#[test]
fn random_work_gives_the_answers_of_a_plain_map_1() {
    run_part(0);
}

#[test]
fn random_work_gives_the_answers_of_a_plain_map_2() {
    run_part(1);
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Every other seed.
fn run_part(part: u64) {
    let count = number("MODEL_SEEDS").unwrap_or(SEEDS_DEFAULT);
    let first = number("MODEL_FIRST").unwrap_or(0);
    let all = first..first + count;
    let seeds = number("MODEL_SEED").map_or(all, |seed| seed..seed + 1);
    let is_whole = seeds.end - seeds.start >= SEEDS_FOR_COVERAGE;
    let mut met = Coverage::default();
    for seed in seeds.filter(|seed| seed % PARTS == part) {
        let ran = std::panic::catch_unwind(|| run(seed, ACTS_PER_SEED));
        met.add(&ran.unwrap_or_else(|panic| {
            eprintln!("again: MODEL_SEED={seed} cargo test --locked -p entidb --test model");
            std::panic::resume_unwind(panic)
        }));
    }
    println!("reliability {{\"modelOps\":{}}}", met.ops());
    if is_whole {
        met.check(&KINDS.map(|(name, ..)| name.to_owned()), &STATES);
    }
}

fn run(seed: u64, acts: u64) -> Coverage {
    let mut world = World::new(seed);
    for _ in 0..acts {
        world.act();
        let queries = world.rng.u8(0..3);
        for _ in 0..queries {
            world.check_latest();
        }
        world.met.count(u64::from(queries));
    }
    world.publish();
    world.check_everything();
    world.met
}

fn done(synced: Synced) {
    assert_eq!(synced, Synced::Done);
}

impl World {
    fn new(seed: u64) -> Self {
        let rng = Rng::with_seed(seed);
        let storage = MemoryStorage::new();
        let tiny = Geometry { manifest_area_bytes: 128 * 1024, ..Geometry::TINY };
        let geometry = if seed.is_multiple_of(3) {
            Geometry { memtable_bytes: 16 << 10, log_bytes_max: 64 << 10, ..tiny }
        } else {
            tiny
        };
        let options = Options { geometry, ..Options::default() };
        let db = Database::open(storage.clone(), &options).unwrap();
        let mut world = Self {
            rng,
            storage,
            options,
            db,
            staged: Model::default(),
            visible: Model::default(),
            staged_changes: 0,
            visible_changes: 0,
            snapshots: Vec::new(),
            transactions: Vec::new(),
            now_ms: 0,
            kinds: Vec::new(),
            met: Coverage::default(),
        };
        let is_everything = seed.is_multiple_of(5);
        for (at, (name, ..)) in KINDS.iter().enumerate() {
            if is_everything || matches!(*name, "write" | "publish") || world.rng.bool() {
                world.kinds.push(at);
            }
        }
        for name in ["one", "two", "three"] {
            let specs: Vec<_> =
                random::specs().iter().filter(|_| world.rng.u8(0..3) == 0).cloned().collect();
            let (id, synced) = world.db.create_collection(name, &specs).unwrap();
            done(synced);
            let indexes = specs.into_iter().map(|spec| (spec, true)).collect();
            let coll = model_support::oracle::Coll { docs: BTreeMap::new(), indexes };
            world.staged.collections.insert(id, coll.into());
        }
        world.visible = world.staged.clone();
        world
    }

    fn act(&mut self) {
        let total: u32 = self.kinds.iter().map(|at| KINDS[*at].1).sum();
        let mut left = self.rng.u32(..total);
        let chosen = self.kinds.iter().find(|at| {
            let weight = KINDS[**at].1;
            let is_it = left < weight;
            left = left.wrapping_sub(weight);
            is_it
        });
        let at = *chosen.unwrap();
        self.met.note(at, &self.states());
        let ops = KINDS[at].2(self);
        self.met.count(ops);
    }

    fn states(&self) -> [bool; 7] {
        let store = self.db.stats().store;
        [
            !self.snapshots.is_empty(),
            !self.transactions.is_empty(),
            self.staged.is_building(),
            self.db.has_staged(),
            store.segments > 0,
            store.level_bytes.iter().skip(1).any(|bytes| *bytes > 0),
            self.db.compact_progress().is_some(),
        ]
    }

    fn tx_end_any(&mut self) -> u64 {
        let at = self.rng.usize(0..3);
        self.tx_end(at)
    }

    fn publish_one(&mut self) -> u64 {
        self.publish();
        1
    }

    fn discard_one(&mut self) -> u64 {
        self.discard();
        1
    }

    fn publish(&mut self) {
        done(self.db.commit(Durability::Relaxed).unwrap());
        self.visible = self.staged.clone();
        self.visible_changes = self.staged_changes;
    }

    fn discard(&mut self) {
        self.db.discard();
        self.staged = self.visible.clone();
        self.staged_changes += 1;
        self.visible_changes = self.staged_changes;
    }

    fn write(&mut self) -> u64 {
        let count = if self.rng.bool() { 1 } else { self.rng.usize(1..6) };
        let writes: Vec<_> =
            (0..count).map(|_| random::write(&mut self.rng, &self.staged)).collect();
        self.stage(&writes)
    }

    /// A write set that does not fit in memory.
    fn many_writes(&mut self) -> u64 {
        let writes: Vec<_> = (0..200).map(|_| random::write(&mut self.rng, &self.staged)).collect();
        // One by one, so that what fails does not keep the rest from being written.
        let mut sound = Vec::new();
        let mut model = self.staged.clone();
        // An index that is being built may hold what it will refuse; then all may be refused.
        let was_violated = model.is_violated(false);
        for write in writes {
            let write_one = std::slice::from_ref(&write);
            let before = model.before(write_one);
            if model.apply(write_one, false).is_err() {
                continue;
            }
            if was_violated || model.has_violated(write_one, false) {
                model.restore(write_one, before);
            } else {
                sound.push(write);
            }
        }
        self.stage(&sound)
    }

    /// Has the database apply writes, and then the model.
    fn stage(&mut self, writes: &[Write]) -> u64 {
        let bytes = encoded(writes);
        let ops = ops(writes, &bytes);
        let staged = loop {
            match self.db.stage(&ops) {
                Ok(Staged::GroupFull) => {
                    assert!(self.db.has_staged(), "an empty group is never full");
                    self.publish();
                }
                other => break other,
            }
        };
        // An index that is being built refuses what it has come by already.
        let is_building = self.staged.is_building();
        let refused = (staged.is_err() && is_building).then(|| {
            let mut strict = self.staged.clone();
            let applied = strict.apply(writes, false);
            applied.err().or(strict.is_violated(false).then_some(ErrorKind::UniqueViolation))
        });
        let refused = refused.flatten();
        let before = self.staged.before(writes);
        let mut expected = self.staged.apply(writes, true);
        if expected.is_ok() && self.staged.has_violated(writes, true) {
            expected = Err(ErrorKind::UniqueViolation);
        }
        match staged {
            Ok(Staged::Seq { outcomes, .. }) => {
                assert_eq!(Ok(outcomes), expected);
                self.staged_changes += 1;
            }
            Ok(Staged::Committed { outcomes, synced, .. }) => {
                done(synced);
                assert_eq!(Ok(outcomes), expected);
                self.staged_changes += 1;
                self.publish();
            }
            Ok(Staged::GroupFull) => unreachable!(),
            Err(error) => {
                let is_due = refused.is_some() || expected.is_err();
                assert!(is_due, "{error:?} for {writes:?}");
                self.staged.restore(writes, before);
                if let ([_], Err(kind)) = (writes, expected) {
                    assert!([Some(kind), refused].contains(&Some(error.kind())), "{error:?}");
                }
            }
        }
        writes.len() as u64
    }

    fn snapshot(&mut self) -> u64 {
        if self.snapshots.len() > 3 {
            let at = self.rng.usize(..self.snapshots.len());
            self.snapshots.swap_remove(at);
        }
        self.snapshots.push((self.db.snapshot().unwrap(), self.visible.clone()));
        1
    }

    fn begin(&mut self) -> u64 {
        if self.transactions.len() > 2 {
            return 0;
        }
        self.transactions.push(OpenTx {
            tx: self.db.begin().unwrap(),
            view: self.visible.clone(),
            told: Vec::new(),
            began: self.visible_changes,
            wrote: false,
        });
        1
    }

    fn take_tx(&mut self) -> Option<OpenTx> {
        let count = self.transactions.len();
        (count > 0).then(|| self.transactions.swap_remove(self.rng.usize(..count)))
    }

    fn tx_write(&mut self) -> u64 {
        let Some(mut open) = self.take_tx() else { return 0 };
        let is_large = self.rng.u8(0..12) == 0;
        let count = if is_large { 40 } else { self.rng.usize(1..4) };
        let mut writes: Vec<_> =
            (0..count).map(|_| random::write(&mut self.rng, &open.view)).collect();
        if is_large {
            // More than fits in memory, of what does not fail by itself.
            for write in &mut writes {
                write.if_match = IfMatch::Any;
                if let What::Put(Value::Object(map)) = &mut write.what {
                    map.insert("pad".to_owned(), Value::Bytes(vec![3; 700]));
                }
            }
            let mut view = open.view.clone();
            writes.retain(|write| view.apply(std::slice::from_ref(write), false).is_ok());
        }
        let bytes = encoded(&writes);
        let mut ops_done = writes.len() as u64;
        match self.db.tx_write(&mut open.tx, &ops(&writes, &bytes)) {
            Ok(outcomes) => {
                open.wrote |= outcomes.iter().any(|outcome| *outcome != Outcome::Deleted(false));
                assert_eq!(Ok(outcomes), open.view.apply(&writes, true));
                open.told.push(Told::Wrote(writes));
            }
            Err(error) => {
                let may_fail = open.view.clone().apply(&writes, false).is_err();
                assert!(may_fail, "{error:?} for {writes:?}");
                if open.view.apply(&writes, true).is_ok() {
                    // Refused by an index that is being built, where the model does not know how
                    // far it is.
                    self.db.rollback(open.tx);
                    return ops_done;
                }
            }
        }
        self.transactions.push(open);
        // Others keep writing, so a large transaction has a chance only if it ends soon.
        if is_large {
            if self.rng.u8(0..4) == 0 {
                ops_done += self.change_index();
            }
            let last = self.transactions.len() - 1;
            ops_done += self.tx_end(last);
        }
        ops_done
    }

    fn tx_read(&mut self) -> u64 {
        let Some(mut open) = self.take_tx() else { return 0 };
        let collections: Vec<_> = open.view.collections.keys().copied().collect();
        let collection = collections[self.rng.usize(..collections.len())];
        match self.rng.u8(0..4) {
            0 => {
                let id = random::id(&mut self.rng);
                let at = At::Transaction(&mut open.tx);
                let document = self.db.get(at, collection, &id).unwrap();
                assert_eq!(document, open.view.get(collection, &id));
                open.told.push(Told::Document(collection, id, document));
            }
            1 => {
                let count = self.db.count(At::Transaction(&mut open.tx), collection).unwrap();
                assert_eq!(count, open.view.coll(collection).docs.len() as u64);
                open.told.push(Told::Count(collection, count));
            }
            _ => {
                let plan = random::query(&mut self.rng, &open.view);
                if let Some(told) = self.tx_query(&mut open, plan) {
                    open.told.push(told);
                }
            }
        }
        self.transactions.push(open);
        1
    }

    fn tx_query(&mut self, open: &mut OpenTx, plan: QueryPlan) -> Option<Told> {
        let expected = open.view.coll(plan.collection).rows(&plan);
        let Some(expected) = expected else {
            let error = self.db.cursor(At::Transaction(&mut open.tx), &plan).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IndexRequired);
            return None;
        };
        let is_shared = open.wrote && open.view.is_violated(true);
        let mut cursor = self.db.cursor(At::Transaction(&mut open.tx), &plan).unwrap();
        let (mut rows, mut count) = (Vec::new(), 0);
        let pages_max = if self.rng.bool() { usize::MAX } else { 1 };
        let limits = random_limits(&mut self.rng);
        let mut pages = 0;
        while !cursor.is_done() && pages < pages_max {
            let page = self.db.page(&mut cursor, Some(&mut open.tx), limits).unwrap();
            count += page.count;
            rows.extend(page.rows.into_iter().map(|row| (row.id, row.document)));
            pages += 1;
        }
        let done = cursor.is_done();
        if plan.output == Output::Count {
            assert!(!done || count == expected.len() as u64, "{plan:?}");
            // Told as a row count: any rows of that number replay the same.
            let rows = vec![(Vec::new(), None); expected.len()];
            return done.then_some(Told::Rows(plan, rows, true));
        }
        // Documents that share a unique value stand in another order until one gives it up.
        if !is_shared {
            let ids: Vec<_> = rows.iter().map(|(id, _)| id.clone()).collect();
            assert_eq!(ids, expected[..ids.len()], "{plan:?}");
            assert!(!done || ids.len() == expected.len(), "{plan:?}");
        }
        (!is_shared).then_some(Told::Rows(plan, rows, done))
    }

    fn tx_end(&mut self, at: usize) -> u64 {
        if at >= self.transactions.len() {
            return 0;
        }
        let mut open = self.transactions.swap_remove(at);
        if self.rng.u8(0..8) == 0 {
            drop(open);
            return 1;
        }
        let staged = loop {
            match self.db.tx_commit(&mut open.tx) {
                Ok(Staged::GroupFull) => self.publish(),
                other => break other,
            }
        };
        match staged {
            Ok(staged) => {
                // What only reads is in its place in the order of commits, at its snapshot.
                if !open.wrote {
                    return 1;
                }
                let mut lenient = self.staged.clone();
                assert_eq!(replay(&mut lenient, &open.told, true), Ok(()), "not serializable");
                assert!(!lenient.is_violated(true));
                self.staged = lenient;
                self.staged_changes += 1;
                if matches!(staged, Staged::Committed { .. }) {
                    self.publish();
                }
            }
            Err(error) if error.kind() == ErrorKind::Conflict => {
                assert!(self.staged_changes > open.began, "nothing happened, yet {error:?}");
            }
            Err(error) => {
                let mut after = self.staged.clone();
                let replayed = replay(&mut after, &open.told, false);
                let is_shared = error.kind() == ErrorKind::UniqueViolation;
                let is_due = replayed.is_err() || is_shared && after.is_violated(false);
                assert!(is_due, "{error:?}");
            }
        }
        let error = self.db.tx_commit(&mut open.tx).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        1
    }

    fn some_collection(&mut self) -> CollectionId {
        let all: Vec<_> = self.staged.collections.keys().copied().collect();
        all[self.rng.usize(..all.len())]
    }

    fn changed_schema(&mut self) {
        self.staged_changes += 1;
        self.visible = self.staged.clone();
        self.visible_changes = self.staged_changes;
    }

    fn clear(&mut self) -> u64 {
        if self.rng.u8(0..3) > 0 {
            return 0;
        }
        self.publish();
        let collection = self.some_collection();
        done(self.db.clear(collection).unwrap());
        let coll = self.staged.coll_mut(collection);
        coll.docs.clear();
        coll.indexes.iter_mut().for_each(|(_, ready)| *ready = true);
        self.changed_schema();
        1
    }

    fn change_index(&mut self) -> u64 {
        self.publish();
        let collection = self.some_collection();
        let specs = random::specs();
        let spec = specs[self.rng.usize(..specs.len())].clone();
        let coll = self.staged.coll_mut(collection);
        if let Some(at) = coll.indexes.iter().position(|(known, _)| *known == spec) {
            let error = self.db.create_index(collection, &spec).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            done(self.db.drop_index(collection, &spec).unwrap());
            coll.indexes.remove(at);
        } else if self.rng.bool() {
            let (_, synced) = self.db.create_index(collection, &spec).unwrap();
            done(synced);
            coll.indexes.push((spec, coll.docs.is_empty()));
        } else {
            let infos = self.db.collections();
            let info = infos.iter().find(|info| info.id == collection).unwrap();
            let mut indexes = info.indexes.clone();
            indexes.push(spec.clone());
            let schema = entidb::CollectionSchema { name: info.name.clone(), indexes };
            let declared = self.db.declare(&[schema], Undeclared::Drop).unwrap();
            done(declared.synced);
            assert_eq!(declared.collections, [collection]);
            coll.indexes.push((spec, coll.docs.is_empty()));
        }
        self.changed_schema();
        1
    }

    /// Each step is an operation.
    fn build(&mut self) -> u64 {
        self.publish();
        let budget = BuildBudget { documents: self.rng.u64(1..20), bytes: self.rng.u64(1..4000) };
        let steps = self.rng.u64(1..12);
        for step_at in 0..steps {
            let builds = self.db.builds();
            let step = self.db.build_step(budget);
            let Some(build) = builds.first() else {
                assert_eq!(step.unwrap(), None);
                return step_at;
            };
            let coll = self.staged.coll_mut(build.collection);
            let at = coll.indexes.iter().position(|(spec, _)| *spec == build.spec).unwrap();
            assert!(!coll.indexes[at].1);
            match step {
                Ok(Some(progress)) => {
                    done(progress.synced);
                    coll.indexes[at].1 = progress.finished;
                }
                Ok(None) => panic!("there is something to build"),
                Err(error) => {
                    let (spec, _) = coll.indexes.remove(at);
                    let is_due = if error.kind() == ErrorKind::UniqueViolation {
                        coll.is_violated(&spec)
                    } else {
                        coll.is_refused(&spec)
                    };
                    assert!(is_due, "{error:?}");
                }
            }
            self.changed_schema();
        }
        steps
    }

    fn reopen(&mut self) -> u64 {
        if self.rng.bool() {
            self.publish();
        } else {
            self.discard();
        }
        self.transactions.clear();
        self.snapshots.clear();
        done(self.db.close().unwrap());
        self.db = Database::open(self.storage.clone(), &self.options).unwrap();
        assert!(!self.db.created());
        self.now_ms = 0;
        self.staged_changes += 1;
        self.visible_changes = self.staged_changes;
        self.check_rows();
        let collection = self.some_collection();
        self.check_index_infos(collection);
        1
    }

    fn maintain(&mut self) -> u64 {
        self.publish();
        match self.rng.u8(0..4) {
            0 => done(self.db.checkpoint().unwrap()),
            1 => {
                self.db.compact_begin().unwrap();
                while self.rng.u8(0..20) > 0 && self.db.step(4096).unwrap() {}
                self.db.compact_report();
            }
            2 => self.db.settle().unwrap(),
            _ => {
                self.db.step(2048).unwrap();
            }
        }
        self.now_ms += 1000;
        self.db.tick(self.now_ms);
        // Some were left unused; their end is a matter of another test.
        self.snapshots.retain(|(snapshot, model)| {
            let id = *model.collections.keys().next().unwrap();
            self.db.count(At::Snapshot(snapshot), id).is_ok()
        });
        for mut open in std::mem::take(&mut self.transactions) {
            let id = *open.view.collections.keys().next().unwrap();
            let told = self.db.count(At::Transaction(&mut open.tx), id);
            if let Ok(count) = told {
                open.told.push(Told::Count(id, count));
                self.transactions.push(open);
            }
        }
        1
    }

    fn check_latest(&mut self) {
        let plan = random::query(&mut self.rng, &self.visible);
        let limits = random_limits(&mut self.rng);
        if self.snapshots.is_empty() || self.rng.bool() {
            let expected = self.visible.coll(plan.collection).rows(&plan);
            check(&mut self.db, None, &self.visible, &plan, expected, limits);
            return;
        }
        let (snapshot, model) = &self.snapshots[self.rng.usize(..self.snapshots.len())];
        let plan = QueryPlan { collection: *model.collections.keys().next_back().unwrap(), ..plan };
        let expected = model.coll(plan.collection).rows(&plan);
        check(&mut self.db, Some(snapshot), model, &plan, expected, limits);
    }

    /// What the database says of the indexes of one collection, for which it reads through them.
    fn check_some_index_infos(&mut self) -> u64 {
        let collection = self.some_collection();
        self.check_index_infos(collection);
        2
    }

    fn check_index_infos(&mut self, id: CollectionId) {
        let coll = self.visible.coll(id);
        assert_eq!(self.db.count(At::Latest, id).unwrap(), coll.docs.len() as u64);
        let infos = self.db.indexes(id).unwrap();
        assert_eq!(infos.len(), coll.indexes.len());
        for (info, (spec, ready)) in infos.iter().zip(&coll.indexes) {
            assert_eq!((&info.spec, info.ready), (spec, *ready));
            if *ready && spec.fields != ["tags"] {
                assert_eq!(info.entries, coll.entries(spec), "{spec}");
            }
            assert!(info.distinct <= info.entries, "{spec}");
        }
    }

    fn check_everything(&mut self) {
        let collections: Vec<_> = self.visible.collections.keys().copied().collect();
        for id in collections {
            self.check_index_infos(id);
        }
        self.check_rows();
    }

    /// All documents in all orders that there are: at every reopening and at the end of a seed.
    fn check_rows(&mut self) {
        for (id, coll) in &self.visible.collections {
            let scan = QueryPlan::scan(*id);
            let expected = coll.rows(&scan);
            let limits = PageLimits { bytes: 1 << 20, documents: 1000 };
            check(&mut self.db, None, &self.visible, &scan, expected, limits);
            for (spec, ready) in coll.indexes.iter().filter(|(_, ready)| *ready) {
                assert!(*ready);
                let fields = spec.fields.clone();
                let (lower, upper) = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
                let access = Access::Index { fields, equal: vec![], lower, upper, prefix: None };
                let plan = QueryPlan::over(*id, access);
                let expected = coll.rows(&plan);
                check(&mut self.db, None, &self.visible, &plan, expected, limits);
            }
        }
    }
}

fn random_limits(rng: &mut Rng) -> PageLimits {
    PageLimits { bytes: rng.usize(1..4000), documents: rng.usize(1..20) }
}

/// Runs a query page by page and holds its rows against those expected.
fn check(
    db: &mut Db,
    snapshot: Option<&Snapshot>,
    model: &Model,
    plan: &QueryPlan,
    expected: Option<Vec<Vec<u8>>>,
    limits: PageLimits,
) {
    let at = snapshot.map_or(At::Latest, At::Snapshot);
    let cursor = db.cursor(at, plan);
    let Some(expected) = expected else {
        assert_eq!(cursor.unwrap_err().kind(), ErrorKind::IndexRequired, "{plan:?}");
        return;
    };
    let mut cursor = cursor.unwrap();
    let (mut rows, mut count) = (Vec::new(), 0);
    while !cursor.is_done() {
        let page = db.page(&mut cursor, None, limits).unwrap();
        count += page.count;
        rows.extend(page.rows);
    }
    assert_eq!(count, expected.len() as u64, "{plan:?}");
    if plan.output != Output::Count {
        let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
        assert_eq!(ids, expected, "{plan:?}");
    }
    for row in rows.iter().filter(|_| plan.output == Output::Documents) {
        assert_eq!(row.document, model.get(plan.collection, &row.id), "{plan:?}");
    }
}

#[test]
fn a_value_of_every_type_is_in_its_place() {
    let sorted = [
        Value::Null,
        Value::Bool(false),
        Value::Bool(true),
        Value::Number(-1e300),
        Value::Number(-1.5),
        Value::Number(0.0),
        Value::BigInt(9_007_199_254_740_993),
        Value::Number(1e300),
        Value::from(""),
        Value::from("a"),
        Value::from("a\0"),
        Value::from("\u{e9}"),
        Value::Bytes(vec![]),
        Value::Bytes(vec![0]),
        Value::Date(-1),
        Value::Date(0),
        Value::Array(vec![]),
        Value::Array(vec![Value::Null]),
    ];
    for pair in sorted.windows(2) {
        assert!(compare(Some(&pair[0]), Some(&pair[1])).is_lt(), "{pair:?}");
    }
    assert!(compare(None, Some(&Value::Null)).is_lt());
    assert!(compare(Some(&Value::Number(5.0)), Some(&Value::BigInt(5))).is_eq());
}
