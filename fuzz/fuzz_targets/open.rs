//! See `entidb_fuzz::open`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entidb_fuzz::open::run(data));
