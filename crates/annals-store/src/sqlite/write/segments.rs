//! The statements that list segments.

use rusqlite::{Connection, OptionalExtension};

use super::{execute, one};
use crate::catalog::CommitError;
use crate::model::AccountId;
use crate::segment::{Seal, SegmentInfo};
use crate::sqlite::error;

/// Lists a segment in place of the head's oldest entries, or of other segments.
pub(in crate::sqlite) fn seal(connection: &Connection, seal: &Seal) -> Result<(), CommitError> {
    let Seal { account, segment, replaces } = seal;
    if !replaces.is_empty() {
        make_room(connection, *account, segment, replaces)?;
        return insert(connection, *account, segment);
    }
    let fits = "SELECT 1
         WHERE ?2 = coalesce((SELECT max(\"end\") FROM segments WHERE account = ?1), 0)
           AND ?3 <= coalesce((SELECT size FROM trees WHERE account = ?1), 0)";
    let range = &segment.indexes;
    connection
        .prepare_cached(fits)
        .and_then(|mut fits| {
            fits.query_one((account.0, number(range.start), number(range.end)), |_| Ok(())).optional()
        })
        .map_err(error::write)?
        .ok_or(CommitError::Conflict)?;
    insert(connection, *account, segment)
}

/// Takes the named segments off the list. A conflict unless they make exactly as much room as `segment` needs.
fn make_room(
    connection: &Connection,
    account: AccountId,
    segment: &SegmentInfo,
    names: &[String],
) -> Result<(), CommitError> {
    if names.contains(&segment.name) {
        return Err(CommitError::Conflict);
    }
    let range = &segment.indexes;
    let sql = "DELETE FROM segments WHERE account = ?1 AND name = ?2 AND first >= ?3 AND \"end\" <= ?4
         RETURNING \"end\" - first";
    let mut delete = connection.prepare_cached(sql).map_err(error::write)?;
    let mut room: i64 = 0;
    for name in names {
        // One that reaches beyond the range is not found, nor is one that was named before.
        let entries: Option<i64> = delete
            .query_one((account.0, name, number(range.start), number(range.end)), |row| row.get(0))
            .optional()
            .map_err(error::write)?;
        room = room.saturating_add(entries.ok_or(CommitError::Conflict)?);
    }
    // Segments do not overlap, so that those within a range fill it if they are as long together.
    if room == number(range.end - range.start) { Ok(()) } else { Err(CommitError::Conflict) }
}

fn insert(connection: &Connection, account: AccountId, segment: &SegmentInfo) -> Result<(), CommitError> {
    one(execute(
        connection,
        "INSERT INTO segments (account, first, \"end\", name, bytes, footer_bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            account.0,
            number(segment.indexes.start),
            number(segment.indexes.end),
            &segment.name,
            number(segment.bytes),
            segment.footer_bytes,
        ),
    )?)
}

/// A number that was checked to be below 2⁶³.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
