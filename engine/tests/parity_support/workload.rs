//! Random work that reaches every part of the store: groups of commits, transactions that
//! interleave, snapshots that outlive compactions, large write sets, indexes built between other
//! work, catalogs that change, and openings after closing and after dying.

use entidb::{Geometry, IndexSpec};
use fastrand::Rng;
use serde_json::{Value, json};

use super::call::{hex, sizes};
use super::documents;
use super::messages::{self, Write};
use super::player::{Files, Player};
use super::recorder::Recorder;

/// First byte of the answer to a write for which the open group has no room.
const GROUP_FULL: u8 = 1;
const DATABASE_ID: [u8; 16] = *b"parity of images";

/// What one log does how much of.
#[derive(Clone, Copy)]
pub struct Scale {
    pub geometry: Geometry,
    /// How many of 10,000 actions write more than a log frame can hold.
    pub large: u16,
    /// How many of 10,000 actions flush, close, die or compact.
    pub upkeep: u16,
}

impl Scale {
    /// A geometry in which every mechanism is at work all the time.
    pub const TINY: Self = Self {
        geometry: Geometry { manifest_area_bytes: 256 * 1024, ..Geometry::TINY },
        large: 80,
        upkeep: 300,
    };

    /// The geometry that users have.
    pub const DEFAULT: Self = Self { geometry: Geometry::DEFAULT, large: 4, upkeep: 80 };

    /// Bytes above which a write set does not go through the log.
    fn frame_bytes(&self) -> usize {
        self.geometry.frame_bytes_max()
    }
}

struct Collection {
    id: u32,
    specs: Vec<IndexSpec>,
    /// Documents that were ever written are below.
    next: u32,
}

/// Work in progress; it goes on where the last part of the log ended.
pub struct Workload<F: Files> {
    pub recorder: Recorder<F>,
    rng: Rng,
    scale: Scale,
    collections: Vec<Collection>,
    snapshots: Vec<u32>,
    transactions: Vec<u32>,
    now_ms: u64,
    names: u32,
    has_staged: bool,
}

impl<F: Files> Workload<F> {
    /// A new database with one collection.
    pub fn new(files: F, scale: Scale, seed: u64) -> Self {
        let mut workload = Self {
            recorder: Recorder::new(Player::new(files)),
            rng: Rng::with_seed(seed),
            scale,
            collections: Vec::new(),
            snapshots: Vec::new(),
            transactions: Vec::new(),
            now_ms: 1_000_000,
            names: 0,
            has_staged: false,
        };
        workload.open();
        workload.create_collection();
        workload
    }

    /// Goes on until that many calls are made, counted from the start.
    pub fn run(&mut self, calls: u64) {
        while self.recorder.calls < calls {
            self.act();
        }
        self.commit();
    }

    fn act(&mut self) {
        let (large, upkeep) = (self.scale.large, self.scale.upkeep);
        match self.rng.u16(..10_000) {
            n if n < large => self.write_large(),
            n if n < large + upkeep => self.upkeep(),
            n => match n % 100 {
                0..=39 => self.write(),
                40..=44 => self.settle(),
                45..=49 => self.step(),
                50..=54 => self.begin(),
                55..=64 => self.write_in_transaction(),
                65..=69 => self.end_transaction(),
                70..=72 => self.snapshot(),
                73 => self.tick(),
                74 => self.sync(),
                75 | 76 => self.build(),
                77 | 78 => self.change_index(),
                79 | 80 => self.change_collection(),
                _ => self.read(),
            },
        }
    }

    fn call(&mut self, name: &str, args: Value) -> String {
        self.recorder.call(name, args)
    }

    /// Opens the database, and makes sure of what it holds.
    pub fn open(&mut self) {
        let geometry = sizes(&self.scale.geometry);
        let options = json!({ "databaseId": hex(&DATABASE_ID), "geometry": geometry });
        self.call("open", json!([options]));
        for name in ["created", "sequence", "schemaVersion", "collections"] {
            self.call(name, json!([]));
        }
        self.tick();
    }

    /// Ends without a word, as a worker does that is terminated.
    pub fn die(&mut self) {
        self.call("free", json!([]));
        self.forget();
    }

    /// Ends in order.
    pub fn close(&mut self) {
        self.call("close", json!([]));
        self.forget();
    }

    fn forget(&mut self) {
        self.snapshots.clear();
        self.transactions.clear();
        self.has_staged = false;
    }

    fn commit(&mut self) {
        self.call("commit", json!([]));
        self.has_staged = false;
    }

    fn pick(&mut self) -> usize {
        self.rng.usize(..self.collections.len())
    }

    /// The number of a document: every other time a new one.
    fn number(&mut self, at: usize) -> u32 {
        let collection = &mut self.collections[at];
        if collection.next == 0 || self.rng.bool() {
            collection.next += 1;
            return collection.next - 1;
        }
        self.rng.u32(..collection.next)
    }

    /// Appends a write to a batch.
    fn put_write(&mut self, batch: &mut Vec<u8>, at: usize) {
        let number = self.number(at);
        let long = 3 * self.scale.geometry.value_bytes_max();
        let rng = &mut self.rng;
        let write = match rng.u8(..16) {
            0..=7 => Write::Put(documents::document(rng, number, long)),
            8..=10 => Write::Insert(documents::document(rng, number, long)),
            11 => Write::PutNew(documents::document(rng, number, long)),
            12 | 13 => {
                let (set, unset) = documents::patch(rng, number);
                Write::Patch(set, unset)
            }
            _ => Write::Delete,
        };
        messages::put_write(batch, self.collections[at].id, &documents::id(number), &write);
    }

    fn batch(&mut self, writes: usize) -> Vec<u8> {
        let mut batch = Vec::new();
        for _ in 0..writes {
            let at = self.pick();
            self.put_write(&mut batch, at);
        }
        batch
    }

    /// Commits alone, or in a group of several.
    fn write(&mut self) {
        for _ in 0..if self.rng.u8(..4) == 0 { self.rng.usize(2..6) } else { 1 } {
            let writes = if self.rng.u8(..4) == 0 { self.rng.usize(2..6) } else { 1 };
            let batch = self.batch(writes);
            self.stage("stage", &[json!(hex(&batch))]);
        }
        if self.rng.u8(..6) > 0 {
            self.commit();
        }
    }

    /// Stages what `name` and `args` say; where the group is full, in the next one.
    fn stage(&mut self, name: &str, args: &[Value]) {
        let strict = self.rng.u8(..16) == 0;
        let args = Value::from([args, &[json!(strict)]].concat());
        let answer = self.recorder.bytes(name, args.clone());
        if answer.is_some_and(|answer| answer == [GROUP_FULL]) {
            self.commit();
            self.call(name, args);
        }
        self.has_staged = true;
    }

    /// Puts that together are longer than a log frame can be.
    fn large_batch(&mut self, bytes: usize) -> Vec<u8> {
        let at = self.pick();
        let mut batch = Vec::new();
        while batch.len() < bytes {
            let collection = &mut self.collections[at];
            let (id, number) = (collection.id, collection.next);
            collection.next += 1;
            let document = documents::document(&mut self.rng, number, 6000);
            // Not in the order of the ids, and some of them twice.
            let number = number ^ u32::from(self.rng.u8(..8) == 0);
            let write = Write::Put(document);
            messages::put_write(&mut batch, id, &documents::id(number), &write);
        }
        batch
    }

    fn write_large(&mut self) {
        let bytes = self.scale.frame_bytes();
        if self.rng.bool() {
            let batch = self.large_batch(bytes + bytes / 8);
            self.stage("stage", &[json!(hex(&batch))]);
            return self.commit();
        }
        let Some(tx) = self.recorder.handle("begin", json!([])) else { return };
        for _ in 0..5 {
            let batch = self.large_batch(bytes / 4);
            self.call("txStage", json!([tx, hex(&batch)]));
        }
        self.read_at(tx);
        self.stage("txCommit", &[json!(tx)]);
        self.commit();
    }

    fn settle(&mut self) {
        self.call("settle", json!([]));
    }

    fn sync(&mut self) {
        self.end_group();
        self.call("sync", json!([]));
    }

    fn step(&mut self) {
        let most = 1 << self.rng.u32(4..20);
        let budget = self.rng.u64(1..=most);
        self.call("step", json!([budget]));
    }

    fn tick(&mut self) {
        self.now_ms += if self.rng.u8(..8) == 0 { 61_000 } else { self.rng.u64(..2_000) };
        self.call("tick", json!([self.now_ms]));
    }

    fn begin(&mut self) {
        if self.transactions.len() < 4 {
            let tx = self.recorder.handle("begin", json!([]));
            self.transactions.extend(tx);
        }
    }

    fn write_in_transaction(&mut self) {
        if self.transactions.is_empty() {
            return self.begin();
        }
        let tx = self.transactions[self.rng.usize(..self.transactions.len())];
        let writes = self.rng.usize(1..5);
        let batch = self.batch(writes);
        self.call("txStage", json!([tx, hex(&batch)]));
        if self.rng.bool() {
            self.read_at(tx);
        }
    }

    fn end_transaction(&mut self) {
        if self.transactions.is_empty() {
            return;
        }
        let tx = self.transactions.swap_remove(self.rng.usize(..self.transactions.len()));
        if self.rng.u8(..5) == 0 {
            self.call("rollback", json!([tx]));
            return;
        }
        self.stage("txCommit", &[json!(tx)]);
    }

    fn snapshot(&mut self) {
        if self.snapshots.len() > 3 {
            let snapshot = self.snapshots.swap_remove(self.rng.usize(..4));
            self.call("release", json!([snapshot]));
        }
        let snapshot = self.recorder.handle("snapshot", json!([]));
        self.snapshots.extend(snapshot);
    }

    fn build(&mut self) {
        self.end_group();
        for _ in 0..self.rng.u8(1..4) {
            let (documents, bytes) = (self.rng.u64(1..200), self.rng.u64(1..100_000));
            self.call("buildStep", json!([documents, bytes]));
        }
    }

    /// What changes more than documents stands outside of groups; now and then it is tried inside.
    fn end_group(&mut self) {
        if self.has_staged && self.rng.u8(..20) > 0 {
            self.commit();
        }
    }

    fn change_index(&mut self) {
        self.end_group();
        let (at, all) = (self.pick(), documents::specs());
        let spec = all[self.rng.usize(..all.len())].clone();
        let collection = &mut self.collections[at];
        let known = collection.specs.iter().position(|other| *other == spec);
        let args = json!([collection.id, hex(&messages::spec(&spec))]);
        match known {
            Some(known) if self.rng.u8(..3) == 0 => {
                collection.specs.remove(known);
                self.call("dropIndex", args);
            }
            _ => {
                if known.is_none() {
                    collection.specs.push(spec);
                }
                self.call("createIndex", args);
            }
        }
    }

    fn change_collection(&mut self) {
        self.end_group();
        match self.rng.u8(..16) {
            0..=3 => self.create_collection(),
            4 if self.collections.len() > 1 => {
                let at = self.pick();
                let collection = self.collections.swap_remove(at);
                self.call("dropCollection", json!([collection.id]));
            }
            5 => {
                let at = self.pick();
                self.call("clear", json!([self.collections[at].id]));
            }
            _ => {
                self.names += 1;
                self.call("setSchemaVersion", json!([self.names]));
            }
        }
    }

    fn create_collection(&mut self) {
        if self.collections.len() > 4 {
            return;
        }
        self.names += 1;
        let name = format!("people {}", self.names);
        let rng = &mut self.rng;
        let specs: Vec<IndexSpec> =
            documents::specs().into_iter().filter(|_| rng.u8(..3) == 0).collect();
        let message = messages::collection(&name, &specs);
        if let Some(id) = self.recorder.handle("createCollection", json!([hex(&message)])) {
            self.collections.push(Collection { id, specs, next: 0 });
        }
    }

    fn upkeep(&mut self) {
        self.end_group();
        match self.rng.u8(..10) {
            0..=3 => {
                self.call("checkpoint", json!([]));
            }
            4 | 5 => {
                self.call("compactBegin", json!([]));
                let steps = if self.rng.bool() { 200 } else { self.rng.usize(1..20) };
                for _ in 0..steps {
                    let budget = 2 * u64::from(self.scale.geometry.unit_bytes);
                    if self.call("step", json!([budget])) != "true" {
                        break;
                    }
                }
                self.call("compactProgress", json!([]));
                self.call("compactReport", json!([]));
            }
            6 | 7 => {
                self.close();
                self.open();
            }
            _ => {
                self.die();
                self.open();
            }
        }
    }

    fn read(&mut self) {
        let mut views = vec![0];
        views.extend(&self.snapshots);
        views.extend(&self.transactions);
        let view = views[self.rng.usize(..views.len())];
        self.read_at(view);
    }

    fn read_at(&mut self, view: u32) {
        let at = self.pick();
        let (id, next) = (self.collections[at].id, self.collections[at].next.max(1));
        let number = self.rng.u32(..=next + next / 8);
        let document = hex(&documents::id(number));
        match self.rng.u8(..8) {
            0 | 1 => drop(self.call("get", json!([view, id, document]))),
            2 => drop(self.call("has", json!([view, id, document]))),
            3 => drop(self.call("hash", json!([view, id, document]))),
            4 => drop(self.call("count", json!([view, id]))),
            5 => {
                let wanted: Vec<_> = (0..4).map(|n| documents::id(number + n)).collect();
                let message = messages::ids(wanted.iter().map(Vec::as_slice));
                self.call("getMany", json!([view, id, hex(&message)]));
            }
            6 => {
                let reverse = self.rng.bool();
                self.query(view, &messages::scan(id, reverse));
            }
            _ => self.read_index(view, at),
        }
    }

    fn read_index(&mut self, view: u32, at: usize) {
        let Collection { id, specs, .. } = &self.collections[at];
        let all = documents::specs();
        // Now and then through an index that is not there.
        let spec = specs.get(self.rng.usize(..all.len())).unwrap_or(&all[0]);
        let value = (spec.fields[0] == "country").then(|| documents::country(&mut self.rng));
        let value = value.map(|value| value.encode().unwrap());
        let output = ["documents", "ids", "count"][self.rng.usize(..3)];
        let request = messages::index(*id, spec, value, output);
        match self.rng.u8(..4) {
            0 => drop(self.call("queryCount", json!([view, hex(&request)]))),
            1 => drop(self.call("explain", json!([view, hex(&request)]))),
            _ => self.query(view, &request),
        }
    }

    /// A page of a query, and one more.
    fn query(&mut self, view: u32, request: &[u8]) {
        let rows = self.rng.usize(1..12);
        let args = json!([view, hex(request), 4096, rows]);
        let Some(page) = self.recorder.bytes("queryPage", args) else { return };
        let Some(cursor) = messages::cursor(&page) else { return };
        self.call("page", json!([cursor, 4096, rows]));
        self.call("closeCursor", json!([cursor]));
    }
}
