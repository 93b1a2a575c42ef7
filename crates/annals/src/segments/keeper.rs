//! Who makes segments: under a lease, so that of many servers one works on an account's log at a time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use annals_format::{Timestamp, segment};
use annals_store::{AccountId, BlobError, BlobKey, Catalog, CommitError, ReadError, Seal, SegmentInfo};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tracing::{info, warn};

use super::{SegmentError, Segments, worker::Worker};
use crate::{administer::AdministerError, append::Logs, clock::Clock, limits, metrics::Metrics, random};

/// How long a lease lasts if its holder dies. Each step prolongs it, and none takes as long.
const LEASE: Duration = Duration::from_mins(10);

/// When segments are made.
#[derive(Debug, Clone)]
pub struct KeeperOptions {
    /// Entries of a head that are sealed together while a log grows.
    pub seal_rows: u64,
    /// Entries of a log that has become quiet, below which they stay in the head: a segment of a few is no gain.
    pub quiet_rows_min: u64,
    /// Neighbouring segments that are made into one.
    pub fan_in: usize,
    /// What this server is called in leases. One that has a catalog to itself is always called the same, so that it goes on
    /// at once after a crash; of several each has a name of its own.
    pub holder: String,
}

impl Default for KeeperOptions {
    fn default() -> Self {
        Self {
            seal_rows: limits::SEAL_ROWS,
            quiet_rows_min: limits::QUIET_SEAL_ROWS_MIN,
            fan_in: limits::COMPACT_SEGMENTS,
            holder: format!("{:016x}", u64::from_le_bytes(random::bytes())),
        }
    }
}

/// Makes segments of heads, large segments of small ones, and removes what nobody lists.
///
/// Every step is safe without the lease as well, since the catalog takes a list of segments only if it fits; the lease
/// keeps two servers from doing the same work.
pub struct Keeper {
    pub(super) catalog: Arc<dyn Catalog>,
    pub(super) logs: Arc<Logs>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) options: KeeperOptions,
    /// Where segments are made.
    pub(super) worker: Worker,
    /// Held by whoever makes or removes segments in this process.
    pub(super) tending: tokio::sync::Mutex<()>,
    /// Told when entries were sealed.
    pub(super) sealed: Notify,
    /// The dictionary that an account's newest segment was compressed with: it fits the next one, too.
    pub(super) dictionaries: Mutex<HashMap<AccountId, Arc<[u8]>>>,
    /// The sizes that logs had at the last look for quiet ones.
    sizes: Mutex<HashMap<AccountId, u64>>,
    /// Blobs that no list had at the last look, and when that was first seen.
    pub(super) orphans: Mutex<BTreeMap<BlobKey, Timestamp>>,
}

/// Why a step was not done. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The catalog, or a segment, cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The catalog did not take the list, or does not say.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The blob store cannot be used.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The segment cannot be made of these entries.
    #[error(transparent)]
    Seal(#[from] segment::SealError),
    /// A segment cannot be written anew.
    #[error(transparent)]
    Rewrite(#[from] segment::RewriteError<SegmentError>),
    /// What is to be pruned could not be announced.
    #[error("what is to be pruned could not be announced")]
    Announce(#[from] AdministerError),
    /// These segments cannot be made into one.
    #[error(transparent)]
    Merge(#[from] segment::MergeError<SegmentError>),
}

impl From<SegmentError> for KeepError {
    fn from(error: SegmentError) -> Self {
        Self::Read(error.into())
    }
}

impl Keeper {
    /// Makes segments of what `logs` hold.
    pub fn new(
        catalog: Arc<dyn Catalog>,
        logs: Arc<Logs>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        options: KeeperOptions,
    ) -> Self {
        let (dictionaries, sizes, orphans) = (Mutex::default(), Mutex::default(), Mutex::default());
        let worker = Worker::start();
        Self {
            catalog,
            logs,
            clock,
            metrics,
            options,
            worker,
            tending: tokio::sync::Mutex::default(),
            sealed: Notify::new(),
            dictionaries,
            sizes,
            orphans,
        }
    }

    /// Waits until there may be something to seal.
    pub async fn wait(&self) {
        self.logs.grown().await;
    }

    /// Waits until entries have been sealed since the last call, and deletes the copies that the catalog has of them. They take
    /// space and nothing else, so sealing does not wait for it, and a failure can wait for the next time.
    pub async fn forget_copies(&self) {
        self.sealed.notified().await;
        if let Err(error) = self.catalog.forget(Timestamp::MIN, Timestamp::MIN).await {
            warn!(%error, "the catalog's copies of sealed entries could not be deleted; it will be tried again");
        }
    }

    /// Seals every head that is long enough, and compacts where there are many segments.
    pub async fn tend(&self) {
        for account in self.logs.accounts() {
            let due = || {
                let log = self.logs.known(account);
                let log = log.read();
                log.boundary(self.options.seal_rows).is_some()
            };
            if due() {
                self.with_lease(account, self.work(account, self.options.seal_rows)).await;
            }
        }
    }

    /// Seals every head that has not grown since the last call, but for very short ones.
    pub async fn tend_quiet(&self) {
        for account in self.logs.accounts() {
            let log = self.logs.known(account);
            let (size, head) = {
                let log = log.read();
                (log.size(), log.size() - log.sealed())
            };
            let before = self.sizes.lock().insert(account, size);
            if before == Some(size) && head >= self.options.quiet_rows_min {
                log.write().cut();
                self.with_lease(account, self.work(account, head)).await;
            }
        }
    }

    async fn work(&self, account: AccountId, rows_min: u64) -> Result<(), KeepError> {
        while self.seal(account, rows_min).await? {
            self.prolong(account).await?;
            while self.compact(account).await? {
                self.prolong(account).await?;
            }
        }
        Ok(())
    }

    /// Does some work if no other server is at it.
    pub(super) async fn with_lease(
        &self,
        account: AccountId,
        work: impl Future<Output = Result<(), KeepError>>,
    ) {
        let _tending = self.tending.lock().await;
        let done = async {
            if self.prolong(account).await? {
                work.await?;
                self.give_back(account, self.clock.now()).await?;
            }
            Ok::<_, KeepError>(())
        };
        if let Err(error) = done.await {
            let error = format!("{:#}", anyhow::Error::from(error));
            warn!(account = account.0, error, "segments could not be made; it will be tried again");
        }
    }

    /// Ends the lease.
    pub(super) async fn give_back(&self, account: AccountId, now: Timestamp) -> Result<(), KeepError> {
        self.catalog.acquire(&lease(account), &self.options.holder, now, now).await?;
        Ok(())
    }

    pub(super) async fn prolong(&self, account: AccountId) -> Result<bool, KeepError> {
        let now = self.clock.now();
        let until = now.plus_us(i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX));
        Ok(self.catalog.acquire(&lease(account), &self.options.holder, now, until).await?)
    }

    /// Where segments are read.
    pub(super) fn segments(&self) -> &Arc<Segments> {
        self.logs.segments()
    }

    /// Makes a list of segments true, and takes it on in memory.
    pub(super) async fn list(
        &self,
        account: AccountId,
        segment: SegmentInfo,
        replaces: Vec<String>,
        footer: &[u8],
    ) -> Result<(), KeepError> {
        let opened = self.segments().opened(account, segment.clone(), footer)?;
        let replaced = replaces.clone();
        // Readers that find entries gone from the catalog's head wait for us here, and then find them in the segment.
        let _publishing = self.logs.publishing().await;
        let listed = self.catalog.seal(Seal { account, segment, replaces }).await;
        if listed.is_err() {
            // Perhaps it was done all the same.
            self.logs.relist(account).await?;
            return Ok(listed?);
        }
        let log = self.logs.known(account);
        let others = log
            .read()
            .segments()
            .iter()
            .filter(|other| !replaced.contains(&other.info().name))
            .cloned()
            .collect();
        let mut segments: Vec<_> = others;
        segments.push(opened);
        segments.sort_unstable_by_key(|segment| segment.indexes().start);
        let taken_on = log.write().list(segments.into());
        if !taken_on {
            self.logs.relist(account).await?;
        }
        Ok(())
    }

    /// Says what was made.
    pub(super) fn tell(what: &'static str, account: AccountId, made: &SegmentInfo) {
        let rows = made.indexes.end - made.indexes.start;
        info!(account = account.0, segment = made.name, rows, bytes = made.bytes, "{what}");
    }

    /// A name that no other segment has.
    pub(super) fn name(indexes: &std::ops::Range<u64>) -> String {
        format!("{:012}-{:012}-{:016x}", indexes.start, indexes.end, u64::from_le_bytes(random::bytes()))
    }
}

fn lease(account: AccountId) -> String {
    format!("segments-{}", account.0)
}
