//! How a retry is recognised.

use std::sync::Arc;

use super::Outcome;
use super::support::{A, B, append_to, assert_conflict, at, log, request};
use crate::catalog::{Append, Catalog, RequestKey};
use crate::model::AccountId;

async fn append_with(
    catalog: &Arc<dyn Catalog>,
    account: AccountId,
    rows: &[&str],
    keys: &[RequestKey],
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let append = append_to(&catalog.tree(account).await?, account, rows);
    Ok(catalog.commit(Append { keys: keys.to_vec(), ..append }.into()).await?)
}

/// Each key brings back its own content and indexes, in the order of the question.
pub async fn a_request_is_recalled_by_its_key(catalog: &Arc<dyn Catalog>) -> Outcome {
    let range = request("range", &[0, 1], 1);
    let mixed = request("mixed", &[3, 0, 2, u64::MAX], 2);
    let empty = request("empty", &[], 3);
    append_with(catalog, A, &["a", "b"], std::slice::from_ref(&range)).await?;
    append_with(catalog, A, &["c", "d"], &[mixed.clone(), empty.clone()]).await?;

    let never = request("never", &[], 0);
    let keys = [&mixed, &never, &range, &empty, &mixed].map(|request| request.key);
    let recalled = catalog.recall(A, &keys).await?;
    let expected = [Some(&mixed), None, Some(&range), Some(&empty), Some(&mixed)];
    assert_eq!(recalled, expected.map(|request| request.map(|request| request.recall.clone())));
    assert!(catalog.recall(A, &[]).await?.is_empty());
    Ok(())
}

/// A key that is there already, or twice in one commit, is a conflict, and its entries are not stored.
pub async fn a_key_is_recorded_once(catalog: &Arc<dyn Catalog>) -> Outcome {
    let key = request("key", &[0], 1);
    append_with(catalog, A, &["a"], std::slice::from_ref(&key)).await?;

    let again = RequestKey { at: at(2), ..key.clone() };
    let twice = request("twice", &[1], 2);
    for keys in [vec![again], vec![twice.clone(), twice]] {
        let append = append_to(&catalog.tree(A).await?, A, &["b"]);
        assert_conflict(&catalog.commit(Append { keys, ..append }.into()).await);
    }
    assert_eq!(log(catalog, A).await?, ["a"]);
    assert_eq!(catalog.recall(A, &[key.key]).await?, [Some(key.recall)]);
    Ok(())
}

/// Two accounts may use the same key.
pub async fn keys_of_accounts_are_apart(catalog: &Arc<dyn Catalog>) -> Outcome {
    let (mine, yours) = (request("key", &[0], 1), request("key", &[0, 1], 1));
    append_with(catalog, A, &["a"], std::slice::from_ref(&mine)).await?;
    assert_eq!(catalog.recall(B, &[mine.key]).await?, [None]);
    append_with(catalog, B, &["b", "c"], std::slice::from_ref(&yours)).await?;
    assert_eq!(catalog.recall(A, &[mine.key]).await?, [Some(mine.recall)]);
    assert_eq!(catalog.recall(B, &[yours.key]).await?, [Some(yours.recall)]);
    Ok(())
}

/// Keys recorded before an instant are forgotten in all accounts, later ones are kept, and a key may be used again.
pub async fn keys_are_forgotten_when_they_are_old(catalog: &Arc<dyn Catalog>) -> Outcome {
    let (old, new) = (request("old", &[0], 9), request("new", &[0], 10));
    for account in [A, B] {
        append_with(catalog, account, &["a"], &[old.clone(), new.clone()]).await?;
    }
    assert_eq!(catalog.forget(at(10), at(0)).await?, 2);
    assert_eq!(catalog.forget(at(10), at(0)).await?, 0);
    for account in [A, B] {
        let recalled = catalog.recall(account, &[old.key, new.key]).await?;
        assert_eq!(recalled, [None, Some(new.recall.clone())]);
        append_with(catalog, account, &["b"], &[request("old", &[1], 11)]).await?;
    }
    Ok(())
}

/// However many there are, one call forgets them all.
pub async fn many_keys_are_forgotten_at_once(catalog: &Arc<dyn Catalog>) -> Outcome {
    let keys: Vec<_> = (0..2_345).map(|number| request(&format!("key {number}"), &[0], number)).collect();
    append_with(catalog, A, &["a"], &keys).await?;
    assert_eq!(catalog.forget(at(2_340), at(0)).await?, 2_340);
    let recalled = catalog.recall(A, &keys.iter().map(|request| request.key).collect::<Vec<_>>()).await?;
    assert_eq!(recalled.iter().flatten().count(), 5);
    Ok(())
}
