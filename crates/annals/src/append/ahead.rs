//! What a commit adds while it is being made, when nobody can read it yet: the next one is planned as if it had succeeded.

use std::{collections::HashMap, sync::Arc};

use annals_format::LogToken;
use annals_store::{AccountId, Append, Commit, Recall, TokenHash, Tree};

use super::logs::Stored;

/// What requests to one account are recognised by when they come again.
#[derive(Default)]
pub(super) struct Seen {
    /// What was recorded under the keys of requests and events.
    pub(super) recalled: HashMap<TokenHash, Recall>,
    /// The indexes of new entries.
    pub(super) tokens: HashMap<LogToken, u64>,
}

/// The commit that is being made, or none.
#[derive(Default)]
pub(super) struct Ahead {
    commit: Arc<Commit>,
    /// For each append of the commit.
    seen: Vec<Seen>,
}

impl Ahead {
    /// A commit, with what the requests to each of its accounts are recognised by. Its appends are in the order of the accounts.
    pub(super) fn new(commit: Arc<Commit>, seen: Vec<Seen>) -> Self {
        Self { commit, seen }
    }

    /// The tree of an account as it will be, if the commit adds to it.
    pub(super) fn tree(&self, account: AccountId) -> Option<Tree> {
        self.append(account).map(|append| append.tree.clone())
    }

    /// An entry of the commit, if this index is one.
    pub(super) fn stored(&self, account: AccountId, index: u64) -> Option<Stored> {
        self.append(account).and_then(|append| stored_in(append, index))
    }

    /// What will have been recorded under a key.
    pub(super) fn recalled(&self, account: AccountId, key: &TokenHash) -> Option<&Recall> {
        self.seen.get(self.at(account)?)?.recalled.get(key)
    }

    /// The index of the entry with this token, if the commit has it.
    pub(super) fn find(&self, account: AccountId, token: LogToken) -> Option<u64> {
        self.seen.get(self.at(account)?)?.tokens.get(&token).copied()
    }

    fn append(&self, account: AccountId) -> Option<&Append> {
        self.commit.appends.get(self.at(account)?)
    }

    fn at(&self, account: AccountId) -> Option<usize> {
        self.commit.appends.binary_search_by_key(&account, |append| append.account).ok()
    }
}

/// An entry of an append, if this index is one.
pub(super) fn stored_in(append: &Append, index: u64) -> Option<Stored> {
    let offset = usize::try_from(index.checked_sub(append.expected_size)?).ok()?;
    append.entries.get(offset).map(|entry| Stored::Row(entry.row.clone()))
}
