//! Documents over tables of bytes, as an application keeps them: JSON under the id, and a table for
//! each index, whose keys end in the id.

use super::Documents;
use super::tables::{Reader, Table, Tables, Writer};
use crate::orders::{Body, Change, Order};

const DOCUMENTS: Table = 0;
const BY_CUSTOMER: Table = 1;
const BY_PLACED: Table = 2;

/// How many tables it takes.
pub const TABLES: usize = 3;

/// Bytes of `placed` in a key.
const PLACED_BYTES: usize = 8;

/// The `documents` shape over an engine without documents of its own.
pub struct IndexedDocuments<T>(pub T);

impl<T: Tables> Documents for IndexedDocuments<T> {
    /// What is new needs no look at what it replaces.
    fn insert_all(&mut self, orders: &[Order]) {
        self.0.write(&mut |writer| {
            for order in orders {
                writer.put(DOCUMENTS, order.id.as_bytes(), &encode(&order.body));
                writer.put(BY_CUSTOMER, &customer_key(&order.id, &order.body), &[]);
                writer.put(BY_PLACED, &placed_key(&order.id, &order.body), &[]);
            }
        });
    }

    fn put(&mut self, order: &Order) {
        let keys = [
            (BY_CUSTOMER, customer_key(&order.id, &order.body)),
            (BY_PLACED, placed_key(&order.id, &order.body)),
        ];
        let encoded = encode(&order.body);
        self.0.write(&mut |writer| {
            let stale = old(writer, &order.id).map(|body| {
                let old = [customer_key(&order.id, &body), placed_key(&order.id, &body)];
                old.map(Some)
            });
            let stale = stale.unwrap_or_default();
            for ((table, key), stale) in keys.iter().zip(stale) {
                if stale.as_ref() == Some(key) {
                    continue;
                }
                if let Some(stale) = stale {
                    writer.delete(*table, &stale);
                }
                writer.put(*table, key, &[]);
            }
            writer.put(DOCUMENTS, order.id.as_bytes(), &encoded);
        });
    }

    fn get(&self, id: &str) -> Option<Order> {
        let mut found = None;
        self.0.read(&mut |reader| found = read(reader, id.as_bytes()));
        found
    }

    fn starting_at(&mut self, id: &str, limit: usize) -> Vec<Order> {
        let mut found = Vec::with_capacity(limit);
        self.0.read(&mut |reader| {
            reader.range(DOCUMENTS, id.as_bytes(), &mut |id, document| {
                found.push(Order { id: text(id), body: decode(document) });
                found.len() < limit
            });
        });
        found
    }

    fn by_customer(&mut self, customer: &str) -> Vec<Order> {
        let prefix = customer_prefix(customer);
        let mut found = Vec::new();
        self.0.read(&mut |reader| {
            reader.range(BY_CUSTOMER, &prefix, &mut |key, _| {
                let Some(id) = key.strip_prefix(prefix.as_slice()) else { return false };
                found.extend(read(reader, id));
                true
            });
        });
        found
    }

    fn placed_from(&mut self, placed: u64, limit: usize) -> Vec<Order> {
        let mut found = Vec::with_capacity(limit);
        self.0.read(&mut |reader| {
            reader.range(BY_PLACED, &placed.to_be_bytes(), &mut |key, _| {
                found.extend(read(reader, &key[PLACED_BYTES..]));
                found.len() < limit
            });
        });
        found
    }

    fn update_all(&mut self, changes: &[(String, Change)]) {
        self.0.write(&mut |writer| {
            for (id, change) in changes {
                let mut body = old(writer, id).expect("an order to change");
                change.status.clone_into(&mut body.status);
                body.total = change.total;
                writer.put(DOCUMENTS, id.as_bytes(), &encode(&body));
            }
        });
    }

    fn close(self: Box<Self>) {
        self.0.close();
    }
}

fn read(reader: &dyn Reader, id: &[u8]) -> Option<Order> {
    let mut found = None;
    reader.get(DOCUMENTS, id, &mut |document| {
        found = Some(Order { id: text(id), body: decode(document) });
    });
    found
}

fn old(writer: &dyn Writer, id: &str) -> Option<Body> {
    let mut found = None;
    writer.get(DOCUMENTS, id.as_bytes(), &mut |document| found = Some(decode(document)));
    found
}

fn customer_prefix(customer: &str) -> Vec<u8> {
    [customer.as_bytes(), &[0]].concat()
}

fn customer_key(id: &str, body: &Body) -> Vec<u8> {
    [body.customer.as_bytes(), &[0], id.as_bytes()].concat()
}

fn placed_key(id: &str, body: &Body) -> Vec<u8> {
    [&body.placed.to_be_bytes(), id.as_bytes()].concat()
}

fn encode(body: &Body) -> Vec<u8> {
    serde_json::to_vec(body).expect("an order is JSON")
}

fn decode(document: &[u8]) -> Body {
    serde_json::from_slice(document).expect("what was stored is JSON")
}

fn text(id: &[u8]) -> String {
    String::from_utf8(id.to_vec()).expect("an id is text")
}
