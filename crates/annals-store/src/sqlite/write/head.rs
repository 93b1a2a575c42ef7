//! The statements that write entries, and delete those that have been sealed.

use rusqlite::{Connection, OptionalExtension};

use super::{execute, one};
use crate::catalog::{Append, CommitError, NewEntry, ReadError};
use crate::check::SIZE_MAX;
use crate::model::AccountId;
use crate::sqlite::chunk;
use crate::sqlite::value::{index, key};
use crate::sqlite::{error, read};

/// Adds the entries of an append.
pub(super) fn insert(connection: &Connection, append: &Append) -> Result<(), CommitError> {
    // The size of the log was as expected, so that these places are free: one that is taken is damage, and no retry mends it.
    let damaged = |error: rusqlite::Error| CommitError::Unavailable(error.into());
    let sql = "INSERT INTO head (key, leaves, rows) VALUES (?1, ?2, ?3)";
    let mut insert = connection.prepare_cached(sql).map_err(damaged)?;
    let mut end = append.expected_size;
    for entries in chunk::divide(&append.entries) {
        end += entries.len() as u64;
        let (leaves, rows) = chunk::columns(entries);
        insert.execute((key(append.account, end.saturating_sub(1)), leaves, rows)).map_err(damaged)?;
    }
    Ok(())
}

/// Replaces rows of the head.
pub(in crate::sqlite) fn replace_rows(
    connection: &Connection,
    account: AccountId,
    rows: &[(u64, Vec<u8>)],
) -> Result<(), CommitError> {
    let head_start = read::head_start(connection, account).map_err(unavailable)?;
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|(index, _)| *index);
    let mut rows = rows.into_iter().peekable();
    while let Some((index, _)) = rows.peek() {
        // What was sealed may still have a copy here, which nobody sees.
        if *index < head_start || *index >= SIZE_MAX {
            return Err(CommitError::Conflict);
        }
        let chunk = read::chunk_at(connection, account, *index).map_err(unavailable)?;
        let (first, mut entries) = chunk.ok_or(CommitError::Conflict)?;
        let end = first + entries.len() as u64;
        while let Some((index, row)) = rows.next_if(|(index, _)| *index < end) {
            let at = usize::try_from(index - first).unwrap_or(usize::MAX);
            entries.get_mut(at).ok_or(CommitError::Conflict)?.row.clone_from(row);
        }
        rewrite(connection, account, end, &entries)?;
    }
    Ok(())
}

/// Writes the chunk anew that ends before an index.
fn rewrite(
    connection: &Connection,
    account: AccountId,
    end: u64,
    entries: &[NewEntry],
) -> Result<(), CommitError> {
    let (leaves, rows) = chunk::columns(entries);
    let sql = "UPDATE head SET leaves = ?2, rows = ?3 WHERE key = ?1";
    one(execute(connection, sql, (key(account, end.saturating_sub(1)), leaves, rows))?)
}

/// Deletes copies of entries before `head_start`, the oldest first: all there are, or whole chunks with at least `rows_max`.
/// Returns how many.
pub(in crate::sqlite) fn forget_copies(
    connection: &Connection,
    account: AccountId,
    head_start: u64,
    rows_max: u32,
) -> Result<u64, CommitError> {
    let first = read::first_index(connection, account).map_err(unavailable)?;
    let Some(first) = first.filter(|first| *first < head_start) else { return Ok(0) };
    // The first chunk whose end is far enough; behind it are those that have to wait.
    let sql = "SELECT key FROM head WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT 1";
    let bounds = (key(account, first.saturating_add(rows_max.into()) - 1), key(account, head_start));
    let last: Option<i64> = connection
        .prepare_cached(sql)
        .and_then(|mut select| select.query_one(bounds, |row| row.get(0)).optional())
        .map_err(error::write)?;
    let end = last.map_or(head_start, |last| index(last) + 1);
    execute(
        connection,
        "DELETE FROM head WHERE key >= ?1 AND key < ?2",
        (key(account, 0), key(account, end)),
    )?;
    // A chunk may have been sealed in part.
    if let Some((start, entries)) = read::chunk_at(connection, account, end).map_err(unavailable)?
        && let Some(entries) = entries.get(usize::try_from(end - start).unwrap_or(usize::MAX)..)
        && start < end
    {
        rewrite(connection, account, end + entries.len() as u64, entries)?;
    }
    Ok(end - first)
}

fn unavailable(error: ReadError) -> CommitError {
    CommitError::Unavailable(error.into())
}
