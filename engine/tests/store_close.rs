//! What a close leaves: nothing that was reserved, so that work goes on as if it had never ended.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use entidb::Durability;
use entidb::storage::fault::SimStorage;
use store_script::{batch_of, key, open};

#[test]
fn numbers_go_on_without_a_gap_after_a_close() {
    let sim = SimStorage::new(1);
    let mut given = Vec::new();
    for n in 0..12 {
        let mut store = open(&sim).unwrap();
        for commit in 0..n % 4 {
            let batch = batch_of(&[(key(1, commit), Some(vec![1; 30]))]).unwrap();
            given.push(store.stage(&batch).unwrap().unwrap());
            let _ = store.commit(Durability::Strict).unwrap();
        }
        let _ = store.close().unwrap();
    }
    let wanted: Vec<u64> = (1..=given.len() as u64).collect();
    assert_eq!(given, wanted);
}
