//! A wrapper that breaks chosen calls of an engine, for tests.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use annals_format::Timestamp;
use async_trait::async_trait;
use parking_lot::Mutex;

use crate::catalog::{Catalog, Commit, CommitError, ReadError, Recall, StoredRow, Tree, Use};
use crate::model::{AccessToken, Account, AccountId, Identity, TokenHash, User, Workspace};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and `Unavailable` says so.
    Before,
    /// It is done, but reported as failed: `Unknown` for a write, `Unavailable` for a read.
    After,
    /// Nothing is done, but nobody can tell: `Unknown` for a write, `Unavailable` for a read.
    Lost,
}

/// A method of [`Catalog`], to count calls by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the method of the same name")]
pub enum Call {
    Commit,
    Accounts,
    Tree,
    Entries,
    Rows,
    Recall,
    Workspaces,
    Users,
    Tokens,
    Identify,
    Grant,
    Touch,
    Forget,
    Check,
}

/// Any engine, with chosen calls broken.
///
/// Calls are numbered from 0, over all methods. To break each call of a scenario in turn, run it once, ask for
/// [`calls`](Self::calls), and run it again with each number below.
pub struct Faulty {
    inner: Arc<dyn Catalog>,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    calls: u64,
    by_kind: BTreeMap<Call, u64>,
    at: BTreeMap<u64, Fault>,
    from: Option<(u64, Fault)>,
}

impl Faulty {
    /// Passes every call on to `inner` until told otherwise.
    pub fn new(inner: Arc<dyn Catalog>) -> Self {
        Self { inner, plan: Mutex::default() }
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

    /// Counts a call and says how it fails, if it does.
    fn count(&self, kind: Call) -> Option<Fault> {
        let mut plan = self.plan.lock();
        let n = plan.calls;
        plan.calls += 1;
        *plan.by_kind.entry(kind).or_default() += 1;
        plan.at.remove(&n).or_else(|| plan.from.filter(|(first, _)| n >= *first).map(|(_, fault)| fault))
    }

    async fn write<T>(
        &self,
        kind: Call,
        call: impl Future<Output = Result<T, CommitError>>,
    ) -> Result<T, CommitError> {
        match self.count(kind) {
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
        match self.count(kind) {
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

    async fn rows(&self, account: AccountId, indexes: &[u64]) -> Result<Vec<Vec<u8>>, ReadError> {
        self.read(Call::Rows, self.inner.rows(account, indexes)).await
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

    async fn check(&self) -> Result<(), ReadError> {
        self.read(Call::Check, self.inner.check()).await
    }
}
