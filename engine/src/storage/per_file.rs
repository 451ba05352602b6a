//! One value for each of the three files, picked without an index that could be out of range.

use super::FileId;

impl FileId {
    /// This file's value among values in the order of [`FileId::ALL`].
    pub fn of<T>(self, values: &[T; 3]) -> &T {
        let [volume, log_a, log_b] = values;
        match self {
            Self::Volume => volume,
            Self::LogA => log_a,
            Self::LogB => log_b,
        }
    }

    /// As [`FileId::of`], to change the value.
    pub fn of_mut<T>(self, values: &mut [T; 3]) -> &mut T {
        let [volume, log_a, log_b] = values;
        match self {
            Self::Volume => volume,
            Self::LogA => log_a,
            Self::LogB => log_b,
        }
    }
}
