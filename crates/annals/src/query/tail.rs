//! The youngest entries of a log: plain columns, scanned.

use std::collections::HashMap;

use annals_format::{Action, Filter, entry::Keys};
use roaring::RoaringBitmap;

use super::{
    matches::Matches,
    part::{Part, Place},
};

/// Entries from index `base` on, a column for each key. Texts are numbered, so that a scan compares numbers.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) base: u64,
    pub(super) created_us: Vec<i64>,
    pub(super) actions: Vec<Action>,
    pub(super) users: Vec<Option<i64>>,
    pub(super) workspaces: TextColumn,
    pub(super) sources: TextColumn,
    pub(super) object_types: TextColumn,
    pub(super) object_tokens: TextColumn,
    pub(super) titles: TextColumn,
    /// Rows (offsets from `base`) in reading order.
    pub(super) order: Vec<u32>,
}

/// A column of optional texts.
#[derive(Debug, Default)]
pub(super) struct TextColumn {
    numbers: HashMap<Box<str>, u32>,
    rows: Vec<Option<u32>>,
}

impl TextColumn {
    fn push(&mut self, text: Option<&str>) {
        let number = text.map(|text| match self.numbers.get(text) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
                self.numbers.insert(text.into(), number);
                number
            }
        });
        self.rows.push(number);
    }

    /// The texts by their numbers.
    pub(super) fn texts(&self) -> Vec<&str> {
        let mut texts = vec![""; self.numbers.len()];
        for (text, number) in &self.numbers {
            if let Some(slot) = texts.get_mut(*number as usize) {
                *slot = text;
            }
        }
        texts
    }

    /// The number of the text in a row.
    pub(super) fn number(&self, row: u32) -> Option<u32> {
        self.rows.get(row as usize).copied().flatten()
    }
}

impl Tail {
    /// An empty tail whose first entry will have index `base`.
    pub(super) fn new(base: u64) -> Self {
        Self { base, ..Self::default() }
    }

    /// Adds the entry with the next index.
    pub(super) fn push(&mut self, keys: &Keys) {
        let row = self.len();
        self.created_us.push(keys.created_at.us());
        self.actions.push(keys.action);
        self.users.push(keys.user_id);
        self.workspaces.push(keys.workspace_token.as_deref());
        self.sources.push(Some(&keys.source));
        self.object_types.push(Some(&keys.object_type));
        self.object_tokens.push(keys.object_token.as_deref());
        self.titles.push(keys.object_title.as_deref());
        // Live entries come in order; only imported and late ones look for their place.
        let created_us = keys.created_at.us();
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
        if let Some(action) = filter.action {
            keep(&|row| self.actions.get(row as usize) == Some(&action));
        }
        if let Some(user) = filter.user_id {
            keep(&|row| self.users.get(row as usize) == Some(&Some(user)));
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
            let Some(number) = column.numbers.get(wanted.as_str()) else { return Matches::none() };
            keep(&|row| column.number(row) == Some(*number));
        }
        matches
    }

    fn position(&self, index: u64) -> Option<u32> {
        let row = u32::try_from(index.checked_sub(self.base)?).ok()?;
        let position = self.order.iter().position(|other| *other == row)?;
        u32::try_from(position).ok()
    }
}
