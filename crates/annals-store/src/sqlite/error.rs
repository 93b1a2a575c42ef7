//! What an error of SQLite means to the caller of the catalog.

use rusqlite::{Error, ErrorCode, ffi};

use crate::catalog::{CommitError, ReadError};

/// An error of a read.
pub(super) fn read(error: Error) -> ReadError {
    match error.sqlite_error_code() {
        // Without a code it is not from SQLite: a value is not what its column holds.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) | None => {
            ReadError::Corrupt(error.to_string())
        }
        Some(_) => ReadError::Unavailable(error.into()),
    }
}

/// An error before `COMMIT`, after which the transaction is rolled back.
pub(super) fn write(error: Error) -> CommitError {
    let taken = match &error {
        Error::SqliteFailure(failure, _) => matches!(
            failure.extended_code,
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID
        ),
        _ => false,
    };
    if taken { CommitError::Conflict } else { CommitError::Unavailable(error.into()) }
}

/// An error out of `COMMIT` itself.
///
/// SQLite writes the pages of the transaction to the log, then syncs the log, then shows the transaction to others.
/// A full disk ends the first step before the last page, without which recovery takes nothing; a lock that is not
/// had ends it before it starts. Behind any other error the whole transaction may stand in the log: readers do not
/// see it, but a recovery after a crash finds it, until the next successful commit has overwritten it.
pub(super) fn commit(error: Error) -> CommitError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            CommitError::Unavailable(error.into())
        }
        _ => CommitError::Unknown(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: std::ffi::c_int) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn a_commit_is_undone_only_where_that_is_certain() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_BUSY_SNAPSHOT, ffi::SQLITE_LOCKED] {
            assert!(matches!(commit(failure(code)), CommitError::Unavailable(_)), "{code}");
        }
        for code in [
            ffi::SQLITE_IOERR,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_IOERR_DIR_FSYNC,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_NOMEM,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_ERROR,
        ] {
            assert!(matches!(commit(failure(code)), CommitError::Unknown(_)), "{code}");
        }
    }

    #[test]
    fn before_the_commit_nothing_is_unknown() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_CORRUPT] {
            assert!(matches!(write(failure(code)), CommitError::Unavailable(_)), "{code}");
        }
        for code in
            [ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ffi::SQLITE_CONSTRAINT_ROWID]
        {
            assert!(matches!(write(failure(code)), CommitError::Conflict), "{code}");
        }
        // Nobody took anything: looking again would not help.
        for code in [ffi::SQLITE_CONSTRAINT_NOTNULL, ffi::SQLITE_CONSTRAINT_DATATYPE] {
            assert!(matches!(write(failure(code)), CommitError::Unavailable(_)), "{code}");
        }
    }

    #[test]
    fn damage_is_told_from_bad_moments() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(matches!(read(failure(code)), ReadError::Corrupt(_)), "{code}");
        }
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_IOERR_READ, ffi::SQLITE_CANTOPEN, ffi::SQLITE_NOMEM] {
            assert!(matches!(read(failure(code)), ReadError::Unavailable(_)), "{code}");
        }
        assert!(matches!(read(Error::IntegralValueOutOfRange(0, -1)), ReadError::Corrupt(_)));
    }
}
