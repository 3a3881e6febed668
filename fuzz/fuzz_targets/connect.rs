//! See `fuzz/src/web.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laurels_fuzz::connect(bytes));
