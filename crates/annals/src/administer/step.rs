//! The one way in which accounts are changed: look, decide, and commit unless something else was committed since.

use std::{sync::Arc, time::Duration};

use annals_format::Timestamp;
use annals_store::{
    AccessToken, Account, AccountId, Append, Change, Commit, CommitError, Hold, NewEntry, Tree, User,
    Workspace,
};

use super::{Admin, AdministerError, record::Record};
use crate::random;

/// Times that a change is decided anew when the log grew in the meantime. A server under load commits a thousand times
/// a second, and each of these is one chance to come in between.
const ATTEMPTS_MAX: u32 = 1_000;

/// The longest pause between two attempts; random, so that two processes do not stay in step.
const PAUSE_US_MAX: u64 = 4_000;

/// Whose log a change is recorded in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whose {
    /// That of the account which the change creates.
    New,
    /// That of an account there is.
    Of(AccountId),
}

/// What is decided on: how things were at one moment.
pub(super) struct State {
    /// When the change is made: now, but not before the clock of the log.
    pub(super) at: Timestamp,
    /// The id of the account, or the one that the new account gets.
    pub(super) id: AccountId,
    /// The account, unless it is new.
    pub(super) account: Option<Account>,
    /// Its workspaces.
    pub(super) workspaces: Vec<Workspace>,
    /// Its users, also removed ones.
    pub(super) users: Vec<User>,
    /// Its access tokens, also ended ones.
    pub(super) tokens: Vec<AccessToken>,
    /// The holds on its entries, also released ones.
    pub(super) holds: Vec<Hold>,
}

/// What is to be done.
pub(super) struct Decision<T> {
    /// The change, and the entry that says so.
    step: Option<(Option<Change>, Record)>,
    answer: T,
}

impl<T> Decision<T> {
    /// Make this change, say so in this entry, and answer.
    pub(super) fn make(change: Change, record: Record, answer: T) -> Self {
        Self { step: Some((Some(change), record)), answer }
    }

    /// Say this in an entry, and answer; nothing else changes by it.
    pub(super) fn say(record: Record, answer: T) -> Self {
        Self { step: Some((None, record)), answer }
    }

    /// It is so already: record nothing, and answer.
    pub(super) fn nothing(answer: T) -> Self {
        Self { step: None, answer }
    }
}

impl State {
    /// The number that no user and no access token of the account has had yet, and no lower one either.
    pub(super) fn next_number(&self) -> Result<i64, AdministerError> {
        let taken = self.users.iter().map(|user| user.id).chain(self.tokens.iter().map(|token| token.number));
        let last = taken.max().unwrap_or(0).max(0);
        last.checked_add(1).ok_or(AdministerError::Full { what: "user or access token" })
    }
}

/// Makes the change that `decide` decides on, with its entry, or nothing.
///
/// `decide` is asked again, about how things are then, when the log grew between its decision and the commit.
pub(super) async fn administer<T>(
    admin: &Admin<'_>,
    whose: Whose,
    mut decide: impl FnMut(&State) -> Result<Decision<T>, AdministerError>,
) -> Result<T, AdministerError> {
    for attempt in 0..ATTEMPTS_MAX {
        if attempt > 0 {
            let us = u64::from_le_bytes(random::bytes()) % PAUSE_US_MAX;
            tokio::time::sleep(Duration::from_micros(us)).await;
        }
        let (tree, state) = look(admin, whose).await?;
        let Decision { step, answer } = decide(&state)?;
        let Some((change, record)) = step else { return Ok(answer) };
        let append = append(&state, tree, &record, admin);
        let commit = Commit { appends: vec![append], changes: change.into_iter().collect() };
        match admin.catalog.commit(Arc::new(commit)).await {
            Ok(()) => return Ok(answer),
            Err(CommitError::Conflict) => {}
            Err(CommitError::Unavailable(cause)) => return Err(AdministerError::Unavailable(cause)),
            Err(CommitError::Unknown(cause)) => return Err(AdministerError::OutcomeUnknown(cause)),
        }
    }
    Err(AdministerError::Busy)
}

async fn look(admin: &Admin<'_>, whose: Whose) -> Result<(Tree, State), AdministerError> {
    let catalog = admin.catalog;
    let id = match whose {
        Whose::Of(id) => id,
        // If another process creates an account first, this id is taken and the commit conflicts.
        Whose::New => next_id(&catalog.accounts().await?)?,
    };
    // The tree comes first: what changes while the rest is read comes with an entry, and then the commit conflicts.
    let tree = catalog.tree(id).await?;
    let account = catalog.accounts().await?.into_iter().find(|account| account.id == id);
    if account.is_none() && matches!(whose, Whose::Of(_)) {
        return Err(AdministerError::NoAccount);
    }
    let state = State {
        at: admin.clock.now().max(tree.clock),
        id,
        account,
        workspaces: catalog.workspaces(id).await?,
        users: catalog.users(id).await?,
        tokens: catalog.tokens(id).await?,
        holds: catalog.holds(id).await?,
    };
    Ok((tree, state))
}

fn next_id(accounts: &[Account]) -> Result<AccountId, AdministerError> {
    let next = accounts.iter().map(|account| account.id.0 + 1).max().unwrap_or(1);
    if next > AccountId::MAX.0 {
        return Err(AdministerError::Full { what: "account" });
    }
    Ok(AccountId(next))
}

fn append(state: &State, mut tree: Tree, record: &Record, admin: &Admin<'_>) -> Append {
    let expected_size = tree.edge.size();
    let entry = record.draft(admin.who, admin.source).complete(state.at);
    tree.clock = state.at;
    let tile_hashes = crate::append::grow(&mut tree.edge, entry.leaf);
    let entries = vec![NewEntry { row: entry.row, leaf: entry.leaf }];
    Append { account: state.id, expected_size, entries, tree, tile_hashes, keys: Vec::new() }
}
