//! Fuzz target; see [`fuzz::asdf`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::asdf(data));
