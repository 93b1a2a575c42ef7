//! What must hold for any bytes that a client sends, or that storage gives back. Each function is a fuzz target of the same name in `src/bin`.
//!
//! `cargo xtask fuzz` builds the targets with libFuzzer. Built in the ordinary way, they check the files that are named
//! on the command line instead: `cargo run -p annals-fuzz --bin event -- target/fuzz/crashes/event/crash-…`.

#![expect(clippy::missing_panics_doc, reason = "a panic is how a target reports what it found")]

mod disclosure;
mod event;
mod json;
mod ndjson;
mod note;
mod proof;
mod query;
mod segment;
mod sentences;
mod tile;

pub use disclosure::disclosure;
pub use event::event;
pub use ndjson::ndjson;
pub use note::note;
pub use proof::proof;
pub use query::query;
pub use segment::segment;
pub use tile::tile;

/// Runs a target on each of the files named on the command line.
pub fn replay(target: fn(&[u8])) -> std::io::Result<()> {
    for file in std::env::args_os().skip(1) {
        target(&std::fs::read(file)?);
    }
    Ok(())
}
