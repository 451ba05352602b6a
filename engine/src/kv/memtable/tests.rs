use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::*;
use crate::error::ErrorKind;

type Key = (Vec<u8>, Reverse<u64>);
type Value = (Kind, Vec<u8>);
type Model = BTreeMap<Key, Value>;

/// Few keys, of few lengths, with shared prefixes: so that versions pile up and neighbours differ
/// late.
fn any_key(rng: &mut fastrand::Rng) -> Vec<u8> {
    (0..rng.usize(0..4)).map(|_| rng.u8(0..4)).collect()
}

fn insert_random(table: &mut Memtable, model: &mut Model, rng: &mut fastrand::Rng, seq: u64) {
    let key = any_key(rng);
    let kind = if rng.u8(0..4) == 0 { Kind::Delete } else { Kind::Put };
    let value = if kind == Kind::Put { vec![rng.u8(..); rng.usize(0..40)] } else { Vec::new() };
    let is_new = !model.contains_key(&(key.clone(), Reverse(seq)));
    let inserted = table.insert(&key, seq, kind, &value);
    assert_eq!(inserted.is_ok(), is_new);
    if is_new {
        model.insert((key, Reverse(seq)), (kind, value));
    }
}

fn entry_of(table: &Memtable, node: Node) -> (Key, Value) {
    let key = (table.key(node).to_vec(), Reverse(table.seq(node)));
    (key, (table.kind(node), table.value(node).to_vec()))
}

fn assert_equal(table: &Memtable, model: &Model) {
    let mut forward = Vec::new();
    let mut at = table.first();
    while let Some(node) = at {
        forward.push(entry_of(table, node));
        at = table.next(node);
    }
    let expected: Vec<_> = model.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    assert_eq!(forward, expected);
    let mut backward = Vec::new();
    let mut at = table.last();
    while let Some(node) = at {
        backward.push(entry_of(table, node));
        at = table.prev(node);
    }
    backward.reverse();
    assert_eq!(backward, expected);
    assert_eq!(table.list.len(), model.len());
    assert_eq!(table.is_empty(), model.is_empty());
    let max_seq = model.keys().map(|(_, seq)| seq.0).max();
    assert_eq!(table.max_seq(), max_seq.unwrap_or(0));
}

fn assert_lookups_equal(table: &Memtable, model: &Model, key: &[u8], seq: u64) {
    let from = (key.to_vec(), Reverse(seq));
    let expected = model.range(from..).next();
    let found = table.seek(key, seq).map(|node| entry_of(table, node));
    assert_eq!(found, expected.map(|(k, v)| (k.clone(), v.clone())));
    let expected = expected.filter(|((k, _), _)| k == key);
    let found = table.get(key, seq).map(|f| (f.seq, f.kind, f.value.to_vec()));
    assert_eq!(found, expected.map(|((_, seq), (kind, value))| (seq.0, *kind, value.clone())));
    let below = model.range(..(key.to_vec(), Reverse(u64::MAX))).next_back();
    let found = table.seek_before(key).map(|node| entry_of(table, node));
    assert_eq!(found, below.map(|(k, v)| (k.clone(), v.clone())));
}

#[test]
fn it_answers_like_an_ordered_map() {
    for seed in 0..200 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut table, mut model) = (Memtable::default(), Model::new());
        for round in 0..rng.u64(0..300) {
            let seq = if rng.bool() { round } else { rng.u64(0..300) };
            insert_random(&mut table, &mut model, &mut rng, seq);
            let (key, seq) = (any_key(&mut rng), *rng.choice(&[0, round, u64::MAX]).unwrap());
            assert_lookups_equal(&table, &model, &key, seq);
        }
        assert_equal(&table, &model);
        if rng.bool() {
            table.clear();
            assert_equal(&table, &Model::new());
            insert_random(&mut table, &mut Model::new(), &mut rng, 7);
            assert_eq!(table.list.len(), 1);
        }
    }
}

#[test]
fn truncation_removes_exactly_what_came_after() {
    for seed in 0..200 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut table, mut model) = (Memtable::default(), Model::new());
        let is_in_order = rng.bool();
        let mut twin = Memtable::default();
        let cut = rng.u64(0..100);
        for round in 1..100 {
            let seq = if is_in_order { round } else { rng.u64(0..100) };
            let state = rng.clone();
            insert_random(&mut table, &mut model, &mut rng, seq);
            if is_in_order && seq <= cut {
                insert_random(&mut twin, &mut Model::new(), &mut state.clone(), seq);
            }
        }
        table.truncate_after(cut);
        model.retain(|(_, seq), _| seq.0 <= cut);
        assert_equal(&table, &model);
        if is_in_order {
            assert_eq!(table.bytes(), twin.bytes(), "what was removed takes no memory");
        }
        for seq in cut + 1..cut + 50 {
            insert_random(&mut table, &mut model, &mut rng, seq);
            insert_random(&mut twin, &mut Model::new(), &mut rng, seq);
        }
        assert_equal(&table, &model);
    }
}

#[test]
fn the_place_of_a_removed_entry_is_forgotten() {
    let (mut table, mut model) = (Memtable::default(), Model::new());
    for (seq, key) in (1..).zip(b'm'..=b'z') {
        table.insert(&[key], seq, Kind::Put, b"").unwrap();
    }
    table.truncate_after(1);
    table.insert(b"a", 2, Kind::Put, b"").unwrap();
    model.insert((b"m".to_vec(), Reverse(1)), (Kind::Put, Vec::new()));
    model.insert((b"a".to_vec(), Reverse(2)), (Kind::Put, Vec::new()));
    assert_equal(&table, &model);
}

#[test]
fn equal_calls_build_equal_tables() {
    let build = || {
        let mut rng = fastrand::Rng::with_seed(7);
        let (mut table, mut model) = (Memtable::default(), Model::new());
        (0..2000).for_each(|seq| insert_random(&mut table, &mut model, &mut rng, seq));
        table
    };
    assert_eq!(format!("{:?}", build()), format!("{:?}", build()));
}

#[test]
fn towers_have_the_shape_of_a_skip_list() {
    let mut table = Memtable::default();
    for seq in 0..40_000_u64 {
        table
            .insert(&seq.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes(), seq, Kind::Put, b"")
            .unwrap();
    }
    let links = (table.bytes() - 40_000 * (32 + 8)) / 4;
    assert!(
        (40_000 * 130 / 100..40_000 * 137 / 100).contains(&links),
        "a third above one: {links}"
    );
}

#[test]
fn what_cannot_be_held_is_refused_and_changes_nothing() {
    let mut table = Memtable::default();
    table.insert(b"a", 1, Kind::Put, b"x").unwrap();
    let before = format!("{table:?}");
    let twice = table.insert(b"a", 1, Kind::Delete, b"").unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::InvalidInput);
    let long = table.insert(&[0; KEY_BYTES_MAX + 1], 1, Kind::Put, b"").unwrap_err();
    assert_eq!(long.kind(), ErrorKind::LimitExceeded);
    assert_eq!(format!("{table:?}"), before);
    table.insert(&[0; KEY_BYTES_MAX], 1, Kind::Put, b"").unwrap();
    assert!(arena_offset(u32::MAX as usize - 1, 1).is_ok());
    assert!(arena_offset(u32::MAX as usize, 1).is_err());
    assert!(arena_offset(1, usize::MAX).is_err());
}

#[test]
fn a_node_of_an_emptied_table_reads_as_some_entry_or_none() {
    let mut table = Memtable::default();
    (0..9).for_each(|seq| table.insert(b"key", seq, Kind::Put, b"value").unwrap());
    let stale = table.last().unwrap();
    table.clear();
    assert_eq!((table.key(stale), table.value(stale)), (&[][..], &[][..]));
    assert_eq!((table.next(stale), table.prev(stale)), (None, None));
}

#[test]
fn the_filter_passes_every_key_that_is_there_and_few_others() {
    let key = |n: u64| [&[1, 0, 0, 0, 7][..], &n.to_be_bytes()].concat();
    let mut table = Memtable::default();
    for round in 0..3 {
        for n in 0..5_000 {
            table.insert(&key(2 * n), n + 1, Kind::Put, b"value").unwrap();
            let there = [0, n / 2, n].map(|n| key(2 * n));
            assert!(there.iter().all(|key| table.find(&Sought::new(key), u64::MAX).is_some()));
        }
        let absent = (0..5_000).map(|n| key(2 * n + 1));
        let passed = absent.filter(|key| table.filter.may_contain(&Sought::new(key))).count();
        assert!(passed < 250, "{passed} of 5,000 would be searched for");
        assert!(table.filter.memory_bytes() <= 2 * 5_000, "{}", table.filter.memory_bytes());
        if round == 1 {
            table.truncate_after(2_000);
            assert!((0..2_000).all(|n| table.find(&Sought::new(&key(2 * n)), u64::MAX).is_some()));
        }
        table.clear();
        assert!(table.find(&Sought::new(&key(0)), u64::MAX).is_none());
    }
}
