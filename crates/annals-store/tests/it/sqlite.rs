//! What is particular to the embedded engine: its file, its log and other processes.

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use annals_format::Timestamp;
use annals_store::contract::Outcome;
use annals_store::{
    Account, AccountId, Append, Catalog, Change, Commit, CommitError, NewEntry, OpenError, Role, Scope, Seal,
    SegmentInfo, Sqlite, SqliteOptions, Tree, User,
};
use annals_tlog::leaf_hash;
use rusqlite::Connection;
use tempfile::TempDir;

mod damage;
mod migrate;
mod seal;

const A: AccountId = AccountId(1);

#[expect(clippy::unwrap_used, reason = "a test has nothing better to do without a directory")]
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("catalog.db")
}

/// Opens the catalog in a directory, patient with other handles however busy the machine is.
#[expect(clippy::unwrap_used, reason = "tests of how opening fails call `Sqlite::open` themselves")]
pub(crate) fn open(directory: &TempDir) -> Sqlite {
    let options = SqliteOptions { busy_wait: Duration::from_mins(1), ..SqliteOptions::default() };
    Sqlite::open(&file(directory), options).unwrap()
}

/// One more entry of `bytes` bytes.
fn append(tree: &Tree, bytes: usize) -> Append {
    let entry = NewEntry { row: vec![b'x'; bytes], leaf: leaf_hash(&tree.edge.size().to_le_bytes()) };
    let mut next = tree.clone();
    next.edge.push(entry.leaf);
    Append {
        account: A,
        expected_size: tree.edge.size(),
        entries: vec![entry],
        tree: next,
        tile_hashes: Vec::new(),
        keys: Vec::new(),
    }
}

async fn grow(catalog: &dyn Catalog, bytes: usize) -> Result<(), CommitError> {
    catalog.commit(one_more(catalog, bytes).await?).await
}

async fn one_more(catalog: &dyn Catalog, bytes: usize) -> Result<Arc<Commit>, CommitError> {
    let tree = catalog.tree(A).await.map_err(|error| CommitError::Unavailable(error.into()))?;
    Ok(Arc::new(Commit { appends: vec![append(&tree, bytes)], changes: Vec::new() }))
}

async fn seal(catalog: &dyn Catalog, name: &str, indexes: Range<u64>) -> Result<(), CommitError> {
    let segment = SegmentInfo { name: name.into(), indexes, bytes: 9, footer_bytes: 5 };
    catalog.seal(Seal { account: A, segment, replaces: Vec::new() }).await
}

fn names() -> Vec<Change> {
    let created_at = Timestamp::from_us(1);
    vec![
        Change::CreateAccount(Account {
            id: A,
            token: "acct_a".into(),
            title: "A".into(),
            created_at,
            default_workspace: None,
            log_public: false,
            retention: None,
        }),
        Change::CreateUser {
            account: A,
            user: User { id: 1, name: "U".into(), role: Role::Owner, created_at, removed_at: None },
        },
        Change::CreateWorkspace {
            account: A,
            workspace: annals_store::Workspace { token: "w".into(), name: "W".into(), created_at },
        },
        Change::CreateToken {
            account: A,
            token: annals_store::AccessToken {
                id: "tkn_t".into(),
                number: 1,
                kind: annals_store::TokenKind::Service,
                name: "T".into(),
                hash: [7; 32],
                scopes: Scope::ALL.into_iter().collect(),
                role: Role::Owner,
                created_at,
                expires_at: None,
                revoked_at: None,
                last_used_at: None,
            },
        },
    ]
}

#[tokio::test]
async fn reopening_keeps_everything() -> Outcome {
    let directory = directory();
    let first = open(&directory);
    first.commit(Arc::new(Commit { appends: Vec::new(), changes: names() })).await?;
    for _ in 0..3 {
        grow(&first, 1_000).await?;
    }
    seal(&first, "s", 0..1).await?;
    let before = (
        first.accounts().await?,
        first.tree(A).await?,
        first.entries(A, 0..9, usize::MAX).await?,
        first.segments(A).await?,
        first.tokens(A).await?,
    );
    assert_eq!((before.2.len(), before.3.len()), (2, 1));
    drop(first);
    assert!(!directory.path().join("catalog.db-wal").exists(), "a closed catalog is one file");

    let second = open(&directory);
    let after = (
        second.accounts().await?,
        second.tree(A).await?,
        second.entries(A, 0..9, usize::MAX).await?,
        second.segments(A).await?,
        second.tokens(A).await?,
    );
    assert_eq!(after, before);
    Ok(())
}

#[tokio::test]
async fn two_handles_on_one_file_see_each_other_and_conflict() -> Outcome {
    let directory = directory();
    let (one, other) = (open(&directory), open(&directory));
    for catalog in [&one, &other, &one] {
        grow(catalog, 10).await?;
    }
    let tree = one.tree(A).await?;
    assert_eq!(other.tree(A).await?, tree);
    assert_eq!(tree.edge.size(), 3);

    let commit = || Arc::new(Commit { appends: vec![append(&tree, 10)], changes: Vec::new() });
    other.commit(commit()).await?;
    assert!(matches!(one.commit(commit()).await, Err(CommitError::Conflict)));
    drop(other);
    grow(&one, 10).await?;
    assert_eq!(one.entries(A, 0..9, usize::MAX).await?.len(), 5);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_handles_lose_nothing() -> Outcome {
    let directory = directory();
    let handles = [Arc::new(open(&directory)), Arc::new(open(&directory))];
    let mut committers = tokio::task::JoinSet::new();
    for number in 0..8 {
        let catalog = Arc::clone(&handles[number % 2]);
        committers.spawn(async move {
            let mut done = 0;
            while done < 8 {
                match grow(&*catalog, 10).await {
                    Ok(()) => done += 1,
                    Err(CommitError::Conflict) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        });
    }
    while let Some(done) = committers.join_next().await {
        done??;
    }
    for catalog in handles {
        assert_eq!(catalog.entries(A, 0..99, usize::MAX).await?.len(), 64);
    }
    Ok(())
}

#[tokio::test]
async fn a_catalog_that_is_locked_is_unavailable_and_then_works_again() -> Outcome {
    let directory = directory();
    let options = SqliteOptions { busy_wait: Duration::from_millis(50), ..SqliteOptions::default() };
    let catalog = Sqlite::open(&file(&directory), options)?;
    let other = Connection::open(file(&directory))?;
    other.execute_batch("BEGIN IMMEDIATE")?;
    let refused = grow(&catalog, 10).await;
    assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
    assert_eq!(catalog.tree(A).await?, Tree::default(), "readers do not wait for writers");

    other.execute_batch("ROLLBACK")?;
    Ok(grow(&catalog, 10).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_does_not_grow_without_bound_also_under_readers() -> Outcome {
    const CHECKPOINT: u64 = 256 << 10;
    for (readers, blocking) in [(0, false), (3, false), (0, true), (3, true)] {
        let directory = directory();
        let options = SqliteOptions { checkpoint_bytes: CHECKPOINT, ..SqliteOptions::default() };
        let catalog = Arc::new(Sqlite::open(&file(&directory), options)?);
        let mut reading = tokio::task::JoinSet::new();
        for _ in 0..readers {
            let catalog = Arc::clone(&catalog);
            reading.spawn(async move { while catalog.entries(A, 0..99, usize::MAX).await.is_ok() {} });
        }
        for _ in 0..400 {
            let commit = one_more(&*catalog, 10_000).await?;
            if blocking {
                catalog.commit_blocking(commit).await?;
            } else {
                catalog.commit(commit).await?;
            }
            let log = directory.path().join("catalog.db-wal").metadata()?.len();
            // It starts again when it is overgrown fourfold and copied, at the latest eightfold; readers that are slow can put
            // that off, but not for ever.
            let checkpoints = if readers == 0 { 9 } else { 24 };
            assert!(log < checkpoints * CHECKPOINT, "{log} bytes with {readers} readers");
        }
        reading.shutdown().await;
    }
    Ok(())
}

fn refusal(path: &Path) -> Result<OpenError, &'static str> {
    Sqlite::open(path, SqliteOptions::default()).err().ok_or("it was opened")
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() -> Outcome {
    let directory = directory();
    drop(open(&directory));
    let version = |sql: &str| -> rusqlite::Result<i64> {
        let connection = Connection::open(file(&directory))?;
        connection.execute_batch(sql)?;
        connection.query_one("PRAGMA user_version", (), |row| row.get(0))
    };
    let current = version("")?;
    version("PRAGMA user_version = 99")?;
    let error = refusal(&file(&directory))?;
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("newer annals"), "{error}");
    assert_eq!(version("")?, 99);

    version(&format!("PRAGMA user_version = {current}"))?;
    drop(open(&directory));
    Ok(())
}

#[test]
fn a_file_of_somebody_else_is_refused_and_left_alone() -> Outcome {
    let directory = directory();
    let path = file(&directory);

    let notes = "these are somebody's notes, which happen to be longer than a header ".repeat(9);
    File::create(&path)?.write_all(notes.as_bytes())?;
    let before = std::fs::read(&path)?;
    let error = refusal(&path)?;
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(std::fs::read(&path)?, before);

    std::fs::remove_file(&path)?;
    Connection::open(&path)?.execute_batch("CREATE TABLE notes (text TEXT)")?;
    let before = std::fs::read(&path)?;
    let error = refusal(&path)?;
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(std::fs::read(&path)?, before);
    Ok(())
}

#[test]
fn a_place_that_cannot_hold_a_catalog_is_named() -> Outcome {
    let directory = directory();
    let missing = directory.path().join("missing");
    let error = refusal(&missing.join("catalog.db"))?;
    assert!(matches!(&error, OpenError::NoDirectory { path } if *path == missing), "{error}");

    let error = refusal(directory.path())?;
    assert!(matches!(error, OpenError::Failed { .. }), "{error}");
    assert!(error.to_string().contains(&directory.path().display().to_string()), "{error}");
    Ok(())
}
