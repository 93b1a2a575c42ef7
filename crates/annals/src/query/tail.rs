//! The youngest entries of a log: plain columns, scanned.

use std::hash::Hash;

use annals_format::{Action, Filter, Timestamp, entry::Keys};
use indexmap::{Equivalent, IndexSet};
use roaring::RoaringBitmap;

use super::{
    matches::Matches,
    part::{Part, Place},
};

/// Entries from index `base` on, a column for each key. Values are numbered, so that a scan compares numbers.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) base: u64,
    pub(super) created_us: Vec<i64>,
    pub(super) actions: Column<Action>,
    pub(super) users: Column<i64>,
    pub(super) workspaces: Column<String>,
    pub(super) sources: Column<String>,
    pub(super) object_types: Column<String>,
    pub(super) object_tokens: Column<String>,
    pub(super) titles: Column<String>,
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

    /// The rows that have `value`, as a test; `None` when there are none.
    fn holds<Q>(&self, value: &Q) -> Option<impl Fn(u32) -> bool>
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        let number = u32::try_from(self.values.get_index_of(value)?).ok();
        Some(move |row| self.number(row) == number)
    }
}

impl Tail {
    /// An empty tail whose first entry will have index `base`.
    pub(super) fn new(base: u64) -> Self {
        Self { base, ..Self::default() }
    }

    /// Adds the entry with the next index.
    pub(super) fn push(&mut self, created_at: Timestamp, keys: &Keys) {
        let row = self.len();
        let created_us = created_at.us();
        self.created_us.push(created_us);
        self.actions.push(Some(&keys.action));
        self.users.push(keys.user_id.as_ref());
        self.workspaces.push(keys.workspace_token.as_deref());
        self.sources.push(Some(&*keys.source));
        self.object_types.push(Some(keys.object_type.as_str()));
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

    fn place(&self, position: u32) -> Place {
        let row = self.row(position);
        (self.created(row), self.base + u64::from(row))
    }

    fn matches(&self, filter: &Filter) -> Matches {
        let mut matches = Matches::All(self.in_time(filter));
        let mut keep = |wanted: &dyn Fn(u32) -> bool| {
            let all = std::mem::replace(&mut matches, Matches::none());
            let kept = |positions: &mut dyn Iterator<Item = u32>| {
                Matches::Some(
                    positions.filter(|position| wanted(self.row(*position))).collect::<RoaringBitmap>(),
                )
            };
            matches = match all {
                Matches::All(range) => kept(&mut { range }),
                Matches::Some(bits) => kept(&mut bits.iter()),
            };
        };
        if let Some(as_of) = filter.as_of
            && as_of < self.base + u64::from(self.len())
        {
            keep(&|row| self.base + u64::from(row) < as_of);
        }
        if let Some(action) = &filter.action {
            let Some(holds) = self.actions.holds(action) else { return Matches::none() };
            keep(&holds);
        }
        if let Some(user) = &filter.user_id {
            let Some(holds) = self.users.holds(user) else { return Matches::none() };
            keep(&holds);
        }
        let texts = [
            (&filter.workspace_token, &self.workspaces),
            (&filter.source, &self.sources),
            (&filter.object_type, &self.object_types),
            (&filter.object_token, &self.object_tokens),
            (&filter.object_title, &self.titles),
        ];
        for (wanted, column) in texts {
            let Some(wanted) = wanted else { continue };
            let Some(holds) = column.holds(wanted.as_str()) else { return Matches::none() };
            keep(&holds);
        }
        matches
    }

    fn position(&self, index: u64) -> Option<u32> {
        let row = u32::try_from(index.checked_sub(self.base)?).ok()?;
        let position = self.order.iter().position(|other| *other == row)?;
        u32::try_from(position).ok()
    }
}
