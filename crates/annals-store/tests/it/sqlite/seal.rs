//! How the table of the head shrinks behind seals.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use annals_format::Timestamp;
use annals_store::contract::Outcome;
use annals_store::{Append, Catalog, Commit, NewEntry, Sqlite};
use annals_tlog::leaf_hash;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{A, directory, file, grow, open, seal};

async fn fill(catalog: &dyn Catalog, count: u64) -> Outcome {
    let mut tree = catalog.tree(A).await?;
    let expected_size = tree.edge.size();
    let entries: Vec<_> = (expected_size..expected_size + count)
        .map(|index| NewEntry { row: vec![b'x'; 100], leaf: leaf_hash(&index.to_le_bytes()) })
        .collect();
    for entry in &entries {
        tree.edge.push(entry.leaf);
    }
    let append =
        Append { account: A, expected_size, entries, tree, tile_hashes: Vec::new(), keys: Vec::new() };
    Ok(catalog.commit(Arc::new(Commit { appends: vec![append], changes: Vec::new() })).await?)
}

/// Entries in the table of the head, also those that nobody sees any more.
fn head_rows(directory: &TempDir) -> rusqlite::Result<u64> {
    Connection::open(file(directory))?
        .query_one("SELECT coalesce(sum(length(leaves) / 32), 0) FROM head", (), |row| row.get::<_, u32>(0))
        .map(u64::from)
}

async fn forget(catalog: &Sqlite) -> Result<u64, annals_store::CommitError> {
    catalog.forget(Timestamp::MIN, Timestamp::MIN).await
}

#[tokio::test]
async fn a_seal_deletes_nothing_and_forgetting_does() -> Outcome {
    let directory = directory();
    let catalog = open(&directory);
    fill(&catalog, 5_000).await?;
    seal(&catalog, "s", 0..3_500).await?;
    assert_eq!(head_rows(&directory)?, 5_000, "commits would wait for a seal that deletes");
    assert_eq!(catalog.entries(A, 0..9_999, usize::MAX).await?.len(), 1_500);

    assert_eq!(forget(&catalog).await?, 3_500);
    assert_eq!(head_rows(&directory)?, 1_500);
    assert_eq!(forget(&catalog).await?, 0);
    assert_eq!(catalog.entries(A, 0..9_999, usize::MAX).await?.len(), 1_500);
    Ok(())
}

#[tokio::test]
async fn commits_take_turns_with_deleting_copies() -> Outcome {
    let directory = directory();
    let catalog = open(&directory);
    fill(&catalog, 5_000).await?;
    seal(&catalog, "s", 0..5_000).await?;
    let mut forgetting = pin!(forget(&catalog));
    let (mut left, mut grown) = (Vec::new(), 0);
    let forgotten = loop {
        // It goes on to its next step only here, and a commit finds no more than that one done.
        if let Poll::Ready(done) = poll_fn(|context| Poll::Ready(forgetting.as_mut().poll(context))).await {
            break done?;
        }
        grow(&catalog, 10).await?;
        grown += 1;
        left.push(head_rows(&directory)? - grown);
    };
    assert_eq!(forgotten, 5_000);
    left.dedup();
    // Before the first step it looks for what there is to delete.
    let steps = left.split_off(left.len() - 3);
    assert!(
        (2_700..=2_952).contains(&steps[0]) && (500..=904).contains(&steps[1]) && steps[2] == 0,
        "{steps:?}"
    );
    assert!(left.iter().all(|rows| *rows == 5_000), "{left:?}");
    Ok(())
}

#[tokio::test]
async fn what_was_forgotten_in_part_is_forgotten_by_the_next() -> Outcome {
    let directory = directory();
    let catalog = open(&directory);
    fill(&catalog, 3_000).await?;
    seal(&catalog, "s", 0..2_999).await?;
    // A crash in the middle.
    Connection::open(file(&directory))?.execute("DELETE FROM head WHERE key & 0xFFFF < 1000", ())?;
    drop(catalog);

    let catalog = open(&directory);
    let left = head_rows(&directory)?;
    assert!((2_000..=2_200).contains(&left), "{left}");
    assert_eq!(forget(&catalog).await?, left - 1);
    assert_eq!(head_rows(&directory)?, 1);
    Ok(())
}

#[tokio::test]
async fn two_handles_seal_one_log() -> Outcome {
    let directory = directory();
    let (one, other) = (open(&directory), open(&directory));
    fill(&one, 10).await?;
    seal(&other, "a", 0..4).await?;
    assert!(matches!(seal(&one, "b", 0..4).await, Err(annals_store::CommitError::Conflict)));
    seal(&one, "b", 4..8).await?;
    assert_eq!(other.segments(A).await?, one.segments(A).await?);
    assert_eq!(other.entries(A, 0..10, usize::MAX).await?.len(), 2);
    assert!(one.acquire("work", "one", Timestamp::from_us(1), Timestamp::from_us(9)).await?);
    assert!(!other.acquire("work", "other", Timestamp::from_us(1), Timestamp::from_us(9)).await?);
    Ok(())
}
