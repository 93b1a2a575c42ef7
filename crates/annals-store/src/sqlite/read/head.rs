//! The statements that read entries.

use std::ops::Range;

use annals_tlog::Hash;
use rusqlite::{CachedStatement, Connection};

use super::{all, maybe};
use crate::catalog::{NewEntry, ReadError, StoredRow};
use crate::check::SIZE_MAX;
use crate::model::AccountId;
use crate::sqlite::chunk::Chunk;
use crate::sqlite::error;
use crate::sqlite::value::{Id, Size, key};

/// Where the head of a log starts: the first index that is in no segment.
pub(in crate::sqlite) fn head_start(connection: &Connection, account: AccountId) -> Result<u64, ReadError> {
    let sql = "SELECT max(\"end\") FROM segments WHERE account = ?1";
    let end = maybe(connection, sql, [account.0], |row| row.get::<_, Option<Size>>(0))?;
    Ok(end.flatten().map_or(0, |end| end.0))
}

/// How many entries a log has.
fn size(connection: &Connection, account: AccountId) -> Result<u64, ReadError> {
    let sql = "SELECT size FROM trees WHERE account = ?1";
    Ok(maybe(connection, sql, [account.0], |row| row.get::<_, Size>(0))?.map_or(0, |size| size.0))
}

/// The chunks of an account from a key on: at its key stands the last entry of each.
fn chunks(connection: &Connection) -> Result<CachedStatement<'_>, ReadError> {
    let sql = format!("SELECT {} FROM head WHERE key >= ?1 AND key < ?2 ORDER BY key", Chunk::COLUMNS);
    connection.prepare_cached(&sql).map_err(error::read)
}

/// Entries of the head in a range of indexes.
pub(in crate::sqlite) fn entries(
    connection: &Connection,
    account: AccountId,
    range: &Range<u64>,
    bytes_max: usize,
) -> Result<Vec<StoredRow>, ReadError> {
    let mut next = range.start.max(head_start(connection, account)?);
    let mut select = chunks(connection)?;
    let mut found = select.query((key(account, next), key(account, SIZE_MAX))).map_err(error::read)?;
    let (mut entries, mut bytes): (Vec<StoredRow>, usize) = (Vec::new(), 0);
    while next < range.end
        && let Some(row) = found.next().map_err(error::read)?
    {
        let chunk = Chunk::of(row)?;
        if !chunk.indexes().contains(&next) {
            return Err(missing(account, next));
        }
        for (index, leaf, row) in chunk.from(next).take_while(|(index, ..)| *index < range.end) {
            bytes = bytes.saturating_add(row.len() + Hash::LEN);
            if bytes > bytes_max && !entries.is_empty() {
                return Ok(entries);
            }
            entries.push(StoredRow { index, leaf, row: row.to_vec() });
            next = index.saturating_add(1);
        }
    }
    // Here the head ends, or else what it should have is not there.
    if next < range.end && next < size(connection, account)? {
        return Err(missing(account, next));
    }
    Ok(entries)
}

/// The rows at some indexes; none where the head has not started yet.
pub(in crate::sqlite) fn rows(
    connection: &Connection,
    account: AccountId,
    indexes: &[u64],
) -> Result<Vec<Option<Vec<u8>>>, ReadError> {
    let head_start = head_start(connection, account)?;
    let mut rows: Vec<Option<Vec<u8>>> = vec![None; indexes.len()];
    // In the order in which they lie, which is seldom the one of the question: a chunk is read once, and neighbours in one go.
    let places = indexes.iter().zip(&mut rows).filter(|(index, _)| **index >= head_start);
    let mut wanted: Vec<_> = places.collect();
    wanted.sort_unstable_by_key(|(index, _)| **index);
    let mut wanted = wanted.into_iter().peekable();
    let mut select = chunks(connection)?;
    while let Some((first, _)) = wanted.peek() {
        let mut next = **first;
        let mut found = select.query((key(account, next), key(account, SIZE_MAX))).map_err(error::read)?;
        while wanted.peek().is_some_and(|(index, _)| **index == next) {
            let row = found.next().map_err(error::read)?.ok_or_else(|| missing(account, next))?;
            let chunk = Chunk::of(row)?;
            while let Some((index, place)) = wanted.next_if(|(index, _)| **index < chunk.indexes().end) {
                let row = chunk.row(*index).ok_or_else(|| missing(account, *index))?;
                *place = Some(row.to_vec());
            }
            next = chunk.indexes().end;
        }
    }
    Ok(rows)
}

fn missing(account: AccountId, index: u64) -> ReadError {
    ReadError::Corrupt(format!("account {} has no entry at index {index}", account.0))
}

/// The accounts of which the head still has copies of sealed entries, and where their heads start.
pub(in crate::sqlite) fn copies(connection: &Connection) -> Result<Vec<(AccountId, u64)>, ReadError> {
    let heads = all(connection, "SELECT account, max(\"end\") FROM segments GROUP BY account", (), |row| {
        Ok((row.get::<_, Id>(0)?.0, row.get::<_, Size>(1)?.0))
    })?;
    let mut left = Vec::new();
    for (account, head_start) in heads {
        if first_index(connection, account)?.is_some_and(|first| first < head_start) {
            left.push((account, head_start));
        }
    }
    Ok(left)
}

/// The first index that the head has, of an entry or of the copy of a sealed one.
pub(in crate::sqlite) fn first_index(
    connection: &Connection,
    account: AccountId,
) -> Result<Option<u64>, ReadError> {
    let mut select = chunks(connection)?;
    let mut found = select.query((key(account, 0), key(account, SIZE_MAX))).map_err(error::read)?;
    match found.next().map_err(error::read)? {
        Some(row) => Ok(Some(Chunk::of(row)?.indexes().start)),
        None => Ok(None),
    }
}

/// The chunk that holds the entry at an index: the index of its first entry, and all of them. None if there is no such chunk.
pub(in crate::sqlite) fn chunk_at(
    connection: &Connection,
    account: AccountId,
    index: u64,
) -> Result<Option<(u64, Vec<NewEntry>)>, ReadError> {
    let mut select = chunks(connection)?;
    let mut found = select.query((key(account, index), key(account, SIZE_MAX))).map_err(error::read)?;
    let Some(row) = found.next().map_err(error::read)? else { return Ok(None) };
    let chunk = Chunk::of(row)?;
    if !chunk.indexes().contains(&index) {
        return Ok(None);
    }
    let first = chunk.indexes().start;
    let entries = chunk.from(first).map(|(_, leaf, row)| NewEntry { leaf, row: row.to_vec() });
    Ok(Some((first, entries.collect())))
}
