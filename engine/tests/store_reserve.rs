//! The room that is kept for flushing: what was committed before the storage was full can leave the
//! log without any more of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::storage::fault::{PowerCut, SimStorage};
use entidb::{Durability, ErrorKind};
use store_script::{History, Host, Step, check, key, open};

/// Commits to several collections, each of which begins a segment of its own.
fn commit_of(n: u32) -> Step {
    let write = |space: u8| (key(space, n % 40), Some(vec![space; 150]));
    Step::Group(vec![(1..=4).map(write).collect()], Durability::Strict)
}

#[test]
fn what_was_committed_can_be_flushed_without_more_room() {
    let mut refused = 0;
    for more in (0..96 * 1024).step_by(1024 + 512) {
        let context = format!("{more} bytes more");
        let sim = SimStorage::new(more);
        let mut host = Host::new(&sim, 0);
        let mut store = host.open().unwrap();
        sim.set_quota(Some(sim.image().total_len() + more));
        let mut history = History::default();
        for n in 0..200 {
            let Err(error) = host.run_step(&mut store, &commit_of(n), &mut history) else {
                continue;
            };
            assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{context}, commit {n}: {error}");
            store.discard();
            let found = check(&store, &history.of_process(), &context);
            history.cut_after(found);
            refused += 1;
            break;
        }
        let _ = store.flush().unwrap_or_else(|error| panic!("{context}: {error:?}"));
        check(&store, &history, &context);
        let cut = sim.power_cut(PowerCut::default()).nothing_kept();
        let reopened = open(&SimStorage::from_image(cut, 1)).unwrap();
        check(&reopened, &history, &format!("{context}, cut"));
    }
    assert!(refused > 10, "only {refused} were full");
}
