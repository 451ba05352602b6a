//! A database at work while its storage loses power or fails, and what it may be afterwards.

#![allow(dead_code, reason = "each test uses its own part")]

pub mod faults;
pub mod kinds;
pub mod world;
