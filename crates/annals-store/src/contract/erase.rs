//! How rows lose what was erased.

use std::sync::Arc;

use super::Outcome;
use super::support::{A, B, append, assert_conflict, leaf, seal, unsealed};
use crate::catalog::Catalog;

/// Rows are replaced, and nothing else: neither their leaves nor the tree.
pub async fn rows_are_replaced(catalog: &Arc<dyn Catalog>) -> Outcome {
    let tree = append(catalog, A, &["a", "b", "c"]).await?;
    append(catalog, B, &["b0", "b1"]).await?;
    catalog.replace_rows(A, vec![(2, b"C".into()), (0, b"A longer one".into())]).await?;
    catalog.scrub().await?;
    assert_eq!(catalog.rows(A, &[0, 1, 2]).await?, unsealed(&["A longer one", "b", "C"]));
    assert_eq!(catalog.rows(B, &[0, 1]).await?, unsealed(&["b0", "b1"]));
    assert_eq!(catalog.tree(A).await?, tree);
    assert_eq!(catalog.entries(A, 0..1, 9).await?.first().map(|entry| entry.leaf), Some(leaf("a")));
    catalog.replace_rows(A, Vec::new()).await?;
    // The log goes on.
    append(catalog, A, &["d"]).await?;
    Ok(())
}

/// All rows are replaced or none; one that is not in the head is a conflict.
pub async fn only_rows_of_the_head_are_replaced(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &["a", "b", "c"]).await?;
    seal(catalog, A, "s", 0..1).await?;
    for index in [0, 3, 1 << 40, u64::MAX] {
        assert_conflict(&catalog.replace_rows(A, vec![(1, b"x".into()), (index, b"x".into())]).await);
    }
    assert_eq!(catalog.rows(A, &[1, 2]).await?, unsealed(&["b", "c"]));
    Ok(())
}
