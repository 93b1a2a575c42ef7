//! What witnesses make of a log's checkpoints: cosignatures, which are added to what is shown; or a contradiction, after
//! which the log is not signed any more.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use annals_store::{AccountId, CommitError, SignedCheckpoint};
use annals_tlog::note::{Note, NoteError, NoteSignature};
use parking_lot::Mutex;
use tracing::{info, warn};

use super::{SignError, Signer};

/// What witnesses know of logs that these do not have: for each log the witnesses by name, and the size of the tree.
#[derive(Debug, Default)]
pub(super) struct Contradictions(Mutex<HashMap<AccountId, BTreeMap<String, u64>>>);

impl Contradictions {
    /// A witness that knows another tree of a log, and the size of that tree.
    pub(super) fn of(&self, account: AccountId) -> Option<(String, u64)> {
        let known = self.0.lock();
        known.get(&account)?.first_key_value().map(|(witness, size)| (witness.clone(), *size))
    }
}

impl Signer {
    /// Adds cosignatures to the checkpoints that they are of, as far as these are still the last ones.
    pub(super) async fn add_cosignatures(
        &self,
        cosigned: Vec<(Arc<SignedCheckpoint>, Vec<NoteSignature>)>,
    ) -> Result<(), CommitError> {
        let _alone = self.state.lock().await;
        let mut changed: Vec<SignedCheckpoint> = Vec::new();
        for (checkpoint, signatures) in cosigned {
            let shown = self.published(checkpoint.account);
            let same = |shown: &Arc<SignedCheckpoint>| {
                (shown.size, shown.root) == (checkpoint.size, checkpoint.root)
            };
            let Some(shown) = shown.filter(same) else { continue };
            match with_cosignatures(&shown.note, signatures) {
                Ok(note) if note != shown.note => {
                    changed.push(SignedCheckpoint { note, ..(*shown).clone() });
                }
                Ok(_) => {}
                Err(error) => warn!(%error, "a checkpoint has no room for a cosignature"),
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        // Whoever was shown a cosignature is shown it again after a crash.
        self.catalog.keep_checkpoints(changed.clone()).await?;
        self.show(changed);
        Ok(())
    }

    /// Notes that a witness has cosigned a tree of `known` entries from which `checkpoint` does not follow. The log is not
    /// signed from now on.
    pub(super) async fn contradict(&self, checkpoint: &SignedCheckpoint, witness: &str, known: u64) {
        let _alone = self.state.lock().await;
        // What was signed after the witness was asked, the witness may have been shown by another server.
        let shown = self.published(checkpoint.account).map_or(0, |shown| shown.size);
        if checkpoint.size < known && known <= shown {
            return;
        }
        let mut contradictions = self.contradictions.0.lock();
        contradictions.entry(checkpoint.account).or_default().insert(witness.to_owned(), known);
        drop(contradictions);
        let error = SignError::Contradicted { witness: witness.to_owned(), known };
        self.refuse(checkpoint.account, origin(checkpoint), &error);
    }

    /// Notes that a witness has cosigned the last checkpoint of a log: whatever it said before was a mistake of its own.
    pub(super) fn agree(&self, checkpoint: &SignedCheckpoint, witness: &str) {
        let mut contradictions = self.contradictions.0.lock();
        let Some(witnesses) = contradictions.get_mut(&checkpoint.account) else { return };
        if witnesses.remove(witness).is_some() {
            info!(log = origin(checkpoint), witness, "a witness does not contradict a log any more");
        }
        if witnesses.is_empty() {
            contradictions.remove(&checkpoint.account);
        }
    }
}

/// What a log is called in its checkpoint.
pub(super) fn origin(checkpoint: &SignedCheckpoint) -> &str {
    checkpoint.note.lines().next().unwrap_or_default()
}

/// A note with more signatures, each instead of an older one of the same key.
fn with_cosignatures(note: &str, signatures: Vec<NoteSignature>) -> Result<String, NoteError> {
    let old = Note::parse(note.as_bytes())?;
    let mut new = Note::new(old.text())?;
    let replaced = |kept: &NoteSignature| {
        signatures.iter().any(|new| (new.key_name(), new.key_id()) == (kept.key_name(), kept.key_id()))
    };
    for kept in old.signatures().iter().filter(|signature| !replaced(signature)) {
        new.add(kept.clone())?;
    }
    signatures.into_iter().try_for_each(|signature| new.add(signature))?;
    Ok(new.to_string())
}
