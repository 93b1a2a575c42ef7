//! How entries are read.

use std::sync::Arc;

use super::Outcome;
use super::support::{A, PLENTY, append, append_to, entry, unsealed};
use crate::catalog::{Catalog, ReadError, Tree};

const ROWS: [&str; 5] = ["r0", "r1", "r2", "r3", "r4"];

/// Empty rows, long rows and rows with any bytes come back as they were given.
pub async fn rows_are_stored_as_they_are(catalog: &Arc<dyn Catalog>) -> Outcome {
    let mut append = append_to(&Tree::default(), A, &[]);
    append.entries = vec![entry(""), entry(vec![0, 255, 0]), entry(vec![b'x'; 300_000])];
    for entry in &append.entries {
        append.tree.edge.push(entry.leaf);
    }
    catalog.commit(append.clone().into()).await?;

    let rows: Vec<_> = append.entries.iter().map(|entry| entry.row.clone()).collect();
    assert_eq!(catalog.rows(A, &[0, 1, 2]).await?.into_iter().flatten().collect::<Vec<_>>(), rows);
    let stored = catalog.entries(A, 0..3, PLENTY).await?;
    assert!(stored.iter().zip(&append.entries).all(|(stored, given)| stored.leaf == given.leaf));
    assert_eq!(stored.into_iter().map(|stored| stored.row).collect::<Vec<_>>(), rows);
    Ok(())
}

/// A range gives what the log has of it.
pub async fn entries_come_in_order_and_within_the_range(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &ROWS).await?;
    let everything = 0..u64::MAX;
    #[expect(clippy::reversed_empty_ranges, reason = "a caller may compute one")]
    let backwards = 4..2;
    for (range, expected) in [
        (0..5, 0..5),
        (everything, 0..5),
        (1..3, 1..3),
        (4..9, 4..5),
        (5..9, 0..0),
        (2..2, 0..0),
        (backwards, 0..0),
        (u64::MAX..u64::MAX, 0..0),
    ] {
        let entries = catalog.entries(A, range.clone(), PLENTY).await?;
        let indexes: Vec<_> = entries.iter().map(|entry| entry.index).collect();
        assert_eq!(indexes, expected.collect::<Vec<_>>(), "{range:?}");
        assert!(entries.iter().all(|entry| entry.row == format!("r{}", entry.index).into_bytes()));
    }
    Ok(())
}

/// Entries stop before they grow past the bytes asked for, but one is always given, and reading on finds the rest.
pub async fn entries_stop_at_the_bytes_asked_for(catalog: &Arc<dyn Catalog>) -> Outcome {
    let rows: Vec<_> = (0..10).map(|number| format!("{number}").repeat(1_000)).collect();
    append(catalog, A, &rows.iter().map(String::as_str).collect::<Vec<_>>()).await?;

    for (bytes_max, expected) in [(0, 1), (1, 1), (999, 1), (2_500, 2), (5_500, 5), (100_000, 10)] {
        let entries = catalog.entries(A, 0..10, bytes_max).await?;
        assert_eq!(entries.len(), expected, "{bytes_max} bytes");
    }
    let mut read = Vec::new();
    while let Some(next) = catalog.entries(A, read.len() as u64..10, 3_500).await?.into_iter().next() {
        read.push(String::from_utf8(next.row)?);
    }
    assert_eq!(read, rows);
    Ok(())
}

/// Rows come as they were asked for, also twice.
pub async fn rows_come_in_the_order_of_the_question(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &ROWS).await?;
    let rows = catalog.rows(A, &[3, 0, 4, 0]).await?;
    assert_eq!(rows, unsealed(&["r3", "r0", "r4", "r0"]));
    Ok(())
}

/// An answer is complete or an error.
pub async fn a_row_that_is_not_there_is_an_error(catalog: &Arc<dyn Catalog>) -> Outcome {
    append(catalog, A, &ROWS).await?;
    for index in [5, 1 << 40, u64::MAX] {
        let answer = catalog.rows(A, &[0, index]).await;
        assert!(matches!(answer, Err(ReadError::Corrupt(_))), "{answer:?}");
    }
    // One such question does not keep the engine from answering others.
    assert_eq!(catalog.rows(A, &[0]).await?, unsealed(&["r0"]));
    Ok(())
}

/// An engine in good health says so.
pub async fn a_catalog_can_be_checked(catalog: &Arc<dyn Catalog>) -> Outcome {
    catalog.check().await?;
    append(catalog, A, &ROWS).await?;
    Ok(catalog.check().await?)
}
