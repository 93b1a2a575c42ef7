//! Fuzzes signed notes, checkpoints, proof files, keys and the messages of witnesses.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| annals_fuzz::note(input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    annals_fuzz::replay(annals_fuzz::note)
}
