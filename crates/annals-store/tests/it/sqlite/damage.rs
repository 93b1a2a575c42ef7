//! A database whose values contradict the schema's meaning is called corrupt, and never answered from.

use std::sync::Arc;

use annals_format::Timestamp;
use annals_store::contract::Outcome;
use annals_store::{Catalog, Commit, CommitError, ReadError, Recall, RequestKey, Sqlite};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{A, append, directory, file, grow, names, open, seal};

/// A catalog with one of everything, damaged by `sql`.
async fn damaged(sql: &str) -> Result<(Sqlite, TempDir), Box<dyn std::error::Error + Send + Sync>> {
    let directory = directory();
    let catalog = open(&directory);
    let mut append = append(&catalog.tree(A).await?, 10);
    append.keys.push(RequestKey {
        key: [1; 32],
        recall: Recall { content: [2; 32], indexes: vec![0] },
        at: Timestamp::from_us(1),
    });
    catalog.commit(Arc::new(Commit { appends: vec![append], changes: names() })).await?;
    let connection = Connection::open(file(&directory))?;
    assert_eq!(connection.execute(sql, ())?, 1, "{sql}");
    Ok((catalog, directory))
}

fn assert_corrupt<T: std::fmt::Debug>(answer: &Result<T, ReadError>, sql: &str) {
    assert!(matches!(answer, Err(ReadError::Corrupt(_))), "{sql}: {answer:?}");
}

#[tokio::test]
async fn an_account_out_of_range_is_corrupt() -> Outcome {
    for sql in [
        "UPDATE accounts SET id = -1",
        "UPDATE accounts SET id = 1 << 23",
        "UPDATE accounts SET id = (1 << 32) + 1",
        "UPDATE accounts SET created_us = 9223372036854775807",
    ] {
        let (catalog, _directory) = damaged(sql).await?;
        assert_corrupt(&catalog.accounts().await, sql);
    }
    Ok(())
}

#[tokio::test]
async fn a_tree_that_is_none_is_corrupt() -> Outcome {
    for sql in [
        "UPDATE trees SET size = -1",
        "UPDATE trees SET size = 3",
        "UPDATE trees SET size = (1 << 40) + 1",
        "UPDATE trees SET size = 1 << 62",
        "UPDATE trees SET edge = x'00'",
        "UPDATE trees SET clock_us = -9223372036854775807 - 1",
    ] {
        let (catalog, _directory) = damaged(sql).await?;
        assert_corrupt(&catalog.tree(A).await, sql);
    }
    Ok(())
}

#[tokio::test]
async fn an_entry_that_is_none_is_corrupt() -> Outcome {
    for sql in
        ["UPDATE head SET leaves = x'00'", "UPDATE head SET leaves = x''", "UPDATE head SET key = key + 1"]
    {
        let (catalog, _directory) = damaged(sql).await?;
        assert_corrupt(&catalog.entries(A, 0..9, usize::MAX).await, sql);
        assert_corrupt(&catalog.rows(A, &[0]).await, sql);
    }
    Ok(())
}

/// Three entries that are kept together, and what could pass for two, for four, or for longer ones.
#[tokio::test]
async fn a_chunk_that_is_none_is_corrupt() -> Outcome {
    for sql in [
        "UPDATE head SET leaves = substr(leaves, 1, 95)",
        "UPDATE head SET leaves = zeroblob(32 * 4)",
        "UPDATE head SET leaves = zeroblob(32 * 300)",
        "UPDATE head SET rows = x''",
        "UPDATE head SET rows = substr(rows, 1, 7)",
        "UPDATE head SET rows = substr(rows, 1, 27)",
        "UPDATE head SET rows = CAST(x'ffffffff' || substr(rows, 5) AS BLOB)",
        "UPDATE head SET rows = CAST(x'15000000' || substr(rows, 5) AS BLOB)",
        "UPDATE head SET key = key - 1",
    ] {
        let directory = directory();
        let catalog = open(&directory);
        let mut append = append(&catalog.tree(A).await?, 10);
        for _ in 1..3 {
            let entry = append.entries[0].clone();
            append.tree.edge.push(entry.leaf);
            append.entries.push(entry);
        }
        catalog.commit(Arc::new(Commit { appends: vec![append], changes: Vec::new() })).await?;
        assert_eq!(catalog.entries(A, 0..9, usize::MAX).await?.len(), 3);
        assert_eq!(Connection::open(file(&directory))?.execute(sql, ())?, 1, "{sql}");
        assert_corrupt(&catalog.entries(A, 0..9, usize::MAX).await, sql);
        assert_corrupt(&catalog.rows(A, &[0, 1, 2]).await, sql);
        let refused = catalog.replace_rows(A, vec![(0, b"x".into())]).await;
        assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{sql}: {refused:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_gap_in_the_head_is_corrupt() -> Outcome {
    let directory = directory();
    let catalog = open(&directory);
    for _ in 0..6 {
        grow(&catalog, 10).await?;
    }
    seal(&catalog, "s", 0..2).await?;
    Connection::open(file(&directory))?.execute("DELETE FROM head WHERE key & 7 IN (2, 4)", ())?;
    for range in [0..6, 2..3, 2..6, 3..6, 4..6] {
        assert_corrupt(&catalog.entries(A, range.clone(), usize::MAX).await, &format!("{range:?}"));
    }
    assert_eq!(catalog.entries(A, 3..4, usize::MAX).await?.len(), 1);
    assert_corrupt(&catalog.rows(A, &[2]).await, "a gap is not sealed");
    assert_eq!(catalog.rows(A, &[1]).await?, [None]);
    Ok(())
}

#[tokio::test]
async fn a_segment_that_is_none_is_corrupt() -> Outcome {
    for sql in [
        "UPDATE segments SET first = 1 WHERE first = 0",
        "UPDATE segments SET first = 1 WHERE first = 2",
        "UPDATE segments SET first = 3 WHERE first = 2",
        "UPDATE segments SET first = -9223372036854775807 - 1 WHERE first = 0",
        "UPDATE segments SET \"end\" = -1 WHERE first = 0",
        "UPDATE segments SET \"end\" = (1 << 40) + 1 WHERE first = 2",
        "UPDATE segments SET bytes = -1 WHERE first = 0",
        "UPDATE segments SET bytes = 4 WHERE first = 0",
        "UPDATE segments SET footer_bytes = 1 << 32 WHERE first = 0",
        "UPDATE segments SET name = '' WHERE first = 0",
        "UPDATE segments SET name = '../x' WHERE first = 0",
        "DELETE FROM segments WHERE first = 0",
    ] {
        let directory = directory();
        let catalog = open(&directory);
        for _ in 0..6 {
            grow(&catalog, 10).await?;
        }
        seal(&catalog, "s", 0..2).await?;
        seal(&catalog, "t", 2..5).await?;
        assert_eq!(Connection::open(file(&directory))?.execute(sql, ())?, 1, "{sql}");
        assert_corrupt(&catalog.segments(A).await, sql);
    }
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_none_is_corrupt() -> Outcome {
    for sql in
        ["UPDATE request_keys SET content = x'00'", "UPDATE request_keys SET indexes = x'00000000000000'"]
    {
        let (catalog, _directory) = damaged(sql).await?;
        assert_corrupt(&catalog.recall(A, &[[1; 32]]).await, sql);
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_is_none_is_corrupt() -> Outcome {
    for sql in ["UPDATE users SET role = 'king'", "UPDATE users SET removed_us = 9223372036854775807"] {
        let (catalog, _directory) = damaged(sql).await?;
        assert_corrupt(&catalog.users(A).await, sql);
    }
    for sql in [
        "UPDATE tokens SET role = ''",
        "UPDATE tokens SET scopes = 255",
        "UPDATE tokens SET scopes = -1",
        "UPDATE tokens SET expires_us = 9223372036854775807",
    ] {
        let (catalog, _directory) = damaged(sql).await?;
        assert_corrupt(&catalog.tokens(A).await, sql);
        assert_corrupt(&catalog.identify(&[7; 32]).await, sql);
    }
    let sql = "UPDATE tokens SET account = 1 << 23";
    let (catalog, _directory) = damaged(sql).await?;
    assert_corrupt(&catalog.identify(&[7; 32]).await, sql);
    Ok(())
}
