//! The `documents` shape: orders of about 450 bytes with two indexes, from structs and to structs.

use std::hint::black_box;

use super::{
    CHECKED, CHECKED_RANGES, GETS, LOOKUPS, OPENS, PUTS, RANGE_ROWS, RANGES, RELAXED_PUTS, REST_MS,
    Turn, UPDATES, level, update_transactions,
};
use crate::data::{Checksum, Random};
use crate::figures::figures;
use crate::measure::{Class, Unit, timed};
use crate::orders::{
    Change, Order, PER_CUSTOMER, change, check, customer_count, customer_name, new_orders, orders,
    placed,
};
use crate::peers::{Documents, Durability};

/// What all peers are given.
pub struct Data {
    pub orders: Vec<Order>,
    puts: Vec<Order>,
    relaxed_puts: Vec<Order>,
}

impl Data {
    pub fn new(seed: u64, count: usize) -> Self {
        Self {
            orders: orders(seed, count),
            puts: new_orders("puts", seed, count, PUTS),
            relaxed_puts: new_orders("relaxed puts", seed, count + PUTS, RELAXED_PUTS),
        }
    }

    fn ids(&self, random: &mut Random, count: usize) -> Vec<&str> {
        (0..count).map(|_| random.pick(&self.orders).id.as_str()).collect()
    }

    /// Bytes of a document as JSON, on average.
    pub fn document_bytes(&self) -> usize {
        let sample = &self.orders[..self.orders.len().min(1_000)];
        let bytes =
            |order: &Order| serde_json::to_vec(&order.body).expect("an order is JSON").len();
        sample.iter().map(bytes).sum::<usize>() / sample.len()
    }
}

/// Everything, from nothing stored.
pub fn run(turn: &mut Turn<'_>, data: &Data) {
    let mut documents = bulk(turn, data);
    gets(turn, data, &mut *documents);
    queries(turn, data, &mut *documents);
    let documents = writes(turn, data, documents);
    open(turn, data, documents);
    turn.note_size("size on disk after all writes", data.orders.len() + PUTS + RELAXED_PUTS);
}

fn bulk(turn: &mut Turn<'_>, data: &Data) -> Box<dyn Documents> {
    let mut documents = turn.peer.open_documents(turn.folder, Durability::Durable);
    turn.measure("bulk insert, one transaction", Class::Durable, data.orders.len(), || {
        documents.insert_all(&data.orders);
    });
    turn.check(gets_checked(&*documents, data.orders.iter().map(|order| order.id.as_str())));
    documents.rest(REST_MS);
    documents.close();
    turn.note_size("size on disk after bulk insert", data.orders.len());
    turn.peer.open_documents(turn.folder, Durability::Durable)
}

fn gets(turn: &mut Turn<'_>, data: &Data, documents: &mut dyn Documents) {
    // Everything is read once by each way there is, so that all caches hold what they can.
    let all = data.orders.len();
    assert_eq!(documents.starting_at("0", all).len(), all, "not everything was found");
    assert_eq!(documents.placed_from(0, all).len(), all, "not everything was found");

    let ids = data.ids(&mut turn.random("gets"), GETS);
    turn.measure("get by id", Class::Reads, GETS, || {
        let found = ids.iter().filter(|id| black_box(documents.get(id)).is_some()).count();
        assert_eq!(found, GETS, "a document was not found");
    });
    turn.check(gets_checked(documents, ids.iter().copied()));

    let absent: Vec<String> = ids.iter().map(|id| format!("{}-", &id[..id.len() - 1])).collect();
    turn.measure("get of an absent id", Class::Reads, GETS, || {
        let found = absent.iter().filter(|id| documents.get(id).is_some()).count();
        assert_eq!(found, 0, "a document was found that nobody has put");
    });
}

fn queries(turn: &mut Turn<'_>, data: &Data, documents: &mut dyn Documents) {
    let starts = data.ids(&mut turn.random("ranges"), RANGES);
    query(turn, "range of 100 in the order of ids", &starts, |id| {
        documents.starting_at(id, RANGE_ROWS)
    });

    let (mut random, customers) = (turn.random("lookups"), customer_count(data.orders.len()));
    let names: Vec<String> = (0..LOOKUPS).map(|_| customer_name(random.below(customers))).collect();
    query(turn, "index lookup of 50 documents", &names, |name| {
        let found = documents.by_customer(name);
        assert!(found.len() >= PER_CUSTOMER, "a customer misses orders");
        found
    });

    let (mut random, last) = (turn.random("placed"), data.orders.len() - RANGE_ROWS);
    let starts: Vec<u64> = (0..RANGES).map(|_| placed(random.below(last))).collect();
    query(turn, "range of 100 in the order of an index", &starts, |&from| {
        documents.placed_from(from, RANGE_ROWS)
    });
}

/// Asks one query for each input, and some of them once more for the checksum.
fn query<Input>(
    turn: &mut Turn<'_>,
    title: &'static str,
    inputs: &[Input],
    mut ask: impl FnMut(&Input) -> Vec<Order>,
) {
    turn.measure(title, Class::Reads, inputs.len(), || {
        for input in inputs {
            black_box(ask(input));
        }
    });
    let mut checksum = Checksum::new();
    for order in inputs.iter().take(CHECKED_RANGES).flat_map(ask) {
        check(&mut checksum, &order);
    }
    turn.check(checksum.text());
}

fn writes(turn: &mut Turn<'_>, data: &Data, documents: Box<dyn Documents>) -> Box<dyn Documents> {
    let documents = puts(turn, documents, "durable put, one at a time", Class::Durable, &data.puts);
    let title = "relaxed put, one at a time";
    let documents = puts(turn, documents, title, Class::Relaxed, &data.relaxed_puts);
    documents.close();
    let mut documents = turn.peer.open_documents(turn.folder, Durability::Durable);
    let mut random = turn.random("updates");
    let updates: Vec<Vec<(String, Change)>> = (0..update_transactions(data.orders.len()))
        .map(|_| {
            // One that is drawn twice would be changed twice within a transaction.
            let mut order: Vec<_> = random.permutation(data.orders.len());
            order.truncate(UPDATES);
            order.into_iter().map(|at| (data.orders[at].id.clone(), change(&mut random))).collect()
        })
        .collect();
    let title = "update of 2,000 in one transaction, each";
    turn.measure(title, Class::Durable, updates.iter().map(Vec::len).sum(), || {
        for changes in &updates {
            documents.update_all(changes);
        }
    });
    turn.check(gets_checked(&*documents, updates.iter().flatten().map(|(id, _)| id.as_str())));
    documents.rest(REST_MS);
    documents
}

fn puts(
    turn: &mut Turn<'_>,
    documents: Box<dyn Documents>,
    title: &'static str,
    class: Class,
    orders: &[Order],
) -> Box<dyn Documents> {
    documents.close();
    let mut documents = turn.peer.open_documents(turn.folder, level(class));
    // The first write after an open does what only the first one has to.
    let (first, rest) = orders.split_first().expect("orders to put");
    documents.put(first);
    turn.measure(title, class, rest.len(), || {
        for order in rest {
            documents.put(order);
        }
    });
    turn.check(gets_checked(&*documents, orders.iter().map(|order| order.id.as_str())));
    documents.rest(REST_MS);
    documents
}

fn open(turn: &mut Turn<'_>, data: &Data, mut documents: Box<dyn Documents>) {
    let ids = data.ids(&mut turn.random("opens"), OPENS);
    let mut checksum = Checksum::new();
    let mut times = Vec::new();
    for id in ids {
        documents.close();
        let mut opened = None;
        let time = timed(|| {
            let documents = turn.peer.open_documents(turn.folder, Durability::Durable);
            let found = documents.get(id);
            opened = Some((documents, found));
        });
        times.push(time.as_secs_f64() * 1e3);
        let (open, found) = opened.expect("an open database");
        check(&mut checksum, &found.expect("a document"));
        documents = open;
    }
    documents.close();
    let median = figures(&times).median;
    turn.note(
        "open after a clean close, to the first get",
        Class::Reads,
        Unit::Milliseconds,
        median,
    );
    turn.check(checksum.text());
}

fn gets_checked<'i>(documents: &dyn Documents, ids: impl Iterator<Item = &'i str>) -> String {
    let mut checksum = Checksum::new();
    for id in ids.take(CHECKED) {
        check(&mut checksum, &documents.get(id).expect("a document"));
    }
    checksum.text()
}
