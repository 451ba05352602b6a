//! The store while a barrier is outstanding: a commit counts when its own barrier is through, and
//! until then nothing that writes begins.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::kv::{Batch, Store, View};
use entidb::storage::Barrier;
use entidb::storage::fault::SimStorage;
use entidb::{Durability, ErrorKind};
use store_script::{Host, key};

fn batch(n: u32) -> Batch {
    let mut batch = Batch::new();
    batch.put(&key(1, n), b"value").unwrap();
    batch
}

/// A store with a commit on its way, and the barriers that are outstanding: those of the epoch that
/// it begins, and its own as the last.
fn committing() -> (SimStorage, Store<SimStorage>, Vec<Barrier>) {
    let sim = SimStorage::new(2);
    sim.make_asynchronous();
    let mut store = Host::new(&sim, 1).open().unwrap();
    for barrier in sim.outstanding() {
        sim.complete(barrier);
        store.barrier_done(barrier).unwrap();
    }
    assert!(store.stage(&batch(1)).unwrap().is_some());
    let _ = store.commit(Durability::Strict).unwrap();
    let outstanding = sim.outstanding();
    assert!(outstanding.len() > 1, "the first commit begins an epoch");
    (sim, store, outstanding)
}

fn sees_commit(store: &Store<SimStorage>) -> bool {
    store.get(View::at(store.visible_seq()), &key(1, 1), &mut Vec::new()).unwrap()
}

#[test]
fn a_commit_counts_when_its_own_barrier_is_through() {
    let (sim, mut store, outstanding) = committing();
    let (own, earlier) = outstanding.split_last().unwrap();
    for barrier in earlier {
        sim.complete(*barrier);
        store.barrier_done(*barrier).unwrap();
        assert!(
            store.is_pending() && !sees_commit(&store),
            "{barrier:?} is not that of the commit"
        );
    }
    sim.complete(*own);
    store.barrier_done(*own).unwrap();
    assert!(!store.is_pending() && sees_commit(&store));
}

#[test]
fn nothing_that_writes_begins_while_a_commit_is_on_its_way() {
    let (sim, mut store, outstanding) = committing();
    let before = (sim.counts().calls, sim.image());
    let errors = [
        store.stage(&batch(2)).map(|_| ()).unwrap_err(),
        store.commit(Durability::Strict).map(|_| ()).unwrap_err(),
        store.commit_catalog(b"catalog", &[]).map(|_| ()).unwrap_err(),
        store.spill(&mut batch(2)).unwrap_err(),
        store.commit_spilled(&mut batch(2)).map(|_| ()).unwrap_err(),
        store.sync_log(Durability::Strict).map(|_| ()).unwrap_err(),
        store.flush().map(|_| ()).unwrap_err(),
        store.step(1 << 20).map(|_| ()).unwrap_err(),
        store.compact_begin().unwrap_err(),
        store.close().map(|_| ()).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    }
    store.settle().unwrap();
    assert_eq!((sim.counts().calls, sim.image()), before, "nothing was asked of the storage");
    for barrier in outstanding {
        sim.complete(barrier);
        store.barrier_done(barrier).unwrap();
    }
    assert!(store.stage(&batch(2)).unwrap().is_some());
    let _ = store.commit(Durability::Strict).unwrap();
}
