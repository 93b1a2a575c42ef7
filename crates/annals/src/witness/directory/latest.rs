//! What was cosigned last of each log. The server that has locked the directory is the only one to write it.

use annals_tlog::{
    checkpoint::{Checkpoint, CheckpointError},
    note::{Note, VerifierKey},
};

use super::{Directory, DirectoryError};
use crate::durable;

/// What the names of files with checkpoints end with.
const EXTENSION: &str = "checkpoint";

impl Directory {
    /// The checkpoint of a log that was cosigned last, as it was remembered; `None` if there was none yet.
    ///
    /// # Errors
    ///
    /// It cannot be read, or `keys`, those of this witness, have not cosigned what is there.
    pub fn latest(&self, origin: &str, keys: &[VerifierKey]) -> Result<Option<Checkpoint>, DirectoryError> {
        let path = self.log_path(origin, EXTENSION);
        let text = match durable::read(&path) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(None),
            Err(source) => return Err(DirectoryError::File { path, source }),
        };
        match parse(&text, origin, keys) {
            Ok(checkpoint) => Ok(Some(checkpoint)),
            Err(why) => Err(DirectoryError::Unreadable { path, why }),
        }
    }

    /// Remembers this as the checkpoint of the log that was cosigned last, durably.
    pub(in crate::witness) fn remember(&self, origin: &str, cosigned: &Note) -> Result<(), DirectoryError> {
        let path = self.log_path(origin, EXTENSION);
        durable::replace(&path, &cosigned.to_string()).map_err(|source| DirectoryError::File { path, source })
    }
}

fn parse(text: &str, origin: &str, keys: &[VerifierKey]) -> Result<Checkpoint, String> {
    let note = Note::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    // A disk that changes a digit of a size would make the witness forget what it cosigned.
    note.verify(keys).map_err(|error| error.to_string())?;
    let checkpoint: Checkpoint = note.text().parse().map_err(|error: CheckpointError| error.to_string())?;
    if checkpoint.origin() == origin { Ok(checkpoint) } else { Err("it is of another log".to_owned()) }
}
