//! Cosignatures of checkpoints: that a witness has seen a log grow from what it was before.
//!
//! Written from c2sp.org/tlog-cosignature as of April 2026, when ML-DSA-44 was added to what v1.0.0 had. A signature is
//! the time it was made, eight bytes, and what the algorithm makes of a message. For type 0x04 the message is two lines,
//! `cosignature/v1` and the time, and the text of the checkpoint; for 0x06 it is the structure `cosigned_message`, which
//! can also be about a part of a tree (hence its label, `subtree/v1`) and is always about the whole tree here.
//!
//! A `cosigned_message` does not have the extension lines of a checkpoint. Checkpoints with such lines are neither
//! cosigned nor verified with ML-DSA-44 therefore: all of a text that is verified has been signed.

use crate::checkpoint::Checkpoint;
use crate::note::{KeyType, Note, SignError, SignerKey, VerifierKey};

/// The latest time of a cosignature: 2⁶³ − 1.
const TIME_MAX: u64 = u64::MAX >> 1;

/// What a `cosigned_message` starts with.
const SUBTREE_LABEL: &[u8; 12] = b"subtree/v1\n\0";

impl Note {
    /// Cosigns a checkpoint with a key of type [`KeyType::Ed25519Cosignature`] or [`KeyType::MlDsa44Cosignature`].
    /// An earlier cosignature of the same key goes.
    ///
    /// With this the key vouches that the checkpoint follows from all others of the log that it has cosigned, and that
    /// at `time`, in seconds since 1970, it knew of no larger one. See [`witness`](crate::witness) for what to check
    /// before. A log itself can sign this way too; with ML-DSA-44, time 0 then says nothing about time.
    ///
    /// The format is that of c2sp.org/tlog-cosignature as of April 2026. ML-DSA-44 signatures are hedged: the
    /// cryptographic library adds random bytes of its own, so that no two are the same.
    ///
    /// # Errors
    ///
    /// The key is of another type (see [`Note::sign`]); the text is not a checkpoint; it has extension lines and the
    /// key is for ML-DSA-44, which would not cover them; `time` is beyond 2⁶³ − 1; or the note is full.
    pub fn cosign(&mut self, key: &SignerKey, time: u64) -> Result<(), SignError> {
        let checkpoint: Checkpoint = self.text().parse().map_err(SignError::Checkpoint)?;
        let key_type = key.verifier().key_type();
        if key_type == KeyType::MlDsa44Cosignature && !checkpoint.extensions().is_empty() {
            return Err(SignError::Extensions);
        }
        if time > TIME_MAX {
            return Err(SignError::Time);
        }
        let message = message(key.verifier(), &checkpoint, time).ok_or(SignError::WrongKeyType(key_type))?;
        let mut bytes = time.to_be_bytes().to_vec();
        bytes.extend(key.sign(&message).ok_or(SignError::Failed)?);
        Ok(self.replace(key.line(bytes))?)
    }
}

/// Checks that `bytes` is a cosignature of `text` by this key. Returns the time that it vouches for, if it does for any.
pub(crate) fn verify(key: &VerifierKey, text: &str, bytes: &[u8]) -> Result<Option<u64>, Wrong> {
    let checkpoint: Checkpoint = text.parse().map_err(|_| Wrong)?;
    let (time, signature) = bytes.split_first_chunk().ok_or(Wrong)?;
    let time = u64::from_be_bytes(*time);
    if time > TIME_MAX || !key.has_signed(&message(key, &checkpoint, time).ok_or(Wrong)?, signature) {
        return Err(Wrong);
    }
    let vouches = key.key_type() == KeyType::Ed25519Cosignature || time > 0;
    Ok(vouches.then_some(time))
}

/// A signature is not of the key that it names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wrong;

/// What a cosigner signs; `None` if keys of this type sign other things.
fn message(cosigner: &VerifierKey, checkpoint: &Checkpoint, time: u64) -> Option<Vec<u8>> {
    match cosigner.key_type() {
        KeyType::Ed25519 => None,
        KeyType::Ed25519Cosignature => {
            Some(format!("cosignature/v1\ntime {time}\n{checkpoint}").into_bytes())
        }
        KeyType::MlDsa44Cosignature if !checkpoint.extensions().is_empty() => None,
        KeyType::MlDsa44Cosignature => {
            let mut message = SUBTREE_LABEL.to_vec();
            push_name(&mut message, cosigner.name())?;
            message.extend(time.to_be_bytes());
            push_name(&mut message, checkpoint.origin())?;
            // The subtree of a checkpoint is the whole tree: from leaf 0 to before leaf `size`.
            message.extend(0_u64.to_be_bytes());
            message.extend(checkpoint.size().to_be_bytes());
            message.extend(checkpoint.root().as_bytes());
            Some(message)
        }
    }
}

/// Adds a name after one byte for its length; `None` if it is too long, which constructors rule out.
fn push_name(message: &mut Vec<u8>, name: &str) -> Option<()> {
    message.push(u8::try_from(name.len()).ok()?);
    message.extend(name.as_bytes());
    Some(())
}
