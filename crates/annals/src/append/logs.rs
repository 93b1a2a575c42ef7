//! The in-memory logs of all accounts, kept up with the catalog.

use std::{collections::HashMap, sync::Arc};

use annals_format::{Row, Timestamp, entry::Keys};
use annals_store::{AccountId, Catalog, ReadError};
use parking_lot::RwLock;

use crate::query::Log;

/// Bytes of rows that are read at a time while catching up.
const CATCH_UP_BYTES: usize = 4 * 1024 * 1024;

/// A log that queries read while the sequencer adds to it.
pub type SharedLog = Arc<RwLock<Log>>;

/// The logs of all accounts. They hold what is committed and nothing else, and never shrink.
pub struct Logs {
    catalog: Arc<dyn Catalog>,
    logs: RwLock<HashMap<AccountId, SharedLog>>,
    /// Held by whoever is between a commit (or a read of the catalog) and adding its entries to a log.
    publishing: tokio::sync::Mutex<()>,
}

impl Logs {
    /// Loads the logs of all accounts.
    pub async fn open(catalog: Arc<dyn Catalog>) -> Result<Self, ReadError> {
        let logs = Self { catalog, logs: RwLock::default(), publishing: tokio::sync::Mutex::default() };
        for account in logs.catalog.accounts().await? {
            logs.current(account.id).await?;
        }
        Ok(logs)
    }

    /// The log of an account as this process knows it.
    pub fn known(&self, account: AccountId) -> SharedLog {
        if let Some(log) = self.logs.read().get(&account) {
            return Arc::clone(log);
        }
        Arc::clone(self.logs.write().entry(account).or_default())
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

    /// Keeps readers from catching up by themselves until the guard is dropped.
    pub(super) async fn publishing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.publishing.lock().await
    }

    /// Adds what the catalog has and the log has not. The caller holds the guard of [`publishing`](Self::publishing).
    pub(super) async fn catch_up(&self, account: AccountId) -> Result<(), ReadError> {
        let log = self.known(account);
        loop {
            let size = log.read().size();
            let missing = self.catalog.entries(account, size..u64::MAX, CATCH_UP_BYTES).await?;
            if missing.is_empty() {
                return Ok(());
            }
            let keys: Vec<(Timestamp, Keys)> = missing
                .iter()
                .map(|entry| Row::decode(&entry.row).and_then(|row| Ok((row.created_at(), row.keys()?))))
                .collect::<Result<_, _>>()
                .map_err(|error| ReadError::Corrupt(error.to_string()))?;
            publish(&log, keys.iter().map(|(created_at, keys)| (*created_at, keys)));
            while index_one(&log) {}
        }
    }
}

/// Adds entries to the end of a log. The caller holds the guard of [`Logs::publishing`] or knows that nobody else does.
pub(super) fn publish<'a>(log: &RwLock<Log>, keys: impl Iterator<Item = (Timestamp, &'a Keys<'a>)>) {
    let mut log = log.write();
    for (created_at, keys) in keys {
        log.push(created_at, keys);
    }
}

/// Turns one full tail of a log into a run, if there is one that nobody else is working on. Readers and writers go on
/// meanwhile.
pub(super) fn index_one(log: &RwLock<Log>) -> bool {
    let Some(unindexed) = log.write().claim() else { return false };
    let run = unindexed.index();
    log.write().replace(run);
    true
}
