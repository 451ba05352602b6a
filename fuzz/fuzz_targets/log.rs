//! See `entidb_fuzz::log`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entidb_fuzz::log::run(data));
