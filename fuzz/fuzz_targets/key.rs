//! See `entidb_fuzz::key`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entidb_fuzz::key::run(data));
