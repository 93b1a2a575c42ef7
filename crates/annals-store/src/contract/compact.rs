//! How segments take the place of segments.

use std::sync::Arc;

use super::Outcome;
use super::support::{A, B, append, assert_conflict, compact, log, seal, segment};
use crate::catalog::Catalog;

/// A log of 20 entries, of which the segments `s0` to `s3` hold four each.
async fn four_segments(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &["row"; 20]).await?;
    for number in 0..4 {
        seal(catalog, A, &format!("s{number}"), number * 4..number * 4 + 4).await?;
    }
    Ok(())
}

/// One segment takes the place of one or more, named in any order, and later of others again; the head stays.
pub async fn a_segment_takes_the_place_of_its_neighbours(catalog: &Arc<dyn Catalog>) -> Outcome {
    four_segments(catalog).await?;
    let tree = catalog.tree(A).await?;

    compact(catalog, A, "middle", 4..12, &["s2", "s1"]).await?;
    let expected = [segment("s0", 0..4), segment("middle", 4..12), segment("s3", 12..16)];
    assert_eq!(catalog.segments(A).await?, expected);
    compact(catalog, A, "last", 12..16, &["s3"]).await?;
    compact(catalog, A, "all", 0..16, &["middle", "s0", "last"]).await?;
    assert_eq!(catalog.segments(A).await?, [segment("all", 0..16)]);

    assert_eq!(log(catalog, A).await?.len(), 4);
    assert_eq!(catalog.rows(A, &[0, 15]).await?, [None, None]);
    assert_eq!(catalog.tree(A).await?, tree);
    seal(catalog, A, "next", 16..20).await?;
    assert_eq!(catalog.segments(A).await?, [segment("all", 0..16), segment("next", 16..20)]);
    Ok(())
}

/// The named segments and the range must be the same, else it is a conflict that changes nothing.
pub async fn a_segment_takes_the_place_of_nothing_else(catalog: &Arc<dyn Catalog>) -> Outcome {
    four_segments(catalog).await?;
    let before = catalog.segments(A).await?;
    let cases: [(_, &[&str]); 18] = [
        // Too much and too little, at either end.
        (0..9, &["s0", "s1"]),
        (0..7, &["s0", "s1"]),
        (3..8, &["s1"]),
        (5..8, &["s1"]),
        (2..6, &["s0", "s1"]),
        // Another place.
        (8..16, &["s0", "s1"]),
        (0..4, &["s1"]),
        (2..6, &["s0"]),
        (2..6, &["s1"]),
        // Not neighbours, or not all of them.
        (0..12, &["s0", "s2"]),
        (0..8, &["s0", "s2"]),
        (0..16, &["s0", "s3"]),
        // Not listed, with and without others that are.
        (0..4, &["missing"]),
        (0..8, &["s0", "missing"]),
        (0..8, &["s0", "s1", "missing"]),
        // Named twice.
        (0..8, &["s0", "s0"]),
        (0..8, &["s0", "s1", "s1"]),
        // Entries of the head.
        (12..20, &["s3"]),
    ];
    for (range, replaces) in cases {
        let done = compact(catalog, A, "new", range.clone(), replaces).await;
        assert!(done.is_err(), "{range:?} in place of {replaces:?}");
        assert_conflict(&done);
        assert_eq!(catalog.segments(A).await?, before);
    }
    for name in ["s0", "s1", "s3"] {
        assert_conflict(&compact(catalog, A, name, 0..8, &["s0", "s1"]).await);
    }
    assert_conflict(&seal(catalog, A, "new", 0..16).await);
    assert_eq!(catalog.segments(A).await?, before);
    assert_eq!(log(catalog, A).await?.len(), 4);
    Ok(())
}

/// The segments of another account are not found.
pub async fn a_segment_replaces_only_its_own_account(catalog: &Arc<dyn Catalog>) -> Outcome {
    four_segments(catalog).await?;
    append(catalog, B, &["row"; 20]).await?;
    assert_conflict(&compact(catalog, B, "new", 0..8, &["s0", "s1"]).await);
    seal(catalog, B, "of-b", 0..4).await?;
    assert_conflict(&compact(catalog, B, "new", 0..8, &["of-b", "s1"]).await);
    assert_conflict(&compact(catalog, A, "new", 0..4, &["of-b"]).await);

    compact(catalog, B, "new", 0..4, &["of-b"]).await?;
    assert_eq!(catalog.segments(B).await?, [segment("new", 0..4)]);
    assert_eq!(catalog.segments(A).await?.len(), 4);
    Ok(())
}
