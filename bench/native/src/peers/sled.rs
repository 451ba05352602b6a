//! sled: a lock-free tree over a log.

use std::path::Path;

use ::sled::transaction::{ConflictableTransactionError, Transactional};
use ::sled::{Batch, Config, Db, Mode, Tree};

use super::indexed::{IndexedDocuments, TABLES};
use super::tables::{Reader, Table, TableMap, Tables, Writer};
use super::{About, CACHE_BYTES, Documents, Durability, Map, Peer, version_of};

const NAMES: [&str; TABLES] = ["documents", "by_customer", "by_placed"];
/// What relaxed writes wait for at most; it is what sled does unless told otherwise.
const FLUSH_EVERY_MS: u64 = 500;

/// The peer.
pub struct Sled;

impl Peer for Sled {
    fn about(&self) -> About {
        About {
            name: "sled",
            version: version_of("sled"),
            durable: "followed by `flush()`, on Linux `sync_file_range`: pages are written \
                      to the disk, but neither its cache nor the length of the file is flushed",
            survives_power: false,
            relaxed: "in the memory of the process, and synced within 500 ms (the default)",
            settings: &[
                "`cache_capacity` 32 MiB, `Mode::HighThroughput`",
                "a tree for each table; several at once in a transaction of batches",
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
    database: Db,
    tables: Vec<Tree>,
    durability: Durability,
}

impl Store {
    fn open(folder: &Path, durability: Durability, tables: usize) -> Self {
        let every = (durability == Durability::Relaxed).then_some(FLUSH_EVERY_MS);
        let config = Config::new().path(folder).cache_capacity(CACHE_BYTES as u64);
        let config = config.mode(Mode::HighThroughput).flush_every_ms(every);
        let database = config.open().expect("a database");
        let open = |name| database.open_tree(name).expect("a tree");
        let tables = NAMES[..tables].iter().map(open).collect();
        Self { database, tables, durability }
    }

    fn acknowledge(&self) {
        if self.durability == Durability::Durable {
            self.database.flush().expect("a sync");
        }
    }
}

impl Tables for Store {
    fn read(&self, work: &mut dyn FnMut(&dyn Reader)) {
        work(self);
    }

    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Writer)) {
        let batches = vec![Batch::default(); self.tables.len()];
        let mut writing = Writing { tables: &self.tables, batches };
        work(&mut writing);
        let mut batches = writing.batches;
        if let ([table], [batch]) = (&self.tables[..], &mut batches[..]) {
            table.apply_batch(std::mem::take(batch)).expect("a commit");
        } else {
            let committed = self.tables.transaction(|trees| {
                for (tree, batch) in trees.iter().zip(&batches) {
                    tree.apply_batch(batch)?;
                }
                Ok::<(), ConflictableTransactionError<()>>(())
            });
            committed.expect("a commit");
        }
        self.acknowledge();
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.tables[table].insert(key, value).expect("a write");
        self.acknowledge();
    }

    fn close(self) {
        self.database.flush().expect("a sync");
    }
}

impl Reader for Store {
    fn get(&self, table: Table, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        let value = self.tables[table].get(key).expect("a read");
        value.inspect(|value| see(value)).is_some()
    }

    fn range(&self, table: Table, from: &[u8], see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        for pair in self.tables[table].range(from..) {
            let (key, value) = pair.expect("a read");
            if !see(&key, &value) {
                return;
            }
        }
    }
}

struct Writing<'s> {
    tables: &'s [Tree],
    batches: Vec<Batch>,
}

impl Writer for Writing<'_> {
    fn get(&self, table: Table, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        let value = self.tables[table].get(key).expect("a read");
        value.inspect(|value| see(value)).is_some()
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.batches[table].insert(key, value);
    }

    fn delete(&mut self, table: Table, key: &[u8]) {
        self.batches[table].remove(key);
    }
}
