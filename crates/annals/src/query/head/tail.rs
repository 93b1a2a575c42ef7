//! The youngest entries of a log: plain columns, scanned.

use std::{collections::HashMap, convert::Infallible, hash::Hash, ops::Range};

use annals_format::{Action, LogToken, Timestamp, entry::Keys};
use indexmap::{Equivalent, IndexSet};
use roaring::RoaringBitmap;

use crate::{
    query::{
        facet::{Counts, Facet},
        matches::{Matches, Set},
        part::{Part, Place, Wanted, first},
    },
    segments::SegmentError,
};

/// Entries from index `base` on, a column for each key. Values are numbered, so that a scan compares numbers.
#[derive(Debug, Default)]
pub(in crate::query) struct Tail {
    pub(in crate::query) base: u64,
    pub(super) created_us: Vec<i64>,
    pub(super) actions: Column<Action>,
    pub(super) users: Column<i64>,
    pub(super) workspaces: Column<String>,
    pub(super) sources: Column<String>,
    pub(super) object_types: Column<String>,
    pub(super) object_tokens: Column<String>,
    pub(super) titles: Column<String>,
    /// The row of each entry's token.
    pub(super) tokens: HashMap<LogToken, u32, foldhash::fast::RandomState>,
    /// Rows (offsets from `base`) in reading order.
    pub(super) order: Vec<u32>,
}

/// A column of optional values.
#[derive(Debug)]
pub(super) struct Column<T> {
    /// The distinct values; their places are their numbers.
    values: IndexSet<T, foldhash::fast::RandomState>,
    rows: Vec<Option<u32>>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { values: IndexSet::default(), rows: Vec::new() }
    }
}

impl<T: Hash + Eq> Column<T> {
    fn push<Q>(&mut self, value: Option<&Q>)
    where
        Q: Hash + Equivalent<T> + ToOwned<Owned = T> + ?Sized,
    {
        let number = value.map(|value| match self.values.get_index_of(value) {
            Some(number) => number,
            None => self.values.insert_full(value.to_owned()).0,
        });
        self.rows.push(number.map(|number| u32::try_from(number).unwrap_or(u32::MAX)));
    }

    /// The distinct values in the order of their numbers.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }

    /// The number of the value in a row.
    pub(super) fn number(&self, row: u32) -> Option<u32> {
        self.rows.get(row as usize).copied().flatten()
    }

    /// The rows that have `value`, as a test.
    fn holds<Q>(&self, value: &Q) -> impl Fn(u32) -> bool
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        let number = self.values.get_index_of(value).and_then(|number| u32::try_from(number).ok());
        move |row| number.is_some() && self.number(row) == number
    }

    /// How many of `rows` have each value.
    fn count(&self, rows: &[u32], name: impl Fn(&T) -> String, counts: &mut Counts) {
        let mut of_number = vec![0; self.values.len()];
        for number in rows.iter().filter_map(|row| self.number(*row)) {
            if let Some(count) = of_number.get_mut(number as usize) {
                *count += 1;
            }
        }
        for (value, count) in self.values.iter().zip(of_number) {
            counts.add(|| name(value), count);
        }
    }
}

impl Tail {
    /// An empty tail whose first entry will have index `base`.
    pub(in crate::query) fn new(base: u64) -> Self {
        Self { base, ..Self::default() }
    }

    /// Adds the entry with the next index.
    pub(in crate::query) fn push(&mut self, created_at: Timestamp, keys: &Keys) {
        let row = self.len();
        let created_us = created_at.us();
        self.created_us.push(created_us);
        self.tokens.insert(keys.token, row);
        self.actions.push(Some(&keys.action));
        self.users.push(keys.user_id.as_ref());
        self.workspaces.push(keys.workspace_token.as_deref());
        self.sources.push(Some(&*keys.source));
        self.object_types.push(Some(&*keys.object_type));
        self.object_tokens.push(keys.object_token.as_deref());
        self.titles.push(keys.object_title.as_deref());
        // Live entries come in order; only imported and late ones look for their place.
        let at = match self.order.last() {
            Some(last) if self.created(*last) > created_us => {
                self.order.partition_point(|other| self.created(*other) <= created_us)
            }
            _ => self.order.len(),
        };
        self.order.insert(at, row);
    }

    /// The index of the entry with this token.
    pub(in crate::query) fn find(&self, token: LogToken) -> Option<u64> {
        self.tokens.get(&token).map(|row| self.base + u64::from(*row))
    }

    /// The indexes of its entries.
    pub(in crate::query) fn indexes(&self) -> Range<u64> {
        self.base..self.base + self.order.len() as u64
    }

    /// The places of the rows that match. Unlike the tail itself they can be kept while entries are added.
    pub(in crate::query) fn pick(&self, wanted: &Wanted) -> Picked {
        let positions = self.positions(wanted);
        let mut counts: [Counts; Facet::ALL.len()] = Default::default();
        if wanted.counted {
            let rows: Vec<u32> = positions.iter().map(|position| self.row(*position)).collect();
            for (facet, counts) in Facet::ALL.into_iter().zip(&mut counts) {
                self.count_rows(facet, &rows, counts);
            }
        }
        let places = positions.into_iter().map(|position| self.place_of(position)).collect();
        Picked { places, counts }
    }

    /// Adds how many of some rows have each value of a field.
    fn count_rows(&self, facet: Facet, rows: &[u32], counts: &mut Counts) {
        match facet {
            Facet::Action => self.actions.count(rows, |action| action.as_str().to_owned(), counts),
            Facet::User => self.users.count(rows, i64::to_string, counts),
            Facet::Workspace => self.workspaces.count(rows, String::clone, counts),
            Facet::Source => self.sources.count(rows, String::clone, counts),
            Facet::ObjectType => self.object_types.count(rows, String::clone, counts),
        }
    }

    /// The positions of the rows that match, in ascending order.
    fn positions(&self, wanted: &Wanted) -> Vec<u32> {
        let filter = &wanted.filter;
        let first_from = |time: Timestamp| {
            let Ok(first) = first::<Infallible>(self.len(), |at| Ok(self.place_of(at) >= (time.us(), 0)));
            first
        };
        let start = filter.from.map_or(0, first_from);
        let end = filter.before.map_or(self.len(), first_from);
        let mut positions: Vec<u32> = (start..end.max(start)).collect();
        let mut keep = |test: &dyn Fn(u32) -> bool| positions.retain(|position| test(self.row(*position)));
        if let Some(as_of) = filter.as_of
            && as_of < self.indexes().end
        {
            keep(&|row| self.base + u64::from(row) < as_of);
        }
        if let Some(found) = &wanted.found {
            keep(&|row| found.has(self.base + u64::from(row)));
        }
        if let Some(token) = &filter.token {
            let row = LogToken::parse(token).and_then(|token| self.tokens.get(&token)).copied();
            keep(&|other| row == Some(other));
        }
        if let Some(action) = &filter.action {
            keep(&self.actions.holds(action));
        }
        if let Some(user) = &filter.user_id {
            keep(&self.users.holds(user));
        }
        let texts = [
            (&filter.workspace_token, &self.workspaces),
            (&filter.source, &self.sources),
            (&filter.object_type, &self.object_types),
            (&filter.object_token, &self.object_tokens),
            (&filter.object_title, &self.titles),
        ];
        for (wanted, column) in texts {
            if let Some(wanted) = wanted {
                keep(&column.holds(wanted.as_str()));
            }
        }
        positions
    }

    /// The places of its entries, in their order.
    pub(in crate::query) fn places(&self) -> impl Iterator<Item = Place> {
        (0..self.len()).map(|position| self.place_of(position))
    }

    fn place_of(&self, position: u32) -> Place {
        let row = self.row(position);
        (self.created(row), self.base + u64::from(row))
    }

    fn created(&self, row: u32) -> i64 {
        self.created_us.get(row as usize).copied().unwrap_or_default()
    }

    /// The row at a position.
    fn row(&self, position: u32) -> u32 {
        self.order.get(position as usize).copied().unwrap_or_default()
    }
}

impl Part for Tail {
    fn len(&self) -> u32 {
        u32::try_from(self.order.len()).unwrap_or(u32::MAX)
    }

    fn place(&self, position: u32) -> Result<Place, SegmentError> {
        Ok(self.place_of(position))
    }

    fn position(&self, index: u64) -> Result<Option<u32>, SegmentError> {
        let row = index.checked_sub(self.base).and_then(|row| u32::try_from(row).ok());
        let position = row.and_then(|row| self.order.iter().position(|other| *other == row));
        Ok(position.and_then(|position| u32::try_from(position).ok()))
    }

    fn matches(&self, wanted: &Wanted) -> Result<Matches<'_>, SegmentError> {
        let positions = self.positions(wanted).into_iter().collect::<RoaringBitmap>();
        Ok(Matches::new(0..self.len(), self.len()).and(Set::Owned(positions)))
    }

    fn count(&self, facet: Facet, matches: &Matches, counts: &mut Counts) -> Result<(), SegmentError> {
        let rows: Vec<u32> = matches.positions()?.into_iter().map(|position| self.row(position)).collect();
        self.count_rows(facet, &rows, counts);
        Ok(())
    }
}

/// Those rows of a tail that a query is about.
#[derive(Debug)]
pub(in crate::query) struct Picked {
    /// In reading order.
    places: Vec<Place>,
    /// How many of them have each value of each of [`Facet::ALL`], if that was asked for.
    counts: [Counts; Facet::ALL.len()],
}

impl Picked {
    fn place_of(&self, position: u32) -> Place {
        self.places.get(position as usize).copied().unwrap_or_default()
    }
}

impl Part for Picked {
    fn len(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }

    fn place(&self, position: u32) -> Result<Place, SegmentError> {
        Ok(self.place_of(position))
    }

    fn position(&self, index: u64) -> Result<Option<u32>, SegmentError> {
        let position = self.places.iter().position(|place| place.1 == index);
        Ok(position.and_then(|position| u32::try_from(position).ok()))
    }

    fn matches(&self, _: &Wanted) -> Result<Matches<'_>, SegmentError> {
        Ok(Matches::new(0..self.len(), self.len()))
    }

    fn count(&self, facet: Facet, _: &Matches, counts: &mut Counts) -> Result<(), SegmentError> {
        // The matches of those that were picked are all of them.
        for (_, own) in Facet::ALL.into_iter().zip(&self.counts).filter(|(other, _)| *other == facet) {
            own.0.iter().for_each(|(value, count)| counts.add(|| value.clone(), *count));
        }
        Ok(())
    }
}
