//! Numbers that stand for what the caller holds on this side.

use crate::error::{Error, ErrorKind, Result};

/// Things by number. A number is never given twice, so that one that was closed can never mean
/// something else later. Zero is no handle.
#[derive(Debug)]
pub struct Handles<T> {
    /// What they are called in messages.
    noun: &'static str,
    entries_max: usize,
    /// In the order of their numbers, which is the order they came in.
    entries: Vec<(u32, T)>,
}

/// Draws the numbers of all tables of a host, so that a handle of one kind is none of another.
#[derive(Debug, Default)]
pub struct Numbers {
    last: u32,
}

impl Numbers {
    /// The numbers after `last`.
    pub fn after(last: u32) -> Self {
        Self { last }
    }

    /// The number that was drawn last.
    pub fn last(&self) -> u32 {
        self.last
    }

    /// The next number.
    fn draw(&mut self) -> Result<u32> {
        self.last = self.last.checked_add(1).ok_or_else(|| {
            Error::new(ErrorKind::LimitExceeded, "all handles are used up; open the database again")
        })?;
        Ok(self.last)
    }
}

impl<T> Handles<T> {
    /// No things yet, and at most `entries_max` at a time.
    pub fn new(noun: &'static str, entries_max: usize) -> Self {
        Self { noun, entries_max, entries: Vec::new() }
    }

    /// Fails if there is no room for one more. Asked first, so that nothing is opened in vain.
    pub fn check_room(&self) -> Result<()> {
        if self.entries.len() < self.entries_max {
            return Ok(());
        }
        let message = format!("{} {}s are open; close some", self.entries_max, self.noun);
        Err(Error::new(ErrorKind::LimitExceeded, message))
    }

    /// Keeps `entry`; its handle.
    pub fn insert(&mut self, numbers: &mut Numbers, entry: T) -> Result<u32> {
        self.check_room()?;
        let handle = numbers.draw()?;
        self.entries.push((handle, entry));
        Ok(handle)
    }

    /// What `handle` stands for.
    pub fn get_mut(&mut self, handle: u32) -> Result<&mut T> {
        let noun = self.noun;
        let found = self.place(handle).and_then(|place| self.entries.get_mut(place));
        found.map(|(_, entry)| entry).ok_or_else(|| unknown(noun, handle))
    }

    /// Keeps only what `keep` says.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.entries.retain(|(_, entry)| keep(entry));
    }

    /// Gives up `handle`, if it is one.
    pub fn take(&mut self, handle: u32) -> Option<T> {
        self.place(handle).map(|place| self.entries.remove(place).1)
    }

    fn place(&self, handle: u32) -> Option<usize> {
        self.entries.binary_search_by_key(&handle, |(number, _)| *number).ok()
    }
}

#[cold]
fn unknown(noun: &str, handle: u32) -> Error {
    let message = format!("{handle} is no open {noun}; it was closed, or never was one");
    Error::new(ErrorKind::Closed, message)
}
