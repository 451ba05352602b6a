//! Which versions of a key a merge keeps.

/// What snapshots and dropped collections mean for a merge, as of its beginning. A snapshot taken
/// later is newer than every input, so it needs no more than the newest version, which is always
/// kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retention {
    /// Sequence numbers of live snapshots, ascending.
    pins: Vec<u64>,
    /// Prefixes that no live snapshot sees any more.
    retired: Vec<Vec<u8>>,
}

impl Retention {
    pub fn new(pins: Vec<u64>, retired: Vec<Vec<u8>>) -> Self {
        Self { pins, retired }
    }

    /// The retired prefix that the key lies under: its entry no longer counts.
    pub fn retired_prefix(&self, key: &[u8]) -> Option<&[u8]> {
        self.retired.iter().map(Vec::as_slice).find(|prefix| key.starts_with(prefix))
    }

    /// Numbers the reader that sees a version of `seq` first: the oldest snapshot at or above it,
    /// or the present. Of several versions with one reader only the newest is ever seen.
    pub fn reader(&self, seq: u64) -> usize {
        self.pins.partition_point(|pin| *pin < seq)
    }

    /// Whether no snapshot could tell `seq` from the beginning of time.
    pub fn is_oldest(&self, seq: u64) -> bool {
        self.pins.first().is_none_or(|pin| seq <= *pin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_versions_between_two_snapshots_one_has_a_reader() {
        let retention = Retention::new(vec![10, 20], Vec::new());
        assert_eq!(retention.reader(10), 0);
        assert_eq!(retention.reader(11), retention.reader(20));
        assert_eq!(retention.reader(21), 2);
        assert!(retention.is_oldest(10) && !retention.is_oldest(11));
    }
}
