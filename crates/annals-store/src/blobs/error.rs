//! Why a blob could not be read or written.

use super::BlobKey;
use crate::catalog::Cause;

/// Why a call on [`Blobs`](super::Blobs) did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob.
    #[error("a blob is missing: {key}")]
    Missing {
        /// Its key.
        key: BlobKey,
    },
    /// The blob is not what it should be, and no retry mends it.
    #[error("a blob is damaged, {problem}: {key}")]
    Corrupt {
        /// Its key.
        key: BlobKey,
        /// What is wrong with it.
        problem: String,
    },
    /// The store does not answer, or not with what it was asked for. A write may or may not have been done, and may be
    /// tried again.
    #[error(
        "blobs cannot be used now, check that their store is there, writable and not full: {place}: {source}"
    )]
    Unavailable {
        /// The path of the blob or the directory.
        place: String,
        /// What the store says.
        source: Cause,
    },
}

impl BlobError {
    pub(super) fn corrupt(key: &BlobKey, problem: impl Into<String>) -> Self {
        Self::Corrupt { key: key.clone(), problem: problem.into() }
    }

    pub(super) fn unavailable(key: &BlobKey, source: impl Into<Cause>) -> Self {
        Self::at(key.to_string(), source)
    }

    pub(super) fn at(place: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::Unavailable { place: place.into(), source: source.into() }
    }
}
