//! How blobs are read.

use std::ops::Range;

use bytes::Bytes;

use super::{assert_corrupt, assert_missing, bytes, key, read, whole};
use crate::blobs::Blobs;
use crate::contract::Outcome;

/// Blobs come back as they were given, also empty ones.
pub async fn a_blob_is_read_back(blobs: &Blobs) -> Outcome {
    for length in [0, 1, 100_000] {
        let key = key(1, &format!("of-{length}"));
        blobs.put(&key, bytes(length)).await?;
        assert_eq!(whole(blobs, &key, length).await?, bytes(length));
    }
    Ok(())
}

/// Ranges may be in any order, overlap, touch, repeat, be empty or far apart.
pub async fn ranges_come_in_the_order_of_the_question(blobs: &Blobs) -> Outcome {
    const LENGTH: u64 = 20 << 20;
    let (key, all) = (key(1, "name"), bytes(20 << 20));
    blobs.put(&key, all.clone()).await?;
    let questions: [&[Range<u64>]; 6] = [
        &[],
        &[7..7, 0..0],
        &[LENGTH - 1..LENGTH, 0..1, LENGTH / 2..LENGTH / 2 + 3],
        &[10..20, 20..30, 15..25, 10..20, 3..3, 0..100],
        &[5_000_000..6_000_000, 1..2, 5_500_000..7_000_000],
        &[0..LENGTH, 9..10],
    ];
    for ranges in questions {
        let expected: Vec<_> = ranges.iter().map(|range| slice(&all, range)).collect();
        assert!(read(blobs, &key, ranges).await? == expected, "{ranges:?}");
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "blobs of tests are short")]
fn slice(bytes: &Bytes, range: &Range<u64>) -> Bytes {
    bytes.slice(range.start as usize..range.end as usize)
}

/// Nothing is made up for a blob that is not there, and the answer names it.
pub async fn a_blob_that_is_not_there_is_missing(blobs: &Blobs) -> Outcome {
    blobs.put(&key(1, "other"), bytes(9)).await?;
    for key in [key(1, "name"), key(2, "other")] {
        let answer = whole(blobs, &key, 9).await;
        assert_missing(&answer);
        assert!(answer.is_err_and(|error| error.to_string().contains(&key.to_string())));
        assert_missing(&read(blobs, &key, &[0..1, 5_000_000..5_000_001]).await);
    }
    Ok(())
}

/// A range that the blob does not have is an error, whatever it is asked for with, and other reads go on.
pub async fn a_range_past_the_end_is_corrupt(blobs: &Blobs) -> Outcome {
    let key = key(1, "name");
    blobs.put(&key, bytes(1_000)).await?;
    for bad in [
        999..1_001,
        1_000..1_001,
        5_000..6_000,
        0..1 << 50,
        1 << 50..(1 << 50) + 1,
        u64::MAX - 1..u64::MAX,
        0..u64::MAX,
    ] {
        let named = format!("{bad:?}");
        for ranges in [vec![bad.clone()], vec![0..10, bad.clone()], vec![bad.clone(), 990..1_000, bad]] {
            let answer = read(blobs, &key, &ranges).await;
            assert_corrupt(&answer, &key, &named);
            assert_corrupt(&answer, &key, "1000");
        }
    }
    #[expect(clippy::reversed_empty_ranges, reason = "a damaged footer may say so")]
    let backwards = [0..1, 10..5];
    assert_corrupt(&read(blobs, &key, &backwards).await, &key, "10..5");
    assert_eq!(whole(blobs, &key, 1_000).await?, bytes(1_000));
    Ok(())
}
