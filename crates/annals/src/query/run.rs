//! Entries whose number no longer changes: sorted columns and a dictionary of rows for each field.

use annals_format::Filter;

use super::{
    matches::Matches,
    part::{Part, Place},
    tail::{Tail, TextColumn},
    terms::Terms,
};

/// A full tail, turned into an index. Positions are in reading order.
#[derive(Debug)]
pub(super) struct Run {
    base: u64,
    created_us: Box<[i64]>,
    /// Index of each row, less `base`.
    offsets: Box<[u32]>,
    actions: Terms,
    users: Terms,
    workspaces: Terms,
    sources: Terms,
    object_types: Terms,
    object_tokens: Terms,
    titles: Terms,
}

impl Run {
    /// Indexes the entries of a tail.
    pub(super) fn build(tail: &Tail) -> Self {
        let rows = || tail.order.iter().copied();
        let text_terms = |column: &TextColumn| {
            let texts = column.texts();
            let text = |row| texts.get(column.number(row)? as usize).copied();
            Terms::build(rows().map(text))
        };
        let users: Vec<Option<String>> = rows()
            .map(|row| tail.users.get(row as usize).copied().flatten().map(|id| id.to_string()))
            .collect();
        Self {
            base: tail.base,
            created_us: rows().filter_map(|row| tail.created_us.get(row as usize).copied()).collect(),
            offsets: rows().collect(),
            actions: Terms::build(
                rows().map(|row| tail.actions.get(row as usize).map(|action| action.as_str())),
            ),
            users: Terms::build(users.iter().map(Option::as_deref)),
            workspaces: text_terms(&tail.workspaces),
            sources: text_terms(&tail.sources),
            object_types: text_terms(&tail.object_types),
            object_tokens: text_terms(&tail.object_tokens),
            titles: text_terms(&tail.titles),
        }
    }
}

impl Part for Run {
    fn len(&self) -> u32 {
        u32::try_from(self.offsets.len()).unwrap_or(u32::MAX)
    }

    fn place(&self, position: u32) -> Place {
        let at = position as usize;
        let created_us = self.created_us.get(at).copied().unwrap_or_default();
        (created_us, self.base + u64::from(self.offsets.get(at).copied().unwrap_or_default()))
    }

    fn matches(&self, filter: &Filter) -> Matches {
        let mut matches = Matches::All(self.in_time(filter));
        let user = filter.user_id.map(|id| id.to_string());
        let terms = [
            (filter.object_token.as_deref(), &self.object_tokens),
            (filter.object_title.as_deref(), &self.titles),
            (user.as_deref(), &self.users),
            (filter.workspace_token.as_deref(), &self.workspaces),
            (filter.object_type.as_deref(), &self.object_types),
            (filter.source.as_deref(), &self.sources),
            (filter.action.map(annals_format::Action::as_str), &self.actions),
        ];
        for (wanted, terms) in terms {
            let Some(wanted) = wanted else { continue };
            let Some(rows) = terms.rows(wanted) else { return Matches::none() };
            matches = matches.and(&rows);
        }
        if let Some(as_of) = filter.as_of
            && as_of < self.base + self.offsets.len() as u64
        {
            if as_of <= self.base {
                return Matches::none();
            }
            let young =
                (0..).zip(&self.offsets).filter(|(_, offset)| self.base + u64::from(**offset) < as_of);
            matches = matches.and(&young.map(|(position, _)| position).collect());
        }
        matches
    }

    fn position(&self, index: u64) -> Option<u32> {
        let offset = u32::try_from(index.checked_sub(self.base)?).ok()?;
        let position = self.offsets.iter().position(|other| *other == offset)?;
        u32::try_from(position).ok()
    }
}
