//! Gathering the misses of an asynchronous storage.

use crate::error::{Error, Result};

/// Lets an operation go on past bytes that are not at hand, so that one fetch brings all that it
/// lacks. What it computes after a miss is of no use: [`Misses::finish`] fails.
#[derive(Debug, Default)]
pub(super) struct Misses {
    first: Option<Error>,
    count: usize,
}

impl Misses {
    /// The result of a read, `None` if it was a miss. Any other failure is returned, unless a miss
    /// came before it: what was missing may fail as well, and then first.
    pub fn note<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_missing() => {
                self.first.get_or_insert(error);
                self.count += 1;
                Ok(None)
            }
            Err(error) => Err(self.first.take().unwrap_or(error)),
        }
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Fails with the first miss, if there was one.
    pub fn finish(self) -> Result<()> {
        self.first.map_or(Ok(()), Err)
    }
}
