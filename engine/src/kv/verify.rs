//! What a verification finds: how much was read, and what of it is damaged.

use serde::Serialize;

use crate::error::{Details, Error, ErrorKind, Result};
use crate::limits::PROBLEMS_MAX;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is and what to do, for people.
    pub what: String,
    /// Where it is: file and offset, or collection, index and id.
    pub details: Details,
    /// Whether all that the bytes say is said elsewhere as well: nothing is lost, and the next
    /// write or checkpoint puts it right. A write that the power interrupted may leave such
    /// remains.
    pub is_spare: bool,
}

/// How much a verification has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Bytes of files.
    pub bytes: u64,
    /// Segments.
    pub segments: u64,
    /// Blocks of segments.
    pub blocks: u64,
    /// Frames of logs.
    pub frames: u64,
    /// Documents.
    pub documents: u64,
    /// Entries of indexes.
    pub index_entries: u64,
}

/// What a verification has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How much was read.
    pub checked: Checked,
    /// The first [`PROBLEMS_MAX`] problems, each named once.
    pub problems: Vec<Problem>,
    /// How many there are.
    pub problem_count: u64,
    /// Whether anything is damaged that is said nowhere else.
    is_damaged: bool,
}

impl Findings {
    /// Whether nothing is lost.
    pub fn is_ok(&self) -> bool {
        !self.is_damaged
    }

    /// Counts what was read, or remembers why it could not be. Damage is a finding, every other
    /// failure is returned.
    pub(crate) fn read<T>(&mut self, read: Result<T>, bytes: u32) -> Result<Option<T>> {
        let value = self.judge(read)?;
        if value.is_some() {
            self.checked.bytes += u64::from(bytes);
            self.checked.blocks += 1;
        }
        Ok(value)
    }

    /// The value, or nothing where it is damaged.
    pub(crate) fn judge<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => self.note(error).map(|()| None),
        }
    }

    /// Remembers damage, and returns every other failure.
    pub(crate) fn note(&mut self, error: Error) -> Result<()> {
        // A checksum that is right over a version that is not says that something else wrote there.
        if matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::VersionMismatch) {
            self.add(&error);
            return Ok(());
        }
        Err(error)
    }

    /// Remembers damage.
    pub(crate) fn add(&mut self, error: &Error) {
        self.is_damaged = true;
        self.push(error, false);
    }

    /// Remembers damage of bytes that are there twice.
    pub(crate) fn add_spare(&mut self, error: &Error) {
        self.push(error, true);
    }

    fn push(&mut self, error: &Error, is_spare: bool) {
        let details = error.details().clone();
        let what = error.message().to_owned();
        let problem = Problem { what, details, is_spare };
        if self.problems.contains(&problem) {
            return;
        }
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}
