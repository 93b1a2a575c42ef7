//! How logs grow.

use std::sync::Arc;

use super::Outcome;
use super::support::{
    A, B, PLENTY, account, append, append_to, assert_conflict, at, leaf, log, request, unsealed,
};
use crate::catalog::{Catalog, Change, Commit, CommitError, StoredRow, Tree};
use crate::model::AccountId;

/// An account without entries, or without anything, has the empty tree.
pub async fn a_log_is_empty_at_first(catalog: &Arc<dyn Catalog>) -> Outcome {
    assert_eq!(catalog.tree(A).await?, Tree::default());
    assert!(log(catalog, A).await?.is_empty());
    assert!(catalog.rows(A, &[]).await?.is_empty());
    Ok(())
}

/// Rows, leaves, edge and clock come back as they were given.
pub async fn an_append_is_read_back(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &["a", "b"]).await?;
    let tree = append(catalog, A, &["c"]).await?;

    assert_eq!(tree.edge.size(), 3);
    assert_eq!(catalog.tree(A).await?, tree);
    let stored = |index, row: &str| StoredRow { index, row: row.into(), leaf: leaf(row) };
    let expected = vec![stored(0, "a"), stored(1, "b"), stored(2, "c")];
    assert_eq!(catalog.entries(A, 0..3, PLENTY).await?, expected);
    Ok(())
}

/// A log that is shorter or longer than expected is a conflict, and stays as it was.
pub async fn an_append_needs_the_size_it_expects(catalog: &Arc<dyn Catalog>) -> Outcome {
    let empty = Tree::default();
    let mut imaginary = empty.clone();
    imaginary.edge.push(leaf("never"));
    assert_conflict(&catalog.commit(append_to(&imaginary, A, &["too long"]).into()).await);

    let one = append(catalog, A, &["a"]).await?;
    let two = append(catalog, A, &["b"]).await?;
    for tree in [&empty, &one] {
        assert_conflict(&catalog.commit(append_to(tree, A, &["too late"]).into()).await);
    }
    assert_eq!(catalog.tree(A).await?, two);
    assert_eq!(log(catalog, A).await?, ["a", "b"]);
    Ok(())
}

/// A commit without entries is done only if the log has the expected size, also if that is 0, and any number of times.
pub async fn an_append_of_nothing_still_compares(catalog: &Arc<dyn Catalog>) -> Outcome {
    let empty = Tree::default();
    for _ in 0..2 {
        catalog.commit(append_to(&empty, A, &[]).into()).await?;
    }
    append(catalog, A, &["a"]).await?;
    assert_conflict(&catalog.commit(append_to(&empty, A, &[]).into()).await);

    let mut later = append_to(&catalog.tree(A).await?, A, &[]);
    later.tree.clock = at(99);
    catalog.commit(later.clone().into()).await?;
    assert_eq!(catalog.tree(A).await?, later.tree);
    Ok(())
}

/// Of several appends, keys and changes either all are done or none, whichever of them conflicts.
pub async fn one_conflict_spoils_the_whole_commit(catalog: &Arc<dyn Catalog>) -> Outcome {
    let (first, second) = (append(catalog, A, &["a"]).await?, append(catalog, B, &["b"]).await?);
    let stale = Tree::default();
    for (of_a, of_b) in [(&first, &stale), (&stale, &second)] {
        let mut appends = vec![append_to(of_a, A, &["x"]), append_to(of_b, B, &["y"])];
        for append in &mut appends {
            append.keys.push(request("key", &[1], 1));
        }
        let changes = vec![Change::CreateAccount(account(A))];
        assert_conflict(&catalog.commit(Arc::new(Commit { appends, changes })).await);
    }
    assert_eq!((catalog.tree(A).await?, catalog.tree(B).await?), (first.clone(), second.clone()));
    assert_eq!((log(catalog, A).await?, log(catalog, B).await?), (vec!["a".into()], vec!["b".into()]));
    assert!(catalog.accounts().await?.is_empty());
    assert_eq!(catalog.recall(A, &[request("key", &[], 0).key]).await?, [None]);

    let appends = vec![append_to(&second, B, &["y"]), append_to(&first, A, &["x"])];
    catalog.commit(Arc::new(Commit { appends, changes: Vec::new() })).await?;
    assert_eq!(log(catalog, A).await?, ["a", "x"]);
    assert_eq!(log(catalog, B).await?, ["b", "y"]);
    Ok(())
}

/// What could not be read back is never stored.
pub async fn a_commit_that_contradicts_itself_is_refused(catalog: &Arc<dyn Catalog>) -> Outcome {
    let good = append_to(&Tree::default(), A, &["a"]);
    let mut longer = good.clone();
    longer.tree.edge.push(leaf("b"));
    let mut beyond = good.clone();
    beyond.account = AccountId(AccountId::MAX.0 + 1);
    let twice = vec![append_to(&Tree::default(), A, &[]), good.clone()];

    for appends in [vec![longer], vec![beyond], twice] {
        let refused = catalog.commit(Arc::new(Commit { appends, changes: Vec::new() })).await;
        assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
    }
    assert_eq!(catalog.tree(A).await?, Tree::default());
    Ok(())
}

/// What one account appends, no other sees, nor does it conflict with others.
pub async fn logs_of_accounts_are_apart(catalog: &Arc<dyn Catalog>) -> Outcome {
    let mine = append(catalog, A, &["mine"]).await?;
    assert_eq!(catalog.tree(B).await?, Tree::default());
    assert!(log(catalog, B).await?.is_empty());
    assert!(catalog.rows(B, &[0]).await.is_err());

    append(catalog, B, &["yours", "yours too"]).await?;
    assert_eq!(catalog.tree(A).await?, mine);
    assert_eq!(log(catalog, A).await?, ["mine"]);
    assert_eq!(catalog.rows(B, &[0]).await?, unsealed(&["yours"]));
    Ok(())
}

/// The smallest and the largest ids are accounts like any other, also where a range ends with them.
pub async fn logs_of_the_first_and_the_last_account_are_apart(catalog: &Arc<dyn Catalog>) -> Outcome {
    let ids = [AccountId(0), AccountId(1), AccountId(AccountId::MAX.0 - 1), AccountId::MAX];
    for id in ids {
        append(catalog, id, &[&format!("of {}", id.0)]).await?;
    }
    for id in ids {
        assert_eq!(log(catalog, id).await?, [format!("of {}", id.0)]);
        assert_eq!(catalog.tree(id).await?.edge.size(), 1);
        assert!(catalog.rows(id, &[1 << 40]).await.is_err());
        assert!(catalog.rows(id, &[u64::MAX]).await.is_err());
        assert!(catalog.entries(id, 1 << 40..u64::MAX, PLENTY).await?.is_empty());
    }
    Ok(())
}
