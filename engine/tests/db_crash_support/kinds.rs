//! Kinds of steps of a workload on a database.

use fastrand::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A group of commits, safe from a loss of power.
    Strict,
    Relaxed,
    Transaction,
    /// A write set that does not go through the log.
    Large,
    CreateIndex,
    DropIndex,
    /// Some steps of building the oldest index.
    Build,
    CreateCollection,
    DropCollection,
    Clear,
    SchemaVersion,
    Checkpoint,
    Work,
    Compact,
    Close,
    Kill,
}

const ALL: [Kind; 16] = [
    Kind::Strict,
    Kind::Relaxed,
    Kind::Transaction,
    Kind::Large,
    Kind::CreateIndex,
    Kind::DropIndex,
    Kind::Build,
    Kind::CreateCollection,
    Kind::DropCollection,
    Kind::Clear,
    Kind::SchemaVersion,
    Kind::Checkpoint,
    Kind::Work,
    Kind::Compact,
    Kind::Close,
    Kind::Kill,
];

impl Kind {
    /// A random half of them; one that writes is always among them.
    pub fn random_half(seed: u64) -> Vec<Self> {
        let mut rng = Rng::with_seed(seed);
        let always = ALL[rng.usize(..3)];
        ALL.into_iter().filter(|kind| *kind == always || rng.bool()).collect()
    }
}
