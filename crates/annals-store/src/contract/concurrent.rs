//! How the catalog behaves when many use it at once.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::Outcome;
use super::support::{A, B, append_to, log};
use crate::catalog::{Catalog, Commit, CommitError};
use crate::model::AccountId;

const COMMITTERS: u32 = 16;
const COMMITS: usize = 8;

/// Appends to some logs at once, looking again after each conflict.
async fn append_until_done(catalog: &Arc<dyn Catalog>, accounts: &[AccountId], row: &str) -> Outcome {
    loop {
        let mut commit = Commit::default();
        for account in accounts {
            commit.appends.push(append_to(&catalog.tree(*account).await?, *account, &[row]));
        }
        match catalog.commit(Arc::new(commit)).await {
            Err(CommitError::Conflict) => {}
            done => return Ok(done?),
        }
    }
}

/// Every committer's entries are in the log once, in the order in which it made them, and the tree is theirs.
pub async fn concurrent_committers_lose_nothing(catalog: &Arc<dyn Catalog>) -> Outcome {
    let mut committers = JoinSet::new();
    for committer in 0..COMMITTERS {
        let catalog = Arc::clone(catalog);
        committers.spawn(async move {
            for number in 0..COMMITS {
                append_until_done(&catalog, &[A], &format!("{committer:02} {number}")).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(done) = committers.join_next().await {
        done??;
    }

    let rows = log(catalog, A).await?;
    assert_eq!(rows.len(), COMMITTERS as usize * COMMITS);
    assert_eq!(rows.iter().collect::<HashSet<_>>().len(), rows.len());
    for committer in 0..COMMITTERS {
        let own: Vec<_> = rows.iter().filter(|row| row.starts_with(&format!("{committer:02} "))).collect();
        assert!(own.is_sorted(), "{own:?}");
    }
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    let expected = append_to(&crate::Tree::default(), A, &rows).tree;
    assert_eq!(catalog.tree(A).await?, expected);
    Ok(())
}

/// Those who write to different logs never have to look again.
pub async fn concurrent_logs_do_not_conflict(catalog: &Arc<dyn Catalog>) -> Outcome {
    let mut committers = JoinSet::new();
    for account in (0..COMMITTERS).map(AccountId) {
        let catalog = Arc::clone(catalog);
        committers.spawn(async move {
            for _ in 0..COMMITS {
                catalog.commit(append_to(&catalog.tree(account).await?, account, &["row"]).into()).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(done) = committers.join_next().await {
        done??;
    }
    Ok(())
}

/// While commits go on, an answer never holds a part of one, nor less than an answer before it.
pub async fn readers_see_whole_commits(catalog: &Arc<dyn Catalog>) -> Outcome {
    let writer = {
        let catalog = Arc::clone(catalog);
        tokio::spawn(async move {
            for number in 0..50 {
                append_until_done(&catalog, &[A, B], &number.to_string()).await?;
            }
            Outcome::Ok(())
        })
    };
    let mut seen = 0;
    while seen < 50 {
        let size = catalog.tree(A).await?.edge.size();
        assert!(size >= seen, "{size} entries after {seen}");
        let other = catalog.tree(B).await?.edge.size();
        assert!(other >= size, "a commit was half there");
        let rows = log(catalog, A).await?;
        assert!(rows.len() as u64 >= size, "{} rows in a tree of {size}", rows.len());
        seen = size;
        if writer.is_finished() {
            break;
        }
    }
    writer.await??;
    assert_eq!(log(catalog, B).await?.len(), 50);
    Ok(())
}
