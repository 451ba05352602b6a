//! What was done to the files since their last sync, and the pieces a loss of power takes it apart
//! into.

use super::image::Shared;
use crate::error::Result;
use crate::storage::{FileId, buffer};

/// One call that changed a file.
#[derive(Clone, Debug)]
pub struct Op {
    pub file: FileId,
    pub change: Change,
    /// The barrier that covers it, in an asynchronous storage.
    pub barrier: Option<u64>,
}

/// How it changed it.
#[derive(Clone, Debug)]
pub enum Change {
    Write {
        offset: u64,
        bytes: Vec<u8>,
        /// The file's new length, if the write made it longer.
        grown_to: Option<u64>,
    },
    SetLen(u64),
}

impl Op {
    /// Does to `files` what the call did.
    pub fn apply(&self, files: &mut Shared) -> Result<()> {
        let bytes = files.file_mut(self.file);
        match &self.change {
            Change::Write { offset, bytes: new, .. } => {
                buffer::write(bytes, self.file, *offset, new)
            }
            Change::SetLen(len) => buffer::set_len(bytes, self.file, *len),
        }
    }

    /// Appends the pieces that can be lost one without the other.
    pub fn split(&self, sector_bytes: usize, pieces: &mut Vec<Piece>) {
        let file = self.file;
        match &self.change {
            Change::SetLen(len) => {
                pieces.push(Piece { file, effect: Effect::Length(to_usize(*len)) });
            }
            Change::Write { offset, bytes, grown_to } => {
                let mut at = to_usize(*offset);
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let room = sector_bytes - at % sector_bytes;
                    let (piece, behind) = rest.split_at(room.min(rest.len()));
                    let effect = Effect::Bytes { offset: at, bytes: piece.to_vec() };
                    pieces.push(Piece { file, effect });
                    at += piece.len();
                    rest = behind;
                }
                if let Some(len) = grown_to {
                    pieces.push(Piece { file, effect: Effect::Length(to_usize(*len)) });
                }
            }
        }
    }
}

/// What is kept or lost as one.
#[derive(Clone, Debug)]
pub struct Piece {
    pub file: FileId,
    pub effect: Effect,
}

/// What a piece does.
#[derive(Clone, Debug)]
pub enum Effect {
    /// New bytes within one sector.
    Bytes { offset: usize, bytes: Vec<u8> },
    /// A new length of the file.
    Length(usize),
}

/// Offsets in an image are offsets in memory: larger ones never got into the journal.
fn to_usize(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
