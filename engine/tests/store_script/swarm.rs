//! Random scripts in which a random half of the kinds of steps does not occur: what is always mixed
//! with everything else hides what only shows by itself.

use entidb::Durability;
use fastrand::Rng;

use super::scripts::writes;
use super::{RETIRED_MARK, RETIRED_PREFIX, Script, Step};

/// Kinds of steps, and how often they come up.
const KINDS: [(Kind, u32); 18] = [
    (Kind::Strict, 10),
    (Kind::Relaxed, 6),
    (Kind::Full, 2),
    (Kind::Discard, 2),
    (Kind::Sync, 2),
    (Kind::Catalog, 2),
    (Kind::Retire, 1),
    (Kind::Large, 3),
    (Kind::Flush, 3),
    (Kind::Slice, 4),
    (Kind::Work, 3),
    (Kind::Settle, 2),
    (Kind::CompactBegin, 1),
    (Kind::Compact, 2),
    (Kind::Snapshot, 3),
    (Kind::Close, 2),
    (Kind::Kill, 2),
    (Kind::Space, 2),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Strict,
    Relaxed,
    /// A group of more than fits.
    Full,
    Discard,
    Sync,
    Catalog,
    Retire,
    Large,
    Flush,
    Slice,
    Work,
    Settle,
    CompactBegin,
    Compact,
    Snapshot,
    Close,
    Kill,
    Space,
}

impl Script {
    /// A random script of `len` steps. Something that writes is always among them.
    pub fn swarm(seed: u64, len: usize) -> Self {
        Self::swarm_over(seed, len, false)
    }

    /// The same over a store where something was retired, or not.
    pub fn swarm_over(seed: u64, len: usize, is_retired: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let writers = [Kind::Strict, Kind::Relaxed, Kind::Large, Kind::Full];
        let always = writers[rng.usize(..writers.len())];
        let kinds: Vec<_> =
            KINDS.into_iter().filter(|(kind, _)| *kind == always || rng.bool()).collect();
        let total: u32 = kinds.iter().map(|(_, weight)| weight).sum();
        let mut writer = Writer { rng, catalogs: 0, is_retired, is_short: false };
        let mut steps = Vec::with_capacity(len);
        for _ in 0..len {
            let mut at = writer.rng.u32(..total);
            let kind = kinds.iter().find_map(|(kind, weight)| {
                let is_it = at < *weight;
                at = at.wrapping_sub(*weight);
                is_it.then_some(*kind)
            });
            steps.push(writer.step(kind.unwrap_or(always)));
        }
        Self(steps)
    }
}

struct Writer {
    rng: Rng,
    catalogs: u8,
    /// What is retired is never written to again.
    is_retired: bool,
    is_short: bool,
}

impl Writer {
    fn step(&mut self, kind: Kind) -> Step {
        match kind {
            Kind::Strict => Step::Group(self.commits(3, 4), Durability::Strict),
            Kind::Relaxed => Step::Group(self.commits(3, 4), Durability::Relaxed),
            Kind::Full => Step::Group(self.commits(12, 8), Durability::Strict),
            Kind::Discard => Step::Discard(self.writes(4)),
            Kind::Sync => Step::Sync,
            Kind::Catalog => Step::Catalog(self.catalog(), Vec::new()),
            Kind::Retire => {
                self.is_retired = true;
                Step::Catalog(self.catalog(), vec![RETIRED_PREFIX.to_vec()])
            }
            Kind::Large => {
                let pieces = self.rng.usize(1..3);
                Step::Large((0..pieces).map(|_| self.writes(30)).collect())
            }
            Kind::Flush => Step::Flush,
            Kind::Slice => Step::Work(1 << self.rng.u8(..11)),
            Kind::Work => Step::Work(1 << self.rng.u8(11..20)),
            Kind::Settle => Step::Settle,
            Kind::CompactBegin => Step::CompactBegin,
            Kind::Compact => Step::Compact,
            Kind::Snapshot => match self.rng.u8(..4) {
                0 => Step::Unpin,
                1 => Step::Look,
                _ => Step::Pin,
            },
            Kind::Close => Step::Close,
            Kind::Kill if self.rng.bool() => Step::Kill,
            Kind::Kill => Step::ReadOnly,
            Kind::Space => {
                self.is_short = !self.is_short;
                Step::Quota(self.is_short.then(|| self.rng.u64(..40_000)))
            }
        }
    }

    fn catalog(&mut self) -> Vec<u8> {
        self.catalogs += 1;
        let mut catalog = vec![self.catalogs; self.rng.usize(2..300)];
        if self.is_retired {
            catalog[0] = RETIRED_MARK;
        }
        catalog
    }

    fn commits(&mut self, most: usize, writes_max: usize) -> Vec<Vec<super::Write>> {
        (0..self.rng.usize(1..=most)).map(|_| self.writes(writes_max)).collect()
    }

    fn writes(&mut self, most: usize) -> Vec<super::Write> {
        writes(&mut self.rng, most, self.is_retired)
    }
}
