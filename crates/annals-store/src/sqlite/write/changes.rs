//! The statements of changes beside the logs.

use annals_format::{Retention, Timestamp};
use rusqlite::Connection;

use super::{execute, one};
use crate::catalog::{Change, CommitError};
use crate::model::{AccessToken, Account, AccountId, Hold, TokenKind, User, Workspace};

/// Makes one change. A conflict when a name is taken, or when what is to be changed is not there.
pub(super) fn apply(connection: &Connection, change: &Change) -> Result<(), CommitError> {
    match change {
        Change::CreateAccount(account) => create_account(connection, account),
        Change::RenameAccount { account, title } => {
            one(execute(connection, "UPDATE accounts SET title = ?2 WHERE id = ?1", (account.0, title))?)
        }
        Change::PublishLog { account, public } => one(execute(
            connection,
            "UPDATE accounts SET log_public = ?2 WHERE id = ?1",
            (account.0, public),
        )?),
        Change::SetRetention { account, retention } => one(execute(
            connection,
            "UPDATE accounts SET retention = ?2 WHERE id = ?1",
            (account.0, retention.as_ref().map(Retention::to_string)),
        )?),
        Change::PlaceHold { account, hold } => place_hold(connection, *account, hold),
        // The first release counts.
        Change::ReleaseHold { account, token, at } => one(execute(
            connection,
            "UPDATE holds SET released_us = coalesce(released_us, ?3) WHERE account = ?1 AND token = ?2",
            (account.0, token, at.us()),
        )?),
        Change::CreateWorkspace { account, workspace } => create_workspace(connection, *account, workspace),
        Change::RenameWorkspace { account, token, name } => one(execute(
            connection,
            "UPDATE workspaces SET name = ?3 WHERE account = ?1 AND token = ?2",
            (account.0, token, name),
        )?),
        Change::CreateUser { account, user } => create_user(connection, *account, user),
        Change::RemoveUser { account, id, at } => remove_user(connection, *account, *id, *at),
        Change::CreateToken { account, token } => create_token(connection, *account, token),
        // The first revocation counts.
        Change::RevokeToken { account, id, at } => one(execute(
            connection,
            "UPDATE tokens SET revoked_us = coalesce(revoked_us, ?3) WHERE account = ?1 AND id = ?2",
            (account.0, id, at.us()),
        )?),
    }
}

fn create_account(connection: &Connection, account: &Account) -> Result<(), CommitError> {
    one(execute(
        connection,
        "INSERT INTO accounts (id, token, title, created_us, default_workspace, log_public, retention)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            account.id.0,
            &account.token,
            &account.title,
            account.created_at.us(),
            &account.default_workspace,
            account.log_public,
            account.retention.as_ref().map(Retention::to_string),
        ),
    )?)
}

fn place_hold(connection: &Connection, account: AccountId, hold: &Hold) -> Result<(), CommitError> {
    one(execute(
        connection,
        "INSERT INTO holds (account, token, filter, reason, placed_us, released_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            account.0,
            &hold.token,
            &hold.filter,
            &hold.reason,
            hold.placed_at.us(),
            hold.released_at.map(Timestamp::us),
        ),
    )?)
}

fn create_workspace(
    connection: &Connection,
    account: AccountId,
    workspace: &Workspace,
) -> Result<(), CommitError> {
    one(execute(
        connection,
        "INSERT INTO workspaces (account, token, name, created_us) VALUES (?1, ?2, ?3, ?4)",
        (account.0, &workspace.token, &workspace.name, workspace.created_at.us()),
    )?)?;
    // Touches no row when the account has a default already.
    execute(
        connection,
        "UPDATE accounts SET default_workspace = ?2 WHERE id = ?1 AND default_workspace IS NULL",
        (account.0, &workspace.token),
    )?;
    Ok(())
}

fn create_user(connection: &Connection, account: AccountId, user: &User) -> Result<(), CommitError> {
    one(execute(
        connection,
        "INSERT INTO users (account, id, name, role, created_us, removed_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            account.0,
            user.id,
            &user.name,
            user.role.as_str(),
            user.created_at.us(),
            user.removed_at.map(Timestamp::us),
        ),
    )?)
}

fn remove_user(
    connection: &Connection,
    account: AccountId,
    id: i64,
    at: Timestamp,
) -> Result<(), CommitError> {
    // As with tokens, the first removal counts.
    one(execute(
        connection,
        "UPDATE users SET removed_us = coalesce(removed_us, ?3) WHERE account = ?1 AND id = ?2",
        (account.0, id, at.us()),
    )?)?;
    execute(
        connection,
        "UPDATE tokens SET revoked_us = ?3 WHERE account = ?1 AND user_id = ?2 AND revoked_us IS NULL",
        (account.0, id, at.us()),
    )?;
    Ok(())
}

fn create_token(connection: &Connection, account: AccountId, token: &AccessToken) -> Result<(), CommitError> {
    let user_id = match token.kind {
        TokenKind::Personal { user_id } => Some(user_id),
        TokenKind::Service | TokenKind::Grant => None,
    };
    one(execute(
        connection,
        "INSERT INTO tokens (account, id, number, user_id, name, hash, scopes, role, created_us, expires_us,
                             revoked_us, last_used_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        (
            account.0,
            &token.id,
            token.number,
            user_id,
            &token.name,
            token.hash,
            token.scopes.bits(),
            token.role.as_str(),
            token.created_at.us(),
            token.expires_at.map(Timestamp::us),
            token.revoked_at.map(Timestamp::us),
            token.last_used_at.map(Timestamp::us),
        ),
    )?)
}
