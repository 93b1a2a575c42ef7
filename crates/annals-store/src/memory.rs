//! An engine that keeps everything in memory and forgets it when dropped, for tests.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use annals_format::Timestamp;
use annals_tlog::Hash;
use async_trait::async_trait;
use parking_lot::Mutex;

use crate::catalog::{
    Append, Catalog, Commit, CommitError, NewEntry, ReadError, Recall, RequestKey, StoredRow, Tree, Use,
};
use crate::check;
use crate::model::{AccessToken, Account, AccountId, Identity, TokenHash, User, Workspace};
use names::Names;

mod names;

/// A catalog in memory. It answers as the other engines do, but for being durable.
#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    logs: HashMap<AccountId, Log>,
    keys: HashMap<(AccountId, TokenHash), RequestKey>,
    names: Names,
}

#[derive(Default)]
struct Log {
    tree: Tree,
    entries: Vec<NewEntry>,
}

impl Memory {
    /// An empty catalog.
    pub fn new() -> Self {
        Self::default()
    }
}

impl State {
    fn commit(&mut self, commit: &Commit) -> Result<(), CommitError> {
        // Everything that may conflict is tried before anything is changed.
        let mut keys = HashSet::new();
        for Append { account, expected_size, keys: requests, .. } in &commit.appends {
            if self.size(*account) != *expected_size {
                return Err(CommitError::Conflict);
            }
            let free = |key| !self.keys.contains_key(&key) && keys.insert(key);
            if !requests.iter().map(|request| (*account, request.key)).all(free) {
                return Err(CommitError::Conflict);
            }
        }
        if !commit.changes.is_empty() {
            let mut names = self.names.clone();
            commit.changes.iter().cloned().try_for_each(|change| names.apply(change))?;
            self.names = names;
        }
        for Append { account, entries, tree, keys, .. } in &commit.appends {
            let log = self.logs.entry(*account).or_default();
            log.tree = tree.clone();
            log.entries.extend_from_slice(entries);
            self.keys.extend(keys.iter().map(|request| ((*account, request.key), request.clone())));
        }
        Ok(())
    }

    fn size(&self, account: AccountId) -> u64 {
        self.entries(account).len() as u64
    }

    fn entries(&self, account: AccountId) -> &[NewEntry] {
        self.logs.get(&account).map_or(&[], |log| &log.entries)
    }

    fn entry(&self, account: AccountId, index: u64) -> Option<&NewEntry> {
        self.entries(account).get(usize::try_from(index).ok()?)
    }
}

#[async_trait]
impl Catalog for Memory {
    async fn commit(&self, commit: Arc<Commit>) -> Result<(), CommitError> {
        check::commit(&commit)?;
        self.state.lock().commit(&commit)
    }

    async fn accounts(&self) -> Result<Vec<Account>, ReadError> {
        Ok(self.state.lock().names.accounts())
    }

    async fn tree(&self, account: AccountId) -> Result<Tree, ReadError> {
        Ok(self.state.lock().logs.get(&account).map(|log| log.tree.clone()).unwrap_or_default())
    }

    async fn entries(
        &self,
        account: AccountId,
        range: Range<u64>,
        bytes_max: usize,
    ) -> Result<Vec<StoredRow>, ReadError> {
        let state = self.state.lock();
        let mut bytes = 0;
        let stored = range.map_while(|index| {
            let NewEntry { row, leaf } = state.entry(account, index)?.clone();
            let first = bytes == 0;
            bytes += row.len() + Hash::LEN;
            (first || bytes <= bytes_max).then_some(StoredRow { index, row, leaf })
        });
        Ok(stored.collect())
    }

    async fn rows(&self, account: AccountId, indexes: &[u64]) -> Result<Vec<Vec<u8>>, ReadError> {
        let state = self.state.lock();
        let row = |index: &u64| match state.entry(account, *index) {
            Some(entry) => Ok(entry.row.clone()),
            None => Err(ReadError::Corrupt(format!("account {} has no entry at index {index}", account.0))),
        };
        indexes.iter().map(row).collect()
    }

    async fn recall(&self, account: AccountId, keys: &[TokenHash]) -> Result<Vec<Option<Recall>>, ReadError> {
        let state = self.state.lock();
        let recall = |key: &TokenHash| Some(state.keys.get(&(account, *key))?.recall.clone());
        Ok(keys.iter().map(recall).collect())
    }

    async fn workspaces(&self, account: AccountId) -> Result<Vec<Workspace>, ReadError> {
        Ok(self.state.lock().names.workspaces(account))
    }

    async fn users(&self, account: AccountId) -> Result<Vec<User>, ReadError> {
        Ok(self.state.lock().names.users(account))
    }

    async fn tokens(&self, account: AccountId) -> Result<Vec<AccessToken>, ReadError> {
        Ok(self.state.lock().names.tokens(account))
    }

    async fn identify(&self, hash: &TokenHash) -> Result<Option<Identity>, ReadError> {
        Ok(self.state.lock().names.identify(hash))
    }

    async fn grant(&self, account: AccountId, grant: AccessToken) -> Result<(), CommitError> {
        check::grant(account, &grant)?;
        self.state.lock().names.grant(account, grant)
    }

    async fn touch(&self, uses: Vec<Use>) -> Result<(), CommitError> {
        self.state.lock().names.touch(uses);
        Ok(())
    }

    async fn forget(&self, keys_before: Timestamp, now: Timestamp) -> Result<u64, CommitError> {
        let mut state = self.state.lock();
        let before = state.keys.len();
        state.keys.retain(|_, request| request.at >= keys_before);
        let keys = before - state.keys.len();
        Ok((keys + state.names.forget_grants(now)) as u64)
    }

    async fn check(&self) -> Result<(), ReadError> {
        Ok(())
    }
}
