//! Who signs: only trees that are committed, and each of them an extension of what was signed before.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use annals_store::{Account, AccountId, Catalog, CommitError, ReadError, SignedCheckpoint};
use annals_tlog::{Hash, checkpoint::Checkpoint, note::Note, proof::Plan};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tracing::{error, warn};

use super::{KeysError, SigningKeys, Tiles, cosignatures::Contradictions, signed::Signed};
use crate::append::Logs;

/// Signs the checkpoints of all logs of a catalog.
pub struct Signer {
    pub(super) catalog: Arc<dyn Catalog>,
    logs: Arc<Logs>,
    pub(super) tiles: Arc<Tiles>,
    keys_path: PathBuf,
    /// Whoever holds it is the only one who signs or adds to what is signed.
    pub(super) state: tokio::sync::Mutex<State>,
    published: RwLock<HashMap<AccountId, Arc<SignedCheckpoint>>>,
    /// Logs that are not signed, as they contradict what was signed of them.
    refused: Mutex<HashSet<AccountId>>,
    /// What witnesses know that the log does not have.
    pub(super) contradictions: Contradictions,
    /// Told after each round in which something was signed.
    pub(super) rounds: watch::Sender<u64>,
}

pub(super) struct State {
    keys: SigningKeys,
    signed: Signed,
}

/// Why a log was not signed this time.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// What was signed before cannot be read or written.
    #[error("what was signed last cannot be kept beside the signing keys: {0}")]
    Signed(#[source] std::io::Error),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The catalog does not take the checkpoint.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The log is shorter than what was signed of it: it was set back, perhaps to a backup.
    #[error("the log has {size} entries, but {signed} were signed: it was set back, and is not signed again")]
    SetBack {
        /// Entries of the log.
        size: u64,
        /// Entries of the tree that was signed.
        signed: u64,
    },
    /// The log has other entries than what was signed of it.
    #[error("the first {signed} entries of the log are not those that were signed; it is not signed again")]
    Altered {
        /// Entries of the tree that was signed.
        signed: u64,
    },
    /// A witness has cosigned what the log does not have: the log was set back together with its keys.
    #[error(
        "the witness {witness} has cosigned a tree of {known} entries that is not of this log: the log was set back, and is \
         not signed again"
    )]
    Contradicted {
        /// The name of the witness.
        witness: String,
        /// Entries of the tree that the witness cosigned.
        known: u64,
    },
    /// The cryptographic library refuses, or a name is no name.
    #[error("a checkpoint cannot be signed: {0}")]
    Note(String),
}

impl SignError {
    /// Whether trying again does not help.
    fn is_final(&self) -> bool {
        matches!(self, Self::SetBack { .. } | Self::Altered { .. } | Self::Contradicted { .. })
    }
}

/// A checkpoint that is signed but not kept yet.
struct Fresh {
    origin: String,
    checkpoint: SignedCheckpoint,
}

impl Signer {
    /// Between two rounds of [`sign`](Self::sign).
    pub const EVERY: Duration = Duration::from_secs(1);

    /// Signs with the keys in a file, which are made if there are none.
    pub(crate) fn open(
        catalog: Arc<dyn Catalog>,
        logs: Arc<Logs>,
        tiles: Arc<Tiles>,
        keys_path: &Path,
    ) -> Result<Self, SignError> {
        let keys = SigningKeys::load_or_create(keys_path)?;
        let signed = Signed::load(keys_path).map_err(SignError::Signed)?;
        Ok(Self {
            catalog,
            logs,
            tiles,
            keys_path: keys_path.to_owned(),
            state: tokio::sync::Mutex::new(State { keys, signed }),
            published: RwLock::default(),
            refused: Mutex::default(),
            contradictions: Contradictions::default(),
            rounds: watch::Sender::new(0),
        })
    }

    /// The last checkpoint of a log.
    pub fn published(&self, account: AccountId) -> Option<Arc<SignedCheckpoint>> {
        self.published.read().get(&account).cloned()
    }

    /// The last checkpoints of all logs.
    pub(super) fn all_published(&self) -> Vec<Arc<SignedCheckpoint>> {
        self.published.read().values().cloned().collect()
    }

    /// A checkpoint of a log with more than `index` entries: the last one, or one that is signed within `patience`.
    pub async fn covering(
        &self,
        account: AccountId,
        index: u64,
        patience: Duration,
    ) -> Option<Arc<SignedCheckpoint>> {
        let mut rounds = self.rounds.subscribe();
        let wait = async {
            loop {
                match self.published(account).filter(|signed| signed.size > index) {
                    Some(signed) => return Some(signed),
                    None => rounds.changed().await.ok()?,
                }
            }
        };
        tokio::time::timeout(patience, wait).await.ok().flatten()
    }

    /// Signs every log that has grown since it was signed last. What fails is logged, and tried again next time.
    ///
    /// Between any two steps the process may die. A tree counts as signed from the moment that its signature could have
    /// been seen; until then nothing but memory and a file beside the keys know of it.
    pub async fn sign(&self) {
        let grown = |id: &AccountId| {
            let size = self.logs.known(*id).read().size();
            size > self.published(*id).map_or(0, |signed| signed.size)
        };
        let grown: HashSet<AccountId> = self.logs.accounts().into_iter().filter(grown).collect();
        if grown.is_empty() {
            return;
        }
        let mut state = self.state.lock().await;
        match SigningKeys::load(&self.keys_path) {
            Ok(Some(keys)) => state.keys = keys,
            Ok(None) => {
                return error!(file = %self.keys_path.display(), "the signing keys are gone; nothing is signed");
            }
            Err(error) => return error!(%error, "nothing is signed"),
        }
        let accounts = match self.catalog.accounts().await {
            Ok(accounts) => accounts,
            Err(error) => return warn!(%error, "no checkpoint could be signed this time"),
        };
        let mut fresh = Vec::new();
        for account in accounts.into_iter().filter(|account| grown.contains(&account.id)) {
            // 1. Sign the committed tree, in memory, if it extends what was signed before.
            match self.checkpoint(&state, &account).await {
                Ok(signed) => {
                    self.refused.lock().remove(&account.id);
                    fresh.push(signed);
                }
                Err(error) if error.is_final() => self.refuse(account.id, &account.token, &error),
                Err(error) => warn!(account = account.token, %error, "a log could not be signed this time"),
            }
        }
        if let Err(error) = self.keep(&mut state, fresh).await {
            warn!(%error, "no checkpoint could be kept this time");
        }
    }

    /// Signs a log no more. Said once: it does not go away by itself.
    pub(super) fn refuse(&self, account: AccountId, name: &str, error: &SignError) {
        if self.refused.lock().insert(account) {
            error!(log = name, %error, "a log contradicts what was signed of it");
        }
    }

    /// Whether a log is not signed, as it contradicts what was signed of it.
    pub(super) fn refuses(&self, account: AccountId) -> bool {
        self.refused.lock().contains(&account)
    }

    /// Signs the tree of one log.
    async fn checkpoint(&self, state: &State, account: &Account) -> Result<Fresh, SignError> {
        if let Some((witness, known)) = self.contradictions.of(account.id) {
            return Err(SignError::Contradicted { witness, known });
        }
        let tree = self.catalog.tree(account.id).await?;
        let (size, root) = (tree.edge.size(), tree.edge.root());
        let origin = state.keys.origin(&account.token);
        let kept = self.catalog.checkpoint(account.id).await?.map(|kept| (kept.size, kept.root));
        for (signed, signed_root) in kept.into_iter().chain(state.signed.of(&origin)) {
            if size < signed {
                return Err(SignError::SetBack { size, signed });
            }
            if self.root(account.id, signed, size, root).await? != signed_root {
                return Err(SignError::Altered { signed });
            }
        }
        let unusable = |error: &dyn std::fmt::Display| SignError::Note(error.to_string());
        let checkpoint = Checkpoint::new(&origin, size, root).map_err(|error| unusable(&error))?;
        let mut note = Note::new(checkpoint.to_string()).map_err(|error| unusable(&error))?;
        for key in state.keys.of_origin(&origin)? {
            note.sign(&key).map_err(|error| unusable(&error))?;
        }
        let checkpoint = SignedCheckpoint { account: account.id, size, root, note: note.to_string() };
        Ok(Fresh { origin, checkpoint })
    }

    /// The root that a log had at `size`, as its tiles make it; at its present size, as it was committed.
    async fn root(&self, account: AccountId, size: u64, now: u64, root: Hash) -> Result<Hash, SignError> {
        if size == now {
            return Ok(root);
        }
        let plan = Plan::root(size).map_err(|error| ReadError::Corrupt(error.to_string()))?;
        Ok(self.tiles.build(account, &plan).await?)
    }

    async fn keep(&self, state: &mut State, fresh: Vec<Fresh>) -> Result<(), SignError> {
        if fresh.is_empty() {
            return Ok(());
        }
        // 2. Keep beside the keys what is signed. After a crash here these trees count as signed, though nobody has seen
        //    it: the log has them, and whatever is signed next extends them.
        let trees = fresh
            .iter()
            .map(|Fresh { origin, checkpoint }| (origin.clone(), (checkpoint.size, checkpoint.root)));
        state.signed.keep(trees).map_err(SignError::Signed)?;
        // 3. Keep the checkpoints in the catalog. A crash here leaves them kept but not shown; start-up shows them.
        let checkpoints: Vec<SignedCheckpoint> =
            fresh.into_iter().map(|Fresh { checkpoint, .. }| checkpoint).collect();
        self.catalog.keep_checkpoints(checkpoints.clone()).await?;
        // 4. Only now may anyone see them.
        self.show(checkpoints);
        Ok(())
    }

    pub(super) fn show(&self, checkpoints: Vec<SignedCheckpoint>) {
        let mut published = self.published.write();
        for checkpoint in checkpoints {
            published.insert(checkpoint.account, Arc::new(checkpoint));
        }
        drop(published);
        self.rounds.send_modify(|round| *round += 1);
    }

    /// Shows what the catalog has kept, at the start.
    pub(crate) async fn resume(&self) -> Result<(), ReadError> {
        let mut kept = Vec::new();
        for account in self.catalog.accounts().await? {
            kept.extend(self.catalog.checkpoint(account.id).await?);
        }
        self.show(kept);
        Ok(())
    }
}
