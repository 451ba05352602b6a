//! What an entry of the store is: a write of one key at one sequence number.

use crate::error::{Error, Result};

/// Whether an entry holds a value or says that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The key has a value.
    Put = 1,
    /// The key was deleted: a tombstone, which hides older entries.
    Delete = 2,
}

impl Kind {
    /// The kind's byte in the format.
    pub fn byte(self) -> u8 {
        self as u8
    }

    /// The kind of a byte of the format.
    pub fn from_byte(byte: u8) -> Result<Self> {
        match byte {
            1 => Ok(Self::Put),
            2 => Ok(Self::Delete),
            _ => Err(Error::decode("an entry is of no known kind")),
        }
    }
}
