//! Fuzzes query strings: a link to another page asks for the same list.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| annals_fuzz::query(input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    annals_fuzz::replay(annals_fuzz::query)
}
