//! See `entidb_fuzz::ops`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entidb_fuzz::ops::run(data));
