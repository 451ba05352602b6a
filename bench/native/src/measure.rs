//! What is measured, and how.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What is asked of the writes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Durable,
    Relaxed,
    /// It writes nothing.
    Reads,
}

/// What a row counts; less is better in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds for each operation.
    Microseconds,
    Milliseconds,
    /// For each pair or document that is stored.
    Bytes,
}

/// A row of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    pub title: &'static str,
    pub class: Class,
    pub unit: Unit,
}

/// What a peer got in a row, in one round.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub measure: Measure,
    pub value: f64,
    /// Of the answers; equal for all who did the same work.
    pub checksum: String,
}

/// The time.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// How long `work` takes.
pub fn timed(work: impl FnOnce()) -> Duration {
    let started = now();
    work();
    started.elapsed()
}

/// Microseconds for each of so many operations.
pub fn each(time: Duration, operations: usize) -> f64 {
    time.as_secs_f64() * 1e6 / operations as f64
}

/// Has the disk take what was written before, so that nobody waits for the writes of others.
pub fn quiet_disk(folder: &Path) {
    let synced = Command::new("sync").arg("--file-system").arg(folder).status();
    assert!(synced.is_ok_and(|status| status.success()), "`sync` of coreutils is needed");
}

/// Bytes that the files in a folder take of the disk. Lengths would count the holes of files that
/// are made larger than what is written to them.
pub fn bytes_on_disk(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| bytes_of(&entry.expect("an entry").path())).sum()
}

#[cfg(unix)]
fn bytes_of(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(path).expect("a file");
    if metadata.is_dir() { bytes_on_disk(path) } else { metadata.blocks() * 512 }
}

#[cfg(not(unix))]
fn bytes_of(path: &Path) -> u64 {
    let metadata = fs::symlink_metadata(path).expect("a file");
    if metadata.is_dir() { bytes_on_disk(path) } else { metadata.len() }
}
