//! The logs of all accounts, kept up with the catalog.

use std::{collections::HashMap, sync::Arc};

use annals_format::{LogToken, Row, Timestamp, entry::Keys};
use annals_store::{AccountId, Catalog, ReadError};
use annals_tlog::Hash;
use parking_lot::RwLock;

use crate::{
    query::Log,
    segments::{self, MOVES_MAX, Sealed, SegmentError, Segments},
};

/// Bytes of rows that are read at a time while catching up.
const CATCH_UP_BYTES: usize = 4 * 1024 * 1024;

/// A log that queries read while the sequencer adds to it.
pub type SharedLog = Arc<RwLock<Log>>;

/// The logs of all accounts. They hold what is committed and nothing else.
pub struct Logs {
    catalog: Arc<dyn Catalog>,
    segments: Arc<Segments>,
    logs: RwLock<HashMap<AccountId, SharedLog>>,
    /// Held by whoever is between a commit (or a read of the catalog) and changing a log accordingly.
    publishing: tokio::sync::Mutex<()>,
    /// Told whenever a log has grown by some thousand entries.
    grown: tokio::sync::Notify,
    tail_rows_max: u32,
}

impl Logs {
    /// Loads the logs of all accounts: their heads, and of their segments the footers.
    /// A segment can end every `tail_rows_max` entries.
    pub async fn open(
        catalog: Arc<dyn Catalog>,
        segments: Arc<Segments>,
        tail_rows_max: u32,
    ) -> Result<Self, ReadError> {
        let logs = Self {
            catalog,
            segments,
            logs: RwLock::default(),
            publishing: tokio::sync::Mutex::default(),
            grown: tokio::sync::Notify::new(),
            tail_rows_max,
        };
        for account in logs.catalog.accounts().await? {
            logs.renew(account.id).await?;
        }
        Ok(logs)
    }

    /// Where segments are read.
    pub fn segments(&self) -> &Arc<Segments> {
        &self.segments
    }

    /// The log of an account as this process knows it.
    pub fn known(&self, account: AccountId) -> SharedLog {
        if let Some(log) = self.logs.read().get(&account) {
            return Arc::clone(log);
        }
        let empty = || Arc::new(RwLock::new(Log::over([].into(), self.tail_rows_max)));
        Arc::clone(self.logs.write().entry(account).or_insert_with(empty))
    }

    /// How many entries an account's head has.
    pub(super) fn head(&self, account: AccountId) -> u64 {
        let log = self.known(account);
        let log = log.read();
        log.size() - log.sealed()
    }

    /// The accounts that this process has come across, in the order of their ids.
    pub fn accounts(&self) -> Vec<AccountId> {
        let mut accounts: Vec<AccountId> = self.logs.read().keys().copied().collect();
        accounts.sort_unstable();
        accounts
    }

    /// The log of an account with everything that was committed before this call, by whichever process.
    pub async fn current(&self, account: AccountId) -> Result<SharedLog, ReadError> {
        let log = self.known(account);
        let committed = self.catalog.tree(account).await?.edge.size();
        if committed > log.read().size() {
            // Most likely our own sequencer is about to publish just these entries; it holds the lock meanwhile.
            let _publishing = self.publishing.lock().await;
            self.catch_up(account).await?;
        }
        Ok(log)
    }

    /// Waits until a log has grown by some thousand entries since the last call returned.
    pub async fn grown(&self) {
        self.grown.notified().await;
    }

    /// Adds entries to the end of a log that is committed up to there. The caller holds the guard of
    /// [`publishing`](Self::publishing).
    pub(super) fn publish<'a>(&self, account: AccountId, keys: impl Iterator<Item = (Timestamp, Keys<'a>)>) {
        let log = self.known(account);
        publish(&log, keys);
        if log.read().has_unindexed() {
            self.grown.notify_one();
            tokio::task::spawn_blocking(move || index_one(&log));
        }
    }

    /// Keeps others from changing logs until the guard is dropped.
    pub(crate) async fn publishing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.publishing.lock().await
    }

    /// Adds what the catalog has and the log has not. The caller holds the guard of [`publishing`](Self::publishing).
    pub(super) async fn catch_up(&self, account: AccountId) -> Result<(), ReadError> {
        let log = self.known(account);
        if let Gap::Sealed = self.append(account, &log).await? {
            // Another process sealed entries that this one has never seen.
            self.renew(account).await?;
        }
        Ok(())
    }

    /// Adds entries of the catalog's head to the end of a log.
    async fn append(&self, account: AccountId, log: &RwLock<Log>) -> Result<Gap, ReadError> {
        loop {
            let size = log.read().size();
            let missing = self.catalog.entries(account, size..u64::MAX, CATCH_UP_BYTES).await?;
            match missing.first() {
                None => {
                    let segments = self.catalog.segments(account).await?;
                    let unseen = segments.last().is_some_and(|last| last.indexes.end > size);
                    return Ok(if unseen { Gap::Sealed } else { Gap::None });
                }
                Some(first) if first.index != size => return Ok(Gap::Sealed),
                Some(_) => {}
            }
            let keys: Vec<(Timestamp, Keys)> = missing
                .iter()
                .map(|entry| Row::decode(&entry.row).and_then(|row| Ok((row.created_at(), row.keys()?))))
                .collect::<Result<_, _>>()
                .map_err(|error| ReadError::Corrupt(error.to_string()))?;
            publish(log, keys.into_iter());
            while index_one(log) {}
        }
    }

    /// Makes a log anew from the catalog. The caller holds the guard of [`publishing`](Self::publishing) or knows that
    /// nobody else does.
    async fn renew(&self, account: AccountId) -> Result<(), ReadError> {
        for _ in 0..MOVES_MAX {
            let segments = match self.listed(account).await {
                Ok(segments) => segments,
                Err(SegmentError::Gone { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let log = RwLock::new(Log::over(segments, self.tail_rows_max));
            if let Gap::None = self.append(account, &log).await? {
                *self.known(account).write() = log.into_inner();
                return Ok(());
            }
        }
        Err(segments::moving())
    }

    /// Makes a log anew from the catalog, after rows of it were replaced.
    pub(crate) async fn renew_now(&self, account: AccountId) -> Result<(), ReadError> {
        let _publishing = self.publishing.lock().await;
        self.renew(account).await
    }

    /// The segments that the catalog lists, open.
    async fn listed(&self, account: AccountId) -> Result<Arc<[Arc<Sealed>]>, SegmentError> {
        let known = Arc::clone(self.known(account).read().segments());
        let mut segments = Vec::new();
        for info in self.catalog.segments(account).await? {
            segments.push(match known.iter().find(|segment| *segment.info() == info) {
                Some(open) => Arc::clone(open),
                None => self.segments.open(account, info).await?,
            });
        }
        Ok(segments.into())
    }

    /// Takes on the list of segments as it is in the catalog now. The caller holds the guard of
    /// [`publishing`](Self::publishing).
    pub(crate) async fn relist(&self, account: AccountId) -> Result<(), ReadError> {
        let taken_on = match self.listed(account).await {
            Ok(segments) => self.known(account).write().list(segments),
            Err(SegmentError::Gone { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        if taken_on { Ok(()) } else { self.renew(account).await }
    }

    /// Looks again after a read found that entries are not where they were.
    pub async fn look_again(&self, account: AccountId) -> Result<(), ReadError> {
        let _publishing = self.publishing.lock().await;
        self.relist(account).await
    }

    /// What is left of the entries at some indexes, wherever it is, in the order of the question. The caller holds the guard of
    /// [`publishing`](Self::publishing).
    pub(super) async fn stored(&self, account: AccountId, indexes: &[u64]) -> Result<Vec<Stored>, ReadError> {
        for _ in 0..MOVES_MAX {
            match self.try_read(account, indexes).await? {
                Some(stored) => return Ok(stored),
                None => self.relist(account).await?,
            }
        }
        Err(segments::moving())
    }

    /// The same, for those who do not change logs.
    pub async fn read(&self, account: AccountId, indexes: &[u64]) -> Result<Vec<Stored>, ReadError> {
        for _ in 0..MOVES_MAX {
            match self.try_read(account, indexes).await? {
                Some(stored) => return Ok(stored),
                None => self.look_again(account).await?,
            }
        }
        Err(segments::moving())
    }

    /// What is left of the entries at some indexes; `None` when the list of segments is no longer what it was.
    async fn try_read(&self, account: AccountId, indexes: &[u64]) -> Result<Option<Vec<Stored>>, ReadError> {
        let rows = self.catalog.rows(account, indexes).await?;
        let mut stored: Vec<Option<Stored>> = rows.into_iter().map(|row| row.map(Stored::Row)).collect();
        let sealed: Vec<u64> = indexes
            .iter()
            .zip(&stored)
            .filter(|(_, found)| found.is_none())
            .map(|(index, _)| *index)
            .collect();
        if !sealed.is_empty() {
            let segments = Arc::clone(self.known(account).read().segments());
            match self.segments.run(move || sealed_at(&segments, &sealed)).await {
                Ok(found) => {
                    let mut found = found.into_iter();
                    stored
                        .iter_mut()
                        .filter(|found| found.is_none())
                        .for_each(|missing| *missing = found.next());
                }
                Err(SegmentError::Gone { .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        stored.into_iter().collect::<Option<_>>().map(Some).ok_or_else(missing)
    }

    /// The indexes of sealed entries with these tokens, in the order of the question, and how many entries were sealed.
    pub async fn find_sealed(
        &self,
        account: AccountId,
        tokens: Vec<LogToken>,
    ) -> Result<(u64, Vec<Option<u64>>), ReadError> {
        let segments = Arc::clone(self.known(account).read().segments());
        let sealed = segments.last().map_or(0, |last| last.indexes().end);
        if tokens.is_empty() || segments.is_empty() {
            return Ok((sealed, vec![None; tokens.len()]));
        }
        let found = self.segments.run(move || indexes_of(&segments, &tokens));
        Ok((sealed, found.await?))
    }
}

/// What is left of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// Its stored form.
    Row(Vec<u8>),
    /// The hash of its leaf, as it is no longer kept.
    Pruned(Hash),
}

impl Stored {
    /// Its stored form, unless it is no longer kept.
    pub fn row(self) -> Option<Vec<u8>> {
        match self {
            Self::Row(row) => Some(row),
            Self::Pruned(_) => None,
        }
    }
}

/// What is between the end of a log in memory and what the catalog's head has.
enum Gap {
    None,
    /// Entries that were sealed meanwhile.
    Sealed,
}

/// What is left of the entries at some indexes of segments, in the order of the question.
fn sealed_at(segments: &[Arc<Sealed>], indexes: &[u64]) -> Result<Vec<Stored>, SegmentError> {
    let mut stored = Vec::with_capacity(indexes.len());
    // Neighbours mostly are in the same blocks, which are unpacked once.
    let holder = |index: &u64| segments.iter().position(|segment| segment.indexes().contains(index));
    for indexes in indexes.chunk_by(|one, next| holder(one) == holder(next)) {
        let segment = indexes.first().and_then(holder).and_then(|at| segments.get(at));
        // What is sealed but in no segment that is known here is in one that was listed since.
        let gone = || SegmentError::Gone { name: format!("of index {}", indexes.first().unwrap_or(&0)) };
        stored.extend(in_segment(segment.ok_or_else(gone)?, indexes)?);
    }
    Ok(stored)
}

/// What is left of entries of one segment.
fn in_segment(segment: &Sealed, indexes: &[u64]) -> Result<Vec<Stored>, SegmentError> {
    let positions = segment.positions(indexes)?;
    let there: Vec<u32> = positions.iter().flatten().copied().collect();
    let mut rows = segment.rows_at(&there)?.into_iter();
    let pruned =
        || indexes.iter().zip(&positions).filter(|(_, position)| position.is_none()).map(|(index, _)| *index);
    let hashes: HashMap<u64, Hash> = match (pruned().min(), pruned().max()) {
        (Some(first), Some(last)) => segment.pruned_hashes(first..last + 1)?.into_iter().collect(),
        _ => HashMap::new(),
    };
    let stored = |(index, position): (&u64, &Option<u32>)| match position {
        Some(_) => rows.next().map(Stored::Row),
        None => hashes.get(index).copied().map(Stored::Pruned),
    };
    indexes.iter().zip(&positions).map(stored).collect::<Option<_>>().ok_or_else(|| missing().into())
}

/// The indexes of the entries of segments with these tokens.
fn indexes_of(segments: &[Arc<Sealed>], tokens: &[LogToken]) -> Result<Vec<Option<u64>>, SegmentError> {
    let mut found = vec![None; tokens.len()];
    let mut wanted: Vec<(LogToken, usize)> = tokens.iter().copied().zip(0..).collect();
    wanted.sort_unstable();
    for segment in segments.iter().rev() {
        let tokens: Vec<LogToken> = wanted.iter().map(|(token, _)| *token).collect();
        let positions = segment.find_all(&tokens)?;
        let mut still_wanted = Vec::with_capacity(wanted.len());
        for ((token, at), position) in wanted.into_iter().zip(positions) {
            match (position, found.get_mut(at)) {
                (Some(position), Some(found)) => *found = Some(segment.place(position)?.1),
                _ => still_wanted.push((token, at)),
            }
        }
        wanted = still_wanted;
    }
    Ok(found)
}

fn missing() -> ReadError {
    ReadError::Corrupt("an entry that was recorded is missing".to_owned())
}

/// Adds entries to the end of a log.
fn publish<'a>(log: &RwLock<Log>, keys: impl Iterator<Item = (Timestamp, Keys<'a>)>) {
    let mut log = log.write();
    for (created_at, keys) in keys {
        log.push(created_at, &keys);
    }
}

/// Turns one full tail of a log into a run, if there is one that nobody else is working on. Readers and writers go on
/// meanwhile.
fn index_one(log: &RwLock<Log>) -> bool {
    let Some(unindexed) = log.write().claim() else { return false };
    let run = unindexed.index();
    log.write().replace(run);
    true
}
