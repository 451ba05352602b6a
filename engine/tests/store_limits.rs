//! Where work fails or limits are met: what was committed stays, and a store that can still be
//! written to is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::kv::{Batch, Store, View};
use entidb::storage::FileId;
use entidb::storage::fault::{Fault, PowerCut, Repeat, Reread, SimStorage};
use entidb::{Durability, ErrorKind, Geometry, Options, Result};
use store_script::{HEAD_BYTES, key, open, state_of};

fn open_as(sim: &SimStorage, geometry: Geometry) -> Store<SimStorage> {
    let options = Options { geometry, cache_bytes: 0, ..Options::default() };
    Store::open(sim.clone(), &options).unwrap()
}

fn put(
    store: &mut Store<SimStorage>,
    key: &[u8],
    value: &[u8],
    durability: Durability,
) -> Result<u64> {
    let mut batch = Batch::new();
    batch.put(key, value)?;
    let seq = store.stage(&batch)?.unwrap();
    let _ = store.commit(durability)?;
    Ok(seq)
}

fn get(store: &Store<SimStorage>, key: &[u8], seq: u64) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    store.get(View::at(seq), key, &mut value).unwrap().then_some(value)
}

#[test]
fn a_key_whose_versions_fill_segments_reads_right_at_every_snapshot() {
    let geometry = Geometry { segment_units_max: 1, ..Geometry::TINY };
    let sim = SimStorage::new(1);
    let mut store = open_as(&sim, Geometry { manifest_area_bytes: 64 * 1024, ..geometry });
    let mut versions = Vec::new();
    for n in 0_u32..240 {
        // What differs in every byte does not compress away.
        let mut value = vec![0; 300];
        fastrand::Rng::with_seed(u64::from(n)).fill(&mut value);
        let middle = key(1, 50 + n % 3);
        let seq = put(&mut store, &middle, &value, Durability::Relaxed).unwrap();
        put(&mut store, &key(1, n % 100), b"beside", Durability::Relaxed).unwrap();
        store.pin(seq);
        versions.push((seq, middle, value));
        if n % 20 == 0 {
            store.step(u64::from(n) * 100).unwrap();
        }
    }
    for round in 0..4 {
        store.compact_begin().unwrap();
        while store.step(777).unwrap() {}
        for (seq, key, value) in &versions {
            assert_eq!(get(&store, key, *seq).as_ref(), Some(value), "round {round}, at {seq}");
        }
        let gone = versions.extract_if(.., |(seq, ..)| seq.is_multiple_of(round + 2));
        gone.for_each(|(seq, ..)| store.unpin(seq));
        assert!(store.stats().segments > 2);
    }
}

#[test]
fn a_merge_goes_on_when_what_it_reads_is_retired() {
    let prefix = key(3, 0)[..5].to_vec();
    for budget in [1, 300, 900, 2_000, 4_000] {
        let sim = SimStorage::new(1);
        let mut store = open(&sim).unwrap();
        for round in 0..9 {
            for n in 0..12 {
                let value = [round; 200];
                put(&mut store, &key(3, n), &value, Durability::Relaxed).unwrap();
                put(&mut store, &key(1, n), &value, Durability::Relaxed).unwrap();
            }
            let _ = store.flush().unwrap();
        }
        while store.stats().merges == 0 {
            store.step(budget).unwrap();
        }
        store.step(budget).unwrap();
        let _ = store.commit_catalog(b"retired", std::slice::from_ref(&prefix)).unwrap();
        for round in 0..3 {
            for n in 0..30 {
                put(&mut store, &key(1, n), &[round; 250], Durability::Relaxed).unwrap();
            }
            let _ = store.flush().unwrap();
            store.step(budget).unwrap();
        }
        while store.step(5_000).unwrap() {}
        assert_eq!(store.stats().work_failures, 0, "budget {budget}");
        assert_eq!(get(&store, &key(1, 7), u64::MAX), Some(vec![2; 250]));
        assert_eq!(get(&store, &key(3, 7), u64::MAX), None, "budget {budget}");
    }
}

#[test]
fn a_merge_that_fails_keeps_nobody_from_writing() {
    let sim = SimStorage::new(1);
    let mut store = open_as(&sim, Geometry { manifest_area_bytes: 256 * 1024, ..Geometry::TINY });
    put(&mut store, &key(1, 0), &[9; 90], Durability::Strict).unwrap();
    put(&mut store, &key(1, 200), &[9; 90], Durability::Strict).unwrap();
    let _ = store.flush().unwrap();
    let units = HEAD_BYTES + 2 * (256 - 8) * 1024;
    for at in 0..64 {
        sim.flip_bit(FileId::Volume, units + at, 3);
    }
    for n in 0..2_000 {
        put(&mut store, &key(1, n % 80 + 1), &n.to_le_bytes(), Durability::Strict).unwrap();
        if let Err(error) = store.settle() {
            assert_eq!(error.kind(), ErrorKind::Corrupt);
        }
        if n % 50 == 0 {
            let _ = store.flush().unwrap();
        }
    }
    assert!(store.stats().work_failures > 0 && store.stats().level0_runs > 12);
    assert_eq!(get(&store, &key(1, 80), u64::MAX), Some(1_999_u32.to_le_bytes().to_vec()));
    let error = store.get(View::at(u64::MAX), &key(1, 0), &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    store.compact_begin().unwrap();
    let failed = loop {
        match store.step(10_000) {
            Ok(more) => assert!(more, "a compaction cannot pass over a damaged block"),
            Err(error) => break error,
        }
    };
    assert_eq!(failed.kind(), ErrorKind::Corrupt);
    assert!(store.compact_progress().is_none(), "the compaction is over");
}

#[test]
fn a_flush_that_fails_leaves_relaxed_commits_to_be_synced() {
    let sim = SimStorage::new(1);
    let mut store = open(&sim).unwrap();
    put(&mut store, &key(1, 1), b"strict", Durability::Strict).unwrap();
    put(&mut store, &key(1, 2), b"relaxed", Durability::Relaxed).unwrap();
    sim.fail_at(sim.counts().calls, Fault::Io, Repeat::Once);
    let _ = store.flush().unwrap_err();
    let _ = store.sync_log(Durability::Strict).unwrap();
    let wanted = state_of(&store);
    let cut = sim.power_cut(PowerCut::default()).nothing_kept();
    assert_eq!(state_of(&open(&SimStorage::from_image(cut, 1)).unwrap()), wanted);
    let _ = store.flush().unwrap();
    assert_eq!(state_of(&store), wanted);
}

#[test]
fn an_open_group_stays_out_of_whatever_else_is_made_durable() {
    let sim = SimStorage::new(1);
    let mut store = open(&sim).unwrap();
    put(&mut store, &key(1, 1), b"first", Durability::Strict).unwrap();
    let mut batch = Batch::new();
    batch.put(&key(1, 2), b"staged").unwrap();
    let _ = store.stage(&batch).unwrap();
    assert_eq!(store.flush().unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(store.compact_begin().unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(store.close().unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(store.commit_catalog(b"c", &[]).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(store.commit_spilled(&mut batch).unwrap_err().kind(), ErrorKind::InvalidInput);
    while store.step(100).unwrap() {}
    let found = state_of(&open(&SimStorage::from_image(sim.image(), 1)).unwrap());
    assert_eq!(found.0.len(), 1);
    assert!(store.discard() && !store.discard());
    let _ = store.close().unwrap();
    assert_eq!(state_of(&open(&sim).unwrap()).0.len(), 1);
}

#[test]
fn a_group_larger_than_the_log_is_refused_and_nothing_else_suffers() {
    let sim = SimStorage::new(1);
    let mut store = open(&sim).unwrap();
    put(&mut store, &key(1, 1), b"first", Durability::Strict).unwrap();
    let mut batch = Batch::new();
    for n in 0..20 {
        batch.put(&key(1, n + 10), &[5; 1000]).unwrap();
    }
    assert_eq!(store.stage(&batch).unwrap_err().kind(), ErrorKind::LimitExceeded);
    assert_eq!(store.staged_seq(), store.visible_seq());
    put(&mut store, &key(1, 2), b"second", Durability::Strict).unwrap();
    store.spill(&mut batch).unwrap();
    let _ = store.commit_spilled(&mut batch).unwrap();
    assert_eq!(state_of(&open(&SimStorage::from_image(sim.image(), 1)).unwrap()).0.len(), 22);
}

/// Long keys in collections of their own make a manifest of few segments outgrow its area.
#[test]
fn a_manifest_that_outgrows_its_area_loses_nothing_and_leaves_all_readable() {
    let sim = SimStorage::new(1);
    let mut store = open_as(&sim, Geometry { manifest_area_bytes: 4096, ..Geometry::TINY });
    let long = |n: u8| {
        let mut key = vec![1, 0, 0, 0, n];
        key.resize(900, n);
        key
    };
    let mut kept = Vec::new();
    let mut refused = 0;
    for n in 0..60 {
        let key = long(n);
        match put(&mut store, &key, &[n; 60], Durability::Strict) {
            Ok(_) => kept.push((key, n)),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::LimitExceeded);
                store.discard();
                refused += 1;
            }
        }
        if let Err(error) = store.settle() {
            assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        }
    }
    assert!(refused > 0 && kept.len() > 4, "{refused} refused, {} kept", kept.len());
    for image in [sim.image(), sim.power_cut(PowerCut::default()).nothing_kept()] {
        let reopened = open_as(&SimStorage::from_image(image, 1), Geometry::TINY);
        for (key, n) in &kept {
            assert_eq!(get(&store, key, u64::MAX), Some(vec![*n; 60]));
            assert_eq!(get(&reopened, key, u64::MAX), Some(vec![*n; 60]));
        }
    }
}

/// What a failed sync held may never reach the medium, whoever wrote it: here a large write set
/// that was not committed yet, while a merge was on.
#[test]
fn a_sync_that_fails_in_a_merge_ends_the_store() {
    let geometry = Geometry {
        unit_bytes: 64 * 1024,
        segment_units_max: 16,
        memtable_bytes: 512 * 1024,
        log_bytes_max: 1024 * 1024,
        block_bytes: 1024,
        ..Geometry::TINY
    };
    let sim = SimStorage::new(1);
    let mut store = open_as(&sim, Geometry { manifest_area_bytes: 256 * 1024, ..geometry });
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..9 {
        for _ in 0..120 {
            let mut value = vec![0; 4000];
            rng.fill(&mut value);
            put(&mut store, &key(1, rng.u32(..)), &value, Durability::Relaxed).unwrap();
        }
        let _ = store.flush().unwrap();
    }
    let mut batch = Batch::new();
    batch.put(&key(1, 1), &[1; 4000]).unwrap();
    store.spill(&mut batch).unwrap();
    let reread = Reread::New;
    sim.fail_at(sim.counts().calls, Fault::SyncFails { reread }, Repeat::Once);
    let failed = loop {
        match store.step(100_000) {
            Ok(more) => assert!(more, "no merge was large enough to be synced on its way"),
            Err(error) => break error,
        }
    };
    assert_eq!(failed.kind(), ErrorKind::Io);
    assert_eq!(store.commit_spilled(&mut batch).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(store.get(View::at(9), b"k", &mut Vec::new()).unwrap_err().kind(), ErrorKind::Io);
}
