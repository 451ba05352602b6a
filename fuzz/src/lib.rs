//! The fuzz targets: each is a function that takes bytes, does something with the engine, and
//! panics where the engine breaks a promise. `cargo fuzz` runs them over inputs that it makes up,
//! an ordinary test over those that were kept.
//!
//! | target | what the bytes are |
//! |---|---|
//! | `block` | a block of entries, raw, sealed, or built and then changed |
//! | `crash` | work on a store, with faults and crashes at chosen calls |
//! | `document` | a document, two of them and a patch, or a path |
//! | `index` | an index, and two versions of a document |
//! | `key` | values and ids as they are encoded in keys |
//! | `log` | a whole log |
//! | `manifest` | a superblock, a root, a manifest or a catalog |
//! | `message` | calls of the host with the messages that they take |
//! | `open` | changes to the files of a small database |
//! | `ops` | work on a database, held against a map |
//! | `segment` | the entries of a segment, and changes to its bytes |
//!
//! Where a checksum guards the logic behind it, the target makes it right first, or not, as a bit
//! of the input says.

pub mod block;
pub mod crash;
pub mod document;
pub mod index;
pub mod key;
pub mod log;
pub mod manifest;
pub mod message;
pub mod open;
pub mod ops;
pub mod segment;
mod value;

use std::alloc::System;
use std::fmt::Debug;

use arbitrary::{Arbitrary, Unstructured};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A target: its name, which is that of its corpus, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 11] = [
    ("block", block::run),
    ("crash", crash::run),
    ("document", document::run),
    ("index", index::run),
    ("key", key::run),
    ("log", log::run),
    ("manifest", manifest::run),
    ("message", message::run),
    ("open", open::run),
    ("ops", ops::run),
    ("segment", segment::run),
];

/// What an input means to a target that wants more than bytes; none where it is too short to mean
/// anything. Where the variable `FUZZ_SHOW` is set, it is printed.
fn decode<'a, T: Arbitrary<'a> + Debug>(data: &'a [u8]) -> Option<T> {
    let input = T::arbitrary_take_rest(Unstructured::new(data)).ok()?;
    if std::env::var_os("FUZZ_SHOW").is_some() {
        eprintln!("{input:#?}");
    }
    Some(input)
}

/// Holds the bytes that `work` allocates in all, whether it frees them again or not, to so many for
/// each byte of its input, and `fixed` beside those.
fn bounded<T>(input: usize, each: usize, fixed: usize, work: impl FnOnce() -> T) -> T {
    let region = Region::new(ALLOCATOR);
    let result = work();
    let bytes = region.change().bytes_allocated;
    let most = input * each + fixed;
    assert!(bytes <= most, "{bytes} bytes were allocated for {input} bytes of input");
    result
}
