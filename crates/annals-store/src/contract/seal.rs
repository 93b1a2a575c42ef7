//! How the oldest entries of a log leave the head.

use std::ops::Range;
use std::sync::Arc;

use super::Outcome;
use super::support::{
    A, B, PLENTY, append, append_to, assert_conflict, at, compact, log, request, seal, segment, unsealed,
};
use crate::catalog::{Catalog, Commit, CommitError, ReadError};
use crate::model::AccountId;
use crate::segment::{Seal, SegmentInfo};

const ROWS: [&str; 6] = ["r0", "r1", "r2", "r3", "r4", "r5"];

/// Nothing of a log is sealed until somebody does it.
pub async fn a_log_has_no_segments_at_first(catalog: &Arc<dyn Catalog>) -> Outcome {
    assert!(catalog.segments(A).await?.is_empty());
    append(catalog, A, &ROWS).await?;
    assert!(catalog.segments(A).await?.is_empty());
    Ok(())
}

/// Sealed entries are no longer given, whatever is asked for; the segment is listed as it was described, and the tree
/// stays.
pub async fn a_seal_takes_entries_out_of_sight(catalog: &Arc<dyn Catalog>) -> Outcome {
    let tree = append(catalog, A, &ROWS).await?;
    let described = SegmentInfo { bytes: 1 << 62, footer_bytes: u32::MAX, ..segment("one.seg-1", 0..4) };
    catalog.seal(Seal { account: A, segment: described.clone(), replaces: Vec::new() }).await?;

    assert_eq!(catalog.segments(A).await?, [described]);
    assert_eq!(catalog.tree(A).await?, tree);
    for (range, expected) in
        [(0..6, 4..6), (0..u64::MAX, 4..6), (3..5, 4..5), (5..6, 5..6), (0..4, 0..0), (1..3, 0..0)]
    {
        let entries = catalog.entries(A, range.clone(), PLENTY).await?;
        assert!(entries.iter().map(|entry| entry.index).eq(expected), "{range:?}");
        assert!(entries.iter().all(|entry| entry.row == format!("r{}", entry.index).into_bytes()));
    }
    assert_eq!(catalog.entries(A, 0..6, 1).await?.len(), 1, "sealed entries take no room in an answer");

    let mut expected = unsealed(&["r5", "", "r4", ""]);
    (expected[1], expected[3]) = (None, None);
    assert_eq!(catalog.rows(A, &[5, 0, 4, 3]).await?, expected);
    let beyond = catalog.rows(A, &[0, 6]).await;
    assert!(matches!(beyond, Err(ReadError::Corrupt(_))), "{beyond:?}");
    Ok(())
}

/// A seal that would leave a gap, or seal entries twice, is a conflict and changes nothing.
pub async fn a_seal_begins_where_the_last_one_ended(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &ROWS).await?;
    for range in [1..3, 5..6, 6..7] {
        assert_conflict(&seal(catalog, A, "gap", range).await);
    }
    seal(catalog, A, "first", 0..2).await?;
    for range in [0..2, 0..4, 1..4, 3..4] {
        assert_conflict(&seal(catalog, A, "other", range).await);
    }
    assert_eq!(catalog.segments(A).await?, [segment("first", 0..2)]);
    assert_eq!(log(catalog, A).await?, ROWS[2..]);

    seal(catalog, A, "second", 2..5).await?;
    assert_eq!(catalog.segments(A).await?, [segment("first", 0..2), segment("second", 2..5)]);
    assert_eq!(log(catalog, A).await?, ["r5"]);
    Ok(())
}

/// What is not in the log cannot be sealed.
pub async fn a_seal_ends_within_the_log(catalog: &Arc<dyn Catalog>) -> Outcome {
    assert_conflict(&seal(catalog, A, "early", 0..1).await);
    append(catalog, A, &ROWS).await?;
    assert_conflict(&seal(catalog, A, "long", 0..7).await);
    assert_conflict(&seal(catalog, A, "longest", 0..1 << 40).await);
    assert_eq!(log(catalog, A).await?, ROWS);
    Ok(())
}

/// Appends, retries and seals take turns, and each finds the log as the others left it.
pub async fn a_log_goes_on_after_seals(catalog: &Arc<dyn Catalog>) -> Outcome {
    let key = request("key", &[0], 1);
    let mut first = append_to(&catalog.tree(A).await?, A, &["0"]);
    first.keys.push(key.clone());
    catalog.commit(first.into()).await?;
    for index in 1..6 {
        append(catalog, A, &[&index.to_string()]).await?;
        seal(catalog, A, &format!("s{index}"), index - 1..index).await?;
        assert_eq!(log(catalog, A).await?, [index.to_string()]);
        assert_eq!(catalog.tree(A).await?.edge.size(), index + 1);
    }
    let expected: Vec<_> = (1..6).map(|index| segment(&format!("s{index}"), index - 1..index)).collect();
    assert_eq!(catalog.segments(A).await?, expected);
    assert_eq!(catalog.recall(A, &[key.key]).await?, [Some(key.recall)]);
    Ok(())
}

/// A head may be empty, and then has room for more.
pub async fn a_whole_log_is_sealed(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &ROWS).await?;
    seal(catalog, A, "all", 0..6).await?;
    for _ in 0..2 {
        assert!(log(catalog, A).await?.is_empty());
        assert_eq!(catalog.rows(A, &[0, 5]).await?, [None, None]);
        assert!(catalog.rows(A, &[6]).await.is_err());
        catalog.forget(at(0), at(0)).await?;
    }
    append(catalog, A, &["r6"]).await?;
    assert_eq!(log(catalog, A).await?, ["r6"]);
    assert_eq!(catalog.rows(A, &[6]).await?, unsealed(&["r6"]));
    Ok(())
}

/// No two segments have the same name, in whatever accounts.
pub async fn a_name_of_a_segment_is_taken_once(catalog: &Arc<dyn Catalog>) -> Outcome {
    for account in [A, B] {
        append(catalog, account, &ROWS).await?;
    }
    seal(catalog, A, "name", 0..1).await?;
    assert_conflict(&seal(catalog, A, "name", 1..2).await);
    assert_conflict(&seal(catalog, B, "name", 0..1).await);
    assert_conflict(&compact(catalog, A, "name", 0..1, &["name"]).await);
    assert_eq!(catalog.segments(A).await?, [segment("name", 0..1)]);
    assert!(catalog.segments(B).await?.is_empty());
    Ok(())
}

/// What could not be read back, or not be a file, is never listed.
pub async fn a_segment_that_cannot_be_is_refused(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &ROWS).await?;
    #[expect(clippy::reversed_empty_ranges, reason = "a caller may compute one")]
    let ranges: [Range<u64>; 4] = [0..0, 2..1, 0..(1 << 40) + 1, 0..u64::MAX];
    let mut cases: Vec<_> = ranges.into_iter().map(|range| (A, segment("name", range))).collect();
    let long = "x".repeat(129);
    for name in ["", ".", "..", ".hidden", "a/b", "Name", "a b", "a#1", "a_b", "a\0", "ä", &long] {
        cases.push((A, segment(name, 0..1)));
    }
    cases.push((A, SegmentInfo { bytes: 1 << 63, ..segment("name", 0..1) }));
    cases.push((A, SegmentInfo { bytes: 99, ..segment("name", 0..1) }));
    cases.push((AccountId(AccountId::MAX.0 + 1), segment("name", 0..1)));
    for (account, segment) in cases {
        let what = format!("{account:?} {segment:?}");
        let refused = catalog.seal(Seal { account, segment, replaces: Vec::new() }).await;
        assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{what}: {refused:?}");
    }
    assert_eq!(log(catalog, A).await?, ROWS);

    let longest = "0123456789abcdefghijklmnopqrstuvwxyz-.".repeat(4)[..128].to_owned();
    seal(catalog, A, &longest, 0..1).await?;
    assert_eq!(catalog.segments(A).await?, [segment(&longest, 0..1)]);
    Ok(())
}

/// What is sealed of one log is still in the heads of others.
pub async fn segments_of_accounts_are_apart(catalog: &Arc<dyn Catalog>) -> Outcome {
    for account in [A, B] {
        append(catalog, account, &ROWS).await?;
    }
    seal(catalog, A, "of-a", 0..4).await?;
    assert_eq!(log(catalog, B).await?, ROWS);
    assert!(catalog.segments(B).await?.is_empty());
    assert_conflict(&seal(catalog, B, "of-b", 4..5).await);

    seal(catalog, B, "of-b", 0..1).await?;
    assert_eq!(catalog.segments(A).await?, [segment("of-a", 0..4)]);
    assert_eq!(catalog.segments(B).await?, [segment("of-b", 0..1)]);
    assert_eq!(catalog.forget(at(0), at(0)).await?, 5);
    assert_eq!(log(catalog, A).await?, ROWS[4..]);
    assert_eq!(log(catalog, B).await?, ROWS[1..]);
    Ok(())
}

/// The smallest and the largest ids are accounts like any other, also when their copies are forgotten.
pub async fn segments_of_the_first_and_the_last_account_are_apart(catalog: &Arc<dyn Catalog>) -> Outcome {
    let ids = [AccountId(0), AccountId(1), AccountId(AccountId::MAX.0 - 1), AccountId::MAX];
    for id in ids {
        append(catalog, id, &ROWS).await?;
    }
    for id in [AccountId(0), AccountId::MAX] {
        seal(catalog, id, &format!("of-{}", id.0), 0..6).await?;
    }
    assert_eq!(catalog.forget(at(0), at(0)).await?, 12);
    for id in ids {
        let sealed = catalog.segments(id).await?.len();
        assert_eq!(log(catalog, id).await?.len(), 6 - 6 * sealed, "account {}", id.0);
    }
    Ok(())
}

/// Copies are forgotten however many there are, counted together with what else is forgotten, and only once.
pub async fn copies_of_sealed_entries_are_forgotten(catalog: &Arc<dyn Catalog>) -> Outcome {
    for account in [A, B] {
        let rows: Vec<_> = (0..2_345).map(|index| format!("r{index}")).collect();
        let mut all = append_to(
            &catalog.tree(account).await?,
            account,
            &rows.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        all.keys.push(request("old", &[0], 1));
        catalog.commit(Arc::new(Commit { appends: vec![all], changes: Vec::new() })).await?;
    }
    assert_eq!(catalog.forget(at(0), at(0)).await?, 0);
    seal(catalog, A, "a", 0..2_000).await?;
    seal(catalog, B, "b", 0..1).await?;
    assert_eq!(catalog.forget(at(2), at(0)).await?, 2_001 + 2);
    assert_eq!(catalog.forget(at(2), at(0)).await?, 0);

    seal(catalog, A, "c", 2_000..2_344).await?;
    assert_eq!(log(catalog, A).await?, ["r2344"]);
    assert_eq!(catalog.forget(at(2), at(0)).await?, 344);
    assert_eq!(log(catalog, A).await?, ["r2344"]);
    assert_eq!(log(catalog, B).await?.len(), 2_344);
    compact(catalog, A, "d", 0..2_344, &["a", "c"]).await?;
    assert_eq!(catalog.forget(at(2), at(0)).await?, 0);
    Ok(())
}
