//! Fuzzes JSON bodies: what is accepted is stored, served and hashed as it was sent.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| annals_fuzz::event(input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    annals_fuzz::replay(annals_fuzz::event)
}
