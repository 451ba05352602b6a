//! A database at work, the states that it goes through, and the check of one against them.

use std::collections::BTreeMap;
use std::ops::Bound;

use entidb::storage::fault::SimStorage;
use entidb::{
    Access, At, BuildBudget, CollectionId, Database, Durability, Error, ErrorKind, Geometry,
    IndexSpec, Op, Options, Output, PageLimits, QueryPlan, Result, Staged,
};
use fastrand::Rng;

use crate::model_support::oracle::{Coll, Model, Write, encoded, ops};
use crate::model_support::random;

type Db = Database<SimStorage>;

/// Collections that a workload has at most.
const COLLECTIONS_MAX: usize = 3;

/// A state of a database. Collections have ids of the model's own: which one the database gives is
/// its affair, names tell which is which.
#[derive(Clone, Default)]
pub struct State {
    pub model: Model,
    names: BTreeMap<CollectionId, String>,
    schema_version: u32,
}

/// The states that a run went through, and how far they are promised.
#[derive(Clone, Default)]
pub struct History {
    pub(super) states: Vec<State>,
    pub(super) strict: usize,
    pub(super) acknowledged: usize,
    /// The newest sequence number that anybody saw, in this life and in earlier ones.
    seen: u64,
    /// The highest id of a collection that anybody was told of.
    collection_max: Option<CollectionId>,
    /// Collections that anybody tried to make.
    made: u32,
}

impl History {
    /// The same, with what a process knows rather than what a medium is sure to hold.
    pub fn of_process(&self) -> Self {
        Self { strict: self.acknowledged, ..self.clone() }
    }

    /// What is known after a crash that left state `found`.
    pub fn survive(&self, found: usize) -> Self {
        let states = vec![self.states.get(found).cloned().unwrap_or_default()];
        Self { states, strict: 0, acknowledged: 0, ..*self }
    }

    fn last(&self) -> &State {
        self.states.last().unwrap()
    }

    /// All states so far but the newest `open` are acknowledged.
    fn acknowledge(&mut self, durability: Durability, open: usize, seq: u64) {
        self.acknowledged = self.states.len() - 1 - open;
        if durability == Durability::Strict {
            self.strict = self.acknowledged;
        }
        self.seen = self.seen.max(seq);
    }
}

fn open(sim: &SimStorage) -> Result<Db> {
    let geometry = Geometry { manifest_area_bytes: 16 * 1024, ..Geometry::TINY };
    let options = Options { geometry, cache_bytes: 64 * 1024, ..Options::default() };
    Database::open(sim.clone(), &options)
}

/// Opens what is left; it must be a state of the history, none before the last promise, and agree
/// with itself. Returns which one it is.
pub fn open_and_check(sim: &SimStorage, history: &History, context: &str) -> (Db, usize) {
    let mut db = open(sim).unwrap_or_else(|error| panic!("{context}: {error:?}"));
    if history.states.is_empty() {
        return (db, 0);
    }
    let found = history.states.iter().rposition(|state| is_state(&mut db, state));
    let found = found.unwrap_or_else(|| panic!("{context}: no state of the run"));
    let promised = history.strict;
    assert!(found >= promised, "{context}: state {found}, but {promised} was acknowledged");
    agrees(&mut db, &history.states[found], context);
    (db, found)
}

fn rows(db: &mut Db, plan: &QueryPlan) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let limits = PageLimits { bytes: 1 << 20, documents: 1000 };
    let mut cursor = db.cursor(At::Latest, plan).unwrap();
    let mut rows = Vec::new();
    while !cursor.is_done() {
        let page = db.page(&mut cursor, None, limits).unwrap();
        rows.extend(page.rows.into_iter().map(|row| (row.id, row.document)));
    }
    rows
}

/// Whether collections, indexes and documents are those of a state.
pub(super) fn is_state(db: &mut Db, state: &State) -> bool {
    let infos = db.collections();
    infos.len() == state.names.len()
        && db.schema_version() == state.schema_version
        && state.names.iter().all(|(id, name)| {
            let coll = state.model.coll(*id);
            let Some(info) = infos.iter().find(|info| info.name == *name) else { return false };
            let indexes = db.indexes(info.id).unwrap().into_iter().map(|i| (i.spec, i.ready));
            if !indexes.eq(coll.indexes.iter().cloned()) {
                return false;
            }
            let documents = rows(db, &QueryPlan::scan(info.id));
            let wanted = coll.docs.iter().map(|(id, doc)| (&**id, Some(doc.encoded())));
            let found = documents.iter().map(|(id, doc)| (id.as_slice(), doc.as_deref()));
            found.eq(wanted)
        })
}

/// Counts and every index that answers, both ways, are what looking at all documents says.
pub(super) fn agrees(db: &mut Db, state: &State, context: &str) {
    for (model_id, coll) in &state.model.collections {
        let id = &db.collection_id(&state.names[model_id]).unwrap();
        let count = db.count(At::Latest, *id).unwrap();
        assert_eq!(count, coll.docs.len() as u64, "{context}: documents counted");
        let infos = db.indexes(*id).unwrap();
        for (info, (spec, _)) in infos.iter().zip(&coll.indexes).filter(|(_, (_, ready))| *ready) {
            assert_eq!(info.entries, coll.entries(spec), "{context}: entries of {spec} counted");
            assert!(!spec.unique || !coll.is_violated(spec), "{context}: {spec} is violated");
            for reverse in [false, true] {
                let (lower, upper) = (Bound::Unbounded, Bound::Unbounded);
                let fields = spec.fields.clone();
                let access = Access::Index { fields, equal: vec![], lower, upper, prefix: None };
                let plan =
                    QueryPlan { reverse, output: Output::Ids, ..QueryPlan::over(*id, access) };
                let Some(wanted) = coll.rows(&plan) else { continue };
                let found: Vec<_> = rows(db, &plan).into_iter().map(|(id, _)| id).collect();
                assert_eq!(found, wanted, "{context}: {spec}, reverse {reverse}");
            }
        }
    }
}

/// Whether it is the storage that failed.
fn is_failure(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::QuotaExceeded)
}

/// A database at work, and what it is to become.
pub struct World<'a> {
    pub(super) sim: SimStorage,
    pub(super) db: Db,
    rng: Rng,
    pub(super) history: &'a mut History,
    /// The process ended, and opening it again failed.
    pub(super) is_gone: bool,
}

impl<'a> World<'a> {
    /// Opens the database; a new one gets a collection.
    pub fn open(sim: &SimStorage, seed: u64, history: &'a mut History) -> Result<Self> {
        Self::try_open(sim, seed, history).map_err(|(error, _)| error)
    }

    /// The same, and gives back the history where it fails.
    pub fn try_open(
        sim: &SimStorage,
        seed: u64,
        history: &'a mut History,
    ) -> std::result::Result<Self, (Error, &'a mut History)> {
        if history.states.is_empty() {
            history.states.push(State::default());
        }
        let db = match open(sim) {
            Ok(db) => db,
            Err(error) => return Err((error, history)),
        };
        let rng = Rng::with_seed(seed);
        let mut world = Self { sim: sim.clone(), db, rng, history, is_gone: false };
        if world.history.last().names.is_empty()
            && let Err(error) = world.create_collection()
        {
            return Err((error, world.history));
        }
        Ok(world)
    }

    /// A random number from the workload's own seed.
    pub fn draw(&mut self) -> usize {
        self.rng.usize(..100)
    }

    pub fn step(&mut self, kind: super::kinds::Kind) -> Result<()> {
        use super::kinds::Kind;
        match kind {
            Kind::Strict => self.group(Durability::Strict),
            Kind::Relaxed => self.group(Durability::Relaxed),
            Kind::Transaction => self.transaction(),
            Kind::Large => self.large(),
            Kind::CreateIndex => self.create_index(),
            Kind::DropIndex => self.drop_index(),
            Kind::Build => self.build(),
            Kind::CreateCollection => self.create_collection(),
            Kind::DropCollection => self.drop_collection(),
            Kind::Clear => self.clear(),
            Kind::SchemaVersion => self.set_schema_version(),
            Kind::Checkpoint => {
                let _ = self.db.checkpoint()?;
                self.all_safe();
                Ok(())
            }
            Kind::Work => self.db.step(1 << self.rng.u8(4..18)).map(drop),
            Kind::Compact => {
                self.db.compact_begin()?;
                while self.db.step(8192)? {}
                Ok(())
            }
            Kind::Close => {
                let _ = self.db.close()?;
                self.all_safe();
                self.reopen()
            }
            Kind::Kill => self.reopen(),
        }
    }

    fn reopen(&mut self) -> Result<()> {
        self.is_gone = true;
        self.db = open(&self.sim)?;
        self.is_gone = false;
        assert!(is_state(&mut self.db, self.history.last()), "an end without a loss of power");
        Ok(())
    }

    fn all_safe(&mut self) {
        self.history.acknowledge(Durability::Strict, 0, self.db.sequence());
    }

    fn group(&mut self, durability: Durability) -> Result<()> {
        for _ in 0..self.rng.usize(1..4) {
            let count = self.rng.usize(1..4);
            self.write(count, 0)?;
        }
        self.commit(durability, 0)
    }

    /// Commits what is staged; the newest `open` states are not part of it.
    fn commit(&mut self, durability: Durability, open: usize) -> Result<()> {
        let seen = self.history.seen;
        let staged = self.db.has_staged();
        let _ = self.db.commit(durability)?;
        assert!(!staged || self.db.sequence() > seen, "a sequence number is given twice");
        self.history.acknowledge(durability, open, self.db.sequence());
        Ok(())
    }

    fn random_writes(&mut self, count: usize) -> Vec<Write> {
        let model = &self.history.last().model;
        (0..count).map(|_| random::write(&mut self.rng, model)).collect()
    }

    /// Adds the state that some writes lead to; what they must be refused with where they lead
    /// nowhere.
    fn foresee(&mut self, writes: &[Write]) -> Option<ErrorKind> {
        let mut next = self.history.last().clone();
        let applied = next.model.apply(writes, true);
        let refused = match applied {
            Err(kind) => Some(kind),
            Ok(_) if next.model.has_violated(writes, true) => Some(ErrorKind::UniqueViolation),
            Ok(_) => None,
        };
        if refused.is_some() {
            next = self.history.last().clone();
        }
        self.history.states.push(next);
        refused
    }

    /// Stages a commit, with `pad` bytes more in what it puts.
    fn write(&mut self, count: usize, pad: usize) -> Result<()> {
        use crate::model_support::oracle::What;
        use entidb::codec::value::Value;
        let mut writes = self.random_writes(count);
        for write in writes.iter_mut().filter(|_| pad > 0) {
            if let What::Put(Value::Object(map)) = &mut write.what {
                map.insert("pad".to_owned(), Value::Bytes(vec![3; pad]));
            }
        }
        let refused = self.foresee(&writes);
        let bytes = encoded(&writes);
        let ops = self.translated(ops(&writes, &bytes));
        loop {
            match self.db.stage(&ops) {
                Ok(Staged::GroupFull) => self.commit(Durability::Strict, 1)?,
                Ok(Staged::Seq { .. }) => return Ok(()),
                Ok(Staged::Committed { .. }) => {
                    self.all_safe();
                    return Ok(());
                }
                Err(error) => return self.refused(error, refused),
            }
        }
    }

    /// A write that was refused, and rightly so, leaves things as they are.
    fn refused(&mut self, error: Error, expected: Option<ErrorKind>) -> Result<()> {
        if self.sim.is_off() || is_failure(&error) {
            return Err(error);
        }
        // An index that is being built refuses what the model does not know of.
        let is_building = self.history.last().model.is_building();
        assert!(expected.is_some() || is_building, "refused: {error:?}");
        self.history.states.pop();
        Ok(())
    }

    /// The handle of one of the model's collections.
    fn handle(&self, id: CollectionId) -> CollectionId {
        self.db.collection_id(&self.history.last().names[&id]).unwrap()
    }

    fn translated<'o>(&self, mut ops: Vec<Op<'o>>) -> Vec<Op<'o>> {
        for op in &mut ops {
            op.collection = self.handle(op.collection);
        }
        ops
    }

    fn transaction(&mut self) -> Result<()> {
        let count = self.rng.usize(1..8);
        let writes = self.random_writes(count);
        let refused = self.foresee(&writes);
        let bytes = encoded(&writes);
        let mut tx = self.db.begin()?;
        if let Err(error) = self.db.tx_write(&mut tx, &self.translated(ops(&writes, &bytes))) {
            self.db.rollback(tx);
            return self.refused(error, refused);
        }
        match self.db.tx_commit(&mut tx) {
            Ok(Staged::Committed { .. }) => {
                self.all_safe();
                Ok(())
            }
            Ok(_) => self.commit(Durability::Strict, 0),
            Err(error) => self.refused(error, refused),
        }
    }

    fn large(&mut self) -> Result<()> {
        self.write(30, 500)?;
        self.commit(Durability::Strict, 0)
    }

    fn some_collection(&mut self) -> CollectionId {
        let ids: Vec<_> = self.history.last().names.keys().copied().collect();
        ids[self.rng.usize(..ids.len())]
    }

    /// Adds a state that differs in one collection.
    fn change(&mut self, id: CollectionId, change: impl FnOnce(&mut Coll)) {
        let mut next = self.history.last().clone();
        change(next.model.coll_mut(id));
        self.history.states.push(next);
    }

    fn create_index(&mut self) -> Result<()> {
        let id = self.some_collection();
        let spec = random::specs()[self.rng.usize(..random::specs().len())].clone();
        let coll = self.history.last().model.coll(id);
        if coll.indexes.iter().any(|(known, _)| *known == spec) {
            return Ok(());
        }
        let is_ready = coll.docs.is_empty();
        self.change(id, |coll| coll.indexes.push((spec.clone(), is_ready)));
        let _ = self.db.create_index(self.handle(id), &spec)?;
        self.all_safe();
        Ok(())
    }

    fn drop_index(&mut self) -> Result<()> {
        let id = self.some_collection();
        let indexes = &self.history.last().model.coll(id).indexes;
        let Some((spec, _)) = indexes.first().cloned() else { return Ok(()) };
        self.change(id, |coll| drop(coll.indexes.remove(0)));
        let _ = self.db.drop_index(self.handle(id), &spec)?;
        self.all_safe();
        Ok(())
    }

    /// Steps of the oldest build. Each may finish the index, or drop it where documents are in its
    /// way.
    fn build(&mut self) -> Result<()> {
        let budget = BuildBudget { documents: 4, bytes: 4000 };
        for _ in 0..4 {
            let Some(build) = self.db.builds().into_iter().next() else { return Ok(()) };
            let ids: Vec<_> = self.history.last().names.keys().copied().collect();
            let id = ids.into_iter().find(|id| self.handle(*id) == build.collection).unwrap();
            let spec = build.spec;
            let is_it = |(known, _): &(IndexSpec, bool)| *known == spec;
            let before = self.history.last().clone();
            self.change(id, |coll| coll.indexes.retain(|index| !is_it(index)));
            let without = self.history.states.pop().unwrap();
            self.history.states.push(before.clone());
            self.change(id, |coll| coll.indexes.iter_mut().find(|i| is_it(i)).unwrap().1 = true);
            let with = self.history.last().clone();
            self.history.states.push(without.clone());
            let stepped = self.db.build_step(budget);
            if self.sim.is_off() || stepped.as_ref().is_err_and(is_failure) {
                return stepped.map(drop);
            }
            let after = match stepped {
                Ok(Some(progress)) if progress.finished => with,
                Ok(_) => before,
                Err(_) => without,
            };
            let keep = self.history.states.len() - 3;
            self.history.states.truncate(keep);
            self.history.states.push(after);
            if self.history.last().model.is_building() {
                self.history.acknowledge(Durability::Relaxed, 0, self.db.sequence());
            } else {
                self.all_safe();
            }
        }
        Ok(())
    }

    fn create_collection(&mut self) -> Result<()> {
        if self.history.last().names.len() >= COLLECTIONS_MAX {
            return Ok(());
        }
        let specs: Vec<_> =
            random::specs().iter().filter(|_| self.rng.u8(0..3) == 0).cloned().collect();
        let mut next = self.history.last().clone();
        self.history.made += 1;
        let id = CollectionId(self.history.made);
        let name = format!("collection {}", self.history.made);
        let indexes = specs.iter().map(|spec| (spec.clone(), true)).collect();
        next.model.collections.insert(id, Coll { indexes, ..Coll::default() }.into());
        next.names.insert(id, name.clone());
        self.history.states.push(next);
        let (given, _) = self.db.create_collection(&name, &specs)?;
        assert!(Some(given) > self.history.collection_max, "an id is given twice");
        self.history.collection_max = Some(given);
        self.all_safe();
        Ok(())
    }

    fn set_schema_version(&mut self) -> Result<()> {
        let mut next = self.history.last().clone();
        next.schema_version += 1;
        let version = next.schema_version;
        self.history.states.push(next);
        let _ = self.db.set_schema_version(version)?;
        self.all_safe();
        Ok(())
    }

    fn drop_collection(&mut self) -> Result<()> {
        if self.history.last().names.len() < 2 {
            return Ok(());
        }
        let id = self.some_collection();
        let handle = self.handle(id);
        let mut next = self.history.last().clone();
        next.model.collections.remove(&id);
        next.names.remove(&id);
        self.history.states.push(next);
        let _ = self.db.drop_collection(handle)?;
        self.all_safe();
        Ok(())
    }

    fn clear(&mut self) -> Result<()> {
        let id = self.some_collection();
        self.change(id, |coll| {
            coll.docs.clear();
            coll.indexes.iter_mut().for_each(|(_, ready)| *ready = true);
        });
        let _ = self.db.clear(self.handle(id))?;
        self.all_safe();
        Ok(())
    }
}
