//! fjall: a log-structured store with threads that flush and merge.

use std::path::Path;

use ::fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};

use super::indexed::{IndexedDocuments, TABLES};
use super::tables::{Reader, Table, TableMap, Tables, Writer};
use super::{About, CACHE_BYTES, Documents, Durability, Map, Peer, version_of};

const NAMES: [&str; TABLES] = ["documents", "by_customer", "by_placed"];

/// The peer.
pub struct Fjall;

impl Peer for Fjall {
    fn about(&self) -> About {
        About {
            name: "fjall",
            version: version_of("fjall"),
            durable: "persisted with `PersistMode::SyncData`: in the journal and synced",
            survives_power: true,
            relaxed: "written to the journal (`PersistMode::Buffer`, the default)",
            settings: &[
                "`cache_size` 32 MiB, otherwise defaults: memtables of 64 MiB, LZ4, threads",
                "a keyspace for each table, a batch for each transaction, reads without snapshot",
            ],
        }
    }

    fn open_map(&self, folder: &Path, durability: Durability) -> Box<dyn Map> {
        Box::new(TableMap(Store::open(folder, durability, 1)))
    }

    fn open_documents(&self, folder: &Path, durability: Durability) -> Box<dyn Documents> {
        Box::new(IndexedDocuments(Store::open(folder, durability, TABLES)))
    }
}

struct Store {
    database: Database,
    tables: Vec<Keyspace>,
    persist: PersistMode,
}

impl Store {
    fn open(folder: &Path, durability: Durability, tables: usize) -> Self {
        let builder = Database::builder(folder).cache_size(CACHE_BYTES as u64);
        let database = builder.open().expect("a database");
        let open = |name| database.keyspace(name, KeyspaceCreateOptions::default);
        let tables = NAMES[..tables].iter().map(|name| open(name).expect("a keyspace")).collect();
        let persist = match durability {
            Durability::Durable => PersistMode::SyncData,
            Durability::Relaxed => PersistMode::Buffer,
        };
        Self { database, tables, persist }
    }
}

impl Tables for Store {
    fn read(&self, work: &mut dyn FnMut(&dyn Reader)) {
        work(self);
    }

    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Writer)) {
        // A batch that is told nothing stays in the memory of the process.
        let batch = self.database.batch().durability(Some(self.persist));
        let mut writing = Writing { store: self, batch };
        work(&mut writing);
        writing.batch.commit().expect("a commit");
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.tables[table].insert(key, value).expect("a write");
        // An insert has been handed to the operating system when it returns.
        if self.persist != PersistMode::Buffer {
            self.database.persist(self.persist).expect("a sync");
        }
    }

    fn close(self) {
        self.database.persist(PersistMode::SyncAll).expect("a sync");
    }
}

impl Reader for Store {
    fn get(&self, table: Table, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        let value = self.tables[table].get(key).expect("a read");
        value.inspect(|value| see(value)).is_some()
    }

    fn range(&self, table: Table, from: &[u8], see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        for guard in self.tables[table].range(from..) {
            let (key, value) = guard.into_inner().expect("a read");
            if !see(&key, &value) {
                return;
            }
        }
    }
}

struct Writing<'s> {
    store: &'s Store,
    batch: OwnedWriteBatch,
}

impl Writer for Writing<'_> {
    fn get(&self, table: Table, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        Reader::get(self.store, table, key, see)
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.batch.insert(&self.store.tables[table], key, value);
    }

    fn delete(&mut self, table: Table, key: &[u8]) {
        self.batch.remove(&self.store.tables[table], key);
    }
}
