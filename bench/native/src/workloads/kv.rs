//! The `kv` shape: keys of 16 random bytes, values of 290 bytes of text.

use std::hint::black_box;

use super::{
    CHECKED, CHECKED_RANGES, GETS, OPENS, PUTS, RANGE_ROWS, RANGES, RELAXED_PUTS, REST_MS, Turn,
    UPDATES, level, update_transactions,
};
use crate::data::{Checksum, Pair, Random, pairs};
use crate::figures::figures;
use crate::measure::{Class, Unit, timed};
use crate::peers::{Durability, Map};

/// What all peers are given.
pub struct Data {
    pub pairs: Vec<Pair>,
    puts: Vec<Pair>,
    relaxed_puts: Vec<Pair>,
    absent: Vec<Pair>,
}

impl Data {
    pub fn new(seed: u64, count: usize) -> Self {
        Self {
            pairs: pairs("pairs", seed, count),
            puts: pairs("puts", seed, PUTS),
            relaxed_puts: pairs("relaxed puts", seed, RELAXED_PUTS),
            absent: pairs("absent", seed, GETS),
        }
    }

    fn keys(&self, random: &mut Random, count: usize) -> Vec<&[u8]> {
        (0..count).map(|_| random.pick(&self.pairs).0.as_slice()).collect()
    }
}

/// Everything, from nothing stored.
pub fn run(turn: &mut Turn<'_>, data: &Data) {
    let map = bulk(turn, data);
    reads(turn, data, &*map);
    let map = writes(turn, data, map);
    open(turn, data, map);
    turn.note_size("size on disk after all writes", data.pairs.len() + PUTS + RELAXED_PUTS);
}

fn reopen(turn: &Turn<'_>, map: Box<dyn Map>, durability: Durability) -> Box<dyn Map> {
    map.close();
    turn.peer.open_map(turn.folder, durability)
}

fn bulk(turn: &mut Turn<'_>, data: &Data) -> Box<dyn Map> {
    let mut map = turn.peer.open_map(turn.folder, Durability::Durable);
    turn.measure("bulk insert, one transaction", Class::Durable, data.pairs.len(), || {
        map.put_all(&data.pairs);
    });
    turn.check(gets_checked(&*map, data.pairs.iter().map(|(key, _)| key.as_slice())));
    map.rest(REST_MS);
    map.close();
    turn.note_size("size on disk after bulk insert", data.pairs.len());
    turn.peer.open_map(turn.folder, Durability::Durable)
}

fn reads(turn: &mut Turn<'_>, data: &Data, map: &dyn Map) {
    // Everything is read once, so that all caches hold what they can.
    let mut seen = 0;
    map.range(&[0], data.pairs.len(), &mut |_, value| seen += black_box(value).len());
    assert!(seen > 0, "nothing was found");

    let keys = data.keys(&mut turn.random("gets"), GETS);
    turn.measure("get by key", Class::Reads, GETS, || {
        let mut sum = 0;
        let found = keys.iter().filter(|key| map.get(key, &mut |value| sum ^= glance(value)));
        assert_eq!(found.count(), GETS, "a key was not found");
        black_box(sum);
    });
    turn.check(gets_checked(map, keys.iter().copied()));

    turn.measure("get of an absent key", Class::Reads, GETS, || {
        let found = data.absent.iter().filter(|(key, _)| map.get(key, &mut |_| {})).count();
        assert_eq!(found, 0, "a key was found that nobody has put");
    });

    let starts = data.keys(&mut turn.random("ranges"), RANGES);
    turn.measure("range of 100 in the order of keys", Class::Reads, RANGES, || {
        let mut sum = 0;
        for start in &starts {
            map.range(start, RANGE_ROWS, &mut |key, value| sum ^= glance(key) ^ glance(value));
        }
        black_box(sum);
    });
    let mut checksum = Checksum::new();
    for start in starts.iter().take(CHECKED_RANGES) {
        map.range(start, RANGE_ROWS, &mut |key, value| {
            checksum.add(key);
            checksum.add(value);
        });
    }
    turn.check(checksum.text());
}

fn writes(turn: &mut Turn<'_>, data: &Data, map: Box<dyn Map>) -> Box<dyn Map> {
    let map = puts(turn, map, "durable put, one at a time", Class::Durable, &data.puts);
    let map = puts(turn, map, "relaxed put, one at a time", Class::Relaxed, &data.relaxed_puts);
    let mut map = reopen(turn, map, Durability::Durable);
    let mut random = turn.random("updates");
    let updates: Vec<Vec<Pair>> = (0..update_transactions(data.pairs.len()))
        .map(|_| {
            let keys = data.keys(&mut random, UPDATES);
            keys.into_iter().map(|key| (key.to_vec(), random.value())).collect()
        })
        .collect();
    let title = "update of 2,000 in one transaction, each";
    turn.measure(title, Class::Durable, updates.len() * UPDATES, || {
        for pairs in &updates {
            map.put_all(pairs);
        }
    });
    let keys = updates.iter().flatten().map(|(key, _)| key.as_slice());
    turn.check(gets_checked(&*map, keys));
    map.rest(REST_MS);
    map
}

fn puts(
    turn: &mut Turn<'_>,
    map: Box<dyn Map>,
    title: &'static str,
    class: Class,
    pairs: &[Pair],
) -> Box<dyn Map> {
    let mut map = reopen(turn, map, level(class));
    // The first write after an open does what only the first one has to.
    let (first, rest) = pairs.split_first().expect("pairs to put");
    map.put(&first.0, &first.1);
    turn.measure(title, class, rest.len(), || {
        for (key, value) in rest {
            map.put(key, value);
        }
    });
    turn.check(gets_checked(&*map, pairs.iter().map(|(key, _)| key.as_slice())));
    map.rest(REST_MS);
    map
}

fn open(turn: &mut Turn<'_>, data: &Data, mut map: Box<dyn Map>) {
    let keys = data.keys(&mut turn.random("opens"), OPENS);
    let mut checksum = Checksum::new();
    let mut times = Vec::new();
    for key in keys {
        map.close();
        let mut opened = None;
        let time = timed(|| {
            let map = turn.peer.open_map(turn.folder, Durability::Durable);
            map.get(key, &mut |value| checksum.add(value));
            opened = Some(map);
        });
        times.push(time.as_secs_f64() * 1e3);
        map = opened.expect("an open map");
    }
    map.close();
    let median = figures(&times).median;
    turn.note(
        "open after a clean close, to the first get",
        Class::Reads,
        Unit::Milliseconds,
        median,
    );
    turn.check(checksum.text());
}

fn gets_checked<'k>(map: &dyn Map, keys: impl Iterator<Item = &'k [u8]>) -> String {
    let mut checksum = Checksum::new();
    for key in keys.take(CHECKED) {
        assert!(map.get(key, &mut |value| checksum.add(value)), "a key was not found");
    }
    checksum.text()
}

/// Looks at both ends of an answer, which costs the same for everyone and next to nothing.
fn glance(bytes: &[u8]) -> u64 {
    let end = |chunk: Option<&[u8; 8]>| chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk));
    end(bytes.first_chunk()) ^ end(bytes.last_chunk()) ^ bytes.len() as u64
}
