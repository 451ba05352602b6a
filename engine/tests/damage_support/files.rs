//! Three files in memory that are damaged, used and put back as they were, without being copied.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use entidb::storage::fault::Image;
use entidb::storage::{FileId, Read, Storage, Synced};
use entidb::{Durability, Error, ErrorKind, Result};

/// Bytes that one case may read for each byte of the files, and in any case: whoever reads more
/// will never end.
const READ_FACTOR_MAX: u64 = 300;
const READ_BYTES_MIN: u64 = 4 * 1024 * 1024;

/// A handle on the files; clones are handles on the same ones.
#[derive(Clone)]
pub struct Files(Rc<RefCell<State>>);

struct State {
    base: Image,
    now: Image,
    changed: Vec<(FileId, Range<usize>)>,
    bytes_read: u64,
}

impl Files {
    pub fn new(base: Image) -> Self {
        let now = base.clone();
        Self(Rc::new(RefCell::new(State { base, now, changed: Vec::new(), bytes_read: 0 })))
    }

    /// Undoes every change since the last time.
    pub fn restore(&self) {
        let state = &mut *self.0.borrow_mut();
        for file in FileId::ALL {
            let len = state.base.file(file).len();
            state.now.file_mut(file).resize(len, 0);
        }
        for (file, range) in state.changed.drain(..) {
            let base = state.base.file(file);
            let range = range.start.min(base.len())..range.end.min(base.len());
            state.now.file_mut(file)[range.clone()].copy_from_slice(&base[range]);
        }
        state.bytes_read = 0;
    }

    /// Changes bytes behind the back of whoever has the files open.
    pub fn damage(&self, file: FileId, range: Range<usize>, change: impl FnOnce(&mut [u8])) {
        let state = &mut *self.0.borrow_mut();
        change(&mut state.now.file_mut(file)[range.clone()]);
        state.changed.push((file, range));
    }

    /// Puts other bytes in the place of a whole file.
    pub fn replace(&self, file: FileId, bytes: &[u8]) {
        let state = &mut *self.0.borrow_mut();
        let len = state.base.file(file).len();
        *state.now.file_mut(file) = bytes.to_vec();
        state.changed.push((file, 0..len));
    }

    pub fn cut(&self, file: FileId, len: usize) {
        let state = &mut *self.0.borrow_mut();
        let old_len = state.now.file(file).len();
        state.now.file_mut(file).truncate(len);
        state.changed.push((file, len..old_len));
    }

    /// What lies where bytes were changed.
    pub fn image_of(&self, touched: &[(FileId, Range<usize>)]) -> Vec<Vec<u8>> {
        let state = self.0.borrow();
        let bytes = |(file, range): &(FileId, Range<usize>)| {
            let now = state.now.file(*file);
            now[range.start.min(now.len())..range.end.min(now.len())].to_vec()
        };
        touched.iter().map(bytes).collect()
    }

    pub fn image(&self) -> Image {
        self.0.borrow().now.clone()
    }
}

impl Storage for Files {
    fn len(&self, file: FileId) -> Result<u64> {
        Ok(self.0.borrow().now.file(file).len() as u64)
    }

    fn read_at(&self, file: FileId, offset: u64, buf: &mut [u8]) -> Result<Read> {
        let state = &mut *self.0.borrow_mut();
        state.bytes_read += buf.len() as u64;
        let most = READ_BYTES_MIN.max(state.base.total_len() * READ_FACTOR_MAX);
        assert!(state.bytes_read <= most, "reading never ends");
        let from = usize::try_from(offset).unwrap();
        let end = from.checked_add(buf.len());
        let Some(bytes) = end.and_then(|end| state.now.file(file).get(from..end)) else {
            return Err(Error::new(ErrorKind::Io, "a read past the end"));
        };
        buf.copy_from_slice(bytes);
        Ok(Read::Done)
    }

    fn write_at(&self, file: FileId, offset: u64, bytes: &[u8]) -> Result<()> {
        let state = &mut *self.0.borrow_mut();
        let from = usize::try_from(offset).unwrap();
        let end = from + bytes.len();
        let now = state.now.file_mut(file);
        if now.len() < end {
            now.resize(end, 0);
        }
        now[from..end].copy_from_slice(bytes);
        state.changed.push((file, from..end));
        Ok(())
    }

    fn set_len(&self, file: FileId, len: u64) -> Result<()> {
        let state = &mut *self.0.borrow_mut();
        let len = usize::try_from(len).unwrap();
        let now = state.now.file_mut(file);
        let old_len = now.len();
        now.resize(len, 0);
        state.changed.push((file, len.min(old_len)..len.max(old_len)));
        Ok(())
    }

    fn sync(&self, _: FileId, _: Durability) -> Result<Synced> {
        Ok(Synced::Done)
    }
}
