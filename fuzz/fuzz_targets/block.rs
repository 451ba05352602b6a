//! See `entidb_fuzz::block`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entidb_fuzz::block::run(data));
