//! What a log says of entries that it no longer keeps.

use annals_format::{Filter, Row, Timestamp, entry::Section};
use serde::{Deserialize, Serialize};

/// The object type of entries that say what was pruned.
pub const PRUNING: &str = "Pruning";

/// The most runs of indexes that one entry names.
const RUNS_MAX: usize = 1_000;

/// The entries that are kept whatever the account's retention: those that say what was pruned.
pub fn kept_for_ever() -> Filter {
    Filter { object_type: Some(annals_format::object_type::key_of(PRUNING)), ..Filter::default() }
}

/// Which entries were to be pruned, as an entry of the log says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruning {
    /// They were older than this.
    pub older_than: String,
    /// How many they were.
    pub entries: u64,
    /// Runs of indexes, the first and the last of each, that have all of them. Where there would be very many runs, those with
    /// the smallest gaps between them are one, so that there may be others between them.
    pub indexes: Vec<(u64, u64)>,
}

impl Pruning {
    /// The pruning of entries that are older than `cutoff`, by their indexes, which ascend.
    pub fn of(cutoff: Timestamp, indexes: &[u64]) -> Self {
        let runs = indexes.chunk_by(|one, next| one.checked_add(1) == Some(*next));
        let runs: Vec<(u64, u64)> = runs.filter_map(|run| Some((*run.first()?, *run.last()?))).collect();
        Self {
            older_than: cutoff.to_string(),
            entries: indexes.len() as u64,
            indexes: joined(&runs, RUNS_MAX),
        }
    }

    /// What an entry says of a pruning; `None` if it is about something else, or can no longer be read.
    pub fn read(row: &Row) -> Option<Self> {
        // Of each value what it was before, which is nothing, and what it is.
        #[derive(Deserialize)]
        struct Change {
            changed_values: Changed,
        }
        #[derive(Deserialize)]
        struct Changed {
            older_than: ((), String),
            entries: ((), u64),
            indexes: ((), Vec<(u64, u64)>),
        }
        if !kept_for_ever().matches(0, row).ok()? {
            return None;
        }
        let Change { changed_values: Changed { older_than, entries, indexes } } =
            serde_json::from_str(&row.section(Section::Change)?).ok()?;
        Some(Self { older_than: older_than.1, entries: entries.1, indexes: indexes.1 })
    }
}

/// The runs with the smallest gaps between them joined, until there are no more than `most`.
fn joined(runs: &[(u64, u64)], most: usize) -> Vec<(u64, u64)> {
    let gap = |pair: &[(u64, u64)]| match pair {
        [(_, end), (start, _)] => start - end,
        _ => 0,
    };
    let mut gaps: Vec<u64> = runs.windows(2).map(gap).collect();
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    // A gap that stays is wider than every one that goes.
    let widest_to_go = gaps.get(most.saturating_sub(1)).copied().unwrap_or(0);
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (start, end) in runs {
        match joined.last_mut() {
            Some(last) if start - last.1 <= widest_to_go => last.1 = *end,
            _ => joined.push((*start, *end)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_joined_where_their_gaps_are_smallest() {
        let runs = [(0, 1), (3, 4), (10, 10), (12, 20), (100, 100)];
        assert_eq!(joined(&runs, 5), runs);
        assert_eq!(joined(&runs, 4), [(0, 4), (10, 20), (100, 100)], "gaps of the same width go together");
        assert_eq!(joined(&runs, 3), [(0, 4), (10, 20), (100, 100)]);
        assert_eq!(joined(&runs, 2), [(0, 20), (100, 100)]);
        assert_eq!(joined(&runs, 1), [(0, 100)]);
        assert_eq!(joined(&[], 1), []);
        let Pruning { entries, indexes, .. } = Pruning::of(Timestamp::from_us(0), &[0, 1, 2, 7, 9, 10]);
        assert_eq!((entries, indexes), (6, vec![(0, 2), (7, 7), (9, 10)]));
    }
}
