//! An engine that keeps everything in memory and forgets it when dropped, for tests.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use annals_format::Timestamp;
use annals_tlog::Hash;
use async_trait::async_trait;
use parking_lot::Mutex;

use crate::catalog::{
    Append, Catalog, Commit, CommitError, NewEntry, ReadError, Recall, RequestKey, SignedCheckpoint,
    StoredRow, TileHash, Tree, Use,
};
use crate::check;
use crate::model::{AccessToken, Account, AccountId, Hold, Identity, TokenHash, User, Workspace};
use crate::segment::{Seal, SegmentInfo};
use log::Log;
use names::Names;

mod log;
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
    /// Who has which lease, and until when.
    leases: HashMap<String, (String, Timestamp)>,
    checkpoints: HashMap<AccountId, SignedCheckpoint>,
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
        for Append { account, expected_size, keys: requests, tile_hashes, .. } in &commit.appends {
            if self.size(*account) != *expected_size {
                return Err(CommitError::Conflict);
            }
            let mut added = HashSet::new();
            let known =
                |place| self.logs.get(account).is_some_and(|log| log.tile_hashes.contains_key(&place));
            let places = tile_hashes.iter().map(|hash| (hash.level, hash.position));
            if !places.into_iter().all(|place| !known(place) && added.insert(place)) {
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
        for Append { account, entries, tree, tile_hashes, keys, .. } in &commit.appends {
            let log = self.logs.entry(*account).or_default();
            for TileHash { level, position, hash } in tile_hashes {
                log.tile_hashes.insert((*level, *position), *hash);
            }
            log.tree = tree.clone();
            log.entries.extend(entries.iter().cloned());
            self.keys.extend(keys.iter().map(|request| ((*account, request.key), request.clone())));
        }
        Ok(())
    }

    fn size(&self, account: AccountId) -> u64 {
        self.logs.get(&account).map_or(0, |log| log.tree.edge.size())
    }

    fn seal(&mut self, Seal { account, segment, replaces }: Seal) -> Result<(), CommitError> {
        let taken = self.logs.values().flat_map(|log| &log.segments).any(|other| other.name == segment.name);
        if taken {
            return Err(CommitError::Conflict);
        }
        self.logs.get_mut(&account).ok_or(CommitError::Conflict)?.seal(segment, &replaces)
    }

    fn acquire(&mut self, lease: &str, holder: &str, now: Timestamp, until: Timestamp) -> bool {
        if self.leases.get(lease).is_some_and(|(other, end)| other != holder && now < *end) {
            return false;
        }
        if until > now {
            self.leases.insert(lease.into(), (holder.into(), until));
        } else {
            self.leases.remove(lease);
        }
        true
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
        let Some(log) = state.logs.get(&account) else { return Ok(Vec::new()) };
        let mut bytes = 0;
        let stored = (range.start.max(log.head_start())..range.end).map_while(|index| {
            let NewEntry { row, leaf } = log.entry(index)?.clone();
            let first = bytes == 0;
            bytes += row.len() + Hash::LEN;
            (first || bytes <= bytes_max).then_some(StoredRow { index, row, leaf })
        });
        Ok(stored.collect())
    }

    async fn rows(&self, account: AccountId, indexes: &[u64]) -> Result<Vec<Option<Vec<u8>>>, ReadError> {
        let state = self.state.lock();
        let log = state.logs.get(&account);
        let row = |index: &u64| match log.and_then(|log| log.entry(*index)) {
            Some(entry) => Ok(Some(entry.row.clone())),
            None if log.is_some_and(|log| *index < log.head_start()) => Ok(None),
            None => Err(ReadError::Corrupt(format!("account {} has no entry at index {index}", account.0))),
        };
        indexes.iter().map(row).collect()
    }

    async fn tile_hashes(
        &self,
        account: AccountId,
        level: u8,
        positions: Range<u64>,
    ) -> Result<Vec<Hash>, ReadError> {
        let state = self.state.lock();
        let Some(log) = state.logs.get(&account) else { return Ok(Vec::new()) };
        Ok(positions.map_while(|position| log.tile_hashes.get(&(level, position)).copied()).collect())
    }

    async fn checkpoint(&self, account: AccountId) -> Result<Option<SignedCheckpoint>, ReadError> {
        Ok(self.state.lock().checkpoints.get(&account).cloned())
    }

    async fn keep_checkpoints(&self, signed: Vec<SignedCheckpoint>) -> Result<(), CommitError> {
        check::checkpoints(&signed)?;
        let kept = &mut self.state.lock().checkpoints;
        let fits = |old: &SignedCheckpoint, new: &SignedCheckpoint| {
            old.size < new.size || (old.size == new.size && old.root == new.root)
        };
        let mut next = kept.clone();
        for new in signed {
            if next.get(&new.account).is_some_and(|old| !fits(old, &new)) {
                return Err(CommitError::Conflict);
            }
            next.insert(new.account, new);
        }
        *kept = next;
        Ok(())
    }

    async fn segments(&self, account: AccountId) -> Result<Vec<SegmentInfo>, ReadError> {
        Ok(self.state.lock().logs.get(&account).map(|log| log.segments.clone()).unwrap_or_default())
    }

    async fn seal(&self, seal: Seal) -> Result<(), CommitError> {
        check::seal(&seal)?;
        self.state.lock().seal(seal)
    }

    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CommitError> {
        Ok(self.state.lock().acquire(lease, holder, now, until))
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

    async fn holds(&self, account: AccountId) -> Result<Vec<Hold>, ReadError> {
        Ok(self.state.lock().names.holds(account))
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
        let copies: usize = state.logs.values_mut().map(Log::forget_copies).sum();
        Ok((keys + state.names.forget_grants(now) + copies) as u64)
    }

    async fn replace_rows(&self, account: AccountId, rows: Vec<(u64, Vec<u8>)>) -> Result<(), CommitError> {
        let mut state = self.state.lock();
        let log = state.logs.get_mut(&account).ok_or(CommitError::Conflict)?;
        if !rows.iter().all(|(index, _)| log.entry(*index).is_some()) {
            return Err(CommitError::Conflict);
        }
        for (index, row) in rows {
            log.replace(index, row);
        }
        Ok(())
    }

    async fn scrub(&self) -> Result<(), CommitError> {
        Ok(())
    }

    async fn check(&self) -> Result<(), ReadError> {
        Ok(())
    }
}
