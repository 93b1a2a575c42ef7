//! The seam: what every engine of the catalog does, one whole step a method.

use std::{ops::Range, sync::Arc};

use annals_format::{Retention, Timestamp};
use annals_tlog::{Edge, Hash};
use async_trait::async_trait;

use crate::model::{AccessToken, Account, AccountId, Hold, Identity, TokenHash, User, Workspace};
use crate::segment::{Seal, SegmentInfo};

/// The transactional store of everything mutable.
///
/// Every method is one atomic step. Reads see every commit that ended before they began, whoever made it, in this
/// process or another. Methods may be called from any number of tasks at once; none retries by itself.
#[async_trait]
pub trait Catalog: Send + Sync + 'static {
    /// Does all of `commit` or nothing, durably: after `Ok` no crash takes it back.
    ///
    /// This is a compare-and-swap: each log must have exactly the size that its append expects, else nothing is done
    /// and the caller looks again. As every change to an account comes with an entry in its log, whoever decided on
    /// what they read of an account before is safe from changes in between.
    async fn commit(&self, commit: Arc<Commit>) -> Result<(), CommitError>;

    /// The same as [`commit`](Self::commit), for a caller on a thread of their own: an engine that would only hand the work to
    /// another thread may do it on this one, and block it. For a small commit, waking two threads in turn costs as much
    /// as its statements do.
    async fn commit_blocking(&self, commit: Arc<Commit>) -> Result<(), CommitError> {
        self.commit(commit).await
    }

    /// All accounts, in the order of their ids.
    async fn accounts(&self) -> Result<Vec<Account>, ReadError>;

    /// The tree of an account's log; the empty tree for an account that has no entries or does not exist.
    async fn tree(&self, account: AccountId) -> Result<Tree, ReadError>;

    /// The entries of the head whose indexes are in `range`, in order, as many from its start as fit in about
    /// `bytes_max` bytes, but at least one if there is any. Indexes that have been sealed are left out, and so are those
    /// that the log does not have yet.
    async fn entries(
        &self,
        account: AccountId,
        range: Range<u64>,
        bytes_max: usize,
    ) -> Result<Vec<StoredRow>, ReadError>;

    /// The rows at `indexes`, in the order of the question; `None` for one that has been sealed. An index that the log
    /// does not have is an error.
    async fn rows(&self, account: AccountId, indexes: &[u64]) -> Result<Vec<Option<Vec<u8>>>, ReadError>;

    /// The hashes at `positions` of a level of the tiles of a log's tree, from level 1 on ([`Append::tile_hashes`]); those
    /// that are not there are left out at the end. A gap before that is an error.
    async fn tile_hashes(
        &self,
        account: AccountId,
        level: u8,
        positions: Range<u64>,
    ) -> Result<Vec<Hash>, ReadError>;

    /// What was last signed of a log.
    async fn checkpoint(&self, account: AccountId) -> Result<Option<SignedCheckpoint>, ReadError>;

    /// Keeps what was signed of some logs, all of it or nothing, durably. A conflict when one of them is of a smaller tree
    /// than the one before, or of another tree of the same size.
    async fn keep_checkpoints(&self, signed: Vec<SignedCheckpoint>) -> Result<(), CommitError>;

    /// The segments of a log, in the order of indexes. Together they hold the indexes from 0 to where the head starts,
    /// without gaps.
    async fn segments(&self, account: AccountId) -> Result<Vec<SegmentInfo>, ReadError>;

    /// Lists a segment in place of what it holds, durably. The caller has made its blob durable before.
    ///
    /// Entries of the head that it takes over can no longer be read from the catalog as soon as this is done; their
    /// copies are deleted later, by [`forget`](Self::forget). The tree stays as it is. A conflict when the segment does
    /// not fit, see [`Seal::replaces`], or its name is taken, in any account.
    async fn seal(&self, seal: Seal) -> Result<(), CommitError>;

    /// Takes a lease for `holder` until a time, or prolongs the holder's own; false while another has it and `now` is
    /// before its end. With an `until` that is not after `now` the holder gives it back. Not necessarily durable.
    ///
    /// A lease keeps others from doing the same work in vain, and never from doing harm: clocks differ, and a holder may
    /// stall until after its end.
    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CommitError>;

    /// What was recorded under each of `keys`, in the order of the question.
    async fn recall(&self, account: AccountId, keys: &[TokenHash]) -> Result<Vec<Option<Recall>>, ReadError>;

    /// The workspaces of an account, in the order of their creation, ties by token.
    async fn workspaces(&self, account: AccountId) -> Result<Vec<Workspace>, ReadError>;

    /// The users of an account, also removed ones, in the order of their ids.
    async fn users(&self, account: AccountId) -> Result<Vec<User>, ReadError>;

    /// The access tokens of an account but for grants, also ended ones, in the order of their numbers, ties by id.
    async fn tokens(&self, account: AccountId) -> Result<Vec<AccessToken>, ReadError>;

    /// The holds on entries of an account, also released ones, in the order in which they were placed, ties by token.
    async fn holds(&self, account: AccountId) -> Result<Vec<Hold>, ReadError>;

    /// Whose secret has this hash. Expired and revoked tokens are found as well: the caller says why they fail.
    async fn identify(&self, hash: &TokenHash) -> Result<Option<Identity>, ReadError>;

    /// Issues a grant: a token of the kind [`TokenKind::Grant`](crate::TokenKind::Grant) whose `id` is that of the
    /// token it was issued for. Durable, but not recorded in the log. A conflict when the account has no such token, or
    /// the hash is taken.
    async fn grant(&self, account: AccountId, grant: AccessToken) -> Result<(), CommitError>;

    /// Notes when tokens were last used; a time never moves backwards. Not necessarily durable.
    async fn touch(&self, uses: Vec<Use>) -> Result<(), CommitError>;

    /// Forgets request keys recorded before `keys_before`, grants that expired before `now`, and the head's copies of
    /// sealed entries; returns how many of all these went. Not one step but many small ones, so that commits do not wait
    /// long behind it: an error may leave some of them done.
    async fn forget(&self, keys_before: Timestamp, now: Timestamp) -> Result<u64, CommitError>;

    /// Replaces rows of the head, of which something was erased, each with its index, durably: all of them or none. Their
    /// leaves stay as they are. A conflict when one of them is not in the head.
    async fn replace_rows(&self, account: AccountId, rows: Vec<(u64, Vec<u8>)>) -> Result<(), CommitError>;

    /// Sees to it that nothing of what was deleted or replaced before this call is left in the engine's files. Takes long,
    /// and commits wait meanwhile.
    async fn scrub(&self) -> Result<(), CommitError>;

    /// Succeeds when the engine can answer reads.
    async fn check(&self) -> Result<(), ReadError>;
}

/// One atomic step of writing.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// What is added to logs; at most one append for each account.
    pub appends: Vec<Append>,
    /// What changes beside the logs.
    pub changes: Vec<Change>,
}

/// Entries for the end of one log.
#[derive(Debug, Clone)]
pub struct Append {
    /// Whose log.
    pub account: AccountId,
    /// How many entries the log must have for this to be done; the first new entry has this index.
    pub expected_size: u64,
    /// The entries, in order; may be empty when only keys or changes are recorded.
    pub entries: Vec<NewEntry>,
    /// The tree with these entries.
    pub tree: Tree,
    /// What they add to the tiles of the tree, but for level 0: its hashes are the leaves.
    pub tile_hashes: Vec<TileHash>,
    /// What to recall requests by.
    pub keys: Vec<RequestKey>,
}

/// A hash in a tile of a tree, which is the root of 256, 65,536 or so leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileHash {
    /// The level of the tile; at least 1.
    pub level: u8,
    /// Where it is among all hashes of its level.
    pub position: u64,
    /// The hash.
    pub hash: Hash,
}

/// A signed statement of what a log's tree was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// Whose log.
    pub account: AccountId,
    /// How many entries it had.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
    /// The checkpoint with its signatures, as readers get it.
    pub note: String,
}

/// An entry to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Its stored form.
    pub row: Vec<u8>,
    /// The hash of its leaf.
    pub leaf: Hash,
}

/// An entry as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// Its place in the log.
    pub index: u64,
    /// Its stored form.
    pub row: Vec<u8>,
    /// The hash of its leaf.
    pub leaf: Hash,
}

/// The state of a log that the next append needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The right edge, which knows the size.
    pub edge: Edge,
    /// The clock of live events: none of them is older than this.
    pub clock: Timestamp,
}

impl Default for Tree {
    fn default() -> Self {
        Self { edge: Edge::new(), clock: Timestamp::MIN }
    }
}

/// What a request can be recalled by, so that a retry is answered and not recorded again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// SHA-256 over what kind of key it is and the key itself.
    pub key: TokenHash,
    /// What was recorded under it.
    pub recall: Recall,
    /// When.
    pub at: Timestamp,
}

/// What was recorded under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// SHA-256 of the content, to tell a retry from another request with the same key.
    pub content: [u8; 32],
    /// The indexes of the entries, in the order of the request. Not always a range: events of one request may have been
    /// recorded before.
    pub indexes: Vec<u64>,
}

/// A change beside the logs. Each comes with an entry in the account's log that says who made it, so that a change of
/// something that is not there is a conflict: the entry would tell of what never happened. The exception is a workspace that
/// an import brings: it comes with the first entries that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new account; a conflict when its id or token is taken.
    CreateAccount(Account),
    /// Another title for an account.
    RenameAccount {
        /// Which account.
        account: AccountId,
        /// Its new title.
        title: String,
    },
    /// Whether anyone may read the tiles and checkpoints of an account's log, or only holders of its tokens.
    PublishLog {
        /// Which account.
        account: AccountId,
        /// Whether anyone may.
        public: bool,
    },
    /// For how long the entries of an account are kept.
    SetRetention {
        /// Which account.
        account: AccountId,
        /// For so long; for ever if there is none.
        retention: Option<Retention>,
    },
    /// A new hold on entries; a conflict when its token is taken.
    PlaceHold {
        /// Whose entries.
        account: AccountId,
        /// The hold.
        hold: Hold,
    },
    /// A hold's end. The first release counts.
    ReleaseHold {
        /// Whose.
        account: AccountId,
        /// Which hold.
        token: String,
        /// When.
        at: Timestamp,
    },
    /// A new workspace; the first one becomes the account's default. A conflict when its token is taken.
    CreateWorkspace {
        /// Whose.
        account: AccountId,
        /// The workspace.
        workspace: Workspace,
    },
    /// Another name for a workspace.
    RenameWorkspace {
        /// Whose.
        account: AccountId,
        /// Which workspace.
        token: String,
        /// Its new name.
        name: String,
    },
    /// A new user; a conflict when the id is taken.
    CreateUser {
        /// Whose.
        account: AccountId,
        /// The user.
        user: User,
    },
    /// A user's end, and with it the end of the user's tokens. The first removal counts.
    RemoveUser {
        /// Whose.
        account: AccountId,
        /// Which user.
        id: i64,
        /// When.
        at: Timestamp,
    },
    /// A new personal or service token; a conflict when its id or hash is taken.
    CreateToken {
        /// Whose.
        account: AccountId,
        /// The token.
        token: AccessToken,
    },
    /// A token's end, and with it the end of the grants issued for it. The first revocation counts.
    RevokeToken {
        /// Whose.
        account: AccountId,
        /// Which token.
        id: String,
        /// When.
        at: Timestamp,
    },
}

/// When a token was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Whose token.
    pub account: AccountId,
    /// Which token.
    pub id: String,
    /// When.
    pub at: Timestamp,
}

/// What went wrong underneath, for the operator.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a commit did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing was done: a log has another size than was expected, a name is taken, a segment does not fit, or what was
    /// to be changed is not there.
    #[error("the log changed in the meantime")]
    Conflict,
    /// Nothing was done: the engine cannot write now.
    #[error("the catalog cannot write: {0}")]
    Unavailable(#[source] Cause),
    /// It may or may not have been done, and only looking again tells.
    #[error("the outcome of a write to the catalog is unknown: {0}")]
    Unknown(#[source] Cause),
}

/// Why a read did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The engine cannot read now.
    #[error("the catalog cannot read: {0}")]
    Unavailable(#[source] Cause),
    /// What is stored contradicts itself.
    #[error("the catalog is damaged: {0}")]
    Corrupt(String),
}
