//! The statements of leases.

use annals_format::Timestamp;
use rusqlite::Connection;

use super::execute;
use crate::catalog::CommitError;

/// Takes, prolongs or gives back a lease; false if another has it.
pub(in crate::sqlite) fn acquire(
    connection: &Connection,
    lease: &str,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, CommitError> {
    // Whatever does not stand in the way goes first.
    execute(
        connection,
        "DELETE FROM leases WHERE name = ?1 AND (holder = ?2 OR until_us <= ?3)",
        (lease, holder, now.us()),
    )?;
    let free = execute(
        connection,
        "INSERT INTO leases (name, holder, until_us) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING",
        (lease, holder, until.us()),
    )?;
    if free == 1 && until <= now {
        execute(connection, "DELETE FROM leases WHERE name = ?1", [lease])?;
    }
    Ok(free == 1)
}
