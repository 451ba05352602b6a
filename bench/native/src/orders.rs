//! The documents: orders of about 450 bytes as JSON, of the kind that the benchmark in the browser
//! uses.

use serde::{Deserialize, Serialize};

use crate::data::{Checksum, Random, WORDS};

/// How many documents a lookup by customer finds.
pub const PER_CUSTOMER: usize = 50;

const PLACED_FIRST: u64 = 1_700_000_000;
const PLACED_STEP: u64 = 7;
const ID_DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ID_RANDOM_DIGITS: usize = 16;
const CITIES: [&str; 9] =
    ["Lisbon", "Tampere", "Lodz", "Brno", "Graz", "Zurich", "Malmo", "Ghent", "Cork"];
const COUNTRIES: [&str; 9] = ["PT", "FI", "PL", "CZ", "AT", "CH", "SE", "BE", "IE"];
const STATUSES: [&str; 5] = ["open", "packed", "shipped", "delivered", "returned"];

/// A document and its id: 26 characters that sort by time.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: String,
    pub body: Body,
}

/// What a document says; the id is the key and not in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Body {
    /// Indexed; each customer has `PER_CUSTOMER` orders, spread over all of them.
    pub customer: String,
    /// Indexed; a different number in every order, in no relation to the order of ids.
    pub placed: u64,
    pub status: String,
    pub total: f64,
    pub paid: bool,
    pub note: String,
    pub address: Address,
    pub tags: Vec<String>,
}

/// Where an order goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Address {
    pub street: String,
    pub city: String,
    pub postcode: String,
    pub country: String,
}

/// New values of two fields that no index has.
#[derive(Clone, Debug)]
pub struct Change {
    pub status: &'static str,
    pub total: f64,
}

/// The first `count` orders of a seed, in the order of their ids.
pub fn orders(seed: u64, count: usize) -> Vec<Order> {
    let mut random = Random::new("orders", seed);
    let customers = customer_count(count);
    let customer_of = random.permutation(count);
    let placed_of = random.permutation(count);
    let pairs = customer_of.into_iter().zip(placed_of).enumerate();
    pairs
        .map(|(at, (customer, place))| order(&mut random, at, customer % customers, place))
        .collect()
}

/// Orders behind the first `existing` ones, of customers that those do not have, so that lookups go
/// on finding as many.
pub fn new_orders(part: &str, seed: u64, existing: usize, count: usize) -> Vec<Order> {
    let mut random = Random::new(part, seed);
    (existing..existing + count).map(|at| order(&mut random, at, existing + at, at)).collect()
}

/// How many customers `count` orders have.
pub fn customer_count(count: usize) -> usize {
    (count / PER_CUSTOMER).max(1)
}

/// The name of a customer.
pub fn customer_name(customer: usize) -> String {
    format!("customer-{customer:08}")
}

/// The value of `placed` that so many others are below.
pub fn placed(rank: usize) -> u64 {
    PLACED_FIRST + rank as u64 * PLACED_STEP
}

/// A change to make.
pub fn change(random: &mut Random) -> Change {
    Change { status: "returned", total: amount(random) }
}

/// Adds a document to a checksum.
pub fn check(checksum: &mut Checksum, order: &Order) {
    checksum.add(order.id.as_bytes());
    checksum.add(&serde_json::to_vec(&order.body).expect("an order is JSON"));
}

fn order(random: &mut Random, at: usize, customer: usize, place: usize) -> Order {
    let city = random.below(CITIES.len());
    let body = Body {
        customer: customer_name(customer),
        placed: placed(place),
        status: (*random.pick(&STATUSES)).to_owned(),
        total: amount(random),
        paid: random.below(2) == 0,
        note: random.words(24),
        address: Address {
            street: format!("{} {}", random.words(2), 1 + random.below(200)),
            city: CITIES[city].to_owned(),
            postcode: (10_000 + random.below(90_000)).to_string(),
            country: COUNTRIES[city].to_owned(),
        },
        tags: (0..4).map(|_| (*random.pick(&WORDS)).to_owned()).collect(),
    };
    let digits = (0..ID_RANDOM_DIGITS).map(|_| char::from(*random.pick(ID_DIGITS)));
    Order { id: format!("{at:010}{}", digits.collect::<String>()), body }
}

fn amount(random: &mut Random) -> f64 {
    random.below(100_000) as f64 / 100.0
}
