//! A database as plain maps, against which the real one is held.

#![allow(dead_code, reason = "each test uses its own part")]

pub mod coverage;
pub mod oracle;
pub mod order;
pub mod random;
pub mod told;
