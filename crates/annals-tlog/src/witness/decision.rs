//! Whether a witness cosigns a checkpoint.

use std::fmt;

use super::AddCheckpoint;
use crate::hash::Hash;
use crate::note::{VerifierKey, VerifyError};

/// What a witness knows of a log.
#[derive(Clone, Copy, Debug)]
pub struct KnownLog<'a> {
    /// The keys that it trusts for the log's origin.
    pub keys: &'a [VerifierKey],
    /// The size it cosigned last for the origin; 0 if it never did.
    pub size: u64,
    /// The root at that size; not looked at if the size is 0.
    pub root: Hash,
}

impl AddCheckpoint {
    /// Whether a witness that knows this of the checkpoint's origin may cosign it. If so, it must remember size and root
    /// before it answers, and only if what it remembered is still what `log` says.
    ///
    /// `log` is `None` if the witness does not know the origin. `is_consistent` verifies a consistency proof: it is
    /// given the old size and root, the new size and root, and the hashes, with 0 < old size < new size.
    ///
    /// # Errors
    ///
    /// The reason not to cosign, in the order in which the specification has them.
    pub fn decide(
        &self,
        log: Option<KnownLog<'_>>,
        is_consistent: impl Fn(u64, &Hash, u64, &Hash, &[Hash]) -> bool,
    ) -> Result<(), Refusal> {
        let log = log.ok_or(Refusal::UnknownOrigin)?;
        self.note.verify(log.keys).map_err(Refusal::NotSigned)?;
        let (size, root) = (self.checkpoint.size(), self.checkpoint.root());
        if self.old_size > size {
            return Err(Refusal::OldSizeTooLarge);
        }
        if self.old_size != log.size {
            return Err(Refusal::Conflict { size: log.size });
        }
        let old_root = if log.size == 0 { Hash::EMPTY_ROOT } else { log.root };
        if size == log.size && root != old_root {
            return Err(Refusal::OtherRoot);
        }
        // Nothing has to be proved of a tree that is the same or had no leaves, and nothing can be.
        let is_proved = if log.size == 0 || size == log.size {
            self.proof.is_empty()
        } else {
            is_consistent(log.size, &old_root, size, &root, &self.proof)
        };
        if is_proved { Ok(()) } else { Err(Refusal::WrongProof) }
    }
}

/// Why a witness does not cosign a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The witness does not know the checkpoint's origin.
    UnknownOrigin,
    /// No trusted key has signed the checkpoint, or a signature that says so is wrong.
    NotSigned(VerifyError),
    /// The old size is larger than the checkpoint's.
    OldSizeTooLarge,
    /// The old size is not the one that the witness cosigned last.
    Conflict {
        /// The size that the witness cosigned last. The body of the answer says it: see
        /// [`format_size`](super::format_size).
        size: u64,
    },
    /// The checkpoint has the size that the witness cosigned last, or no leaves, and another root. If it is signed, the
    /// log shows different trees to different people.
    OtherRoot,
    /// The proof does not show that the log only grew.
    WrongProof,
}

impl Refusal {
    /// The HTTP status of the answer.
    pub const fn status(&self) -> u16 {
        match self {
            Refusal::OldSizeTooLarge => 400,
            Refusal::NotSigned(_) => 403,
            Refusal::UnknownOrigin => 404,
            Refusal::Conflict { .. } => 409,
            Refusal::OtherRoot | Refusal::WrongProof => 422,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::UnknownOrigin => f.write_str("the origin of the checkpoint is not known"),
            Refusal::NotSigned(_) => f.write_str("the checkpoint is not signed by a trusted key"),
            Refusal::OldSizeTooLarge => f.write_str("the old size is larger than the checkpoint's"),
            Refusal::Conflict { size } => write!(f, "the size cosigned last is another: {size}"),
            Refusal::OtherRoot => f.write_str("the checkpoint has another root at the same size"),
            Refusal::WrongProof => f.write_str("the consistency proof is wrong"),
        }
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Refusal::NotSigned(error) => Some(error),
            _ => None,
        }
    }
}
