//! The bytes of the three files at one moment.

use std::fmt;
use std::sync::Arc;

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

    /// The same, with `file` found missing and made anew.
    #[must_use]
    pub fn without(mut self, file: FileId) -> Self {
        self.file_mut(file).clear();
        self
    }

    /// The same, with each log under the name of the other.
    #[must_use]
    pub fn with_logs_swapped(mut self) -> Self {
        let log = std::mem::take(self.file_mut(FileId::LogA));
        let other = std::mem::replace(self.file_mut(FileId::LogB), log);
        *self.file_mut(FileId::LogA) = other;
        self
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

/// An image whose files are copied only where one of those who share them writes: most images that
/// a test opens are never written to.
#[derive(Clone, Debug, Default)]
pub struct Shared([Arc<Vec<u8>>; 3]);

impl Shared {
    pub fn file(&self, file: FileId) -> &[u8] {
        file.of(&self.0).as_slice()
    }

    pub fn file_mut(&mut self, file: FileId) -> &mut Vec<u8> {
        Arc::make_mut(file.of_mut(&mut self.0))
    }

    /// Lets `file` be what it is in `other`.
    pub fn share(&mut self, file: FileId, other: &Self) {
        file.of_mut(&mut self.0).clone_from(file.of(&other.0));
    }

    pub fn total_len(&self) -> u64 {
        self.0.iter().map(|bytes| bytes.len() as u64).sum()
    }

    pub fn to_image(&self) -> Image {
        Image { files: FileId::ALL.map(|file| self.file(file).to_vec()) }
    }
}

impl From<Image> for Shared {
    fn from(image: Image) -> Self {
        Self(image.files.map(Arc::new))
    }
}
