//! A segment: an immutable file that holds the oldest entries of a log, compressed, with its own index.
//!
//! [`Sealer`] makes one of rows, [`merge`] makes one of neighbours, [`rewrite`] makes one without what was erased or pruned,
//! and [`Segment`] reads one. Nothing here reads a file: a [`Segment`] asks [`Parts`] for the extents that it needs, so that
//! a cache and whatever stores blobs can stand behind it. The bytes are specified in `docs/formats.md`.
//!
//! Entries are sorted by *place*, which is (instant, index); the *position* of an entry counts from the oldest. Of a *pruned*
//! entry only the hash of its leaf is left: it has an index, but no row, no place and no position.

mod block;
mod bytes;
mod column;
mod corrupt;
mod dictionary;
mod field;
mod footer;
mod lookup;
mod merge;
mod order;
mod part;
mod pruned;
mod read;
mod rewrite;
mod rows;
mod seal;
mod sum;
mod terms;
mod tokens;
mod trace;
mod verify;
mod write;

pub use corrupt::{Corrupt, Kind};
pub use dictionary::Dictionary;
pub use field::{Field, TERM_BYTES_MAX, term_of};
pub use footer::Segment;
pub use lookup::Term;
pub use merge::{MergeError, merge};
pub use part::{Extent, Part, Parts};
pub use read::Before;
pub use rewrite::{Fate, RewriteError, rewrite};
pub use rows::AllRows;
pub use seal::{Extra, SealError, Sealer, train};
pub use verify::{Leaf, VerifyError, verify};
pub use write::{Options, Summary};

#[cfg(test)]
mod tests;

/// Entries in a segment at most, pruned ones included: a position has 20 bits.
pub const ROWS_MAX: u32 = 1 << 20;

/// Bytes of a row at most. An import may have twice [`EVENT_BYTES_MAX`](crate::limits::EVENT_BYTES_MAX) and a little.
pub const ROW_BYTES_MAX: usize = 1 << 20;

/// The first bytes of a segment, and the last: what it is, and the version of all its parts. Only a segment with pruned
/// entries has the second version, so that all others stay readable for older releases.
fn magic(has_pruned: bool) -> [u8; 8] {
    if has_pruned { *b"annlseg\x02" } else { *b"annlseg\x01" }
}

/// Rows in a block: what has to be unpacked to read one of them.
const BLOCK_ROWS: u32 = 16;

/// Values in a chunk of a column.
const COLUMN_CHUNK: u32 = 65_536;

/// Pairs in a chunk of the tokens.
const TOKEN_CHUNK: u32 = 16_384;

/// Hashes in a chunk of those of pruned entries. A chunk of a column has as many indexes as sixteen of these have hashes.
const HASH_CHUNK: u32 = 4_096;
