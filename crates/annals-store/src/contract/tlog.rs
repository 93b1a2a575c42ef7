//! What logs are proven with.

use std::sync::Arc;

use super::Outcome;
use super::support::{A, B, account, append, append_to, assert_conflict, change, leaf};
use crate::catalog::{Catalog, Change, SignedCheckpoint, TileHash};
use crate::model::AccountId;

/// The hashes of tiles come back by level and position, up to where they end.
pub async fn tile_hashes_are_read_back(catalog: &Arc<dyn Catalog>) -> Outcome {
    assert!(catalog.tile_hashes(A, 1, 0..9).await?.is_empty());
    let rows: Vec<String> = (0..600).map(|number| format!("r{number}")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    append(catalog, A, &rows[..300]).await?;
    append(catalog, B, &rows[..256]).await?;
    append(catalog, A, &rows[300..]).await?;

    let whole = catalog.tile_hashes(A, 1, 0..9).await?;
    assert_eq!(whole.len(), 2);
    assert_eq!(catalog.tile_hashes(A, 1, 1..2).await?, &whole[1..]);
    assert_eq!(catalog.tile_hashes(B, 1, 0..u64::MAX).await?, &whole[..1]);
    for nothing in
        [catalog.tile_hashes(A, 1, 2..9), catalog.tile_hashes(A, 2, 0..9), catalog.tile_hashes(A, 1, 0..0)]
    {
        assert!(nothing.await?.is_empty());
    }
    Ok(())
}

/// A hash is added once: another one in its place would be another tree.
pub async fn a_tile_hash_is_added_once(catalog: &Arc<dyn Catalog>) -> Outcome {
    let tile_hash = TileHash { level: 1, position: 0, hash: leaf("one") };
    let mut append = append_to(&catalog.tree(A).await?, A, &["a"]);
    append.tile_hashes = vec![tile_hash];
    catalog.commit(append.into()).await?;
    let mut again = append_to(&catalog.tree(A).await?, A, &["b"]);
    again.tile_hashes = vec![TileHash { hash: leaf("other"), ..tile_hash }];
    assert_conflict(&catalog.commit(again.into()).await);
    assert_eq!(catalog.tile_hashes(A, 1, 0..1).await?, [leaf("one")]);

    let mut leaves = append_to(&catalog.tree(A).await?, A, &["c"]);
    leaves.tile_hashes = vec![TileHash { level: 0, ..tile_hash }];
    assert!(catalog.commit(leaves.into()).await.is_err());
    Ok(())
}

fn signed(account: AccountId, size: u64, root: &str, note: &str) -> SignedCheckpoint {
    SignedCheckpoint { account, size, root: leaf(root), note: note.into() }
}

/// Checkpoints never shrink, and never say two things of one size. What else is in the note may change.
pub async fn a_checkpoint_takes_the_place_of_a_smaller_one(catalog: &Arc<dyn Catalog>) -> Outcome {
    assert_eq!(catalog.checkpoint(A).await?, None);
    let first = signed(A, 3, "three", "signed");
    let cosigned = signed(A, 3, "three", "signed and cosigned");
    let next = signed(A, 9, "nine", "next");
    for checkpoint in [&first, &cosigned, &next] {
        catalog.keep_checkpoints(vec![checkpoint.clone()]).await?;
        assert_eq!(catalog.checkpoint(A).await?.as_ref(), Some(checkpoint));
    }
    for refused in [first, signed(A, 9, "other", "next"), signed(A, 0, "none", "")] {
        assert_conflict(&catalog.keep_checkpoints(vec![signed(B, 1, "b", "b"), refused]).await);
        assert_eq!(catalog.checkpoint(A).await?.as_ref(), Some(&next));
        assert_eq!(catalog.checkpoint(B).await?, None);
    }
    catalog.keep_checkpoints(vec![signed(B, 1, "b", "b"), signed(A, 10, "ten", "both")]).await?;
    assert_eq!(catalog.checkpoint(B).await?, Some(signed(B, 1, "b", "b")));
    Ok(())
}

/// Whether a log is public is the account's own setting.
pub async fn a_log_is_published(catalog: &Arc<dyn Catalog>) -> Outcome {
    change(catalog, [Change::CreateAccount(account(A)), Change::CreateAccount(account(B))]).await?;
    for public in [true, true, false] {
        change(catalog, [Change::PublishLog { account: A, public }]).await?;
        let found: Vec<bool> = catalog.accounts().await?.iter().map(|account| account.log_public).collect();
        assert_eq!(found, [public, false]);
    }
    assert_conflict(&change(catalog, [Change::PublishLog { account: AccountId(9), public: true }]).await);
    Ok(())
}
