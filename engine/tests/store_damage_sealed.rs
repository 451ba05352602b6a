//! Bytes changed under a checksum that was made right again: what is behind the checksum is never
//! trusted so far that it could panic, hang or take memory without bound.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod damage_support;
mod store_script;

use damage_support::format::{Layout, Part, Region, reseal};
use damage_support::subjects::{Subject, subjects};
use damage_support::{Case, Exam, Tally};
use entidb::storage::FileId;
use entidb::storage::fault::Image;
use fastrand::Rng;

const SEALED: Case = Case { is_sealed: true, ..Case::QUICK };

/// How often each region is changed.
fn rounds() -> u64 {
    std::env::var("DAMAGE_SEALED_ROUNDS").map_or(16, |rounds| rounds.parse().unwrap())
}

/// Changes some bytes of a region: a flip, a number at the edge of its range, or noise.
fn mutate(rng: &mut Rng, bytes: &mut [u8]) {
    for _ in 0..rng.usize(1..4) {
        let at = rng.usize(..bytes.len());
        match rng.u8(..5) {
            0 => bytes[at] ^= 1 << rng.u8(..8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][rng.usize(..5)],
            2 => bytes[at] = rng.u8(..),
            3 => {
                let end = bytes.len().min(at + 4);
                let edge = [0_u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX][rng.usize(..5)];
                let edge = edge.to_le_bytes();
                bytes[at..end].copy_from_slice(&edge[..end - at]);
            }
            _ => {
                let from = rng.usize(..bytes.len());
                let len = rng.usize(..16).min(bytes.len() - at.max(from));
                bytes.copy_within(from..from + len, at);
            }
        }
    }
}

/// The image with a region changed and everything above it sealed anew.
fn changed(subject: &Subject, region: &Region, rng: &mut Rng) -> Image {
    let mut image = subject.image.clone();
    mutate(rng, &mut image.file_mut(region.file)[region.at..region.end()]);
    reseal(&mut image, region);
    image
}

#[test]
fn nothing_behind_a_checksum_is_trusted_blindly() {
    let (mut sum, mut databases) = (Tally::default(), 0);
    for subject in &subjects() {
        let mut exam = Exam::new(subject);
        let mut rng = Rng::with_seed(11);
        for region in &subject.layout.regions {
            // Pieces of equal kind are many in logs; a sample of them does.
            let rounds = match region.part {
                Part::Frame { .. } => rounds() / 8 + 1,
                _ => rounds(),
            };
            for round in 0..rounds {
                let image = changed(subject, region, &mut rng);
                for file in FileId::ALL {
                    exam.files.replace(file, image.file(file));
                }
                let context = format!("{region:?} round {round}");
                let case = Case { thorough: round % 4 == 0, ..SEALED };
                exam.examine(&[(region.file, region.at..region.end())], case, &context);
            }
        }
        sum.add(&exam.tally);
        databases += 1;
    }
    println!("{sum:?}");
    println!(r#"reliability {{"sealed":{}}}"#, sum.cases);
    assert!(databases >= 20 && sum.refused > 0 && sum.local > 0 && sum.harmless > 0);
}

#[test]
fn sealing_what_was_not_changed_changes_nothing() {
    for subject in &subjects() {
        for region in &subject.layout.regions {
            let mut image = subject.image.clone();
            reseal(&mut image, region);
            assert!(image == subject.image, "{}: {region:?}", subject.name);
        }
        assert_eq!(Layout::of(&subject.image).live_bytes(), subject.layout.live_bytes());
    }
}
