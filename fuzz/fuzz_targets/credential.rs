//! See `fuzz/src/credential.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laurels_fuzz::credential(bytes));
