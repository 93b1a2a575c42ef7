//! The statements that read what has been sealed.

use rusqlite::{Connection, OptionalExtension};

use super::{all, maybe};
use crate::catalog::ReadError;
use crate::model::AccountId;
use crate::segment::{self, SegmentInfo};
use crate::sqlite::error;
use crate::sqlite::value::{Id, Length, Size, key};

/// The segments of a log. They are refused together if they could not have been listed so.
pub(in crate::sqlite) fn segments(
    connection: &Connection,
    account: AccountId,
) -> Result<Vec<SegmentInfo>, ReadError> {
    let segments = all(
        connection,
        "SELECT first, \"end\", name, bytes, footer_bytes FROM segments WHERE account = ?1 ORDER BY \"end\"",
        [account.0],
        |row| {
            Ok(SegmentInfo {
                indexes: row.get::<_, Size>("first")?.0..row.get::<_, Size>("end")?.0,
                name: row.get("name")?,
                bytes: row.get::<_, Length>("bytes")?.0,
                footer_bytes: row.get("footer_bytes")?,
            })
        },
    )?;
    let mut start = 0;
    for SegmentInfo { name, indexes, bytes, footer_bytes } in &segments {
        let sound = segment::is_name(name) && u64::from(*footer_bytes) <= *bytes;
        if !sound || indexes.is_empty() || indexes.start != start {
            let problem = format!("segment {name:?} of account {} cannot hold {indexes:?}", account.0);
            return Err(ReadError::Corrupt(problem));
        }
        start = indexes.end;
    }
    Ok(segments)
}

/// Where the head of a log starts: the first index that is in no segment.
pub(in crate::sqlite) fn head_start(connection: &Connection, account: AccountId) -> Result<u64, ReadError> {
    let sql = "SELECT max(\"end\") FROM segments WHERE account = ?1";
    let end = maybe(connection, sql, [account.0], |row| row.get::<_, Option<Size>>(0))?;
    Ok(end.flatten().map_or(0, |end| end.0))
}

/// The accounts of which the head still has copies of sealed entries, and where their heads start.
pub(in crate::sqlite) fn copies(connection: &Connection) -> Result<Vec<(AccountId, u64)>, ReadError> {
    let heads = all(connection, "SELECT account, max(\"end\") FROM segments GROUP BY account", (), |row| {
        Ok((row.get::<_, Id>(0)?.0, row.get::<_, Size>(1)?.0))
    })?;
    let sql = "SELECT 1 FROM head WHERE key >= ?1 AND key < ?2 LIMIT 1";
    let mut select = connection.prepare_cached(sql).map_err(error::read)?;
    let mut left = Vec::new();
    for (account, head_start) in heads {
        let found = select.query_one((key(account, 0), key(account, head_start)), |_| Ok(())).optional();
        if found.map_err(error::read)?.is_some() {
            left.push((account, head_start));
        }
    }
    Ok(left)
}
