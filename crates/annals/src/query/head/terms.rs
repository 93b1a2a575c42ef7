//! A field with few values: each value with the positions of the rows that have it.

use std::borrow::Borrow;

use roaring::RoaringBitmap;

use crate::{
    query::{
        dense::Dense,
        facet::Counts,
        matches::{Matches, Set},
    },
    segments::SegmentError,
};

/// Sorted values of a field, each with its rows. Rows without a value are in none.
#[derive(Debug)]
pub(super) struct Terms<T> {
    values: Box<[(T, Rows)]>,
}

/// The rows that have a value, in the form that is smaller.
#[derive(Debug)]
enum Rows {
    List(RoaringBitmap),
    Bits(Dense),
}

impl Rows {
    fn new(positions: Vec<u32>, part_len: u32) -> Self {
        if Dense::pays(positions.len(), part_len) {
            return Self::Bits(Dense::new(&positions, part_len));
        }
        let mut list: RoaringBitmap = positions.into_iter().collect();
        list.optimize();
        // A copy has no room to grow, which nearly halves it.
        Self::List(list.clone())
    }

    fn set(&self) -> Set<'_> {
        match self {
            Self::List(list) => Set::Borrowed(list),
            Self::Bits(bits) => Set::dense(bits),
        }
    }
}

impl<T: Ord> Terms<T> {
    /// Takes a field whose values have numbers, and the number of each row in the order of positions.
    pub(super) fn build(values: impl Iterator<Item = T>, numbers: impl Iterator<Item = Option<u32>>) -> Self {
        let mut values: Vec<(T, Vec<u32>)> = values.map(|value| (value, Vec::new())).collect();
        let mut len = 0;
        for (position, number) in (0..).zip(numbers) {
            len = position + 1;
            if let Some((_, rows)) = number.and_then(|number| values.get_mut(number as usize)) {
                rows.push(position);
            }
        }
        values.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let rows = |(value, positions)| (value, Rows::new(positions, len));
        Self { values: values.into_iter().map(rows).collect() }
    }

    /// The rows that have `value`; `None` when there are none.
    pub(super) fn rows<Q: Ord + ?Sized>(&self, value: &Q) -> Option<Set<'_>>
    where
        T: Borrow<Q>,
    {
        let at = self.values.binary_search_by(|(other, _)| other.borrow().cmp(value)).ok()?;
        self.values.get(at).map(|(_, rows)| rows.set())
    }

    /// How many of `matches` have each value.
    pub(super) fn count(
        &self,
        matches: &Matches,
        name: impl Fn(&T) -> String,
        counts: &mut Counts,
    ) -> Result<(), SegmentError> {
        for (value, rows) in &self.values {
            counts.add(|| name(value), matches.count_in(&rows.set())?);
        }
        Ok(())
    }
}
