//! Which call fails, and how.

use std::ops::Range;

use crate::storage::FileId;

/// On which side of a call the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The call has no effect.
    Before,
    /// The call has its effect, and nobody hears of it.
    After,
}

/// What reads see of a file whose sync failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reread {
    /// What the medium holds.
    Old,
    /// What was written, though it will never reach the medium.
    New,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Any call: it fails with `Io` and does nothing.
    Io,
    /// A write or `set_len`: it fails with `QuotaExceeded` and does nothing.
    Quota,
    /// A write: its first half is written, then it fails with `Io`.
    ShortWrite,
    /// A write: it lands at another offset of the same file and reports success.
    Misdirected {
        /// Where it lands.
        offset: u64,
    },
    /// A strict sync: it fails with `Io`. Some pieces of the file's journal reached the medium, the
    /// others count as written and are lost.
    SyncFails {
        /// What reads see afterwards.
        reread: Reread,
    },
    /// A strict sync: it reports success and does nothing.
    SyncLies,
}

impl Fault {
    fn happens_to(self, call: Call) -> bool {
        match self {
            Self::Io => true,
            Self::Quota => matches!(call, Call::Write | Call::SetLen),
            Self::ShortWrite | Self::Misdirected { .. } => call == Call::Write,
            Self::SyncFails { .. } | Self::SyncLies => call == Call::StrictSync,
        }
    }
}

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// To one call.
    Once,
    /// To every call from the first on.
    Forever,
}

/// The calls that change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Write,
    SetLen,
    StrictSync,
    RelaxedSync,
}

/// Everything that will go wrong.
#[derive(Debug, Default)]
pub struct Plan {
    pub crash: Option<(u64, When)>,
    pub is_off: bool,
    pub quota: Option<u64>,
    pub failing_read: Option<(u64, Repeat)>,
    pub unreadable: Vec<(FileId, Range<u64>)>,
    pub flipped: Vec<(FileId, u64, u8)>,
    faults: Vec<(u64, Fault, Repeat)>,
}

impl Plan {
    pub fn add(&mut self, n: u64, fault: Fault, repeat: Repeat) {
        self.faults.push((n, fault, repeat));
    }

    pub fn heal(&mut self) {
        *self = Self { is_off: self.is_off, ..Self::default() };
    }

    /// Whether the power goes on this side of call `n`.
    pub fn crashes(&self, n: u64, when: When) -> bool {
        self.crash.is_some_and(|(at, side)| n >= at && side == when)
    }

    /// The fault that happens to call `n`.
    pub fn take(&mut self, n: u64, call: Call) -> Option<Fault> {
        let due = |(from, fault, _): &(u64, Fault, Repeat)| n >= *from && fault.happens_to(call);
        let at = self.faults.iter().position(due)?;
        let (_, fault, repeat) = *self.faults.get(at)?;
        if repeat == Repeat::Once {
            self.faults.remove(at);
        }
        Some(fault)
    }

    /// Whether read `n`, of `range` of `file`, fails.
    pub fn read_fails(&self, n: u64, file: FileId, range: &Range<u64>) -> bool {
        let chosen = self.failing_read.is_some_and(|(at, repeat)| match repeat {
            Repeat::Once => n == at,
            Repeat::Forever => n >= at,
        });
        let touches = |(bad_file, bad): &(FileId, Range<u64>)| {
            *bad_file == file && bad.start < range.end && range.start < bad.end
        };
        chosen || self.unreadable.iter().any(touches)
    }

    /// Flips the bits that the medium holds wrong in `buf`, read from `offset` of `file`.
    pub fn flip(&self, file: FileId, offset: u64, buf: &mut [u8]) {
        for (bad_file, at, bit) in &self.flipped {
            let inside = at.checked_sub(offset).and_then(|at| usize::try_from(at).ok());
            if let Some(byte) = inside.filter(|_| *bad_file == file).and_then(|at| buf.get_mut(at))
            {
                *byte ^= 1 << (bit & 7);
            }
        }
    }
}
