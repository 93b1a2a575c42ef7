//! Segments: from the head to blobs and back.
//!
//! [`Segments`] is where they are read: a [`Sealed`] is one that is open, its footer in memory and all else fetched part by
//! part through one cache. [`Keeper`] is where they are made: `seal` writes the oldest entries of a head into a segment,
//! `compact` makes one of many, `prune` one without what is no longer kept, `sweep` removes blobs that nobody lists. Each is one protocol, told in order, with what a
//! crash leaves behind at each step; the catalog's transaction is what makes it true.

mod compact;
mod erase;
mod keeper;
mod polite;
mod prune;
mod rewrite;
mod seal;
mod sealed;
mod store;
mod sweep;
mod uncached;
mod worker;

pub use keeper::{KeepError, Keeper, KeeperOptions};
pub use sealed::Sealed;
pub use store::Segments;

use annals_format::segment::Corrupt;
use annals_store::{BlobError, ReadError};

/// Why a segment cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// It is not there any more: another took its place since it was listed. Look again.
    #[error("the segment {name} is gone")]
    Gone {
        /// Its name.
        name: String,
    },
    /// It is not in memory, and whoever asks must not wait for a disk: see [`Segments::at_once`].
    #[error("a part of a segment is not in memory")]
    Cold,
    /// Its bytes are not what was written. Named by [`Sealed`], which knows whose they are.
    #[error(transparent)]
    Damaged(#[from] Corrupt),
    /// The catalog or the blob store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<SegmentError> for ReadError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::Gone { .. } | SegmentError::Cold => Self::Unavailable(error.into()),
            SegmentError::Damaged(corrupt) => Self::Corrupt(corrupt.to_string()),
            SegmentError::Read(error) => error,
        }
    }
}

/// Times that a read starts anew because segments took the place of what it was about to read.
pub(crate) const MOVES_MAX: usize = 8;

/// Segments were made faster than a read could follow, so many times.
pub(crate) fn moving() -> ReadError {
    ReadError::Unavailable("segments change faster than they can be read".into())
}

/// What an error of the blob store means to a reader of the segment `name`.
fn of_blob(name: &str, error: BlobError) -> SegmentError {
    match error {
        BlobError::Missing { .. } => SegmentError::Gone { name: name.to_owned() },
        BlobError::Corrupt { .. } => ReadError::Corrupt(error.to_string()).into(),
        BlobError::Unavailable { .. } => ReadError::Unavailable(error.into()).into(),
    }
}

#[cfg(test)]
mod tests;
