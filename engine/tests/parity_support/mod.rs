//! Op logs: what one engine was asked and answered, for another one to be held to.
//!
//! An op log is a text of one call a line, a JSON array of the method's name and its arguments,
//! as `Engine` of the browser package has them; byte strings are lower-case hex. The answers are a
//! text with a line for each. Who plays a log needs to know nothing of what it is about.
//!
//! | file | concept |
//! |---|---|
//! | `call` | one call as a line |
//! | `player` | carrying calls out on a host |
//! | `recorder` | an op log and its answers in the making |
//! | `documents` | random ids, documents and indexes |
//! | `messages` | batches and queries as bytes |
//! | `workload` | random work that reaches every part of the store |
//! | `reading` | reading a whole database |
//! | `told` | what images keep of answers |
//! | `golden` | small databases that hold something of everything |
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::must_use_candidate,
    reason = "each user needs a part of it, and helpers of tests may fail"
)]

pub mod call;
pub mod documents;
pub mod golden;
pub mod messages;
pub mod player;
pub mod reading;
pub mod recorder;
pub mod told;
pub mod workload;
