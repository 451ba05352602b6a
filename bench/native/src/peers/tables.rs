//! Ordered tables of bytes with transactions over several of them: what the engines offer that know
//! no documents.

use super::Map;
use crate::data::Pair;

/// Which of the tables of a store.
pub type Table = usize;

/// An open store of some tables.
pub trait Tables {
    /// Reads, all from one state where the engine has such a thing at no cost to a single read.
    fn read(&self, work: &mut dyn FnMut(&dyn Reader));
    /// One transaction, acknowledged as the store was opened for.
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Writer));
    /// One put, by the shortest way that there is.
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.write(&mut |writer| writer.put(table, key, value));
    }
    fn close(self);
}

/// What can be read.
pub trait Reader {
    /// Shows the value where there is one, and says whether there is.
    fn get(&self, table: Table, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool;
    /// Shows pairs from `from` on, until `see` has had enough.
    fn range(&self, table: Table, from: &[u8], see: &mut dyn FnMut(&[u8], &[u8]) -> bool);
}

/// What a transaction can do. Reads may answer from before it: nothing is written twice in one.
pub trait Writer {
    fn get(&self, table: Table, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool;
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]);
    fn delete(&mut self, table: Table, key: &[u8]);
}

/// The `kv` shape: one table.
pub struct TableMap<T>(pub T);

impl<T: Tables> Map for TableMap<T> {
    fn put(&mut self, key: &[u8], value: &[u8]) {
        self.0.put(0, key, value);
    }

    fn put_all(&mut self, pairs: &[Pair]) {
        self.0.write(&mut |writer| {
            for (key, value) in pairs {
                writer.put(0, key, value);
            }
        });
    }

    fn get(&self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> bool {
        let mut found = false;
        self.0.read(&mut |reader| found = reader.get(0, key, see));
        found
    }

    fn range(&self, from: &[u8], limit: usize, see: &mut dyn FnMut(&[u8], &[u8])) {
        let mut left = limit;
        self.0.read(&mut |reader| {
            reader.range(0, from, &mut |key, value| {
                see(key, value);
                left -= 1;
                left > 0
            });
        });
    }

    fn close(self: Box<Self>) {
        self.0.close();
    }
}
