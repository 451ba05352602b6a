//! heed: LMDB, a copy-on-write B+tree that is mapped into memory.

use std::ops::Bound;
use std::path::Path;

use ::heed::types::Bytes;
use ::heed::{Database, Env, EnvFlags, EnvOpenOptions, RoTxn, RwTxn, WithoutTls};

use super::indexed::{IndexedDocuments, TABLES};
use super::tables::{Reader, Table, TableMap, Tables, Writer};
use super::{About, Documents, Durability, Map, Peer, version_of};

const NAMES: [&str; TABLES] = ["documents", "by_customer", "by_placed"];
/// An address range; the file takes what is used of it.
const MAP_BYTES: usize = 8 << 30;

/// The peer.
pub struct Heed;

impl Peer for Heed {
    fn about(&self) -> About {
        About {
            name: "heed",
            version: format!("{}, LMDB in lmdb-master-sys {}", version_of("heed"), lmdb()),
            durable: "committed with the default flags: written and synced",
            survives_power: true,
            relaxed: "committed with `NO_SYNC`: written",
            settings: &[
                "a map of 8 GiB and no cache of its own: pages are those of the operating system",
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

fn lmdb() -> String {
    version_of("lmdb-master-sys")
}

type Bytewise = Database<Bytes, Bytes>;

struct Store {
    env: Env<WithoutTls>,
    tables: Vec<Bytewise>,
}

impl Store {
    #[expect(unsafe_code, reason = "a map of a file is sound while nobody else changes the file")]
    fn open(folder: &Path, durability: Durability, tables: usize) -> Self {
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        options.map_size(MAP_BYTES).max_dbs(u32::try_from(TABLES).expect("a few tables"));
        if durability == Durability::Relaxed {
            // SAFETY: what a loss of power takes is not read here.
            unsafe { options.flags(EnvFlags::NO_SYNC) };
        }
        // SAFETY: the folder is that of this run, and only this process has it open.
        let env = unsafe { options.open(folder) }.expect("an environment");
        let mut transaction = env.write_txn().expect("a transaction");
        let mut open = |name| env.create_database(&mut transaction, Some(name));
        let tables = NAMES[..tables].iter().map(|name| open(name).expect("a table")).collect();
        transaction.commit().expect("a commit");
        Self { env, tables }
    }
}

impl Tables for Store {
    fn read(&self, work: &mut dyn FnMut(&dyn Reader)) {
        let transaction = self.env.read_txn().expect("a transaction");
        work(&Reading { tables: &self.tables, transaction });
    }

    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Writer)) {
        let transaction = self.env.write_txn().expect("a transaction");
        let mut writing = Writing { tables: &self.tables, transaction };
        work(&mut writing);
        writing.transaction.commit().expect("a commit");
    }

    fn close(self) {
        // Without syncs, a clean close is one that has synced.
        self.env.force_sync().expect("a sync");
        self.env.prepare_for_closing().wait();
    }
}

struct Reading<'s> {
    tables: &'s [Bytewise],
    transaction: RoTxn<'s, WithoutTls>,
}

impl Reader for Reading<'_> {
    fn get(&self, table: Table, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        let value = self.tables[table].get(&self.transaction, key).expect("a read");
        value.inspect(|value| see(value)).is_some()
    }

    fn range(&self, table: Table, from: &[u8], see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let bounds = (Bound::Included(from), Bound::<&[u8]>::Unbounded);
        for pair in self.tables[table].range(&self.transaction, &bounds).expect("a read") {
            let (key, value) = pair.expect("a read");
            if !see(key, value) {
                return;
            }
        }
    }
}

struct Writing<'s> {
    tables: &'s [Bytewise],
    transaction: RwTxn<'s>,
}

impl Writer for Writing<'_> {
    fn get(&self, table: Table, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        let value = self.tables[table].get(&self.transaction, key).expect("a read");
        value.inspect(|value| see(value)).is_some()
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.tables[table].put(&mut self.transaction, key, value).expect("a write");
    }

    fn delete(&mut self, table: Table, key: &[u8]) {
        self.tables[table].delete(&mut self.transaction, key).expect("a write");
    }
}
