//! Entries whose number no longer changes: sorted columns, and for each field the rows of its values.

use std::ops::Range;

use annals_format::{Action, LogToken};
use roaring::RoaringBitmap;

use super::{
    hashes::Hashes,
    tail::{Column, Tail},
    terms::Terms,
};
use crate::{
    query::{
        facet::{Counts, Facet},
        matches::{Matches, Set},
        part::{Part, Place, Wanted, in_time},
    },
    segments::SegmentError,
};

/// Instants in ascending order, in µs.
#[derive(Debug)]
enum Times {
    /// Within 71 minutes of the first one, as those of live entries mostly are: half the space.
    Near {
        first: i64,
        after: Box<[u32]>,
    },
    Far(Box<[i64]>),
}

impl Times {
    fn new(all: Vec<i64>) -> Self {
        let first = all.first().copied().unwrap_or_default();
        let after = |time: &i64| u32::try_from(time.checked_sub(first)?).ok();
        match all.iter().map(after).collect() {
            Some(after) => Self::Near { first, after },
            None => Self::Far(all.into()),
        }
    }

    fn get(&self, at: usize) -> i64 {
        match self {
            Self::Near { first, after } => first + after.get(at).copied().map_or(0, i64::from),
            Self::Far(all) => all.get(at).copied().unwrap_or_default(),
        }
    }
}

/// A full tail, turned into an index. Positions are in reading order.
#[derive(Debug)]
pub(in crate::query) struct Run {
    base: u64,
    created_us: Times,
    /// Index of each row, less `base`.
    offsets: Box<[u16]>,
    actions: Terms<Action>,
    users: Terms<i64>,
    workspaces: Terms<String>,
    sources: Terms<String>,
    object_types: Terms<String>,
    object_tokens: Hashes,
    titles: Hashes,
    /// The entries' tokens, sorted, each with its index less `base`.
    tokens: Box<[(LogToken, u16)]>,
}

impl Run {
    /// Indexes the entries of a tail, which are at most 2^16.
    pub(in crate::query) fn build(tail: &Tail) -> Self {
        fn terms<T: Ord + Clone + std::hash::Hash>(column: &Column<T>, order: &[u32]) -> Terms<T> {
            Terms::build(column.values().cloned(), order.iter().map(|row| column.number(*row)))
        }
        let hashes = |column: &Column<String>| {
            Hashes::build(column.values(), tail.order.iter().map(|row| column.number(*row)))
        };
        let rows = || tail.order.iter().copied();
        let mut tokens: Vec<(LogToken, u16)> = tail
            .tokens
            .iter()
            .map(|(token, row)| (*token, u16::try_from(*row).unwrap_or(u16::MAX)))
            .collect();
        tokens.sort_unstable();
        Self {
            base: tail.base,
            created_us: Times::new(
                rows().filter_map(|row| tail.created_us.get(row as usize).copied()).collect(),
            ),
            offsets: rows().map(|row| u16::try_from(row).unwrap_or(u16::MAX)).collect(),
            actions: terms(&tail.actions, &tail.order),
            users: terms(&tail.users, &tail.order),
            workspaces: terms(&tail.workspaces, &tail.order),
            sources: terms(&tail.sources, &tail.order),
            object_types: terms(&tail.object_types, &tail.order),
            object_tokens: hashes(&tail.object_tokens),
            titles: hashes(&tail.titles),
            tokens: tokens.into(),
        }
    }

    /// The indexes of its entries.
    pub(in crate::query) fn indexes(&self) -> Range<u64> {
        self.base..self.base + self.offsets.len() as u64
    }

    /// The index of the entry with this token.
    pub(in crate::query) fn find(&self, token: LogToken) -> Option<u64> {
        let at = self.tokens.partition_point(|(other, _)| *other < token);
        let (found, offset) = self.tokens.get(at)?;
        (*found == token).then(|| self.base + u64::from(*offset))
    }

    /// The places of its entries, in their order.
    pub(in crate::query) fn places(&self) -> impl Iterator<Item = Place> {
        (0..self.len()).map(|position| self.place_of(position))
    }

    fn place_of(&self, position: u32) -> Place {
        let at = position as usize;
        let offset = self.offsets.get(at).copied().unwrap_or_default();
        (self.created_us.get(at), self.base + u64::from(offset))
    }

    /// The rows whose index passes `test`.
    fn rows_of(&self, test: impl Fn(u64) -> bool) -> Set<'static> {
        let rows = (0..).zip(&self.offsets).filter(|(_, offset)| test(self.base + u64::from(**offset)));
        Set::Owned(rows.map(|(position, _)| position).collect::<RoaringBitmap>())
    }
}

impl Part for Run {
    fn len(&self) -> u32 {
        u32::try_from(self.offsets.len()).unwrap_or(u32::MAX)
    }

    fn place(&self, position: u32) -> Result<Place, SegmentError> {
        Ok(self.place_of(position))
    }

    fn position(&self, index: u64) -> Result<Option<u32>, SegmentError> {
        let offset = index.checked_sub(self.base).and_then(|offset| u16::try_from(offset).ok());
        let position = offset.and_then(|offset| self.offsets.iter().position(|other| *other == offset));
        Ok(position.and_then(|position| u32::try_from(position).ok()))
    }

    fn matches(&self, wanted: &Wanted) -> Result<Matches<'_>, SegmentError> {
        let filter = &wanted.filter;
        let mut matches = Matches::new(in_time(self, filter)?, self.len());
        let texts = [
            (filter.workspace_token.as_deref(), &self.workspaces),
            (filter.object_type.as_deref(), &self.object_types),
            (filter.source.as_deref(), &self.sources),
        ];
        let terms = [
            filter.user_id.map(|user| self.users.rows(&user)),
            filter.action.map(|action| self.actions.rows(&action)),
        ];
        let texts = texts.into_iter().map(|(wanted, terms)| wanted.map(|wanted| terms.rows(wanted)));
        for rows in terms.into_iter().chain(texts).flatten() {
            let Some(rows) = rows else { return Ok(Matches::none()) };
            matches = matches.and(rows);
        }
        let hashes = [
            (filter.object_token.as_deref(), &self.object_tokens),
            (filter.object_title.as_deref(), &self.titles),
        ];
        for (wanted, hashes) in hashes {
            let Some(wanted) = wanted else { continue };
            matches = matches.and(Set::Owned(hashes.rows(wanted)));
        }
        if let Some(as_of) = filter.as_of
            && as_of < self.indexes().end
        {
            if as_of <= self.base {
                return Ok(Matches::none());
            }
            matches = matches.and(self.rows_of(|index| index < as_of));
        }
        if let Some(found) = &wanted.found {
            matches = matches.and(self.rows_of(|index| found.has(index)));
        }
        Ok(matches)
    }

    fn count(&self, facet: Facet, matches: &Matches, counts: &mut Counts) -> Result<(), SegmentError> {
        match facet {
            Facet::Action => self.actions.count(matches, |action| action.as_str().to_owned(), counts),
            Facet::User => self.users.count(matches, i64::to_string, counts),
            Facet::Workspace => self.workspaces.count(matches, String::clone, counts),
            Facet::Source => self.sources.count(matches, String::clone, counts),
            Facet::ObjectType => self.object_types.count(matches, String::clone, counts),
        }
    }
}
