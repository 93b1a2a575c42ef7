//! What the engine in memory keeps beside the logs.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use annals_format::Timestamp;

use crate::catalog::{Change, CommitError, Use};
use crate::model::{AccessToken, Account, AccountId, Hold, Identity, TokenHash, TokenKind, User, Workspace};

#[derive(Default, Clone)]
pub(super) struct Names {
    accounts: BTreeMap<AccountId, Account>,
    workspaces: BTreeMap<(AccountId, String), Workspace>,
    users: BTreeMap<(AccountId, i64), User>,
    tokens: BTreeMap<(AccountId, String), AccessToken>,
    holds: BTreeMap<(AccountId, String), Hold>,
    grants: BTreeMap<TokenHash, (AccountId, AccessToken)>,
}

impl Names {
    /// Makes one change, or leaves everything as it was.
    pub(super) fn apply(&mut self, change: Change) -> Result<(), CommitError> {
        match change {
            Change::CreateAccount(account) => self.create_account(account),
            Change::RenameAccount { account, title } => {
                there(self.accounts.get_mut(&account)).map(|account| account.title = title)
            }
            Change::PublishLog { account, public } => {
                there(self.accounts.get_mut(&account)).map(|account| account.log_public = public)
            }
            Change::SetRetention { account, retention } => {
                there(self.accounts.get_mut(&account)).map(|account| account.retention = retention)
            }
            Change::PlaceHold { account, hold } => {
                insert(&mut self.holds, (account, hold.token.clone()), hold)
            }
            Change::ReleaseHold { account, token, at } => {
                there(self.holds.get_mut(&(account, token)))?.released_at.get_or_insert(at);
                Ok(())
            }
            Change::CreateWorkspace { account, workspace } => self.create_workspace(account, workspace),
            Change::RenameWorkspace { account, token, name } => {
                there(self.workspaces.get_mut(&(account, token))).map(|workspace| workspace.name = name)
            }
            Change::CreateUser { account, user } => insert(&mut self.users, (account, user.id), user),
            Change::RemoveUser { account, id, at } => self.remove_user(account, id, at),
            Change::CreateToken { account, token } => self.create_token(account, token),
            Change::RevokeToken { account, id, at } => {
                let token = there(self.tokens.get_mut(&(account, id)))?;
                token.revoked_at.get_or_insert(at);
                Ok(())
            }
        }
    }

    fn create_account(&mut self, account: Account) -> Result<(), CommitError> {
        if self.accounts.values().any(|other| other.token == account.token) {
            return Err(CommitError::Conflict);
        }
        insert(&mut self.accounts, account.id, account)
    }

    fn create_workspace(&mut self, account: AccountId, workspace: Workspace) -> Result<(), CommitError> {
        let token = workspace.token.clone();
        insert(&mut self.workspaces, (account, token.clone()), workspace)?;
        if let Some(account) = self.accounts.get_mut(&account) {
            account.default_workspace.get_or_insert(token);
        }
        Ok(())
    }

    fn remove_user(&mut self, account: AccountId, id: i64, at: Timestamp) -> Result<(), CommitError> {
        let user = there(self.users.get_mut(&(account, id)))?;
        user.removed_at.get_or_insert(at);
        let kind = TokenKind::Personal { user_id: id };
        let tokens =
            self.tokens.iter_mut().filter(|((owner, _), token)| *owner == account && token.kind == kind);
        for (_, token) in tokens {
            token.revoked_at.get_or_insert(at);
        }
        Ok(())
    }

    fn create_token(&mut self, account: AccountId, token: AccessToken) -> Result<(), CommitError> {
        if self.tokens.values().any(|other| other.hash == token.hash) {
            return Err(CommitError::Conflict);
        }
        insert(&mut self.tokens, (account, token.id.clone()), token)
    }

    pub(super) fn grant(&mut self, account: AccountId, grant: AccessToken) -> Result<(), CommitError> {
        there(self.tokens.get_mut(&(account, grant.id.clone())))?;
        insert(&mut self.grants, grant.hash, (account, grant))
    }

    pub(super) fn touch(&mut self, uses: Vec<Use>) {
        for Use { account, id, at } in uses {
            if let Some(token) = self.tokens.get_mut(&(account, id)) {
                token.last_used_at = token.last_used_at.max(Some(at));
            }
        }
    }

    /// Forgets grants that expired before `now`, and returns how many.
    pub(super) fn forget_grants(&mut self, now: Timestamp) -> usize {
        let before = self.grants.len();
        self.grants.retain(|_, (_, grant)| grant.expires_at.is_none_or(|end| end >= now));
        before - self.grants.len()
    }

    pub(super) fn identify(&self, hash: &TokenHash) -> Option<Identity> {
        if let Some(((account, _), token)) = self.tokens.iter().find(|(_, token)| token.hash == *hash) {
            return Some(Identity { account: *account, token: token.clone() });
        }
        let (account, grant) = self.grants.get(hash)?;
        let AccessToken { revoked_at, last_used_at, .. } = *self.tokens.get(&(*account, grant.id.clone()))?;
        Some(Identity { account: *account, token: AccessToken { revoked_at, last_used_at, ..grant.clone() } })
    }

    pub(super) fn accounts(&self) -> Vec<Account> {
        self.accounts.values().cloned().collect()
    }

    pub(super) fn workspaces(&self, account: AccountId) -> Vec<Workspace> {
        let mut workspaces = of(&self.workspaces, account);
        // They come by token already, and the sort keeps that order where the times are the same.
        workspaces.sort_by_key(|workspace| workspace.created_at);
        workspaces
    }

    pub(super) fn users(&self, account: AccountId) -> Vec<User> {
        of(&self.users, account)
    }

    pub(super) fn holds(&self, account: AccountId) -> Vec<Hold> {
        let mut holds = of(&self.holds, account);
        holds.sort_by_key(|hold| hold.placed_at);
        holds
    }

    pub(super) fn tokens(&self, account: AccountId) -> Vec<AccessToken> {
        let mut tokens = of(&self.tokens, account);
        tokens.sort_by_key(|token| token.number);
        tokens
    }
}

/// What one account has of something.
fn of<K, V: Clone>(all: &BTreeMap<(AccountId, K), V>, account: AccountId) -> Vec<V> {
    all.iter().filter(|((owner, _), _)| *owner == account).map(|(_, value)| value.clone()).collect()
}

fn insert<K: Ord, V>(all: &mut BTreeMap<K, V>, key: K, value: V) -> Result<(), CommitError> {
    match all.entry(key) {
        Entry::Vacant(free) => {
            free.insert(value);
            Ok(())
        }
        Entry::Occupied(_) => Err(CommitError::Conflict),
    }
}

fn there<T>(found: Option<&mut T>) -> Result<&mut T, CommitError> {
    found.ok_or(CommitError::Conflict)
}
