//! Fuzz target; see [`fuzz::association`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::association(data));
