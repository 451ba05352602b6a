//! A block of entries.

use std::cmp::Reverse;

use arbitrary::Arbitrary;
use entidb::fuzz::{self, Edit, Entries};

use crate::{bounded, decode};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    probes: Vec<Probe>,
    block: Block<'a>,
}

#[derive(Debug, Arbitrary)]
struct Probe {
    key: Vec<u8>,
    delta: u8,
}

#[derive(Debug, Arbitrary)]
enum Block<'a> {
    Raw { is_index: bool, payload: &'a [u8] },
    Sealed { body: &'a [u8] },
    Built { interval: u8, entries: Vec<Entry>, edits: Vec<(u16, u8)> },
}

/// A key that shares its beginning with the one before.
#[derive(Debug, Arbitrary)]
struct Entry {
    shared: u8,
    suffix: Vec<u8>,
    delta: u8,
    value: Option<Vec<u8>>,
}

/// The target; see the [module](self).
pub fn run(data: &[u8]) {
    let Some(input) = decode::<Input<'_>>(data) else { return };
    let probes: Vec<_> =
        input.probes.into_iter().take(8).map(|probe| (probe.key, probe.delta.into())).collect();
    bounded(data.len(), 4096, 1024 * 1024, || match input.block {
        Block::Raw { is_index, payload } => fuzz::block(payload, is_index, &probes),
        Block::Sealed { body } => fuzz::sealed_block(body, &probes),
        Block::Built { interval, entries, edits } => {
            let edits: Vec<_> =
                edits.into_iter().map(|(at, flip)| Edit { at: at.into(), flip }).collect();
            fuzz::built_block(usize::from(interval % 32), &sorted(entries), &probes, &edits);
        }
    });
}

fn sorted(entries: Vec<Entry>) -> Entries {
    let mut sorted = Entries::new();
    let mut before = Vec::new();
    for Entry { shared, suffix, delta, value } in entries {
        let mut key: Vec<u8> = before;
        key.truncate(shared.into());
        key.extend(suffix);
        sorted.insert((key.clone(), Reverse(delta.into())), value);
        before = key;
    }
    sorted
}
