//! The witness itself: a request in, cosignatures or a refusal out, and what was cosigned remembered in between.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use annals_tlog::{
    Hash,
    note::{Note, NoteError, NoteSignature, SignError, SignerKey, VerifierKey},
    proof::verify_consistency,
    witness::{AddCheckpoint, AddCheckpointError, KnownLog, Refusal},
};
use tokio::sync::Mutex;
use tracing::{debug, info, warn};

use super::directory::{Directory, DirectoryError};
use crate::clock::Clock;

/// Requests that are decided at a time, each on a thread: of one log, always one after the other.
const TURNS: usize = 64;

/// Cosigns checkpoints of the logs that a [`Directory`] names.
pub struct Cosigner {
    directory: Directory,
    signers: Vec<SignerKey>,
    verifiers: Vec<VerifierKey>,
    clock: Arc<dyn Clock>,
    /// Whoever decides about a log holds one of these, which is the same each time.
    turns: [Arc<Mutex<()>>; TURNS],
    /// Tells whose turn is whose.
    hasher: RandomState,
}

impl Cosigner {
    /// A witness with the keys of this directory, which its server has locked.
    pub fn new(directory: Directory, clock: Arc<dyn Clock>) -> Result<Self, DirectoryError> {
        let signers = directory.keys()?;
        let verifiers = signers.iter().map(|key| key.verifier().clone()).collect();
        let turns = std::array::from_fn(|_| Arc::default());
        Ok(Self { directory, signers, verifiers, clock, turns, hasher: RandomState::new() })
    }

    /// The keys that check what this witness cosigns.
    pub fn keys(&self) -> &[VerifierKey] {
        &self.verifiers
    }

    /// The logs, by origin, and the size of each that was cosigned last: 0 if none was. Blocks.
    pub fn logs(&self) -> Result<Vec<(String, u64)>, DirectoryError> {
        let mut logs = Vec::new();
        for log in self.directory.logs()? {
            let latest = self.directory.latest(&log.origin, &self.verifiers)?;
            logs.push((log.origin, latest.map_or(0, |latest| latest.size())));
        }
        Ok(logs)
    }

    /// Answers a request to cosign a checkpoint with cosignatures, one by each key that can make one of it.
    ///
    /// What was cosigned is durable by then. Once it has begun it goes on to the end, even if nobody waits any more.
    ///
    /// # Errors
    ///
    /// The body is no such request, or the witness must not or cannot cosign it.
    pub async fn add_checkpoint(self: &Arc<Self>, body: &[u8]) -> Result<Vec<NoteSignature>, CosignError> {
        let request = AddCheckpoint::parse(body).map_err(CosignError::Request)?;
        let turn = Arc::clone(self.turn(request.checkpoint().origin())).lock_owned().await;
        let cosigner = Arc::clone(self);
        let decided = tokio::task::spawn_blocking(move || {
            let decided = cosigner.decide(&request);
            // Not before: a request whose client went away is decided to the end.
            drop(turn);
            decided
        });
        decided.await.map_err(|_| CosignError::Interrupted)?
    }

    /// What to hold while deciding about the log with this origin.
    fn turn(&self, origin: &str) -> &Arc<Mutex<()>> {
        const LAST: u64 = TURNS as u64 - 1;
        const _: () = assert!(TURNS.is_power_of_two());
        let place = self.hasher.hash_one(origin) & LAST;
        &self.turns[usize::try_from(place).unwrap_or_default()]
    }

    /// Decides about a request, alone with the log that it is about.
    fn decide(&self, request: &AddCheckpoint) -> Result<Vec<NoteSignature>, CosignError> {
        let origin = request.checkpoint().origin();
        let log = self.directory.log(origin)?;
        let latest = match &log {
            Some(_) => self.directory.latest(origin, &self.verifiers)?,
            None => None,
        };
        let (size, root) = latest.map_or((0, Hash::EMPTY_ROOT), |latest| (latest.size(), latest.root()));
        let log_keys = log.map(|log| log.keys);
        let known = log_keys.as_deref().map(|keys| KnownLog { keys, size, root });
        if let Err(refusal) = request.decide(known, is_consistent) {
            report(request, &refusal, size);
            return Err(CosignError::Refused(refusal));
        }

        // A crash here is as if nobody had asked: what was cosigned is in memory only.
        let note = self.cosign(request.note(), log_keys.as_deref().unwrap_or_default())?;
        self.directory.remember(origin, &note)?;
        // After a crash here the witness has gone on, though nobody got the cosignatures: the log is told the size and
        // can ask again. An error in between may leave the old checkpoint or the new one, and the next request starts
        // from what is there, and tells only when its own checkpoint is durable.
        info!(origin, old_size = size, size = request.checkpoint().size(), "a checkpoint was cosigned");
        let own = |signature: &&NoteSignature| self.verifiers.iter().any(|key| key.is_named_in(signature));
        Ok(note.signatures().iter().filter(own).cloned().collect())
    }

    /// The note with one signature of each key of its log that signed it, and the cosignatures.
    fn cosign(&self, signed: &Note, log_keys: &[VerifierKey]) -> Result<Note, CosignError> {
        let mut note = Note::new(signed.text())?;
        for key in log_keys {
            if let Some(signature) = signed.signatures().iter().find(|signature| key.is_named_in(signature)) {
                note.add(signature.clone())?;
            }
        }
        let time = self.clock.now().us().max(0).unsigned_abs() / 1_000_000;
        for key in &self.signers {
            match note.cosign(key, time) {
                // One key cannot say what the log says in extension lines; the others do.
                Ok(()) | Err(SignError::Extensions) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(note)
    }
}

/// Logs what may be a misdeed of the log. What is not signed by it can be anybody's doing, and so can a wrong proof;
/// two roots of one size, both signed, are proof by themselves.
fn report(request: &AddCheckpoint, refusal: &Refusal, known_size: u64) {
    let checkpoint = request.checkpoint();
    let (origin, size, root) = (checkpoint.origin(), checkpoint.size(), checkpoint.root());
    match refusal {
        Refusal::OtherRoot => {
            warn!(origin, size, note = %request.note(), "a log has signed another tree of the size that was cosigned last");
        }
        Refusal::WrongProof => {
            warn!(origin, known_size, size, %root, "a checkpoint came with a wrong proof of consistency");
        }
        refusal => debug!(origin, size, %refusal, "a checkpoint was refused"),
    }
}

fn is_consistent(old_size: u64, old_root: &Hash, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    verify_consistency(old_size, *old_root, size, *root, proof).is_ok()
}

/// Why a checkpoint was not cosigned.
#[derive(Debug, thiserror::Error)]
pub enum CosignError {
    /// The body is not a request.
    #[error("the request is not understood")]
    Request(#[source] AddCheckpointError),
    /// The witness must not cosign it.
    #[error(transparent)]
    Refused(Refusal),
    /// What the witness knows cannot be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The note has no room for the cosignatures.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A key cannot sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The server is ending.
    #[error("the witness stopped before it had decided")]
    Interrupted,
}
