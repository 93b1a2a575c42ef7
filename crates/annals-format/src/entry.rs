//! An entry: an event in its final form, as it is stored, served and hashed.
//!
//! A [`Draft`] is an event whose texts and digests are ready, so that giving it an instant is all that is left to do
//! in the one place where order is decided. A [`Row`] is an entry read back; of its [`Section`]s some may have been
//! erased. The bytes of both are specified in `docs/formats.md`; they are written once and never re-serialised, only
//! stitched together into answers.

mod draft;
pub(crate) mod leaf;
pub(crate) mod row;
mod section;

pub use draft::{Draft, Entry, Origin};
pub use leaf::{Salts, Seed};
pub use row::{CorruptRow, Keys, Row};
pub use section::Section;

#[cfg(test)]
mod tests;
