//! Fuzz target; see [`fuzz::parameters`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::parameters(data));
