//! Queries: one access path each, read page by page.

mod cursor;
mod explain;
mod page;
mod plan;

pub use cursor::Cursor;
pub use explain::Explain;
pub use page::{Page, PageLimits, Row};
pub(crate) use page::{PageEnd, PageRows};
pub use plan::{Access, Output, QueryPlan};
