//! `SQLite` through rusqlite, in its write-ahead mode.

use std::path::Path;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::{About, Documents, Durability, Map, Peer, version_of};
use crate::data::Pair;
use crate::orders::{Change, Order};

const PRAGMAS: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA cache_size = -32768;
    PRAGMA temp_store = MEMORY;";
const MAP_SCHEMA: &str =
    "CREATE TABLE IF NOT EXISTS pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID";
const MAP_PUT: &str = "INSERT OR REPLACE INTO pairs (key, value) VALUES (?1, ?2)";
const DOCUMENTS_SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS orders (
      id TEXT PRIMARY KEY, customer TEXT NOT NULL, placed INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS orders_customer ON orders (customer);
    CREATE INDEX IF NOT EXISTS orders_placed ON orders (placed);";
const DOCUMENTS_INSERT: &str =
    "INSERT INTO orders (id, customer, placed, body) VALUES (?1, ?2, ?3, ?4)";
const DOCUMENTS_PUT: &str = "
    INSERT INTO orders (id, customer, placed, body) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (id) DO UPDATE SET
      customer = excluded.customer, placed = excluded.placed, body = excluded.body";
const DOCUMENTS_UPDATE: &str =
    "UPDATE orders SET body = json_set(body, '$.status', ?2, '$.total', ?3) WHERE id = ?1";

/// The peer.
pub struct Sqlite;

impl Peer for Sqlite {
    fn about(&self) -> About {
        About {
            name: "sqlite",
            version: format!("{} in rusqlite {}", rusqlite::version(), version_of("rusqlite")),
            durable: "committed with `synchronous = FULL`: in the write-ahead log and synced",
            survives_power: true,
            relaxed: "committed with `synchronous = NORMAL`: in the write-ahead log",
            settings: &[
                "`locking_mode = EXCLUSIVE`, `journal_mode = WAL`, `cache_size` 32 MiB, \
                 `temp_store = MEMORY`",
                "kv: a table `WITHOUT ROWID`; documents: JSON as text, indexed fields in columns",
                "cached prepared statements",
            ],
        }
    }

    fn open_map(&self, folder: &Path, durability: Durability) -> Box<dyn Map> {
        Box::new(SqliteMap(open(folder, durability, MAP_SCHEMA)))
    }

    fn open_documents(&self, folder: &Path, durability: Durability) -> Box<dyn Documents> {
        Box::new(SqliteDocuments(open(folder, durability, DOCUMENTS_SCHEMA)))
    }
}

fn open(folder: &Path, durability: Durability, schema: &str) -> Connection {
    let connection = Connection::open(folder.join("data.sqlite")).expect("a database");
    connection.execute_batch(PRAGMAS).expect("settings");
    let synchronous = match durability {
        Durability::Durable => "PRAGMA synchronous = FULL",
        Durability::Relaxed => "PRAGMA synchronous = NORMAL",
    };
    connection.execute_batch(synchronous).expect("a setting");
    connection.execute_batch(schema).expect("tables");
    connection
}

fn prepared<'c>(connection: &'c Connection, sql: &str) -> CachedStatement<'c> {
    connection.prepare_cached(sql).expect("a statement")
}

/// One transaction of what `work` does.
fn at_once(connection: &Connection, work: impl FnOnce()) {
    prepared(connection, "BEGIN IMMEDIATE").execute(()).expect("a transaction");
    work();
    prepared(connection, "COMMIT").execute(()).expect("a commit");
}

fn close(connection: Connection) {
    connection.close().map_err(|(_, error)| error).expect("a clean close");
}

struct SqliteMap(Connection);

impl Map for SqliteMap {
    fn put(&mut self, key: &[u8], value: &[u8]) {
        prepared(&self.0, MAP_PUT).execute((key, value)).expect("a write");
    }

    fn put_all(&mut self, pairs: &[Pair]) {
        at_once(&self.0, || {
            let mut put = prepared(&self.0, MAP_PUT);
            for (key, value) in pairs {
                put.execute((key, value)).expect("a write");
            }
        });
    }

    fn get(&self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        let mut get = prepared(&self.0, "SELECT value FROM pairs WHERE key = ?1");
        let mut rows = get.query((key,)).expect("a read");
        let row = rows.next().expect("a read");
        row.inspect(|row| see(blob(row, 0))).is_some()
    }

    fn range(&self, from: &[u8], limit: usize, see: &mut dyn FnMut(&[u8], &[u8])) {
        let sql = "SELECT key, value FROM pairs WHERE key >= ?1 ORDER BY key LIMIT ?2";
        let mut range = prepared(&self.0, sql);
        let mut rows = range.query(params![from, count(limit)]).expect("a read");
        while let Some(row) = rows.next().expect("a read") {
            see(blob(row, 0), blob(row, 1));
        }
    }

    fn close(self: Box<Self>) {
        close(self.0);
    }
}

struct SqliteDocuments(Connection);

impl SqliteDocuments {
    fn write(&self, sql: &str, order: &Order) {
        let body = serde_json::to_string(&order.body).expect("an order is JSON");
        let placed = i64::try_from(order.body.placed).expect("a time");
        let values = (&order.id, &order.body.customer, placed, body);
        prepared(&self.0, sql).execute(values).expect("a write");
    }

    fn select(&self, rest: &str, values: impl rusqlite::Params) -> Vec<Order> {
        let mut select = prepared(&self.0, rest);
        let rows = select.query_map(values, |row| Ok(order(row))).expect("a read");
        rows.map(|order| order.expect("a read")).collect()
    }
}

impl Documents for SqliteDocuments {
    fn insert_all(&mut self, orders: &[Order]) {
        at_once(&self.0, || orders.iter().for_each(|order| self.write(DOCUMENTS_INSERT, order)));
    }

    fn put(&mut self, order: &Order) {
        self.write(DOCUMENTS_PUT, order);
    }

    fn get(&self, id: &str) -> Option<Order> {
        let mut get = prepared(&self.0, "SELECT id, body FROM orders WHERE id = ?1");
        get.query_row((id,), |row| Ok(order(row))).optional().expect("a read")
    }

    fn starting_at(&mut self, id: &str, limit: usize) -> Vec<Order> {
        let sql = "SELECT id, body FROM orders WHERE id >= ?1 ORDER BY id LIMIT ?2";
        self.select(sql, params![id, count(limit)])
    }

    fn by_customer(&mut self, customer: &str) -> Vec<Order> {
        self.select("SELECT id, body FROM orders WHERE customer = ?1 ORDER BY id", (customer,))
    }

    fn placed_from(&mut self, placed: u64, limit: usize) -> Vec<Order> {
        let sql = "SELECT id, body FROM orders WHERE placed >= ?1 ORDER BY placed LIMIT ?2";
        self.select(sql, (i64::try_from(placed).expect("a time"), count(limit)))
    }

    fn update_all(&mut self, changes: &[(String, Change)]) {
        at_once(&self.0, || {
            let mut update = prepared(&self.0, DOCUMENTS_UPDATE);
            for (id, change) in changes {
                let updated = update.execute((id, change.status, change.total)).expect("a write");
                assert_eq!(updated, 1, "an order to change");
            }
        });
    }

    fn close(self: Box<Self>) {
        close(self.0);
    }
}

fn order(row: &Row<'_>) -> Order {
    let id = row.get_ref(0).ok().and_then(|id| id.as_str().ok()).expect("an id").to_owned();
    let body = row.get_ref(1).ok().and_then(|body| body.as_str().ok()).expect("a body");
    Order { id, body: serde_json::from_str(body).expect("what was stored is JSON") }
}

fn blob<'r>(row: &'r Row<'_>, column: usize) -> &'r [u8] {
    row.get_ref(column).ok().and_then(|value| value.as_blob().ok()).expect("bytes")
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).expect("a limit")
}
