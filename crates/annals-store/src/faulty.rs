//! A wrapper that breaks chosen calls of an engine and of a store of blobs, for tests.

use std::ops::Range;
use std::sync::Arc;

use annals_format::Timestamp;
use annals_tlog::Hash;
use async_trait::async_trait;
use object_store::ObjectStore;
use parking_lot::Mutex;

use crate::catalog::{
    Catalog, Commit, CommitError, ReadError, Recall, SignedCheckpoint, StoredRow, Tree, Use,
};
use crate::model::{AccessToken, Account, AccountId, Hold, Identity, TokenHash, User, Workspace};
use crate::segment::{Seal, SegmentInfo};
use plan::Plan;
use store::FaultyStore;

mod plan;
mod store;

pub use plan::{Call, Fault};

/// Any engine, with chosen calls broken.
///
/// Calls are numbered from 0, over all methods, together with those of the stores from [`blobs`](Self::blobs). To break
/// each call of a scenario in turn, run it once, ask for [`calls`](Self::calls), and run it again with each number below.
pub struct Faulty {
    inner: Arc<dyn Catalog>,
    plan: Arc<Mutex<Plan>>,
}

impl Faulty {
    /// Passes every call on to `inner` until told otherwise.
    pub fn new(inner: Arc<dyn Catalog>) -> Self {
        Self { inner, plan: Arc::default() }
    }

    /// A store of blobs, as [`Blobs::over`](crate::Blobs::over) takes it, that passes every call on to `inner` until told
    /// otherwise. What holds for calls of the engine holds for its calls, which are numbered among them.
    pub fn blobs(&self, inner: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        Arc::new(FaultyStore::new(inner, Arc::clone(&self.plan)))
    }

    /// How many calls there were, broken ones included. This is also the number of the next call.
    pub fn calls(&self) -> u64 {
        self.plan.lock().calls
    }

    /// How many calls of one method there were, broken ones included.
    pub fn calls_of(&self, kind: Call) -> u64 {
        self.plan.lock().by_kind.get(&kind).copied().unwrap_or(0)
    }

    /// Breaks call number `n`, and no other.
    pub fn fail_at(&self, n: u64, fault: Fault) {
        self.plan.lock().at.insert(n, fault);
    }

    /// Breaks call number `n` and all that follow, until [`heal`](Self::heal).
    pub fn fail_from(&self, n: u64, fault: Fault) {
        self.plan.lock().from = Some((n, fault));
    }

    /// Breaks nothing from now on.
    pub fn heal(&self) {
        let mut plan = self.plan.lock();
        plan.at.clear();
        plan.from = None;
    }

    async fn write<T>(
        &self,
        kind: Call,
        call: impl Future<Output = Result<T, CommitError>>,
    ) -> Result<T, CommitError> {
        let fault = self.plan.lock().count(kind);
        match fault {
            None => call.await,
            Some(Fault::Before) => Err(CommitError::Unavailable("injected before it was done".into())),
            Some(Fault::Lost) => Err(CommitError::Unknown("injected before it was done".into())),
            Some(Fault::After) => {
                call.await.ok();
                Err(CommitError::Unknown("injected after it was done".into()))
            }
        }
    }

    async fn read<T>(
        &self,
        kind: Call,
        call: impl Future<Output = Result<T, ReadError>>,
    ) -> Result<T, ReadError> {
        let fault = self.plan.lock().count(kind);
        match fault {
            None => call.await,
            Some(_) => Err(ReadError::Unavailable("injected".into())),
        }
    }
}

#[async_trait]
impl Catalog for Faulty {
    async fn commit(&self, commit: Arc<Commit>) -> Result<(), CommitError> {
        self.write(Call::Commit, self.inner.commit(commit)).await
    }

    async fn commit_blocking(&self, commit: Arc<Commit>) -> Result<(), CommitError> {
        self.write(Call::Commit, self.inner.commit_blocking(commit)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, ReadError> {
        self.read(Call::Accounts, self.inner.accounts()).await
    }

    async fn tree(&self, account: AccountId) -> Result<Tree, ReadError> {
        self.read(Call::Tree, self.inner.tree(account)).await
    }

    async fn entries(
        &self,
        account: AccountId,
        range: Range<u64>,
        bytes_max: usize,
    ) -> Result<Vec<StoredRow>, ReadError> {
        self.read(Call::Entries, self.inner.entries(account, range, bytes_max)).await
    }

    async fn rows(&self, account: AccountId, indexes: &[u64]) -> Result<Vec<Option<Vec<u8>>>, ReadError> {
        self.read(Call::Rows, self.inner.rows(account, indexes)).await
    }

    async fn tile_hashes(
        &self,
        account: AccountId,
        level: u8,
        positions: Range<u64>,
    ) -> Result<Vec<Hash>, ReadError> {
        self.read(Call::TileHashes, self.inner.tile_hashes(account, level, positions)).await
    }

    async fn checkpoint(&self, account: AccountId) -> Result<Option<SignedCheckpoint>, ReadError> {
        self.read(Call::Checkpoint, self.inner.checkpoint(account)).await
    }

    async fn keep_checkpoints(&self, signed: Vec<SignedCheckpoint>) -> Result<(), CommitError> {
        self.write(Call::KeepCheckpoints, self.inner.keep_checkpoints(signed)).await
    }

    async fn segments(&self, account: AccountId) -> Result<Vec<SegmentInfo>, ReadError> {
        self.read(Call::Segments, self.inner.segments(account)).await
    }

    async fn seal(&self, seal: Seal) -> Result<(), CommitError> {
        self.write(Call::Seal, self.inner.seal(seal)).await
    }

    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CommitError> {
        self.write(Call::Acquire, self.inner.acquire(lease, holder, now, until)).await
    }

    async fn recall(&self, account: AccountId, keys: &[TokenHash]) -> Result<Vec<Option<Recall>>, ReadError> {
        self.read(Call::Recall, self.inner.recall(account, keys)).await
    }

    async fn workspaces(&self, account: AccountId) -> Result<Vec<Workspace>, ReadError> {
        self.read(Call::Workspaces, self.inner.workspaces(account)).await
    }

    async fn users(&self, account: AccountId) -> Result<Vec<User>, ReadError> {
        self.read(Call::Users, self.inner.users(account)).await
    }

    async fn tokens(&self, account: AccountId) -> Result<Vec<AccessToken>, ReadError> {
        self.read(Call::Tokens, self.inner.tokens(account)).await
    }

    async fn holds(&self, account: AccountId) -> Result<Vec<Hold>, ReadError> {
        self.read(Call::Holds, self.inner.holds(account)).await
    }

    async fn identify(&self, hash: &TokenHash) -> Result<Option<Identity>, ReadError> {
        self.read(Call::Identify, self.inner.identify(hash)).await
    }

    async fn grant(&self, account: AccountId, grant: AccessToken) -> Result<(), CommitError> {
        self.write(Call::Grant, self.inner.grant(account, grant)).await
    }

    async fn touch(&self, uses: Vec<Use>) -> Result<(), CommitError> {
        self.write(Call::Touch, self.inner.touch(uses)).await
    }

    async fn forget(&self, keys_before: Timestamp, now: Timestamp) -> Result<u64, CommitError> {
        self.write(Call::Forget, self.inner.forget(keys_before, now)).await
    }

    async fn replace_rows(&self, account: AccountId, rows: Vec<(u64, Vec<u8>)>) -> Result<(), CommitError> {
        self.write(Call::ReplaceRows, self.inner.replace_rows(account, rows)).await
    }

    async fn scrub(&self) -> Result<(), CommitError> {
        self.write(Call::Scrub, self.inner.scrub()).await
    }

    async fn check(&self) -> Result<(), ReadError> {
        self.read(Call::Check, self.inner.check()).await
    }
}
