//! The log-structured store: knows keys and values as bytes, and nothing of documents.

pub(crate) mod batch;
pub(crate) mod cache;
pub(crate) mod compact;
pub(crate) mod entry;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzz;
pub mod io;
pub(crate) mod log;
pub(crate) mod logs;
pub(crate) mod manifest;
pub(crate) mod memtable;
pub(crate) mod merge;
pub(crate) mod recover;
pub(crate) mod root;
pub(crate) mod scan;
pub(crate) mod segment;
pub(crate) mod sought;
pub(crate) mod source;
pub(crate) mod store;
pub(crate) mod superblock;
pub(crate) mod units;
pub(crate) mod verify;
pub(crate) mod version;
pub(crate) mod view;
pub(crate) mod volume;

pub use batch::Batch;
pub use scan::Scan;
pub use store::{CompactionReport, Store, StoreStats, Verification};
pub use verify::{Checked, Findings, Problem};
pub use view::{Direction, KeyRange, View};
