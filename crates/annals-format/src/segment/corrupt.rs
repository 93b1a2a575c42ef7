//! What the parts of a segment are called, and what is said when one is damaged.

use std::fmt;

use super::{Field, bytes::Reason};

/// What a part of a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The directory of everything else, at the end.
    Footer,
    /// What the rows of a group were compressed with.
    Dictionary,
    /// A block of rows.
    Rows,
    /// Where the blocks of a group begin.
    BlockOffsets,
    /// Instants by position.
    Times,
    /// Indexes by position.
    Indexes,
    /// Positions by token.
    Tokens,
    /// Hashes of the leaves of pruned entries.
    PrunedHashes,
    /// Indexes of pruned entries.
    PrunedIndexes,
    /// The list of a field's term blocks.
    Directory(Field),
    /// A block of a field's terms.
    Terms(Field),
    /// The positions that have one term.
    Postings(Field),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Footer => f.write_str("footer"),
            Self::Dictionary => f.write_str("compression dictionary"),
            Self::Rows => f.write_str("row block"),
            Self::BlockOffsets => f.write_str("block offsets"),
            Self::Times => f.write_str("column of times"),
            Self::Indexes => f.write_str("column of indexes"),
            Self::Tokens => f.write_str("tokens"),
            Self::PrunedHashes => f.write_str("hashes of pruned entries"),
            Self::PrunedIndexes => f.write_str("indexes of pruned entries"),
            Self::Directory(field) => write!(f, "directory of {field}"),
            Self::Terms(field) => write!(f, "terms of {field}"),
            Self::Postings(field) => write!(f, "postings of {field}"),
        }
    }
}

/// A part of a segment is not what was written: storage was damaged, or a newer version wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("segment is damaged: {kind} at byte {offset}: {reason}")]
pub struct Corrupt {
    /// What is damaged.
    pub kind: Kind,
    /// Where it begins in the file.
    pub offset: u64,
    pub(super) reason: Reason,
}
