//! Whether the rows of the head make the leaves that were recorded.

use std::{num::NonZero, thread};

use annals_format::Row;
use annals_store::StoredRow;
use annals_tlog::Hash;

use super::Finding;
use crate::retention::Pruning;

/// Entries that follow each other, up to the first that something is wrong with.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) leaves: Vec<Hash>,
    /// What they say was to be pruned.
    pub(super) announced: Vec<Pruning>,
    pub(super) wrong: Option<Finding>,
}

/// Checks entries on all processors; what comes out follows each other as they do.
pub(super) fn check(entries: &[StoredRow]) -> Vec<Checked> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let shares = entries.chunks(entries.len().div_ceil(threads).max(1));
        let threads: Vec<_> = shares.map(|share| scope.spawn(|| Checked::of(share))).collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        joined.map(|checked| checked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

impl Checked {
    fn of(entries: &[StoredRow]) -> Self {
        let mut checked = Self::default();
        checked.wrong = entries.iter().try_for_each(|entry| checked.add(entry)).err();
        checked
    }

    fn add(&mut self, entry: &StoredRow) -> Result<(), Finding> {
        let row = Row::decode(&entry.row)
            .map_err(|error| Finding(format!("entry {} of the head: {error}", entry.index)))?;
        let leaf = row.leaf_hash();
        if leaf != entry.leaf {
            return Err(Finding(format!(
                "entry {} of the head is not what was recorded: its row does not make its leaf",
                entry.index
            )));
        }
        self.leaves.push(leaf);
        self.announced.extend(Pruning::read(&row));
        Ok(())
    }
}
