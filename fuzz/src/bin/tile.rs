//! Fuzzes tiles: any path and any bundle has one form only, or is refused.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| annals_fuzz::tile(input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    annals_fuzz::replay(annals_fuzz::tile)
}
