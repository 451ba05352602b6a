//! The keys of recent commits, which transactions are validated against. The memory for them is
//! bounded: older commits are forgotten, and a transaction that began before them conflicts.

use std::collections::VecDeque;

use super::reads::Reads;
use crate::catalog::Prefix;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::RECENT_KEYS_BYTES_MAX;
use crate::small_map::SmallMap;

/// The keys that one commit writes. A commit with too many of them counts as having written the
/// whole of each collection and index that it touches.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    keys: Vec<Box<[u8]>>,
    bytes: usize,
    prefixes: SmallMap<Prefix, ()>,
    is_coarse: bool,
}

impl Touched {
    /// Adds a key.
    pub fn key(&mut self, key: &[u8]) {
        if let Some(prefix) = key.first_chunk() {
            self.prefixes.insert(*prefix, ());
        }
        if self.is_coarse {
            return;
        }
        self.bytes += key.len() + size_of::<Box<[u8]>>();
        self.keys.push(key.into());
        if self.bytes > RECENT_KEYS_BYTES_MAX / 4 {
            self.widen();
        }
    }

    /// Adds everything under a prefix.
    pub fn prefix(&mut self, prefix: Prefix) {
        self.prefixes.insert(prefix, ());
        self.widen();
    }

    fn widen(&mut self) {
        self.is_coarse = true;
        self.keys = Vec::new();
        self.bytes = 0;
    }

    fn meets(&self, reads: &Reads) -> bool {
        // Most commits have nothing to do with what was read, which their prefixes tell.
        self.prefixes.keys().any(|prefix| reads.meets(*prefix))
            && (self.is_coarse || self.keys.iter().any(|key| reads.contains(key)))
    }
}

#[derive(Debug)]
struct Commit {
    seq: u64,
    touched: Touched,
}

/// Recent commits, staged ones among them, oldest first.
#[derive(Debug)]
pub(super) struct Recent {
    commits: VecDeque<Commit>,
    bytes: usize,
    /// Nothing is known of commits up to this one.
    floor: u64,
}

impl Recent {
    /// Knows nothing of commits up to `seq`.
    pub fn new(seq: u64) -> Self {
        Self { commits: VecDeque::new(), bytes: 0, floor: seq }
    }

    /// Adds a commit.
    pub fn push(&mut self, seq: u64, touched: Touched) {
        self.bytes += cost(&touched);
        self.commits.push_back(Commit { seq, touched });
        while self.bytes > RECENT_KEYS_BYTES_MAX {
            let Some(oldest) = self.commits.pop_front() else { break };
            self.bytes -= cost(&oldest.touched);
            self.floor = oldest.seq;
        }
    }

    /// Forgets commits above `seq`, which did not come to be.
    pub fn truncate(&mut self, seq: u64) {
        while let Some(newest) = self.commits.pop_back() {
            if newest.seq <= seq {
                self.commits.push_back(newest);
                break;
            }
            self.bytes -= cost(&newest.touched);
        }
    }

    /// Fails with `Conflict` if a commit after `since` wrote what was read.
    pub fn check(&self, since: u64, reads: &Reads) -> Result<()> {
        if since < self.floor {
            return Err(conflict("too much was committed since the transaction began"));
        }
        let newer = self.commits.iter().rev().take_while(|commit| commit.seq > since);
        for commit in newer {
            if commit.touched.meets(reads) {
                return Err(conflict("what the transaction read has changed since it began")
                    .with(|details| details.seq = Some(commit.seq)));
            }
        }
        Ok(())
    }
}

fn cost(touched: &Touched) -> usize {
    size_of::<Commit>() + touched.bytes + touched.prefixes.len() * 2 * size_of::<Prefix>()
}

#[cold]
pub(super) fn conflict(what: &str) -> Error {
    Error::new(ErrorKind::Conflict, format!("{what}; run it again"))
}
