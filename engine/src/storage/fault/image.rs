//! The bytes of the three files at one moment.

use std::fmt;

use crate::storage::FileId;

/// The three files, in the order of [`FileId::ALL`].
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Image {
    /// The bytes.
    pub files: [Vec<u8>; 3],
}

impl Image {
    /// The bytes of `file`.
    pub fn file(&self, file: FileId) -> &[u8] {
        file.of(&self.files).as_slice()
    }

    /// The bytes of `file`, to change them.
    pub fn file_mut(&mut self, file: FileId) -> &mut Vec<u8> {
        file.of_mut(&mut self.files)
    }

    /// Length of the three files together.
    pub fn total_len(&self) -> u64 {
        self.files.iter().map(|bytes| bytes.len() as u64).sum()
    }
}

/// Lengths only: the bytes of an image would drown what a failing test has to say.
impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(FileId::ALL.iter().map(|file| (file.name(), self.file(*file).len())))
            .finish()
    }
}
