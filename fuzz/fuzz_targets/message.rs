//! See `entidb_fuzz::message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entidb_fuzz::message::run(data));
