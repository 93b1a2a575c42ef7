//! How a connection is opened and set up, and why it may not be.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema::{self, Found};
use super::{SqliteOptions, checkpoint};
use crate::catalog::Cause;

/// Bytes in a page of a new database. With rows of about 1.2 KB, a thousand to a commit, it takes no more time than
/// 4 KiB and less than 16 KiB; longer rows leave less of a page empty than with 4 KiB.
const PAGE_BYTES: u32 = 8_192;

/// KiB of pages that the writer may keep: what a large commit changes is written once, when it is complete.
const WRITER_CACHE_KIB: u32 = 8_192;

/// KiB of pages that every other connection may keep. The kernel caches the same file, so more buys little.
const CACHE_KIB: u32 = 1_024;

/// Prepared statements that a connection keeps: more than there are.
const STATEMENTS: usize = 64;

/// Why a database was not opened. Nothing was changed in it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory that should hold it is missing.
    #[error("the directory of the catalog does not exist, create it first: {}", path.display())]
    NoDirectory {
        /// The missing directory.
        path: PathBuf,
    },
    /// The file or its directory cannot be written.
    #[error("the catalog cannot be written, give this user write access to it and its directory: {}", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("this file is not a catalog of annals, name another one: {}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer annals wrote it.
    #[error("the catalog was written by a newer annals, run that version (schema {found}, known up to {known}): {}", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The latest version that is known here.
        known: usize,
    },
    /// There is no space to write. Reading works.
    #[error("the disk is full, free some of it: {}", path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// Anything else.
    #[error("the catalog cannot be opened: {}: {source}", path.display())]
    Failed {
        /// The database.
        path: PathBuf,
        /// What the system says.
        source: Cause,
    },
}

impl OpenError {
    /// What an error of SQLite means while opening.
    pub(super) fn of(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign { path },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path },
            _ => Self::Failed { path, source: error.into() },
        }
    }
}

/// Opens the connection that writes. Creates the database, gives it the current schema and empties its log.
pub(super) fn writer(path: &Path, options: &SqliteOptions) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::of(path, error);
    let mut connection = connect(path, options, OpenFlags::SQLITE_OPEN_CREATE)?;
    connection.pragma_update(None, "cache_size", -i64::from(WRITER_CACHE_KIB)).map_err(failed)?;
    if connection.is_readonly("main").map_err(failed)? {
        return Err(OpenError::ReadOnly { path: path.into() });
    }
    if let Found::Empty = schema::look(&connection, path)? {
        connection.pragma_update(None, "page_size", PAGE_BYTES).map_err(failed)?;
    }
    let mode: String =
        connection.query_one("PRAGMA journal_mode = WAL", (), |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        let source = "its file system does not support shared memory, use a local one".into();
        return Err(OpenError::Failed { path: path.into(), source });
    }
    schema::migrate(&mut connection, path)?;
    // After a failed fsync the kernel may hold log pages that it will never write again. Recovery takes them for good,
    // and later commits would build on them. Copied to the database file and synced there, they are safe.
    match checkpoint::run(&connection, checkpoint::Mode::Truncate, options.busy_wait) {
        Ok(_) => Ok(connection),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
            Err(OpenError::Full { path: path.into() })
        }
        Err(error) => Err(failed(error)),
    }
}

/// Opens a connection that only reads; the database must exist.
pub(super) fn reader(path: &Path, options: &SqliteOptions) -> Result<Connection, OpenError> {
    let connection = connect(path, options, OpenFlags::empty())?;
    connection.pragma_update(None, "query_only", true).map_err(|error| OpenError::of(path, error))?;
    Ok(connection)
}

/// Opens a connection and sets it up.
pub(super) fn connect(
    path: &Path,
    options: &SqliteOptions,
    create: OpenFlags,
) -> Result<Connection, OpenError> {
    // An absolute path is never taken for a URI, which this build of SQLite would follow.
    let absolute = std::path::absolute(path)
        .map_err(|error| OpenError::Failed { path: path.into(), source: error.into() })?;
    if let Some(directory) = absolute.parent().filter(|directory| !directory.is_dir()) {
        return Err(OpenError::NoDirectory { path: directory.into() });
    }
    // One thread at a time uses a connection, so it needs no mutex of its own.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let set_up = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(&absolute, flags)?;
        connection.busy_timeout(options.busy_wait)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // What only a tampered file would use.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        // A full fsync reaches the platters on macOS too. Checkpoints are the writer's own business.
        connection.execute_batch(&format!(
            "PRAGMA synchronous = FULL;
             PRAGMA fullfsync = ON;
             PRAGMA checkpoint_fullfsync = ON;
             PRAGMA wal_autocheckpoint = 0;
             PRAGMA journal_size_limit = {};
             PRAGMA cache_size = -{CACHE_KIB};
             PRAGMA mmap_size = 0;
             PRAGMA temp_store = MEMORY;
             PRAGMA foreign_keys = OFF;",
            options.checkpoint_bytes.saturating_mul(checkpoint::KEPT),
        ))?;
        Ok(connection)
    };
    set_up().map_err(|error| OpenError::of(path, error))
}
