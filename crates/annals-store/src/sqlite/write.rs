//! The statements that write. Each function is part of a transaction; its first error ends the transaction.

use annals_format::Timestamp;
use rusqlite::{Connection, Params};

use super::error;
use super::value::pack;
use crate::catalog::{Append, Commit, CommitError, Use};
use crate::model::{AccessToken, AccountId};

mod changes;
mod head;
mod leases;
mod segments;
mod tlog;

pub(super) use head::{forget_copies, replace_rows};
pub(super) use leases::acquire;
pub(super) use segments::seal;
pub(super) use tlog::keep_checkpoints;

/// Adds to logs, then changes what is beside them.
pub(super) fn commit(connection: &Connection, commit: &Commit) -> Result<(), CommitError> {
    for one in &commit.appends {
        append(connection, one)?;
    }
    commit.changes.iter().try_for_each(|change| changes::apply(connection, change))
}

fn append(connection: &Connection, append: &Append) -> Result<(), CommitError> {
    swap_tree(connection, append)?;
    head::insert(connection, append)?;
    tlog::add_tile_hashes(connection, append.account, &append.tile_hashes)?;
    for request in &append.keys {
        let recall = &request.recall;
        one(execute(
            connection,
            "INSERT INTO request_keys (account, key, content, indexes, at_us) VALUES (?1, ?2, ?3, ?4, ?5)",
            (append.account.0, request.key, recall.content, pack(&recall.indexes), request.at.us()),
        )?)?;
    }
    Ok(())
}

/// The compare-and-swap: a log of another size is not touched.
fn swap_tree(connection: &Connection, append: &Append) -> Result<(), CommitError> {
    let tree = &append.tree;
    let sql = if append.expected_size == 0 {
        "INSERT INTO trees (account, size, edge, clock_us) VALUES (?1, ?3, ?4, ?5)
         ON CONFLICT (account) DO UPDATE SET size = ?3, edge = ?4, clock_us = ?5 WHERE size = ?2"
    } else {
        "UPDATE trees SET size = ?3, edge = ?4, clock_us = ?5 WHERE account = ?1 AND size = ?2"
    };
    let size = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    one(execute(
        connection,
        sql,
        (
            append.account.0,
            size(append.expected_size),
            size(tree.edge.size()),
            tree.edge.to_bytes(),
            tree.clock.us(),
        ),
    )?)
}

/// Issues a grant for a token of the account.
pub(super) fn grant(
    connection: &Connection,
    account: AccountId,
    grant: &AccessToken,
) -> Result<(), CommitError> {
    one(execute(
        connection,
        "INSERT INTO grants (hash, account, token_id, number, name, scopes, role, created_us, expires_us)
         SELECT ?1, account, id, ?4, ?5, ?6, ?7, ?8, ?9 FROM tokens WHERE account = ?2 AND id = ?3",
        (
            grant.hash,
            account.0,
            &grant.id,
            grant.number,
            &grant.name,
            grant.scopes.bits(),
            grant.role.as_str(),
            grant.created_at.us(),
            grant.expires_at.map(Timestamp::us),
        ),
    )?)
}

/// Notes when tokens were last used.
pub(super) fn touch(connection: &Connection, uses: &[Use]) -> Result<(), CommitError> {
    for one in uses {
        execute(
            connection,
            "UPDATE tokens SET last_used_us = ?3
             WHERE account = ?1 AND id = ?2 AND (last_used_us IS NULL OR last_used_us < ?3)",
            (one.account.0, &one.id, one.at.us()),
        )?;
    }
    Ok(())
}

/// Forgets up to `rows_max` request keys recorded before `before`.
pub(super) fn forget_keys(
    connection: &Connection,
    before: Timestamp,
    rows_max: u32,
) -> Result<usize, CommitError> {
    execute(
        connection,
        "DELETE FROM request_keys WHERE (account, key) IN
         (SELECT account, key FROM request_keys WHERE at_us < ?1 LIMIT ?2)",
        (before.us(), rows_max),
    )
}

/// Forgets up to `rows_max` grants that expired before `now`.
pub(super) fn forget_grants(
    connection: &Connection,
    now: Timestamp,
    rows_max: u32,
) -> Result<usize, CommitError> {
    execute(
        connection,
        "DELETE FROM grants WHERE hash IN (SELECT hash FROM grants WHERE expires_us < ?1 LIMIT ?2)",
        (now.us(), rows_max),
    )
}

/// Runs one statement and returns how many rows it touched.
fn execute(connection: &Connection, sql: &str, values: impl Params) -> Result<usize, CommitError> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values)).map_err(error::write)
}

/// Exactly one row was to be touched; if none was, what the caller expected is not there.
fn one(rows: usize) -> Result<(), CommitError> {
    if rows == 1 { Ok(()) } else { Err(CommitError::Conflict) }
}
