//! The values that the read cases ask for, chosen from the loaded events so that each case means the same at any size.

use std::collections::HashMap;
use std::hash::Hash;

use anyhow::{Context, Result};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::events::Event;

/// Hits of the exact-value cases: about as many as one object gathers.
const FEW: u32 = 40;

/// Counts values while events are loaded.
pub(crate) struct Picker {
    /// The event that gives its token and its day, as its position.
    middle: usize,
    seen: usize,
    middle_event: Option<(String, Date)>,
    users: HashMap<i64, u32>,
    workspaces: HashMap<String, u32>,
    sources: HashMap<String, u32>,
    object_types: HashMap<String, u32>,
    object_titles: HashMap<String, u32>,
    object_tokens: HashMap<String, u32>,
    /// Types by source.
    pairs: HashMap<String, HashMap<String, u32>>,
}

/// One value for each filter.
pub(crate) struct Picks {
    /// The user with the most events.
    pub(crate) busiest_user: i64,
    /// The user with the fewest.
    pub(crate) quietest_user: i64,
    /// The workspace with the most events.
    pub(crate) workspace: String,
    /// The most frequent source.
    pub(crate) source: String,
    /// The name of the most frequent type.
    pub(crate) object_type: String,
    /// A source and the name of a type that are frequent but hardly ever, or never, together.
    pub(crate) impossible: (String, String),
    /// A title that about [`FEW`] events have.
    pub(crate) object_title: String,
    /// An object with about [`FEW`] events.
    pub(crate) object_token: String,
    /// The day of the event in the middle.
    pub(crate) day: Date,
    /// The token of that event.
    pub(crate) token: String,
}

impl Picker {
    /// Counts for a log of `events`.
    pub(crate) fn new(events: usize) -> Self {
        Self {
            middle: events / 2,
            seen: 0,
            middle_event: None,
            users: HashMap::new(),
            workspaces: HashMap::new(),
            sources: HashMap::new(),
            object_types: HashMap::new(),
            object_titles: HashMap::new(),
            object_tokens: HashMap::new(),
            pairs: HashMap::new(),
        }
    }

    /// Takes one event into account.
    pub(crate) fn see(&mut self, event: &Event) {
        if self.seen == self.middle {
            let day = event.created_at.to_zoned(TimeZone::UTC).date();
            self.middle_event = Some((event.token.clone(), day));
        }
        self.seen += 1;
        if let Some(user) = event.user_id {
            *self.users.entry(user).or_default() += 1;
        }
        count(&mut self.sources, &event.source);
        count(&mut self.object_types, &event.object_type);
        if !self.pairs.contains_key(&event.source) {
            self.pairs.insert(event.source.clone(), HashMap::new());
        }
        if let Some(types) = self.pairs.get_mut(&event.source) {
            count(types, &event.object_type);
        }
        let optional = [
            (&mut self.workspaces, &event.workspace_token),
            (&mut self.object_titles, &event.object_title),
            (&mut self.object_tokens, &event.object_token),
        ];
        for (counts, value) in optional {
            if let Some(value) = value {
                count(counts, value);
            }
        }
    }

    /// The choice; ties go to the greater value, so that a seed always gives the same one.
    pub(crate) fn pick(&self) -> Result<Picks> {
        let (token, day) = self.middle_event.clone().context("the sample is empty")?;
        Ok(Picks {
            busiest_user: nearest(&self.users, u32::MAX)?,
            quietest_user: nearest(&self.users, 0)?,
            workspace: nearest(&self.workspaces, u32::MAX)?,
            source: nearest(&self.sources, u32::MAX)?,
            object_type: nearest(&self.object_types, u32::MAX)?,
            impossible: self.impossible()?,
            object_title: nearest(&self.object_titles, FEW)?,
            object_token: nearest(&self.object_tokens, FEW)?,
            day,
            token,
        })
    }
}

impl Picker {
    /// The pair of a source and a type that is together least often; of several, the one whose parts are the most frequent.
    fn impossible(&self) -> Result<(String, String)> {
        let pairs = self.sources.iter().flat_map(|(source, of_source)| {
            self.object_types.iter().map(move |(object_type, of_type)| {
                let together = self.pairs.get(source).and_then(|types| types.get(object_type)).copied();
                let apart = u64::from(*of_source) * u64::from(*of_type);
                (together.unwrap_or(0), std::cmp::Reverse(apart), source, object_type)
            })
        });
        let (_, _, source, object_type) = pairs.min().context("the sample is empty")?;
        Ok((source.clone(), object_type.clone()))
    }
}

fn count(counts: &mut HashMap<String, u32>, value: &str) {
    // Most values have been seen before: only a new one is copied.
    match counts.get_mut(value) {
        Some(count) => *count += 1,
        None => {
            counts.insert(value.to_owned(), 1);
        }
    }
}

/// The value that occurs as nearly `wanted` times as any.
fn nearest<T: Clone + Ord + Hash>(counts: &HashMap<T, u32>, wanted: u32) -> Result<T> {
    let best = counts
        .iter()
        .min_by(|(a, m), (b, n)| m.abs_diff(wanted).cmp(&n.abs_diff(wanted)).then_with(|| b.cmp(a)));
    Ok(best.context("the sample lacks a field that a read case filters by")?.0.clone())
}
