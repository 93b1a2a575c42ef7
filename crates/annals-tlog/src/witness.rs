//! The messages of c2sp.org/tlog-witness, with which a log has its checkpoints cosigned, and what a witness does on one.
//!
//! A log sends its new checkpoint with a proof that the tree grew from the one that the witness cosigned last. The
//! witness says no, with an HTTP status, or remembers the checkpoint and answers with cosignatures. Written from the
//! specification as of July 2026, which calls a different root at the same size a wrong proof (422), not a conflict (409).
//!
//! ```
//! use annals_tlog::checkpoint::Checkpoint;
//! use annals_tlog::note::{KeyType, Note, SignerKey};
//! use annals_tlog::witness::{self, AddCheckpoint, KnownLog};
//! use annals_tlog::{Hash, leaf_hash};
//!
//! let log = SignerKey::new("example.com/log", KeyType::Ed25519, &[1; 32])?;
//! let mut note = Note::new(Checkpoint::new("example.com/log", 1, leaf_hash(b"first"))?.to_string())?;
//! note.sign(&log)?;
//!
//! // What the log sends: the witness has seen nothing of it so far, so there is nothing to prove.
//! let body = AddCheckpoint::new(0, Vec::new(), note.clone())?.to_string();
//!
//! // What the witness does.
//! let request = AddCheckpoint::parse(body.as_bytes())?;
//! let keys = [log.verifier().clone()];
//! let known = (request.checkpoint().origin() == "example.com/log")
//!     .then_some(KnownLog { keys: &keys, size: 0, root: Hash::EMPTY_ROOT });
//! request.decide(known, |_, _, _, _, _| false)?;
//! let key = SignerKey::new("example.com/witness", KeyType::Ed25519Cosignature, &[2; 32])?;
//! let mut cosigned = Note::new(request.note().text())?;
//! cosigned.cosign(&key, 1_700_000_000)?;
//! let answer = witness::format_signatures(cosigned.signatures());
//!
//! // What the log does with the answer: signatures of others are left out.
//! for signature in witness::parse_signatures(answer.as_bytes())? {
//!     if key.verifier().is_named_in(&signature) {
//!         note.add(signature)?;
//!     }
//! }
//! let trusted = [key.verifier().clone()];
//! assert_eq!(note.verify(&trusted)?[0].time(), Some(1_700_000_000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decision;

use std::fmt;

pub use self::decision::{KnownLog, Refusal};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::note::{Note, NoteError, NoteSignature, signature_lines, text};

/// The `Content-Type` of an answer 409, whose body is [`format_size`].
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// Most hashes of a consistency proof.
pub const PROOF_HASHES_MAX: usize = 63;

/// The request `add-checkpoint`.
///
/// Shown and parsed as a body: `old` and a size, the hashes of the proof in base64, an empty line, the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old_size: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// Asks for cosignatures of the checkpoint that is in `note`. `proof` says that it follows from the tree of
    /// `old_size` leaves, which the witness is thought to have cosigned last; it is empty if that is 0.
    ///
    /// # Errors
    ///
    /// The text of the note is not a checkpoint, the note has no signature, or the proof has more than
    /// [`PROOF_HASHES_MAX`] hashes.
    pub fn new(old_size: u64, proof: Vec<Hash>, note: Note) -> Result<AddCheckpoint, AddCheckpointError> {
        if proof.len() > PROOF_HASHES_MAX {
            return Err(AddCheckpointError::ProofTooLong);
        }
        if note.signatures().is_empty() {
            return Err(AddCheckpointError::Note(NoteError::NoSignatures));
        }
        let checkpoint = note.text().parse().map_err(AddCheckpointError::Checkpoint)?;
        Ok(AddCheckpoint { old_size, proof, note, checkpoint })
    }

    /// Reads the body of a request. To anything that is not one, a witness answers 400.
    ///
    /// # Errors
    ///
    /// `body` is not such a request, or goes beyond the limits of notes and proofs.
    pub fn parse(body: &[u8]) -> Result<AddCheckpoint, AddCheckpointError> {
        let (head, note) = split_head(body).ok_or(AddCheckpointError::NoEmptyLine)?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = old_size.and_then(text::decimal).ok_or(AddCheckpointError::OldSize)?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == PROOF_HASHES_MAX {
                return Err(AddCheckpointError::ProofTooLong);
            }
            proof.push(text::hash(line).ok_or(AddCheckpointError::Hash)?);
        }
        AddCheckpoint::new(old_size, proof, Note::parse(note).map_err(AddCheckpointError::Note)?)
    }

    /// The size that the witness is thought to know.
    pub const fn old_size(&self) -> u64 {
        self.old_size
    }

    /// The consistency proof of RFC 6962 §2.1.2 from the old size to that of the checkpoint.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The checkpoint as its log signed it.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The checkpoint. Trust it when [`AddCheckpoint::decide`] does not refuse the request.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", text::to_base64(hash.as_bytes())))?;
        write!(f, "\n{}", self.note)
    }
}

/// Splits what stands before a note from the note: at the first empty line, which is left out. A checkpoint has no empty
/// line, but the note has one.
pub(crate) fn split_head(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let head = str::from_utf8(bytes.get(..end)?).ok()?;
    Some((head, bytes.get(end.checked_add(2)?..)?))
}

/// The body of an answer 200: a line for each signature.
pub fn format_signatures(signatures: &[NoteSignature]) -> String {
    signatures.iter().flat_map(|signature| [signature.to_string(), "\n".to_owned()]).collect()
}

/// Reads the body of an answer 200. Whose signatures they are has not been checked: take those that
/// [are of keys you trust](crate::note::VerifierKey::is_named_in), add them to the note, and verify it.
///
/// # Errors
///
/// `body` is not a list of at least one signature line, or goes beyond the limits of a note.
pub fn parse_signatures(body: &[u8]) -> Result<Vec<NoteSignature>, NoteError> {
    if body.len() > Note::BYTES_MAX {
        return Err(NoteError::TooLong);
    }
    signature_lines(str::from_utf8(body).map_err(|_| NoteError::NotUtf8)?)
}

/// The body of an answer 409: the size that the witness cosigned last, from which a proof would have been welcome.
pub fn format_size(size: u64) -> String {
    format!("{size}\n")
}

/// Reads the body of an answer 409; `None` if it is not a size. The witness may say any size.
pub fn parse_size(body: &[u8]) -> Option<u64> {
    text::decimal(str::from_utf8(body).ok()?.strip_suffix('\n')?)
}

/// Why a body is not a request to cosign a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddCheckpointError {
    /// No empty line ends the old size and the proof.
    NoEmptyLine,
    /// The first line is not `old` and a number in decimal.
    OldSize,
    /// A line of the proof is not a hash in base64.
    Hash,
    /// The proof has more than [`PROOF_HASHES_MAX`] hashes.
    ProofTooLong,
    /// What follows the proof is not a signed note.
    Note(NoteError),
    /// The text of the note is not a checkpoint.
    Checkpoint(CheckpointError),
}

impl fmt::Display for AddCheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddCheckpointError::NoEmptyLine => "an empty line separates the proof from the checkpoint",
            AddCheckpointError::OldSize => "the first line is `old` and a size in decimal",
            AddCheckpointError::Hash => "each line of the proof is a hash in base64",
            AddCheckpointError::ProofTooLong => "a consistency proof has at most 63 hashes",
            AddCheckpointError::Note(_) => "a signed note follows the proof",
            AddCheckpointError::Checkpoint(_) => "the text of the note is a checkpoint",
        })
    }
}

impl std::error::Error for AddCheckpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AddCheckpointError::Note(error) => Some(error),
            AddCheckpointError::Checkpoint(error) => Some(error),
            _ => None,
        }
    }
}
