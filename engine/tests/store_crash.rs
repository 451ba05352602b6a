//! The store under power cuts and kills: every call that changes a file is a place to stop, and
//! what a disk could hold then must open as a state that was committed, with nothing acknowledged
//! missing.
//!
//! `STORE_CRASH_ONLY` and `STORE_CRASH_CALL` run one workload and one call of it, as a failing test
//! says; `STORE_CRASH_IMAGES` sets how many images are looked at for each call, `STORE_CRASH_FIRST`
//! and `STORE_CRASH_SEEDS` which random workloads there are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod store_script;

use store_script::Workload;
use store_script::crash::{Plan, explore_call, explore_chain, explore_recovery};

/// Images of each crash point of a script. Short scripts have all their images looked at in a test
/// of their own.
const IMAGES: u64 = 64;
/// And of random work, which has four times as many crash points.
const IMAGES_RANDOM: u64 = 24;
/// Steps of a random workload.
const RANDOM_STEPS: usize = 16;
/// Random workloads of each of the tests that share them.
const RANDOM_SEEDS: u64 = 50;

#[test]
fn a_crash_at_any_call_of_logs_leaves_a_committed_state_r021() {
    Plan::new(IMAGES).sweep(Workload::of_the_log(), explore_call);
}

#[test]
fn a_crash_at_any_call_of_segments_leaves_a_committed_state_r021() {
    Plan::new(IMAGES).sweep(Workload::of_segments(), explore_call);
}

#[test]
fn a_crash_at_any_call_of_compactions_leaves_a_committed_state_r021() {
    Plan::new(IMAGES).sweep(Workload::of_compaction(), explore_call);
}

#[test]
fn a_crash_at_any_call_beside_readers_and_full_storage_leaves_a_committed_state_r021() {
    Plan::new(IMAGES).sweep(Workload::of_bystanders(), explore_call);
}

#[test]
fn there_are_scripts_for_every_mechanism() {
    let mut names: Vec<_> = Workload::scripted().into_iter().map(|w| w.name).collect();
    assert!(names.len() >= 60, "{}", names.len());
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name is there twice");
}

/// Seeds of one of the tests that share the random workloads; `STORE_CRASH_FIRST` and
/// `STORE_CRASH_SEEDS` choose others.
fn random(part: u64) -> impl Iterator<Item = Workload> {
    let number = |name| std::env::var(name).ok().map(|text: String| text.parse().unwrap());
    let count = number("STORE_CRASH_SEEDS").map_or(RANDOM_SEEDS, |seeds: u64| seeds.div_ceil(4));
    let first = number("STORE_CRASH_FIRST").unwrap_or(0) + part * count;
    (first..first + count).map(|seed| Workload::random(seed, RANDOM_STEPS))
}

#[test]
fn a_crash_at_any_call_of_random_work_leaves_a_committed_state_1_r021() {
    Plan::new(IMAGES_RANDOM).sweep(random(0), explore_call);
}

#[test]
fn a_crash_at_any_call_of_random_work_leaves_a_committed_state_2_r021() {
    Plan::new(IMAGES_RANDOM).sweep(random(1), explore_call);
}

#[test]
fn a_crash_at_any_call_of_random_work_leaves_a_committed_state_3_r021() {
    Plan::new(IMAGES_RANDOM).sweep(random(2), explore_call);
}

#[test]
fn a_crash_at_any_call_of_random_work_leaves_a_committed_state_4_r021() {
    Plan::new(IMAGES_RANDOM).sweep(random(3), explore_call);
}

/// The shortest scripts of each mechanism.
const SHORT: [&str; 8] = [
    "first commits",
    "relaxed, then strict",
    "catalogs",
    "killed after relaxed commits",
    "a flush",
    "a large write set",
    "compacted",
    "retired",
];

fn short() -> Vec<Workload> {
    let mut short = Workload::scripted();
    short.retain(|workload| SHORT.contains(&workload.name.as_str()));
    assert_eq!(short.len(), SHORT.len());
    short
}

#[test]
fn every_subset_of_what_is_at_risk_is_a_committed_state_r021() {
    Plan::new(1 << 10).sweep(short(), explore_call);
}

#[test]
fn a_crash_at_any_call_after_a_crash_leaves_a_committed_state_r021() {
    Plan::new(3).sweep(short(), explore_recovery);
}

#[test]
fn crash_after_crash_after_crash_leaves_a_committed_state_r021() {
    let random = (1000..1040).map(|seed| Workload::random(seed, RANDOM_STEPS));
    let chain = |plan: &Plan, workload: &Workload, call| explore_chain(plan, workload, call, 3);
    Plan::new(2).sweep(random, chain);
}
