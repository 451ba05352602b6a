//! See `entidb_fuzz::document`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entidb_fuzz::document::run(data));
