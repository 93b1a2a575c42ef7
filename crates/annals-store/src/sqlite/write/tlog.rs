//! Writing what logs are proven with.

use rusqlite::Connection;

use super::{execute, one};
use crate::catalog::{CommitError, SignedCheckpoint, TileHash};
use crate::model::AccountId;

/// Adds to the tiles of a tree.
pub(super) fn add_tile_hashes(
    connection: &Connection,
    account: AccountId,
    hashes: &[TileHash],
) -> Result<(), CommitError> {
    for TileHash { level, position, hash } in hashes {
        one(execute(
            connection,
            "INSERT INTO tile_hashes (account, level, position, hash) VALUES (?1, ?2, ?3, ?4)",
            (account.0, level, i64::try_from(*position).unwrap_or(i64::MAX), hash.as_bytes()),
        )?)?;
    }
    Ok(())
}

/// Keeps what was signed, unless it contradicts what was signed before.
pub(in crate::sqlite) fn keep_checkpoints(
    connection: &Connection,
    signed: &[SignedCheckpoint],
) -> Result<(), CommitError> {
    for SignedCheckpoint { account, size, root, note } in signed {
        one(execute(
            connection,
            "INSERT INTO checkpoints (account, size, root, note) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (account) DO UPDATE SET size = ?2, root = ?3, note = ?4
             WHERE size < ?2 OR (size = ?2 AND root = ?3)",
            (account.0, i64::try_from(*size).unwrap_or(i64::MAX), root.as_bytes(), note),
        )?)?;
    }
    Ok(())
}
