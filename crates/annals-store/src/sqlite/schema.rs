//! Which schema a database has, and how it gets the current one.

use std::path::Path;

use rusqlite::{Connection, Result, TransactionBehavior};

use super::open::OpenError;

/// The steps from an empty database to the current schema. A released step is never edited: `user_version` counts
/// those that were taken.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
];

/// Marks a database as a catalog of annals in the header of its file: "annl".
const APPLICATION_ID: i64 = 0x616E_6E6C;

/// What the header of a database says.
pub(super) enum Found {
    /// It was just created.
    Empty,
    /// It has the current schema.
    Current,
    /// It has the first `steps` of the migrations.
    Older { steps: usize },
}

/// Looks at a database without changing it, and refuses one that is not ours to change.
pub(super) fn look(connection: &Connection, path: &Path) -> Result<Found, OpenError> {
    let number = |sql| connection.query_one(sql, (), |row| row.get::<_, i64>(0));
    let read = || -> Result<_> {
        Ok((
            number("PRAGMA application_id")?,
            number("PRAGMA user_version")?,
            number("SELECT count(*) FROM sqlite_schema")?,
        ))
    };
    let known = MIGRATIONS.len();
    match read().map_err(|error| OpenError::of(path, error))? {
        (0, 0, 0) => Ok(Found::Empty),
        (APPLICATION_ID, version, _) => match usize::try_from(version) {
            Ok(version) if version == known => Ok(Found::Current),
            Ok(steps) if steps < known => Ok(Found::Older { steps }),
            _ => Err(OpenError::Newer { path: path.into(), found: version, known }),
        },
        _ => Err(OpenError::Foreign { path: path.into() }),
    }
}

/// Gives the database the current schema, in one transaction: a crash leaves the old schema or the new one.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    if matches!(look(connection, path)?, Found::Current) {
        return Ok(());
    }
    let failed = |error| OpenError::of(path, error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Another process may have migrated while this one waited for the lock.
    let steps = match look(&transaction, path)? {
        Found::Empty => 0,
        Found::Older { steps } => steps,
        Found::Current => return Ok(()),
    };
    for migration in MIGRATIONS.iter().skip(steps) {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.execute_batch(&format!("PRAGMA user_version = {}", MIGRATIONS.len())).map_err(failed)?;
    transaction.commit().map_err(failed)
}
