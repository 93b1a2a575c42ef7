//! Entries whose number no longer changes: sorted columns, and for each field the rows of its values.

use annals_format::{Action, Filter};
use roaring::RoaringBitmap;

use super::{
    hashes::Hashes,
    matches::Matches,
    part::{Part, Place},
    tail::{Column, Tail},
    terms::Terms,
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
pub(super) struct Run {
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
}

impl Run {
    /// Indexes the entries of a tail, which are at most 2^16.
    pub(super) fn build(tail: &Tail) -> Self {
        fn terms<T: Ord + Clone + std::hash::Hash>(column: &Column<T>, order: &[u32]) -> Terms<T> {
            Terms::build(column.values().cloned(), order.iter().map(|row| column.number(*row)))
        }
        let hashes = |column: &Column<String>| {
            Hashes::build(column.values(), tail.order.iter().map(|row| column.number(*row)))
        };
        let rows = || tail.order.iter().copied();
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
        }
    }

    /// Index of the first entry.
    pub(super) fn base(&self) -> u64 {
        self.base
    }
}

impl Part for Run {
    fn len(&self) -> u32 {
        u32::try_from(self.offsets.len()).unwrap_or(u32::MAX)
    }

    fn place(&self, position: u32) -> Place {
        let at = position as usize;
        let created_us = self.created_us.get(at);
        (created_us, self.base + u64::from(self.offsets.get(at).copied().unwrap_or_default()))
    }

    fn matches(&self, filter: &Filter) -> Matches {
        let mut matches = Matches::All(self.in_time(filter));
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
        let hashes = [
            (filter.object_token.as_deref(), &self.object_tokens),
            (filter.object_title.as_deref(), &self.titles),
        ];
        // The most selective first: what follows then has little left to intersect.
        for (wanted, hashes) in hashes {
            let Some(wanted) = wanted else { continue };
            matches = matches.and(&hashes.rows(wanted));
        }
        for rows in terms.into_iter().chain(texts).flatten() {
            let Some(rows) = rows else { return Matches::none() };
            matches = matches.and(rows);
        }
        if let Some(as_of) = filter.as_of
            && as_of < self.base + self.offsets.len() as u64
        {
            if as_of <= self.base {
                return Matches::none();
            }
            let young =
                (0..).zip(&self.offsets).filter(|(_, offset)| self.base + u64::from(**offset) < as_of);
            matches = matches.and(&young.map(|(position, _)| position).collect::<RoaringBitmap>());
        }
        matches
    }

    fn position(&self, index: u64) -> Option<u32> {
        let offset = u16::try_from(index.checked_sub(self.base)?).ok()?;
        let position = self.offsets.iter().position(|other| *other == offset)?;
        u32::try_from(position).ok()
    }
}
