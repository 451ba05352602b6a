//! `EntiDB`: an ACID document database without threads.
//!
//! ```
//! use entidb::storage::MemoryStorage;
//! use entidb::{Database, IndexSpec, Options};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Task {
//!     id: String,
//!     project: String,
//!     due: u32,
//!     done: bool,
//! }
//!
//! # fn main() -> entidb::Result<()> {
//! let mut db = Database::open(MemoryStorage::new(), &Options::default())?;
//! let _ = db.create_collection("tasks", &[IndexSpec::ordered(["project", "due"])])?;
//!
//! let task = |id: &str, due| Task { id: id.into(), project: "p1".into(), due, done: false };
//! let mut tasks = db.collection::<Task>("tasks")?;
//! tasks.put(&task("a", 3))?;
//! tasks.put(&task("b", 1))?;
//! tasks.insert(&task("c", 2))?;
//! tasks.update("a", |task| task.done = true)?;
//! assert!(tasks.get("a")?.is_some_and(|task| task.done));
//! assert_eq!(tasks.count()?, 3);
//!
//! let due: Vec<Task> = tasks.range_in(&["project", "due"], &["p1"], 2..)?.into_vec()?;
//! assert_eq!(due.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ["c", "a"]);
//!
//! let last = db.collection::<Task>("tasks")?.find_by(&["project"], &"p1")?.reverse().take(1);
//! assert_eq!(last.into_vec()?, [Task { done: true, ..task("a", 3) }]);
//! # Ok(())
//! # }
//! ```

mod catalog;
pub mod codec;
mod counters;
pub mod db;
pub mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
pub mod host;
mod index;
#[doc(hidden)]
pub mod kv;
pub mod limits;
pub mod options;
mod small_map;
mod snapshot;
pub mod storage;
pub mod typed;

pub use catalog::{CollectionId, CollectionSchema, IndexId, IndexKind, IndexSpec};
pub use db::{
    Access, At, Build, BuildBudget, Change, CollectionInfo, Cursor, Database, Declared, Explain,
    IfMatch, IndexInfo, Op, Outcome, Output, Page, PageLimits, Progress, QueryPlan, Row, Staged,
    Stats, Transaction, Undeclared, Verification,
};
pub use error::{Details, Error, ErrorKind, Result};
pub use kv::store::{CompactionReport, StoreStats};
pub use kv::{Checked, Findings, Problem};
pub use options::{Durability, Geometry, Options};
pub use snapshot::Snapshot;
pub use typed::Collection;
