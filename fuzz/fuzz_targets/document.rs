//! See `fuzz/src/document.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laurels_fuzz::document(bytes));
