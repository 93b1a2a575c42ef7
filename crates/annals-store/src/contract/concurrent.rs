//! How the catalog behaves when many use it at once.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::Outcome;
use super::support::{A, B, PLENTY, append, append_to, at, compact, log, seal};
use crate::catalog::{Catalog, Commit, CommitError};
use crate::model::AccountId;

const COMMITTERS: u32 = 16;
const COMMITS: usize = 8;

/// Appends to some logs at once, looking again after each conflict.
async fn append_until_done(
    catalog: &Arc<dyn Catalog>,
    accounts: &[AccountId],
    row: &str,
    blocking: bool,
) -> Outcome {
    loop {
        let mut commit = Commit::default();
        for account in accounts {
            commit.appends.push(append_to(&catalog.tree(*account).await?, *account, &[row]));
        }
        let commit = Arc::new(commit);
        let done =
            if blocking { catalog.commit_blocking(commit).await } else { catalog.commit(commit).await };
        match done {
            Err(CommitError::Conflict) => {}
            done => return Ok(done?),
        }
    }
}

/// Every committer's entries, whichever way they commit, are in the log once, in the order in which it made them, and the tree is theirs.
pub async fn concurrent_committers_lose_nothing(catalog: &Arc<dyn Catalog>) -> Outcome {
    let mut committers = JoinSet::new();
    for committer in 0..COMMITTERS {
        let catalog = Arc::clone(catalog);
        committers.spawn(async move {
            for number in 0..COMMITS {
                let row = format!("{committer:02} {number}");
                append_until_done(&catalog, &[A], &row, committer % 2 == 1).await?;
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

/// Of those who seal the same entries at once exactly one does it, and the same goes for those who compact.
pub async fn concurrent_sealers_have_one_winner(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &["row"; 9]).await?;
    for replaces in [None, Some("all")] {
        let mut sealers = JoinSet::new();
        for sealer in 0..COMMITTERS {
            let catalog = Arc::clone(catalog);
            sealers.spawn(async move {
                let name = format!("by-{sealer}");
                let replaces = replaces.as_slice();
                (compact(&catalog, A, &name, 0..9, replaces).await, name)
            });
        }
        let mut winners = Vec::new();
        while let Some(done) = sealers.join_next().await {
            match done? {
                (Ok(()), name) => winners.push(name),
                (Err(CommitError::Conflict), _) => {}
                (Err(error), _) => return Err(error.into()),
            }
        }
        let segments = catalog.segments(A).await?;
        assert_eq!(segments.iter().map(|segment| &segment.name).collect::<Vec<_>>(), [&winners[0]]);
        assert_eq!(winners.len(), 1, "{winners:?}");
        let next = if replaces.is_none() { "all" } else { "last" };
        compact(catalog, A, next, 0..9, &[&winners[0]]).await?;
    }
    Ok(())
}

/// Of those who want a lease at once exactly one gets it.
pub async fn concurrent_holders_have_one_winner(catalog: &Arc<dyn Catalog>) -> Outcome {
    let mut holders = JoinSet::new();
    for holder in 0..COMMITTERS {
        let catalog = Arc::clone(catalog);
        holders.spawn(async move { catalog.acquire("work", &holder.to_string(), at(0), at(9)).await });
    }
    let mut winners = 0;
    while let Some(got) = holders.join_next().await {
        winners += u32::from(got??);
    }
    assert_eq!(winners, 1);
    Ok(())
}

/// While commits go on, an answer never holds a part of one, nor less than an answer before it.
pub async fn readers_see_whole_commits(catalog: &Arc<dyn Catalog>) -> Outcome {
    let writer = {
        let catalog = Arc::clone(catalog);
        tokio::spawn(async move {
            for number in 0..50 {
                append_until_done(&catalog, &[A, B], &number.to_string(), false).await?;
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

/// While seals go on, an answer begins where some seal ended and holds all that follows.
pub async fn readers_see_whole_seals(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &["row"; 100]).await?;
    let sealer = {
        let catalog = Arc::clone(catalog);
        tokio::spawn(async move {
            for number in 0..20 {
                seal(&catalog, A, &format!("s{number}"), number * 5..number * 5 + 5).await?;
                catalog.forget(at(0), at(0)).await?;
            }
            Outcome::Ok(())
        })
    };
    let mut sealed = 0;
    while sealed < 100 {
        let entries = catalog.entries(A, 0..100, PLENTY).await?;
        let first = entries.first().map_or(100, |entry| entry.index);
        assert!(first >= sealed && first % 5 == 0, "the head starts at {first} after {sealed}");
        assert!(entries.iter().map(|entry| entry.index).eq(first..100));
        let rows = catalog.rows(A, &(0..100).collect::<Vec<_>>()).await?;
        let none = rows.iter().take_while(|row| row.is_none()).count() as u64;
        assert!(none >= first && rows.iter().flatten().count() as u64 == 100 - none);
        let segments = catalog.segments(A).await?;
        assert!(segments.last().map_or(0, |last| last.indexes.end) >= none);
        sealed = first;
        if sealer.is_finished() {
            break;
        }
    }
    sealer.await??;
    assert!(log(catalog, A).await?.is_empty());
    Ok(())
}
