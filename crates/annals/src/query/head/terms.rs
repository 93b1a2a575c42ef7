//! A field with few values: each value with the positions of the rows that have it.

use std::borrow::Borrow;

use roaring::RoaringBitmap;

use crate::{
    query::{facet::Counts, matches::Matches},
    segments::SegmentError,
};

/// Sorted values of a field, each with its rows. Rows without a value are in none.
#[derive(Debug)]
pub(super) struct Terms<T> {
    values: Box<[(T, RoaringBitmap)]>,
}

impl<T: Ord> Terms<T> {
    /// Takes a field whose values have numbers, and the number of each row in the order of positions.
    pub(super) fn build(values: impl Iterator<Item = T>, numbers: impl Iterator<Item = Option<u32>>) -> Self {
        let mut values: Vec<(T, Vec<u32>)> = values.map(|value| (value, Vec::new())).collect();
        for (position, number) in (0..).zip(numbers) {
            if let Some((_, rows)) = number.and_then(|number| values.get_mut(number as usize)) {
                rows.push(position);
            }
        }
        values.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let bitmap = |(value, rows): (T, Vec<u32>)| {
            let mut bits: RoaringBitmap = rows.into_iter().collect();
            bits.optimize();
            // A copy has no room to grow, which nearly halves it.
            (value, bits.clone())
        };
        Self { values: values.into_iter().map(bitmap).collect() }
    }

    /// The rows that have `value`; `None` when there are none.
    pub(super) fn rows<Q: Ord + ?Sized>(&self, value: &Q) -> Option<&RoaringBitmap>
    where
        T: Borrow<Q>,
    {
        let at = self.values.binary_search_by(|(other, _)| other.borrow().cmp(value)).ok()?;
        self.values.get(at).map(|(_, rows)| rows)
    }

    /// How many of `matches` have each value.
    pub(super) fn count(
        &self,
        matches: &Matches,
        name: impl Fn(&T) -> String,
        counts: &mut Counts,
    ) -> Result<(), SegmentError> {
        for (value, rows) in &self.values {
            counts.add(|| name(value), matches.count_in(rows)?);
        }
        Ok(())
    }
}
