//! The statements that read what has been sealed.

use rusqlite::Connection;

use super::all;
use crate::catalog::ReadError;
use crate::model::AccountId;
use crate::segment::{self, SegmentInfo};
use crate::sqlite::value::{Length, Size};

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
