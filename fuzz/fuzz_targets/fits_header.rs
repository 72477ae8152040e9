//! Fuzz target; see [`fuzz::fits_header`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::fits_header(data));
