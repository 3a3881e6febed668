//! See `fuzz/src/json_lines.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laurels_fuzz::json_lines(bytes));
