//! See `entidb_fuzz::index`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entidb_fuzz::index::run(data));
