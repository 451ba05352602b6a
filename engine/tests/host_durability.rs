//! How durable a commit is, counted in what the storage was asked for.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod host_support;

use entidb::host::Host;
use entidb::storage::fault::SimStorage;
use entidb::{Durability, Geometry};
use host_support::{Batch, declare_tasks, int_id, options, task};

use Durability::{Relaxed, Strict};

fn opened() -> (Host<SimStorage>, SimStorage, u32) {
    let storage = SimStorage::new(1);
    let mut host = Host::open(storage.clone(), &options(Geometry::DEFAULT)).unwrap();
    let tasks = declare_tasks(&mut host);
    // The first commit of a log finds it not begun.
    commit(&mut host, tasks, &[Strict]);
    storage.reset_counts();
    (host, storage, tasks)
}

/// Commits one group with a member of each durability.
fn commit(host: &mut Host<SimStorage>, tasks: u32, members: &[Durability]) {
    for (id, durability) in (0..).zip(members) {
        let batch = Batch::default().put(tasks, id, &task(id, &format!("{id}")));
        assert_eq!(host.stage(&batch.0, *durability).unwrap().first(), Some(&0));
    }
    let _ = host.commit().unwrap();
}

/// Writes and strict syncs since the last call.
fn asked(storage: &SimStorage) -> (u64, u64) {
    let counts = storage.counts();
    storage.reset_counts();
    (counts.total().writes, counts.total().syncs)
}

/// Whether a loss of power now would leave the document.
fn survives(storage: &SimStorage, tasks: u32, id: i64) -> bool {
    let image = SimStorage::from_image(storage.durable_image(), 1);
    let mut host = Host::open(image, &options(Geometry::DEFAULT)).unwrap();
    host.has(0, tasks, &int_id(id)).unwrap()
}

#[test]
fn a_group_is_as_durable_as_its_strictest_member_and_costs_one_write_and_one_sync() {
    for members in [&[Strict][..], &[Strict, Relaxed, Relaxed], &[Relaxed, Relaxed, Strict]] {
        let (mut host, storage, tasks) = opened();
        commit(&mut host, tasks, members);
        assert_eq!(asked(&storage), (1, 1), "{members:?}");
        assert!(survives(&storage, tasks, 0));
    }
}

#[test]
fn a_relaxed_group_is_synced_when_that_is_asked_for_and_not_again() {
    let (mut host, storage, tasks) = opened();
    commit(&mut host, tasks, &[Relaxed, Relaxed]);
    assert_eq!(asked(&storage), (1, 0));
    let _ = host.sync().unwrap();
    assert_eq!(asked(&storage), (0, 1));
    assert!(survives(&storage, tasks, 1));
    let _ = host.sync().unwrap();
    assert_eq!(asked(&storage), (0, 0));
}

#[test]
fn the_durability_of_one_group_does_not_stick_to_the_next() {
    let (mut host, storage, tasks) = opened();
    commit(&mut host, tasks, &[Strict]);
    commit(&mut host, tasks, &[Relaxed]);
    assert_eq!(asked(&storage), (2, 1));
}
