//! Compaction: merging segments into deeper levels, in slices paid for in bytes.

mod job;
mod pick;
mod retention;
#[cfg(test)]
mod tests;

pub(crate) use job::{Job, JobCounts, Progress};
pub(crate) use pick::{Plan, Urgency, pick, pick_full, rewriting, squeeze};
pub(crate) use retention::Retention;
