//! Databases that crash: steps of workloads, and what is known after a crash.

pub mod kinds;
pub mod world;
