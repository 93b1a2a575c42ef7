//! A proof that one entry is in a log.

use annals_store::ReadError;

/// Why there is no proof now.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The entry is in no tree that was signed.
    #[error("the entry is not in a signed checkpoint yet")]
    NotSigned,
}
