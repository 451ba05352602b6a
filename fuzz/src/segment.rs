//! The entries of a segment, and changes to its bytes.

use std::cmp::Reverse;

use arbitrary::Arbitrary;
use entidb::fuzz::{self, Edit, Entries};

use crate::decode;

const ENTRIES_MAX: usize = 300;

#[derive(Debug, Arbitrary)]
struct Input {
    resealed: bool,
    edits: Vec<(u16, u8)>,
    space: u8,
    entries: Vec<Entry>,
}

#[derive(Debug, Arbitrary)]
struct Entry {
    /// Later entries lie near earlier ones.
    step: u8,
    seq: u8,
    /// No length is a delete.
    value: Option<u8>,
    /// A long key now and then, so that the index has several levels.
    long: bool,
}

/// The target; see the [module](self).
pub fn run(data: &[u8]) {
    let Some(input) = decode::<Input>(data) else { return };
    let mut entries = Entries::new();
    let mut number = 0_u32;
    for Entry { step, seq, value, long } in input.entries.into_iter().take(ENTRIES_MAX) {
        number += u32::from(step);
        let mut key = vec![1 + input.space % 5, 0, 0, 0, 1];
        key.extend(number.to_be_bytes());
        key.extend(std::iter::repeat_n(b'k', if long { usize::from(step) * 2 } else { 0 }));
        let value = value.map(|len| (0..len).map(|at| at ^ step).collect());
        entries.insert((key, Reverse(seq.into())), value);
    }
    let edits: Vec<_> =
        input.edits.into_iter().take(8).map(|(at, flip)| Edit { at: at.into(), flip }).collect();
    fuzz::segment(&entries, &edits, input.resealed);
}
