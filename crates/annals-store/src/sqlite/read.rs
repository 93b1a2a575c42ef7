//! The statements that read. Each function is called in a transaction of its own.

use annals_tlog::Edge;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::error;
use super::value::{Id, Packed, RetentionText, RoleWord, ScopeBits, Size, Us, instant};
use crate::catalog::{ReadError, Recall, Tree};
use crate::model::{AccessToken, Account, AccountId, Hold, Identity, TokenHash, TokenKind, User, Workspace};

mod head;
mod segments;
mod tlog;

pub(super) use head::{chunk_at, copies, entries, first_index, head_start, rows};
pub(super) use segments::segments;
pub(super) use tlog::{checkpoint, tile_hashes};

/// All accounts, in the order of their ids.
pub(super) fn accounts(connection: &Connection) -> Result<Vec<Account>, ReadError> {
    all(
        connection,
        "SELECT id, token, title, created_us, default_workspace, log_public, retention FROM accounts
         ORDER BY id",
        (),
        |row| {
            Ok(Account {
                id: row.get::<_, Id>("id")?.0,
                token: row.get("token")?,
                title: row.get("title")?,
                created_at: row.get::<_, Us>("created_us")?.0,
                default_workspace: row.get("default_workspace")?,
                log_public: row.get("log_public")?,
                retention: row.get::<_, Option<RetentionText>>("retention")?.map(|text| text.0),
            })
        },
    )
}

/// The tree of a log.
pub(super) fn tree(connection: &Connection, account: AccountId) -> Result<Tree, ReadError> {
    let found =
        maybe(connection, "SELECT size, edge, clock_us FROM trees WHERE account = ?1", [account.0], |row| {
            Ok((
                row.get::<_, Size>("size")?.0,
                row.get::<_, Vec<u8>>("edge")?,
                row.get::<_, Us>("clock_us")?.0,
            ))
        })?;
    let Some((size, edge, clock)) = found else { return Ok(Tree::default()) };
    let edge = Edge::from_bytes(size, &edge)
        .map_err(|error| ReadError::Corrupt(format!("the tree of account {}: {error}", account.0)))?;
    Ok(Tree { edge, clock })
}

/// What was recorded under some keys.
pub(super) fn recall(
    connection: &Connection,
    account: AccountId,
    keys: &[TokenHash],
) -> Result<Vec<Option<Recall>>, ReadError> {
    let sql = "SELECT content, indexes FROM request_keys WHERE account = ?1 AND key = ?2";
    let recall = |row: &Row<'_>| {
        Ok(Recall { content: row.get("content")?, indexes: row.get::<_, Packed>("indexes")?.0 })
    };
    keys.iter().map(|key| maybe(connection, sql, (account.0, key), recall)).collect()
}

/// The workspaces of an account.
pub(super) fn workspaces(connection: &Connection, account: AccountId) -> Result<Vec<Workspace>, ReadError> {
    all(
        connection,
        "SELECT token, name, created_us FROM workspaces WHERE account = ?1 ORDER BY created_us, token",
        [account.0],
        |row| {
            Ok(Workspace {
                token: row.get("token")?,
                name: row.get("name")?,
                created_at: row.get::<_, Us>("created_us")?.0,
            })
        },
    )
}

/// The holds on entries of an account.
pub(super) fn holds(connection: &Connection, account: AccountId) -> Result<Vec<Hold>, ReadError> {
    all(
        connection,
        "SELECT token, filter, reason, placed_us, released_us FROM holds WHERE account = ?1
         ORDER BY placed_us, token",
        [account.0],
        |row| {
            Ok(Hold {
                token: row.get("token")?,
                filter: row.get("filter")?,
                reason: row.get("reason")?,
                placed_at: row.get::<_, Us>("placed_us")?.0,
                released_at: row.get::<_, Option<Us>>("released_us")?.map(|us| us.0),
            })
        },
    )
}

/// The users of an account.
pub(super) fn users(connection: &Connection, account: AccountId) -> Result<Vec<User>, ReadError> {
    all(
        connection,
        "SELECT id, name, role, created_us, removed_us FROM users WHERE account = ?1 ORDER BY id",
        [account.0],
        |row| {
            Ok(User {
                id: row.get("id")?,
                name: row.get("name")?,
                role: row.get::<_, RoleWord>("role")?.0,
                created_at: row.get::<_, Us>("created_us")?.0,
                removed_at: instant(row, "removed_us")?,
            })
        },
    )
}

/// The access tokens of an account, without grants.
pub(super) fn tokens(connection: &Connection, account: AccountId) -> Result<Vec<AccessToken>, ReadError> {
    all(
        connection,
        "SELECT id, number, user_id, name, hash, scopes, role, created_us, expires_us, revoked_us, last_used_us
         FROM tokens WHERE account = ?1 ORDER BY number, id",
        [account.0],
        |row| token(row, kind(row)?),
    )
}

/// Whose secret has this hash.
pub(super) fn identify(connection: &Connection, hash: &TokenHash) -> Result<Option<Identity>, ReadError> {
    let own = maybe(
        connection,
        "SELECT account, id, number, user_id, name, hash, scopes, role, created_us, expires_us, revoked_us,
                last_used_us
         FROM tokens WHERE hash = ?1",
        [hash],
        |row| Ok(Identity { account: row.get::<_, Id>("account")?.0, token: token(row, kind(row)?)? }),
    )?;
    if own.is_some() {
        return Ok(own);
    }
    maybe(
        connection,
        "SELECT g.account AS account, g.token_id AS id, g.number AS number, g.name AS name, g.hash AS hash,
                g.scopes AS scopes, g.role AS role, g.created_us AS created_us, g.expires_us AS expires_us,
                t.revoked_us AS revoked_us, t.last_used_us AS last_used_us
         FROM grants g JOIN tokens t ON t.account = g.account AND t.id = g.token_id
         WHERE g.hash = ?1",
        [hash],
        |row| Ok(Identity { account: row.get::<_, Id>("account")?.0, token: token(row, TokenKind::Grant)? }),
    )
}

fn kind(row: &Row<'_>) -> rusqlite::Result<TokenKind> {
    Ok(match row.get("user_id")? {
        Some(user_id) => TokenKind::Personal { user_id },
        None => TokenKind::Service,
    })
}

fn token(row: &Row<'_>, kind: TokenKind) -> rusqlite::Result<AccessToken> {
    Ok(AccessToken {
        id: row.get("id")?,
        number: row.get("number")?,
        kind,
        name: row.get("name")?,
        hash: row.get("hash")?,
        scopes: row.get::<_, ScopeBits>("scopes")?.0,
        role: row.get::<_, RoleWord>("role")?.0,
        created_at: row.get::<_, Us>("created_us")?.0,
        expires_at: instant(row, "expires_us")?,
        revoked_at: instant(row, "revoked_us")?,
        last_used_at: instant(row, "last_used_us")?,
    })
}

/// Reads one page of the database.
pub(super) fn check(connection: &Connection) -> Result<(), ReadError> {
    maybe(connection, "SELECT 1 FROM accounts LIMIT 1", (), |_| Ok(())).map(|_| ())
}

/// All rows that a question finds.
fn all<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, ReadError> {
    let mut select = connection.prepare_cached(sql).map_err(error::read)?;
    let rows = select.query_map(values, read).map_err(error::read)?;
    rows.collect::<rusqlite::Result<_>>().map_err(error::read)
}

/// The one row that a question may find.
fn maybe<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, ReadError> {
    let mut select = connection.prepare_cached(sql).map_err(error::read)?;
    select.query_one(values, read).optional().map_err(error::read)
}
