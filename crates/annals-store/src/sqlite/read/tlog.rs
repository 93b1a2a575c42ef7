//! Reading what logs are proven with.

use std::ops::Range;

use annals_tlog::Hash;
use rusqlite::Connection;

use super::{all, maybe};
use crate::catalog::{ReadError, SignedCheckpoint};
use crate::model::AccountId;
use crate::sqlite::value::Size;

/// Hashes of a level of tiles, as many from the start of the range as there are.
pub(in crate::sqlite) fn tile_hashes(
    connection: &Connection,
    account: AccountId,
    level: u8,
    positions: &Range<u64>,
) -> Result<Vec<Hash>, ReadError> {
    let bound = |position: u64| i64::try_from(position).unwrap_or(i64::MAX);
    let found = all(
        connection,
        "SELECT position, hash FROM tile_hashes WHERE account = ?1 AND level = ?2 AND position >= ?3 AND position < ?4
         ORDER BY position",
        (account.0, level, bound(positions.start), bound(positions.end)),
        |row| Ok((row.get::<_, Size>("position")?.0, Hash::from_bytes(row.get("hash")?))),
    )?;
    let gap = |(expected, found): (u64, &(u64, Hash))| expected != found.0;
    match (positions.start..).zip(&found).find(|pair| gap(*pair)) {
        None => Ok(found.into_iter().map(|(_, hash)| hash).collect()),
        Some((missing, _)) => Err(ReadError::Corrupt(format!(
            "account {} has no hash at position {missing} of level {level} of its tiles",
            account.0
        ))),
    }
}

/// What was last signed of a log.
pub(in crate::sqlite) fn checkpoint(
    connection: &Connection,
    account: AccountId,
) -> Result<Option<SignedCheckpoint>, ReadError> {
    maybe(connection, "SELECT size, root, note FROM checkpoints WHERE account = ?1", [account.0], |row| {
        Ok(SignedCheckpoint {
            account,
            size: row.get::<_, Size>("size")?.0,
            root: Hash::from_bytes(row.get("root")?),
            note: row.get("note")?,
        })
    })
}
