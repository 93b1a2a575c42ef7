//! Strict JSON: one pass that refuses what readers disagree about, and gives the rest one minimal spelling.
//!
//! [`minify`] accepts exactly RFC 8259 and refuses, beyond it, duplicate keys, unpaired surrogates, numbers beyond the
//! range of a double and nesting deeper than a limit. Its output has no insignificant white space and spells every
//! string one way (only what must be escaped is, the short way where there is one), while number tokens are kept digit
//! for digit: `1.10`, `1e300` and 64-bit integers come out as they went in. The other functions of this module read that
//! output and may rely on it.

mod equal;
mod minify;
mod read;

pub use equal::equal;
pub use minify::{JsonError, JsonErrorKind, Keys, Minified, minify, minify_into};
pub use read::{Elements, Members, Object, depth, elements, members, string, write_string};
pub(crate) use read::{split_plain, split_value, string_end};
