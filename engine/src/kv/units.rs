//! Allocation of units. The free set is never stored: a unit is in use while a version that counts
//! lists it, or while whoever is writing to it holds its lease.

use std::sync::{Arc, Weak};

use super::version::Version;
use crate::error::{Error, ErrorKind, Result};

/// Held by whoever writes private segments; dropping it gives back every unit taken under it,
/// unless a version lists the unit by then.
pub(crate) type Lease = Arc<()>;

/// Which units of the volume are in use.
#[derive(Debug, Default)]
pub(crate) struct Units {
    /// One flag a unit, as far as the volume reaches.
    used: Vec<bool>,
    leased: Vec<(Weak<()>, u32)>,
    /// No unit below this one is free.
    from: usize,
    /// How many are free.
    free: u64,
}

impl Units {
    /// Takes stock: `count` units in the volume, and the versions that the two roots list.
    pub fn rebuild(&mut self, count: u32, versions: [&Version; 2]) {
        self.used.clear();
        self.used.resize(as_usize(count), false);
        self.from = 0;
        self.leased.retain(|(lease, _)| lease.strong_count() > 0);
        let leased = self.leased.iter().map(|(_, unit)| *unit);
        let listed = versions.into_iter().flat_map(Version::segments);
        let listed = listed.flat_map(|segment| segment.meta().units.iter().copied());
        for unit in listed.chain(leased) {
            if let Some(used) = self.used.get_mut(as_usize(unit)) {
                *used = true;
            }
        }
        self.free = self.used.iter().filter(|used| !**used).count() as u64;
    }

    /// Takes the lowest free unit, if the volume has one.
    pub fn take(&mut self, lease: &Lease) -> Option<u32> {
        let rest = self.used.get_mut(self.from..)?;
        let at = rest.iter().position(|used| !used)?;
        if let Some(used) = rest.get_mut(at) {
            *used = true;
        }
        self.from += at + 1;
        self.free -= 1;
        let unit = u32::try_from(self.from - 1).ok()?;
        self.leased.push((Arc::downgrade(lease), unit));
        Some(unit)
    }

    /// Makes room for `more` units at the end.
    pub fn grow(&mut self, more: u32) {
        self.used.resize(self.used.len() + as_usize(more), false);
        self.free += u64::from(more);
    }

    /// Units in the volume.
    pub fn count(&self) -> Result<u32> {
        u32::try_from(self.used.len())
            .map_err(|_| Error::new(ErrorKind::LimitExceeded, "the volume has too many units"))
    }

    /// Units that are free.
    pub fn free(&self) -> u64 {
        self.free
    }

    /// Units up to the last one in use.
    pub fn in_reach(&self) -> usize {
        self.used.iter().rposition(|used| *used).map_or(0, |at| at + 1)
    }
}

fn as_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
