//! Checkpoints, as c2sp.org/tlog-checkpoint has them: which log, how many leaves, which root.
//!
//! A checkpoint is the text of a [note](crate::note). A log signs it; witnesses cosign it.
//!
//! ```
//! use annals_tlog::checkpoint::Checkpoint;
//! use annals_tlog::note::{KeyType, Note, SignerKey};
//! use annals_tlog::{Edge, leaf_hash};
//!
//! let mut edge = Edge::new();
//! edge.push(leaf_hash(b"first"));
//! let checkpoint = Checkpoint::new("example.com/log", edge.size(), edge.root())?;
//!
//! let log = SignerKey::new("example.com/log", KeyType::Ed25519, &[1; 32])?;
//! let witness = SignerKey::new("example.com/witness", KeyType::MlDsa44Cosignature, &[2; 32])?;
//! let mut note = Note::new(checkpoint.to_string())?;
//! note.sign(&log)?;
//! note.cosign(&witness, 1_700_000_000)?;
//!
//! let keys = [log.verifier().clone(), witness.verifier().clone()];
//! let signed = note.verify(&keys)?;
//! assert_eq!(signed[0].time(), None);
//! assert_eq!(signed[1].time(), Some(1_700_000_000));
//! assert_eq!(note.text().parse(), Ok(checkpoint));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::str::FromStr;

use crate::edge::Edge;
use crate::hash::Hash;
use crate::note::text;

/// The state of a log at some size.
///
/// Shown and parsed as the text of a note, each line with its newline: origin, size, root in base64, extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// Longest origin, in bytes: a cosignature has room for no more.
    pub const ORIGIN_BYTES_MAX: usize = 255;

    /// A checkpoint without extension lines.
    ///
    /// # Errors
    ///
    /// `origin` is empty, too long or has control characters; or `size` is beyond [`Edge::SIZE_MAX`].
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Result<Checkpoint, CheckpointError> {
        let origin = origin.into();
        if !is_origin(&origin) {
            return Err(CheckpointError::Origin);
        }
        if size > Edge::SIZE_MAX {
            return Err(CheckpointError::Size);
        }
        Ok(Checkpoint { origin, size, root, extensions: Vec::new() })
    }

    /// The checkpoint with one more extension line. Logs are advised not to have any: nobody audits them, and
    /// [`KeyType::MlDsa44Cosignature`](crate::note::KeyType::MlDsa44Cosignature) has no place for them.
    ///
    /// # Errors
    ///
    /// `line` is empty or has control characters.
    pub fn with_extension(mut self, line: impl Into<String>) -> Result<Checkpoint, CheckpointError> {
        let line = line.into();
        if !text::is_line(&line) {
            return Err(CheckpointError::Extension);
        }
        self.extensions.push(line);
        Ok(self)
    }

    /// What identifies the log, by convention a URL without its scheme.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of leaves in the tree.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// Further lines, whose meaning is the log's own.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, text::to_base64(self.root.as_bytes()))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads the text of a note.
    fn from_str(text: &str) -> Result<Checkpoint, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::NoNewline)?.split('\n');
        let origin = lines.next().filter(|line| is_origin(line)).ok_or(CheckpointError::Origin)?;
        let size = lines.next().and_then(text::decimal).ok_or(CheckpointError::Size)?;
        let root = lines.next().and_then(text::hash).ok_or(CheckpointError::Root)?;
        lines.try_fold(Checkpoint::new(origin, size, root)?, Checkpoint::with_extension)
    }
}

fn is_origin(line: &str) -> bool {
    text::is_line(line) && line.len() <= Checkpoint::ORIGIN_BYTES_MAX
}

/// Why something is not a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It does not end in a newline.
    NoNewline,
    /// The first line is empty, too long or has control characters.
    Origin,
    /// The second line is not a number of leaves in decimal.
    Size,
    /// The third line is not a hash in base64.
    Root,
    /// A further line is empty or has control characters.
    Extension,
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CheckpointError::NoNewline => "a checkpoint ends in a newline",
            CheckpointError::Origin => "the first line of a checkpoint is an origin of at most 255 bytes",
            CheckpointError::Size => "the second line of a checkpoint is a size in decimal, at most 2^63 - 1",
            CheckpointError::Root => "the third line of a checkpoint is a root in base64",
            CheckpointError::Extension => "a checkpoint has no empty lines and no control characters",
        })
    }
}

impl std::error::Error for CheckpointError {}
