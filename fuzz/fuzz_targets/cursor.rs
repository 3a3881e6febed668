//! See `fuzz/src/cursor.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laurels_fuzz::cursor(bytes));
