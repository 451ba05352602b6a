//! Damage beyond bits: files cut off, bytes and sectors overwritten, swapped or as they were
//! at an earlier time, and whole files that are missing, old, swapped or of another database.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail"
)]

mod damage_support;
mod store_script;

use std::ops::Range;

use damage_support::subjects::{Subject, subjects};
use damage_support::{Case, Exam, Tally, Touched, options};
use entidb::kv::{Batch, Store};
use entidb::storage::FileId;
use entidb::storage::fault::{Image, SimStorage};
use entidb::{Durability, Options};
use fastrand::Rng;

/// Of cases that are too many for every run, every so many are tried.
fn stride(default: usize) -> usize {
    std::env::var("DAMAGE_SECTOR_STRIDE").map_or(default, |stride| stride.parse().unwrap())
}

fn on_every_subject(damage: impl Fn(&mut Exam<'_>)) -> (usize, Tally) {
    let (subjects, mut sum) = (subjects(), Tally::default());
    for subject in &subjects {
        let mut exam = Exam::new(subject);
        damage(&mut exam);
        sum.add(&exam.tally);
    }
    println!("{sum:?}");
    assert!(subjects.len() >= 20 && sum.harmless > 0 && sum.refused > 0);
    (subjects.len(), sum)
}

fn report(name: &str, (_, sum): (usize, Tally)) {
    println!(r#"reliability {{"{name}":{}}}"#, sum.cases);
}

/// Sectors of a file that hold anything that means something.
fn live_sectors(subject: &Subject, file: FileId, size: usize) -> Vec<Range<usize>> {
    let len = subject.image.file(file).len();
    let sectors = (0..len).step_by(size).map(|at| at..(at + size).min(len));
    let is_live = |sector: &Range<usize>| {
        subject.layout.regions.iter().any(|region| {
            region.file == file && region.at < sector.end && sector.start < region.end()
        })
    };
    sectors.filter(is_live).collect()
}

fn overwrite(exam: &mut Exam<'_>, file: FileId, range: Range<usize>, bytes: &[u8], what: &str) {
    if exam.subject.image.file(file)[range.clone()] == *bytes {
        return;
    }
    exam.files.damage(file, range.clone(), |to| to.copy_from_slice(bytes));
    let context = format!("{} {range:?} {what}", file.name());
    exam.examine(&[(file, range)], Case::THOROUGH, &context);
}

#[test]
fn a_file_cut_off_anywhere_is_noticed_or_harmless() {
    let tally = on_every_subject(|exam| {
        for file in FileId::ALL {
            let len = exam.subject.image.file(file).len();
            for cut in 0..len {
                let is_live = exam.subject.layout.region_at(file, cut).is_some();
                if cut % (if is_live { stride(3) } else { 97 }) != 0 && cut + 1 != len {
                    continue;
                }
                if cut == 0 && exam.subject.image.total_len() == len as u64 {
                    // Nothing is left that could be known.
                    continue;
                }
                exam.files.cut(file, cut);
                let case = if cut % 16 == 0 { Case::THOROUGH } else { Case::QUICK };
                exam.examine(&[(file, cut..len)], case, &format!("{} cut to {cut}", file.name()));
            }
        }
    });
    report("cuts", tally);
}

#[test]
fn a_byte_or_sector_overwritten_is_noticed_or_harmless() {
    let tally = on_every_subject(|exam| {
        let mut rng = Rng::with_seed(1);
        for file in FileId::ALL {
            for at in (0..exam.subject.image.file(file).len()).step_by(stride(7)) {
                if exam.subject.layout.region_at(file, at).is_some() {
                    for byte in [0, 0xff, rng.u8(..)] {
                        exam.files.damage(file, at..at + 1, |bytes| bytes[0] = byte);
                        let context = format!("{} byte {at} set to {byte}", file.name());
                        exam.examine(&[(file, at..at + 1)], Case::QUICK, &context);
                    }
                }
            }
            for size in [512, 4096] {
                for sector in live_sectors(exam.subject, file, size) {
                    let mut noise = vec![0; sector.len()];
                    rng.fill(&mut noise);
                    for bytes in [vec![0; sector.len()], vec![0xff; sector.len()], noise] {
                        overwrite(exam, file, sector.clone(), &bytes, "overwritten");
                    }
                }
            }
        }
    });
    report("overwritten", tally);
}

#[test]
fn two_sectors_swapped_are_noticed_or_harmless() {
    let tally = on_every_subject(|exam| {
        let mut rng = Rng::with_seed(2);
        for size in [512, 4096] {
            let mut sectors: Vec<Touched> = Vec::new();
            let mut dead: Vec<Touched> = Vec::new();
            for file in FileId::ALL {
                let live = live_sectors(exam.subject, file, size);
                let all = (0..exam.subject.image.file(file).len() / size)
                    .map(|sector| sector * size..(sector + 1) * size);
                dead.extend(all.filter(|s| !live.contains(s)).map(|range| (file, range)));
                sectors.extend(live.into_iter().filter(|s| s.len() == size).map(|s| (file, s)));
            }
            rng.shuffle(&mut dead);
            dead.truncate(4);
            for (at, one) in sectors.iter().enumerate() {
                for (n, other) in sectors[at + 1..].iter().chain(&dead).enumerate() {
                    if sectors.len() < 24 || (n + at) % stride(4) == 0 {
                        swap(exam, one, other);
                    }
                }
            }
        }
    });
    report("swaps", tally);
}

fn swap(exam: &mut Exam<'_>, one: &Touched, other: &Touched) {
    let bytes_of = |(file, range): &Touched| exam.subject.image.file(*file)[range.clone()].to_vec();
    let (first, second) = (bytes_of(one), bytes_of(other));
    if first == second || hides_both_traces(one, other) {
        return;
    }
    exam.files.damage(one.0, one.1.clone(), |bytes| bytes.copy_from_slice(&second));
    exam.files.damage(other.0, other.1.clone(), |bytes| bytes.copy_from_slice(&first));
    let context = format!("{one:?} and {other:?} swapped");
    exam.examine(&[one.clone(), other.clone()], Case::THOROUGH, &context);
}

/// Of a new epoch nothing speaks but its header and the newest root: where the slot of the one
/// and both copies of the other are gone at once, it never was.
fn hides_both_traces(one: &Touched, other: &Touched) -> bool {
    let is_root = |(file, range): &Touched| {
        *file == FileId::Volume && [8192, 12288].contains(&range.start) && range.len() > 2048
    };
    let is_head = |(file, range): &Touched| {
        *file != FileId::Volume && range.start == 0 && range.len() >= 1024
    };
    is_root(one) && is_head(other) || is_head(one) && is_root(other)
}

#[test]
fn an_old_copy_of_a_sector_or_block_is_noticed_or_harmless() {
    let tally = on_every_subject(|exam| {
        let subject = exam.subject;
        let skipped = subject.earlier.len().div_ceil(12).max(1);
        for (moment, old) in subject.earlier.iter().enumerate().step_by(skipped) {
            let what = format!("as at moment {moment}");
            for file in FileId::ALL {
                let sectors =
                    [512, 4096].into_iter().flat_map(|size| live_sectors(subject, file, size));
                let regions = subject.layout.regions.iter().filter(|region| region.file == file);
                let regions = regions.map(|region| region.at..region.end());
                for range in sectors.chain(regions) {
                    if let Some(bytes) = old.file(file).get(range.clone()) {
                        overwrite(exam, file, range, bytes, &what);
                    }
                }
            }
        }
    });
    report("stale", tally);
}

/// A database with another identity, with something in each of its files.
fn foreign() -> Image {
    let sim = SimStorage::new(1);
    let options = Options { database_id: *b"another database", ..options() };
    let mut store = Store::open(sim.clone(), &options).unwrap();
    for n in 0..90_u32 {
        let mut batch = Batch::new();
        batch.put(&store_script::key(1, n), &[9; 200]).unwrap();
        store.stage(&batch).unwrap();
        let _ = store.commit(Durability::Strict).unwrap();
    }
    sim.image()
}

#[test]
fn a_file_that_is_missing_or_another_one_is_noticed_or_harmless() {
    let foreign = foreign();
    assert!(FileId::ALL.iter().all(|file| !foreign.file(*file).is_empty()));
    let tally = on_every_subject(|exam| {
        let image = exam.subject.image.clone();
        let of = |file: FileId| image.file(file).to_vec();
        let both = [FileId::LogA, FileId::LogB];
        for file in FileId::ALL {
            let is_all = both.iter().all(|log| *log == file || of(*log).is_empty());
            if !(file == FileId::Volume && is_all) {
                put_in_place(exam, &[(file, Vec::new())], "empty");
            }
            put_in_place(exam, &[(file, vec![0; of(file).len()])], "zeros");
            // With no log of its own nothing says that the volume is another one's.
            if !(file == FileId::Volume && is_all) {
                put_in_place(exam, &[(file, foreign.file(file).to_vec())], "of another database");
            }
            for (moment, old) in exam.subject.earlier.iter().enumerate() {
                let what = format!("as at moment {moment}");
                put_in_place(exam, &[(file, old.file(file).to_vec())], &what);
            }
        }
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let (one, other) = (FileId::ALL[one], FileId::ALL[other]);
            put_in_place(exam, &[(one, of(other)), (other, of(one))], "swapped");
        }
        let copied = of(FileId::LogA);
        put_in_place(exam, &[(FileId::LogB, copied)], "a copy of the other log");
    });
    report("files", tally);
}

fn put_in_place(exam: &mut Exam<'_>, files: &[(FileId, Vec<u8>)], what: &str) {
    let mut touched = Vec::new();
    for (file, bytes) in files {
        touched.push((*file, 0..exam.subject.image.file(*file).len()));
        exam.files.replace(*file, bytes);
    }
    let context = format!("{} {what}", files[0].0.name());
    exam.examine(&touched, Case::OTHER_FILE, &context);
}
