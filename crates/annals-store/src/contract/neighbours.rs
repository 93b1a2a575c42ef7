//! How entries of any length are read, replaced and forgotten that lie beside each other.

use std::ops::Range;
use std::sync::Arc;

use super::Outcome;
use super::support::{A, PLENTY, append_to, at, entry, seal};
use crate::catalog::{Catalog, NewEntry};

/// Lengths of rows: far less than a page of any engine, about one, and several.
const LENGTHS: [usize; 11] = [0, 1, 150, 1_200, 900, 1_500, 20_000, 7_000, 8_150, 40, 70_000];

/// Entries that are appended together, over and over.
const APPENDS: [usize; 6] = [1, 40, 2, 1, 200, 13];

/// A log as it should be.
struct Model {
    entries: Vec<NewEntry>,
    head_start: u64,
}

impl Model {
    fn new() -> Self {
        Self { entries: Vec::new(), head_start: 0 }
    }

    /// Appends some entries of all lengths, in steps of all sizes.
    async fn grow(&mut self, catalog: &Arc<dyn Catalog>) -> Outcome {
        for count in APPENDS {
            let mut append = append_to(&catalog.tree(A).await?, A, &[]);
            for number in (self.entries.len()..).take(count) {
                let mut row = number.to_string().into_bytes();
                row.resize(LENGTHS[number % LENGTHS.len()], b'.');
                append.entries.push(entry(row));
            }
            for entry in &append.entries {
                append.tree.edge.push(entry.leaf);
            }
            self.entries.extend_from_slice(&append.entries);
            catalog.commit(append.into()).await?;
        }
        Ok(())
    }

    async fn seal(&mut self, catalog: &Arc<dyn Catalog>, end: u64) -> Outcome {
        seal(catalog, A, &format!("to-{end}"), self.head_start..end).await?;
        self.head_start = end;
        Ok(())
    }

    /// Replaces every `step`th row of the head by another of another length, in one go and from the newest on.
    async fn replace(&mut self, catalog: &Arc<dyn Catalog>, step: usize) -> Outcome {
        let chosen = (self.head_start..self.size()).rev().step_by(step);
        let rows: Vec<_> =
            chosen.map(|index| (index, format!("{index} was replaced").into_bytes())).collect();
        for (index, row) in &rows {
            self.entries[usize::try_from(*index)?].row.clone_from(row);
        }
        Ok(catalog.replace_rows(A, rows).await?)
    }

    fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Every way to read gives what the log has.
    async fn check(&self, catalog: &Arc<dyn Catalog>) -> Outcome {
        let (start, size) = (self.head_start, self.size());
        for range in
            [0..u64::MAX, start..start + 1, start + 1..start + 60, start + 17..size - 9, size - 2..size]
        {
            for bytes_max in [0, 3_000, 100_000, PLENTY] {
                self.check_entries(catalog, range.clone(), bytes_max).await?;
            }
        }
        for step in [1, 2, 3, 50] {
            // From both ends to the middle, so that no two neighbours of the question are neighbours in the log.
            let indexes: Vec<u64> =
                (0..size).step_by(step).flat_map(|index| [size - 1 - index, index]).collect();
            let rows = catalog.rows(A, &indexes).await?;
            for (index, row) in indexes.iter().zip(rows) {
                let expected = &self.entries[usize::try_from(*index)?].row;
                let expected = (*index >= start).then_some(expected);
                assert!(row.as_ref() == expected, "the row at {index} is another");
            }
        }
        Ok(())
    }

    async fn check_entries(
        &self,
        catalog: &Arc<dyn Catalog>,
        range: Range<u64>,
        bytes_max: usize,
    ) -> Outcome {
        let expected = range.start.max(self.head_start)..range.end.min(self.size());
        let mut next = expected.start;
        while next < expected.end {
            let found = catalog.entries(A, next..range.end, bytes_max).await?;
            assert!(!found.is_empty(), "nothing at {next}");
            assert!(
                found.len() == 1 || found.iter().map(|entry| entry.row.len()).sum::<usize>() <= bytes_max
            );
            for stored in found {
                let expected = &self.entries[usize::try_from(next)?];
                assert_eq!((stored.index, stored.leaf), (next, expected.leaf));
                assert!(stored.row == expected.row, "the row at {next} is another");
                next += 1;
            }
        }
        assert_eq!(next, expected.end.max(expected.start));
        Ok(())
    }
}

/// However entries were appended, however long they are and wherever a segment ends, nothing but the sealed ones is missing.
pub async fn neighbours_of_any_length_are_told_apart(catalog: &Arc<dyn Catalog>) -> Outcome {
    let mut model = Model::new();
    model.grow(catalog).await?;
    model.check(catalog).await?;
    model.replace(catalog, 7).await?;
    model.check(catalog).await?;
    for end in [1, 2, 30, 41, 100, 150] {
        let sealed = end - model.head_start;
        model.seal(catalog, end).await?;
        model.check(catalog).await?;
        model.replace(catalog, 5).await?;
        model.check(catalog).await?;
        assert_eq!(catalog.forget(at(0), at(0)).await?, sealed, "to {end}");
        assert_eq!(catalog.forget(at(0), at(0)).await?, 0, "to {end}");
        model.check(catalog).await?;
        model.replace(catalog, 3).await?;
        model.check(catalog).await?;
    }
    model.grow(catalog).await?;
    model.check(catalog).await?;
    let (sealed, end) = (model.size() - model.head_start, model.size());
    model.seal(catalog, end).await?;
    assert_eq!(catalog.forget(at(0), at(0)).await?, sealed);
    assert!(catalog.entries(A, 0..u64::MAX, PLENTY).await?.is_empty());
    model.grow(catalog).await?;
    model.check(catalog).await
}
