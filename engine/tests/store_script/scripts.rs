//! Scripts for one mechanism each, and random ones.

use entidb::Durability;
use fastrand::Rng;

use super::{RETIRED_MARK, RETIRED_PREFIX, Script, Step, Write, key};

impl Script {
    /// What goes on after a crash.
    pub fn more() -> Self {
        Self(vec![
            Step::Group(vec![vec![(key(1, 77), Some(vec![7; 40]))]], Durability::Strict),
            Step::Flush,
            Step::Group(vec![vec![(key(1, 78), Some(vec![8; 40]))]], Durability::Strict),
        ])
    }

    /// Scripts for one mechanism each.
    pub fn scripted() -> Vec<(&'static str, Self)> {
        [of_the_log(), of_segments()].concat()
    }

    /// A random script of `len` operations.
    pub fn random(seed: u64, len: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        // What is retired is never written to again.
        let mut is_retired = false;
        let steps = (0..len).map(|at| match rng.u8(..24) {
            0..=12 => {
                let count = rng.usize(1..4);
                let commits = (0..count).map(|_| writes(&mut rng, 4, is_retired)).collect();
                let relaxed = rng.u8(..4) == 0;
                Step::Group(commits, if relaxed { Durability::Relaxed } else { Durability::Strict })
            }
            13 => {
                is_retired = true;
                let catalog = vec![RETIRED_MARK, u8::try_from(at).unwrap_or(255)];
                Step::Catalog(catalog, vec![RETIRED_PREFIX.to_vec()])
            }
            14 | 15 => {
                let count = rng.usize(1..3);
                Step::Large((0..count).map(|_| writes(&mut rng, 30, is_retired)).collect())
            }
            16 => Step::Flush,
            17..=19 => Step::Work(1 << rng.u8(..16)),
            20 | 21 => Step::Settle,
            22 => Step::Compact,
            _ => Step::Close,
        });
        Self(steps.collect())
    }
}

pub fn writes(rng: &mut Rng, most: usize, is_retired: bool) -> Vec<Write> {
    let write = |rng: &mut Rng| {
        let space = [1, 3, 9][rng.usize(..3)];
        let value = (rng.u8(..5) > 0).then(|| vec![rng.u8(..); rng.usize(..700)]);
        let key = key(space, rng.u32(..40));
        if is_retired || space != 3 {
            return (key, value);
        }
        ([&RETIRED_PREFIX, &key[RETIRED_PREFIX.len()..]].concat(), value)
    };
    (0..rng.usize(1..=most)).map(|_| write(rng)).collect()
}

pub fn put(n: u32, len: usize) -> Write {
    (key(1, n), Some(vec![n.to_le_bytes()[0]; len]))
}

pub fn one(n: u32, len: usize) -> Step {
    Step::Group(vec![vec![put(n, len)]], Durability::Strict)
}

pub fn fill(from: u32, count: u32) -> Vec<Step> {
    (from..from + count).map(|n| one(n, 200)).collect()
}

fn of_the_log() -> Vec<(&'static str, Script)> {
    let relaxed = |n| Step::Group(vec![vec![put(n, 30)]], Durability::Relaxed);
    let group = (0..5).map(|n| vec![put(n, 50), put(n + 10, 5)]).collect();
    let delete = Step::Group(vec![vec![(key(1, 1), None)]], Durability::Strict);
    let scripts = [
        ("first commits", (0..4).map(|n| one(n, 20)).collect()),
        ("a group", vec![Step::Group(group, Durability::Strict)]),
        ("relaxed, then strict", vec![relaxed(1), relaxed(2), one(3, 9), relaxed(4)]),
        ("deletes", vec![one(1, 9), one(2, 9), delete]),
        ("logs recycled", fill(0, 90)),
        (
            "a catalog",
            vec![
                one(1, 9),
                Step::Catalog(b"first".to_vec(), Vec::new()),
                one(2, 9),
                Step::Catalog(b"second".to_vec(), Vec::new()),
            ],
        ),
        ("closed and opened", vec![one(1, 9), Step::Close, one(2, 9), Step::Close, Step::Close]),
    ];
    scripts.map(|(name, steps)| (name, Script(steps))).to_vec()
}

fn of_segments() -> Vec<(&'static str, Script)> {
    let pieces =
        vec![(0..20).map(|n| put(n, 300)).collect(), (10..30).map(|n| put(n, 200)).collect()];
    let under_prefix = ([&RETIRED_PREFIX[..], b"x"].concat(), Some(vec![1; 90]));
    let merge = vec![Step::Flush, Step::Work(1 << 20)];
    let scripts = [
        ("a flush", vec![one(1, 300), one(2, 300), Step::Flush, one(3, 10)]),
        ("two flushes and a merge", [fill(0, 6), vec![Step::Flush], fill(3, 6), merge].concat()),
        ("a large write set", vec![one(1, 9), Step::Large(pieces), one(2, 9)]),
        (
            "compacted",
            [fill(0, 8), vec![Step::Flush], fill(0, 8), vec![Step::Compact, one(9, 9)]].concat(),
        ),
        (
            "retired",
            vec![
                Step::Group(vec![vec![under_prefix]], Durability::Strict),
                Step::Flush,
                Step::Catalog(b"\xffwithout".to_vec(), vec![RETIRED_PREFIX.to_vec()]),
                one(1, 9),
                Step::Flush,
                Step::Compact,
            ],
        ),
    ];
    scripts.map(|(name, steps)| (name, Script(steps))).to_vec()
}
