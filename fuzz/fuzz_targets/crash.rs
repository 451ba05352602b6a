//! See `entidb_fuzz::crash`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entidb_fuzz::crash::run(data));
