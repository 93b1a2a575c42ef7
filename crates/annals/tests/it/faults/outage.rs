//! A catalog whose commits fail while its reads go on, as on a full disk, or come late because another process is faster.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use annals::{administer, administer::Admin, clock::Clock};
use annals_format::Timestamp;
use annals_store::{
    AccessToken, Account, AccountId, Catalog, Commit, CommitError, Fault, Hold, Identity, ReadError, Recall,
    Seal, SegmentInfo, SignedCheckpoint, StoredRow, TokenHash, Tree, Use, User, Workspace,
};
use annals_tlog::Hash;
use async_trait::async_trait;
use parking_lot::Mutex;

/// What becomes of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// They are done.
    Fair,
    /// All fail in this way.
    Broken(Fault),
    /// Before each that appends to a log, another process appends to the same log; this many times in a row, and then
    /// one gets through.
    Rival { times: usize },
}

/// Any engine, with its commits in some weather.
pub(crate) struct Commits {
    inner: Arc<dyn Catalog>,
    beside: Arc<dyn Catalog>,
    clock: Arc<dyn Clock>,
    weather: Mutex<Weather>,
    slow: AtomicBool,
    in_a_row: AtomicUsize,
    rivals: AtomicUsize,
    largest: AtomicUsize,
}

impl Commits {
    /// Passes everything on to `inner`; rivals write through `beside`.
    pub(crate) fn new(inner: Arc<dyn Catalog>, beside: Arc<dyn Catalog>, clock: Arc<dyn Clock>) -> Self {
        let (in_a_row, rivals) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (weather, slow) = (Mutex::new(Weather::Fair), AtomicBool::new(false));
        Self { inner, beside, clock, weather, slow, in_a_row, rivals, largest: AtomicUsize::new(0) }
    }

    pub(crate) fn set(&self, weather: Weather) {
        *self.weather.lock() = weather;
    }

    /// Lets commits take so long that there is time to plan another one meanwhile, or no longer.
    pub(crate) fn slow(&self, slow: bool) {
        self.slow.store(slow, Ordering::Relaxed);
    }

    /// How often another process was faster.
    pub(crate) fn rivals(&self) -> usize {
        self.rivals.load(Ordering::Relaxed)
    }

    /// How many entries a commit had at most.
    pub(crate) fn largest(&self) -> usize {
        self.largest.load(Ordering::Relaxed)
    }

    /// Renames the account of the first append, and with it adds an entry to its log.
    async fn come_first(&self, commit: &Commit, times: usize) {
        let Some(append) = commit.appends.first() else { return };
        if self.in_a_row.load(Ordering::Relaxed) >= times {
            self.in_a_row.store(0, Ordering::Relaxed);
            return;
        }
        self.in_a_row.fetch_add(1, Ordering::Relaxed);
        let number = self.rivals.fetch_add(1, Ordering::Relaxed);
        let admin = Admin { catalog: &*self.beside, clock: &*self.clock, who: "rival", source: "cli" };
        administer::rename_account(&admin, append.account, &format!("Name {number}")).await.expect("renamed");
    }
}

#[async_trait]
impl Catalog for Commits {
    async fn commit(&self, commit: Arc<Commit>) -> Result<(), CommitError> {
        let entries = commit.appends.iter().map(|append| append.entries.len()).sum();
        self.largest.fetch_max(entries, Ordering::Relaxed);
        if self.slow.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        let weather = *self.weather.lock();
        match weather {
            Weather::Fair => self.inner.commit(commit).await,
            Weather::Broken(Fault::Before) => Err(CommitError::Unavailable("the disk is full".into())),
            Weather::Broken(Fault::Lost) => Err(CommitError::Unknown("the disk did not answer".into())),
            Weather::Broken(Fault::After) => {
                self.inner.commit(commit).await?;
                Err(CommitError::Unknown("the disk did not answer in time".into()))
            }
            Weather::Rival { times } => {
                self.come_first(&commit, times).await;
                self.inner.commit(commit).await
            }
        }
    }

    async fn accounts(&self) -> Result<Vec<Account>, ReadError> {
        self.inner.accounts().await
    }

    async fn tree(&self, account: AccountId) -> Result<Tree, ReadError> {
        self.inner.tree(account).await
    }

    async fn entries(
        &self,
        account: AccountId,
        range: Range<u64>,
        bytes_max: usize,
    ) -> Result<Vec<StoredRow>, ReadError> {
        self.inner.entries(account, range, bytes_max).await
    }

    async fn replace_rows(&self, account: AccountId, rows: Vec<(u64, Vec<u8>)>) -> Result<(), CommitError> {
        self.inner.replace_rows(account, rows).await
    }

    async fn scrub(&self) -> Result<(), CommitError> {
        self.inner.scrub().await
    }

    async fn tile_hashes(
        &self,
        account: AccountId,
        level: u8,
        positions: Range<u64>,
    ) -> Result<Vec<Hash>, ReadError> {
        self.inner.tile_hashes(account, level, positions).await
    }

    async fn checkpoint(&self, account: AccountId) -> Result<Option<SignedCheckpoint>, ReadError> {
        self.inner.checkpoint(account).await
    }

    async fn keep_checkpoints(&self, signed: Vec<SignedCheckpoint>) -> Result<(), CommitError> {
        self.inner.keep_checkpoints(signed).await
    }

    async fn rows(&self, account: AccountId, indexes: &[u64]) -> Result<Vec<Option<Vec<u8>>>, ReadError> {
        self.inner.rows(account, indexes).await
    }

    async fn recall(&self, account: AccountId, keys: &[TokenHash]) -> Result<Vec<Option<Recall>>, ReadError> {
        self.inner.recall(account, keys).await
    }

    async fn workspaces(&self, account: AccountId) -> Result<Vec<Workspace>, ReadError> {
        self.inner.workspaces(account).await
    }

    async fn holds(&self, account: AccountId) -> Result<Vec<Hold>, ReadError> {
        self.inner.holds(account).await
    }

    async fn users(&self, account: AccountId) -> Result<Vec<User>, ReadError> {
        self.inner.users(account).await
    }

    async fn tokens(&self, account: AccountId) -> Result<Vec<AccessToken>, ReadError> {
        self.inner.tokens(account).await
    }

    async fn identify(&self, hash: &TokenHash) -> Result<Option<Identity>, ReadError> {
        self.inner.identify(hash).await
    }

    async fn grant(&self, account: AccountId, grant: AccessToken) -> Result<(), CommitError> {
        self.inner.grant(account, grant).await
    }

    async fn touch(&self, uses: Vec<Use>) -> Result<(), CommitError> {
        self.inner.touch(uses).await
    }

    async fn forget(&self, keys_before: Timestamp, now: Timestamp) -> Result<u64, CommitError> {
        self.inner.forget(keys_before, now).await
    }

    async fn segments(&self, account: AccountId) -> Result<Vec<SegmentInfo>, ReadError> {
        self.inner.segments(account).await
    }

    async fn seal(&self, seal: Seal) -> Result<(), CommitError> {
        let weather = *self.weather.lock();
        match weather {
            Weather::Broken(Fault::Before) => Err(CommitError::Unavailable("the disk is full".into())),
            Weather::Broken(Fault::Lost) => Err(CommitError::Unknown("the disk did not answer".into())),
            Weather::Broken(Fault::After) => {
                self.inner.seal(seal).await?;
                Err(CommitError::Unknown("the disk did not answer in time".into()))
            }
            Weather::Fair | Weather::Rival { .. } => self.inner.seal(seal).await,
        }
    }

    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CommitError> {
        self.inner.acquire(lease, holder, now, until).await
    }

    async fn check(&self) -> Result<(), ReadError> {
        self.inner.check().await
    }
}
