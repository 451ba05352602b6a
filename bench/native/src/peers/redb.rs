//! redb: a copy-on-write B+tree in one file.

use std::cell::OnceCell;
use std::path::Path;

use ::redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
};

use super::indexed::{IndexedDocuments, TABLES};
use super::tables::{Reader, Table, TableMap, Tables, Writer};
use super::{About, CACHE_BYTES, Documents, Durability, Map, Peer, version_of};

const NAMES: [&str; TABLES] = ["documents", "by_customer", "by_placed"];

/// The peer.
pub struct Redb;

impl Peer for Redb {
    fn about(&self) -> About {
        About {
            name: "redb",
            version: version_of("redb"),
            durable: "committed with `Durability::Immediate`: written and synced",
            survives_power: true,
            relaxed: "committed with `Durability::None`: in the memory of the process, not written",
            settings: &[
                "`set_cache_size` 32 MiB, otherwise defaults: one-phase commits with checksums",
                "a read transaction for each get, range and lookup",
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
    durability: ::redb::Durability,
    tables: usize,
}

impl Store {
    fn open(folder: &Path, durability: Durability, tables: usize) -> Self {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        let database = builder.create(folder.join("data.redb")).expect("a database");
        let durability = match durability {
            Durability::Durable => ::redb::Durability::Immediate,
            Durability::Relaxed => ::redb::Durability::None,
        };
        Self { database, durability, tables }
    }
}

impl Tables for Store {
    fn read(&self, work: &mut dyn FnMut(&dyn Reader)) {
        let transaction = self.database.begin_read().expect("a transaction");
        work(&Reading { transaction, tables: Default::default() });
    }

    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Writer)) {
        let mut transaction = self.database.begin_write().expect("a transaction");
        transaction.set_durability(self.durability).expect("a durability");
        let open = |&name| transaction.open_table(definition(name)).expect("a table");
        let mut tables = Writing(NAMES[..self.tables].iter().map(open).collect());
        work(&mut tables);
        drop(tables);
        transaction.commit().expect("a commit");
    }

    fn close(self) {
        self.database.close().expect("a clean close");
    }
}

/// Opening a table costs more than a get, so that each is opened once, when it is first read.
struct Reading {
    transaction: ReadTransaction,
    tables: [OnceCell<ReadOnlyTable<&'static [u8], &'static [u8]>>; TABLES],
}

impl Reading {
    fn table(&self, table: Table) -> &ReadOnlyTable<&'static [u8], &'static [u8]> {
        let open = || self.transaction.open_table(definition(NAMES[table])).expect("a table");
        self.tables[table].get_or_init(open)
    }
}

impl Reader for Reading {
    fn get(&self, table: Table, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        let value = self.table(table).get(key).expect("a read");
        value.as_ref().inspect(|value| see(value.value())).is_some()
    }

    fn range(&self, table: Table, from: &[u8], see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        for pair in self.table(table).range(from..).expect("a read") {
            let (key, value) = pair.expect("a read");
            if !see(key.value(), value.value()) {
                return;
            }
        }
    }
}

struct Writing<'t>(Vec<::redb::Table<'t, &'static [u8], &'static [u8]>>);

impl Writer for Writing<'_> {
    fn get(&self, table: Table, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        let value = self.0[table].get(key).expect("a read");
        value.as_ref().inspect(|value| see(value.value())).is_some()
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.0[table].insert(key, value).expect("a write");
    }

    fn delete(&mut self, table: Table, key: &[u8]) {
        self.0[table].remove(key).expect("a write");
    }
}

fn definition(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}
