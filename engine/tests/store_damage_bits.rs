//! Every bit of the bytes that mean something, flipped one by one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod damage_support;
mod store_script;

use damage_support::subjects::{Subject, subjects};
use damage_support::{Case, Exam, Tally};
use entidb::storage::FileId;

/// Every so many dead bytes one bit is flipped.
fn dead_stride() -> usize {
    std::env::var("DAMAGE_DEAD_STRIDE").map_or(97, |stride| stride.parse().unwrap())
}

/// Every so many live bytes all bits are flipped, of the others one.
fn live_stride() -> usize {
    std::env::var("DAMAGE_LIVE_STRIDE").map_or(1, |stride| stride.parse().unwrap())
}

fn flip_all(subject: &Subject) -> (Tally, u64) {
    let mut exam = Exam::new(subject);
    let mut dead = 0;
    exam.examine(&[], Case::THOROUGH, "nothing changed");
    for file in FileId::ALL {
        for at in 0..subject.image.file(file).len() {
            let is_live = subject.layout.region_at(file, at).is_some();
            if !is_live && at % dead_stride() != 0 {
                continue;
            }
            dead += u64::from(!is_live);
            let all = is_live && at % live_stride() == 0;
            for bit in if all { 0..8 } else { at % 8..at % 8 + 1 } {
                let range = at..at + 1;
                exam.files.damage(file, range.clone(), |bytes| bytes[0] ^= 1 << bit);
                // Which bit it is makes no difference to what comes after reading.
                let case = if bit == at % 8 && at % 4 == 0 { Case::THOROUGH } else { Case::QUICK };
                let context = format!("{} byte {at} bit {bit}", file.name());
                exam.examine(&[(file, range)], case, &context);
            }
        }
    }
    (exam.tally, dead)
}

#[test]
fn a_flipped_bit_is_noticed_or_harmless() {
    let (mut sum, mut dead, mut live) = (Tally::default(), 0, 0);
    let subjects = subjects();
    for subject in &subjects {
        let (tally, dead_flips) = flip_all(subject);
        println!("{}: {} live bytes, {tally:?}", subject.name, subject.layout.live_bytes());
        dead += dead_flips;
        live += subject.layout.live_bytes();
        sum.add(&tally);
    }
    println!("{live} live bytes, {dead} flips in dead space, {sum:?}");
    println!(r#"reliability {{"databases":{},"flips":{}}}"#, subjects.len(), sum.cases);
    assert!(subjects.len() >= 20);
    assert!(sum.harmless > 0 && sum.refused > 0 && sum.local > 0);
    assert!(sum.tail_dropped > 0 && sum.verified > 0);
}
