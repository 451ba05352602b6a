//! What everyone does in a round, in this order.

pub mod documents;
pub mod kv;

use std::path::Path;

use crate::data::Random;
use crate::measure::{Class, Measure, Outcome, Unit, bytes_on_disk, each, quiet_disk, timed};
use crate::peers::{Durability, Peer};

/// How often each thing is done.
pub const GETS: usize = 20_000;
pub const RANGES: usize = 1_000;
pub const RANGE_ROWS: usize = 100;
pub const LOOKUPS: usize = 1_000;
pub const PUTS: usize = 1_000;
pub const RELAXED_PUTS: usize = 5_000;
pub const UPDATES: usize = 2_000;
pub const OPENS: usize = 5;
/// How many answers go into a checksum, outside of the measured time.
const CHECKED: usize = 200;
const CHECKED_RANGES: usize = 10;
/// After writes, before what follows: the time of threads, and of idle steps.
pub const REST_MS: u64 = 100;

/// How many transactions of updates there are: enough to change half of what is stored.
pub fn update_transactions(count: usize) -> usize {
    (count / (2 * UPDATES)).max(1)
}

/// One shape's turn of one peer in one round.
pub struct Turn<'a> {
    pub peer: &'a dyn Peer,
    pub folder: &'a Path,
    pub seed: u64,
    pub outcomes: Vec<Outcome>,
}

impl Turn<'_> {
    fn random(&self, part: &str) -> Random {
        Random::new(part, self.seed)
    }

    /// Measures so many operations, after the disk has come to rest where they write.
    fn measure(&mut self, title: &'static str, class: Class, count: usize, work: impl FnOnce()) {
        if class != Class::Reads {
            quiet_disk(self.folder);
        }
        let value = each(timed(work), count);
        self.note(title, class, Unit::Microseconds, value);
    }

    fn note(&mut self, title: &'static str, class: Class, unit: Unit, value: f64) {
        let measure = Measure { title, class, unit };
        self.outcomes.push(Outcome { measure, value, checksum: String::new() });
    }

    /// Notes the checksum of the answers to what was measured last.
    fn check(&mut self, checksum: String) {
        if let Some(outcome) = self.outcomes.last_mut() {
            outcome.checksum = checksum;
        }
    }

    /// What the closed files take, for each that is stored.
    fn note_size(&mut self, title: &'static str, stored: usize) {
        let bytes = bytes_on_disk(self.folder) as f64 / stored as f64;
        self.note(title, Class::Reads, Unit::Bytes, bytes);
    }
}

/// Durability of an open, by the class of what is measured.
fn level(class: Class) -> Durability {
    if class == Class::Relaxed { Durability::Relaxed } else { Durability::Durable }
}
