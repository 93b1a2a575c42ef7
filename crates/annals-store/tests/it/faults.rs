//! The wrapper that breaks calls.

use std::sync::Arc;

use annals_store::contract::Outcome;
use annals_store::{
    AccountId, Append, Call, Catalog, Commit, CommitError, Fault, Faulty, Memory, ReadError, Tree,
};

const A: AccountId = AccountId(1);

fn append() -> Arc<Commit> {
    let mut tree = Tree::default();
    let entry = annals_store::NewEntry { row: b"row".into(), leaf: annals_tlog::leaf_hash(b"leaf") };
    tree.edge.push(entry.leaf);
    let append = Append { account: A, expected_size: 0, entries: vec![entry], tree, keys: Vec::new() };
    Arc::new(Commit { appends: vec![append], changes: Vec::new() })
}

fn faulty() -> Faulty {
    Faulty::new(Arc::new(Memory::new()))
}

#[tokio::test]
async fn each_fault_does_and_says_what_it_should() -> Outcome {
    for (fault, size, unknown) in [(Fault::Before, 0, false), (Fault::After, 1, true), (Fault::Lost, 0, true)]
    {
        let catalog = faulty();
        catalog.fail_at(0, fault);
        let error = catalog.commit(append()).await.err().ok_or("not broken")?;
        assert_eq!(matches!(error, CommitError::Unknown(_)), unknown, "{fault:?}: {error}");
        assert_eq!(matches!(error, CommitError::Unavailable(_)), !unknown, "{fault:?}: {error}");
        assert_eq!(catalog.tree(A).await?.edge.size(), size, "{fault:?}");

        catalog.fail_at(catalog.calls(), fault);
        assert!(matches!(catalog.tree(A).await, Err(ReadError::Unavailable(_))));
        catalog.tree(A).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_persistent_fault_lasts_until_it_is_healed() -> Outcome {
    let catalog = faulty();
    catalog.fail_from(1, Fault::Before);
    catalog.check().await?;
    for _ in 0..3 {
        assert!(catalog.check().await.is_err());
        assert!(catalog.commit(append()).await.is_err());
    }
    catalog.heal();
    catalog.check().await?;
    Ok(catalog.commit(append()).await?)
}

#[tokio::test]
async fn calls_are_counted_also_when_they_fail() -> Outcome {
    let catalog = faulty();
    catalog.commit(append()).await?;
    catalog.fail_at(1, Fault::Before);
    assert!(catalog.tree(A).await.is_err());
    catalog.tree(A).await?;
    assert_eq!(catalog.calls(), 3);
    assert_eq!(catalog.calls_of(Call::Tree), 2);
    assert_eq!(catalog.calls_of(Call::Commit), 1);
    assert_eq!(catalog.calls_of(Call::Grant), 0);
    Ok(())
}
