//! Fuzz target; see [`fuzz::wcs`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::wcs(data));
