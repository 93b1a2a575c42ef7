//! The index over the head: entries that are in no segment yet. Runs are indexed, the tail is scanned.

mod hashes;
mod run;
mod tail;
mod terms;

pub(super) use run::Run;
pub(super) use tail::{Picked, Tail};
