//! `EntiDB`: an ACID document database without threads.

mod catalog;
pub mod codec;
mod counters;
pub mod db;
pub mod error;
pub mod host;
mod index;
#[doc(hidden)]
pub mod kv;
pub mod limits;
pub mod options;
mod snapshot;
pub mod storage;

pub use catalog::{CollectionId, CollectionSchema, IndexId, IndexKind, IndexSpec};
pub use db::{
    Access, At, Build, BuildBudget, Change, CollectionInfo, Cursor, Database, Declared, Explain,
    IfMatch, IndexInfo, Op, Outcome, Output, Page, PageLimits, Progress, QueryPlan, Row, Staged, Stats,
    Transaction, Undeclared,
};
pub use error::{Details, Error, ErrorKind, Result};
pub use kv::store::{CompactionReport, StoreStats};
pub use options::{Durability, Geometry, Options};
pub use snapshot::Snapshot;
