//! Proof files, as c2sp.org/tlog-proof has them: that an entry is in a log, checked without asking the log.
//!
//! ```
//! use annals_tlog::checkpoint::Checkpoint;
//! use annals_tlog::note::{KeyType, Note, SignerKey};
//! use annals_tlog::proof_file::ProofFile;
//! use annals_tlog::{leaf_hash, node_hash};
//!
//! let (first, second) = (leaf_hash(b"first"), leaf_hash(b"second"));
//! let root = node_hash(&first, &second);
//! let log = SignerKey::new("example.com/log", KeyType::Ed25519, &[1; 32])?;
//! let mut note = Note::new(Checkpoint::new("example.com/log", 2, root)?.to_string())?;
//! note.sign(&log)?;
//! let file = ProofFile::new(1, vec![first], note, None)?.to_string();
//!
//! let proof = ProofFile::parse(file.as_bytes())?;
//! proof.note().verify(&[log.verifier().clone()])?;
//! assert_eq!(proof.checkpoint().origin(), "example.com/log");
//! assert_eq!(proof.index(), 1);
//! assert_eq!(node_hash(&proof.hashes()[0], &leaf_hash(b"second")), proof.checkpoint().root());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::note::{Note, NoteError, text};
use crate::witness::split_head;

/// The first line of a proof file.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A checkpoint of a log, and a proof that an entry is in the log.
///
/// Shown and parsed as the text of a file, which by convention is called `.tlog-proof`. Nothing of it is checked by
/// reading it: see [`Note::verify`] for the checkpoint, and the proof against it. What is in `extra` nobody vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

impl ProofFile {
    /// Most hashes of a proof: one for each level of the largest tree.
    pub const HASHES_MAX: usize = 63;

    /// Longest extra data, in bytes: 4 MiB. The specification has no limit.
    pub const EXTRA_BYTES_MAX: usize = 1 << 22;

    /// The proof for the entry at `index`: `hashes` leads from the sibling of its leaf to a child of the root of the
    /// checkpoint that is in `note`.
    ///
    /// # Errors
    ///
    /// The text of the note is not a checkpoint, or the note has no signature; the tree has no entry at `index`; or
    /// `hashes` or `extra` go beyond the limits above.
    pub fn new(
        index: u64,
        hashes: Vec<Hash>,
        note: Note,
        extra: Option<Vec<u8>>,
    ) -> Result<ProofFile, ProofFileError> {
        if extra.as_ref().is_some_and(|extra| extra.len() > ProofFile::EXTRA_BYTES_MAX) {
            return Err(ProofFileError::Extra);
        }
        if hashes.len() > ProofFile::HASHES_MAX {
            return Err(ProofFileError::ProofTooLong);
        }
        if note.signatures().is_empty() {
            return Err(ProofFileError::Note(NoteError::NoSignatures));
        }
        let checkpoint: Checkpoint = note.text().parse().map_err(ProofFileError::Checkpoint)?;
        if index >= checkpoint.size() {
            return Err(ProofFileError::Index);
        }
        Ok(ProofFile { extra, index, hashes, note, checkpoint })
    }

    /// Reads a proof file.
    ///
    /// # Errors
    ///
    /// `bytes` is not a proof file, or goes beyond the limits above or those of a note.
    pub fn parse(bytes: &[u8]) -> Result<ProofFile, ProofFileError> {
        let (head, note) = split_head(bytes).ok_or(ProofFileError::NoEmptyLine)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(ProofFileError::Header);
        }
        let mut line = lines.next();
        let mut extra = None;
        if let Some(base64) = line.and_then(|line| line.strip_prefix("extra ")) {
            extra = Some(text::base64(base64).ok_or(ProofFileError::Extra)?);
            line = lines.next();
        }
        let index = line.and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(text::decimal).ok_or(ProofFileError::Index)?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == ProofFile::HASHES_MAX {
                return Err(ProofFileError::ProofTooLong);
            }
            hashes.push(text::hash(line).ok_or(ProofFileError::Hash)?);
        }
        ProofFile::new(index, hashes, Note::parse(note).map_err(ProofFileError::Note)?, extra)
    }

    /// Data of the application's own, which nobody vouches for.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Index of the entry in the log, smaller than the size of the checkpoint.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The inclusion proof of RFC 6962 §2.1.1, from the sibling of the leaf to a child of the root.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint as log and witnesses signed it.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The checkpoint. Trust it when [`Note::verify`] says who signed it.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", text::to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", text::to_base64(hash.as_bytes())))?;
        write!(f, "\n{}", self.note)
    }
}

/// Why something is not a proof file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofFileError {
    /// No empty line ends the proof.
    NoEmptyLine,
    /// The first line is not that of a proof file of this version.
    Header,
    /// The extra data is not base64, or is longer than [`ProofFile::EXTRA_BYTES_MAX`].
    Extra,
    /// There is no index in decimal, or the checkpoint has no such entry.
    Index,
    /// A line of the proof is not a hash in base64.
    Hash,
    /// The proof has more than [`ProofFile::HASHES_MAX`] hashes.
    ProofTooLong,
    /// What follows the proof is not a signed note.
    Note(NoteError),
    /// The text of the note is not a checkpoint.
    Checkpoint(CheckpointError),
}

impl fmt::Display for ProofFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProofFileError::NoEmptyLine => "an empty line separates the proof from the checkpoint",
            ProofFileError::Header => "the first line of a proof file is c2sp.org/tlog-proof@v1",
            ProofFileError::Extra => "extra data is at most 4 MiB in base64",
            ProofFileError::Index => "the index is in decimal and smaller than the checkpoint's size",
            ProofFileError::Hash => "each line of the proof is a hash in base64",
            ProofFileError::ProofTooLong => "an inclusion proof has at most 63 hashes",
            ProofFileError::Note(_) => "a signed note follows the proof",
            ProofFileError::Checkpoint(_) => "the text of the note is a checkpoint",
        })
    }
}

impl std::error::Error for ProofFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ProofFileError::Note(error) => Some(error),
            ProofFileError::Checkpoint(error) => Some(error),
            _ => None,
        }
    }
}
