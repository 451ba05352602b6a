//! Who takes part. A new peer is a file here and a line in [`all`].

mod entidb;
mod fjall;
mod heed;
mod indexed;
mod redb;
mod sled;
mod sqlite;
mod tables;

use std::path::Path;

use crate::data::Pair;
use crate::orders::{Change, Order};

/// What everyone's cache may hold, where it can be said.
pub const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Once it has been synced.
    Durable,
    /// Before that.
    Relaxed,
}

/// What a report says of a peer.
pub struct About {
    pub name: &'static str,
    pub version: String,
    /// What has happened to an acknowledged write, durable and relaxed.
    pub durable: &'static str,
    /// Whether a loss of power cannot take what it calls durable.
    pub survives_power: bool,
    pub relaxed: &'static str,
    pub settings: &'static [&'static str],
}

/// An engine. A folder belongs to one shape; it is opened as often as a workload wants.
pub trait Peer {
    fn about(&self) -> About;
    fn open_map(&self, folder: &Path, durability: Durability) -> Box<dyn Map>;
    fn open_documents(&self, folder: &Path, durability: Durability) -> Box<dyn Documents>;
}

/// A map of bytes in the order of keys. A call that writes is one transaction.
pub trait Map {
    fn put(&mut self, key: &[u8], value: &[u8]);
    fn put_all(&mut self, pairs: &[Pair]);
    /// Shows the value where there is one, and says whether there is.
    fn get(&self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool;
    /// Shows up to `limit` pairs from `from` on.
    fn range(&self, from: &[u8], limit: usize, see: &mut dyn FnMut(&[u8], &[u8]));
    /// Does what waits for idle time, for no longer than this, without threads; the others sleep.
    fn rest(&mut self, milliseconds: u64) {
        sleep(milliseconds);
    }
    fn close(self: Box<Self>);
}

/// Orders with an index of customers and one of when they were placed. A call that writes is one
/// transaction, its indexes included.
pub trait Documents {
    /// None of them is there yet.
    fn insert_all(&mut self, orders: &[Order]);
    /// One with this id may be there, and may be in other places of the indexes.
    fn put(&mut self, order: &Order);
    fn get(&self, id: &str) -> Option<Order>;
    /// Up to `limit` in the order of ids.
    fn starting_at(&mut self, id: &str, limit: usize) -> Vec<Order>;
    fn by_customer(&mut self, customer: &str) -> Vec<Order>;
    /// Up to `limit` in the order of `placed`.
    fn placed_from(&mut self, placed: u64, limit: usize) -> Vec<Order>;
    /// Every id is that of a document.
    fn update_all(&mut self, changes: &[(String, Change)]);
    /// As [`Map::rest`].
    fn rest(&mut self, milliseconds: u64) {
        sleep(milliseconds);
    }
    fn close(self: Box<Self>);
}

/// Everyone; ours first.
pub fn all() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(entidb::Entidb),
        Box::new(redb::Redb),
        Box::new(fjall::Fjall),
        Box::new(heed::Heed),
        Box::new(sqlite::Sqlite),
        Box::new(sled::Sled),
    ]
}

fn sleep(milliseconds: u64) {
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
}

/// The version of a crate that this program was built with.
fn version_of(name: &str) -> String {
    let lock = include_str!("../../Cargo.lock");
    let start = format!("name = \"{name}\"\nversion = \"");
    let version = lock.split(&start).nth(1).and_then(|rest| rest.split('"').next());
    version.unwrap_or("unknown").to_owned()
}
