//! How the writer comes through failures before, in and after a commit.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;

use super::{REST, State, error};
use crate::catalog::CommitError;
use crate::sqlite::SqliteOptions;

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// A writer with a table `t` of its own, which the schema of annals does not have.
fn writer(directory: &Path) -> Result<State, Box<dyn std::error::Error + Send + Sync>> {
    let path = directory.join("catalog.db");
    let mut state = State { path, options: SqliteOptions::default(), open: None, written_at: None };
    state.transact(run("CREATE TABLE t (value)"))?;
    Ok(state)
}

fn run(sql: &'static str) -> impl FnOnce(&Connection) -> Result<(), CommitError> {
    move |connection| connection.execute_batch(sql).map_err(error::write)
}

fn rows(state: &mut State) -> Result<i64, CommitError> {
    state.transact(|connection| {
        connection.query_one("SELECT count(*) FROM t", (), |row| row.get(0)).map_err(error::write)
    })
}

/// Runs statements outside a transaction.
fn set_up(state: &State, sql: &str) -> Outcome {
    let open = state.open.as_ref().ok_or("the writer has no connection")?;
    Ok(open.connection.execute_batch(sql)?)
}

#[test]
fn a_failure_inside_a_transaction_leaves_nothing_of_it() -> Outcome {
    let directory = tempfile::tempdir()?;
    let mut state = writer(directory.path())?;
    for sql in ["INSERT INTO t VALUES (1); SELECT nonsense", "INSERT INTO t VALUES (1); ROLLBACK; nonsense"] {
        let result = state.transact(run(sql));
        assert!(matches!(result, Err(CommitError::Unavailable(_))), "{result:?}");
        assert!(state.open.is_some(), "the connection is as good as before");
        assert_eq!(rows(&mut state)?, 0);
    }
    let result = state.transact(|connection| {
        run("INSERT INTO t VALUES (1)")(connection)?;
        Err::<(), _>(CommitError::Conflict)
    });
    assert!(matches!(result, Err(CommitError::Conflict)), "{result:?}");
    assert_eq!(rows(&mut state)?, 0);
    Ok(())
}

#[test]
fn a_full_disk_leaves_nothing_and_passes() -> Outcome {
    let directory = tempfile::tempdir()?;
    let mut state = writer(directory.path())?;
    // The least that SQLite takes is as many pages as there are.
    set_up(&state, "PRAGMA max_page_count = 1")?;
    let fill = "INSERT INTO t VALUES (1); INSERT INTO t VALUES (randomblob(100000))";
    let result = state.transact(run(fill));
    assert!(matches!(result, Err(CommitError::Unavailable(_))), "{result:?}");
    assert_eq!(rows(&mut state)?, 0);

    set_up(&state, "PRAGMA max_page_count = 1000000")?;
    state.transact(run(fill))?;
    assert_eq!(rows(&mut state)?, 2);
    Ok(())
}

/// Lets the next `COMMIT` fail with an error that does not say what became of the transaction.
fn break_commit(state: &mut State) -> Outcome {
    set_up(state, "PRAGMA foreign_keys = ON; CREATE TABLE parent (id INTEGER PRIMARY KEY)")?;
    set_up(state, "CREATE TABLE child (parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")?;
    let result = state.transact(run("INSERT INTO t VALUES (1); INSERT INTO child VALUES (7)"));
    assert!(matches!(result, Err(CommitError::Unknown(_))), "{result:?}");
    Ok(())
}

#[test]
fn after_an_unknown_outcome_the_connection_is_replaced() -> Outcome {
    let directory = tempfile::tempdir()?;
    let mut state = writer(directory.path())?;
    break_commit(&mut state)?;
    assert!(state.open.is_none());

    assert_eq!(rows(&mut state)?, 0);
    state.transact(run("INSERT INTO t VALUES (2)"))?;
    assert_eq!(rows(&mut state)?, 1);
    Ok(())
}

#[test]
fn while_the_connection_cannot_be_replaced_nothing_is_done() -> Outcome {
    let directory = tempfile::tempdir()?;
    let (here, elsewhere) = (directory.path().join("here"), directory.path().join("elsewhere"));
    std::fs::create_dir(&here)?;
    let mut state = writer(&here)?;
    break_commit(&mut state)?;

    std::fs::rename(&here, &elsewhere)?;
    for _ in 0..2 {
        let result = state.transact(run("INSERT INTO t VALUES (2)"));
        assert!(matches!(result, Err(CommitError::Unavailable(_))), "{result:?}");
    }
    std::fs::rename(&elsewhere, &here)?;
    assert_eq!(rows(&mut state)?, 0);
    Ok(())
}

#[test]
fn the_log_is_emptied_when_nobody_has_written_for_a_while() -> Outcome {
    let directory = tempfile::tempdir()?;
    let log = || std::fs::metadata(directory.path().join("catalog.db-wal")).map(|log| log.len());
    let mut state = writer(directory.path())?;
    state.transact(run("INSERT INTO t VALUES (1)"))?;
    state.rest();
    assert!(log()? > 0, "somebody has just written");

    state.written_at = Instant::now().checked_sub(REST);
    assert!(state.written_at.is_some(), "the machine has been up for a while");
    state.rest();
    assert_eq!(log()?, 0);

    state.transact(run("INSERT INTO t VALUES (2)"))?;
    state.rest();
    assert!(log()? > 0);
    assert_eq!(rows(&mut state)?, 2);
    Ok(())
}
