//! Fuzzes proofs: any are verified or refused, in trees of any size.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| annals_fuzz::proof(input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    annals_fuzz::replay(annals_fuzz::proof)
}
