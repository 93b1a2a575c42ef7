//! One log of the engine in memory.

use std::collections::{HashMap, VecDeque};

use annals_tlog::Hash;

use crate::catalog::{CommitError, NewEntry, Tree};
use crate::segment::SegmentInfo;

#[derive(Default)]
pub(super) struct Log {
    pub(super) tree: Tree,
    /// By level and position.
    pub(super) tile_hashes: HashMap<(u8, u64), Hash>,
    /// The head, behind what has been sealed but not forgotten yet.
    pub(super) entries: VecDeque<NewEntry>,
    /// How many entries have been forgotten: the index of the first that is kept.
    forgotten: u64,
    pub(super) segments: Vec<SegmentInfo>,
}

impl Log {
    /// The first index that is in no segment.
    pub(super) fn head_start(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.indexes.end)
    }

    /// An entry of the head.
    pub(super) fn entry(&self, index: u64) -> Option<&NewEntry> {
        if index < self.head_start() {
            return None;
        }
        self.entries.get(usize::try_from(index - self.forgotten).ok()?)
    }

    /// Replaces the row of an entry of the head.
    pub(super) fn replace(&mut self, index: u64, row: Vec<u8>) {
        let at = index.checked_sub(self.forgotten).and_then(|at| usize::try_from(at).ok());
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            entry.row = row;
        }
    }

    /// Lists a segment whose name is free, or leaves everything as it was.
    pub(super) fn seal(&mut self, segment: SegmentInfo, replaces: &[String]) -> Result<(), CommitError> {
        let range = &segment.indexes;
        if replaces.is_empty() {
            if range.start != self.head_start() || range.end > self.tree.edge.size() {
                return Err(CommitError::Conflict);
            }
            self.segments.push(segment);
            return Ok(());
        }
        let start = self.segments.iter().position(|old| old.indexes.start == range.start);
        let end = self.segments.iter().position(|old| old.indexes.end == range.end);
        let (Some(start), Some(end)) = (start, end) else { return Err(CommitError::Conflict) };
        // The list has no gaps, so that these are all that the range can take the place of.
        let mut listed: Vec<_> =
            self.segments.get(start..=end).into_iter().flatten().map(|old| &old.name).collect();
        let mut named: Vec<_> = replaces.iter().collect();
        listed.sort_unstable();
        named.sort_unstable();
        if listed != named {
            return Err(CommitError::Conflict);
        }
        self.segments.splice(start..=end, [segment]);
        Ok(())
    }

    /// Forgets sealed entries, and returns how many.
    pub(super) fn forget_copies(&mut self) -> usize {
        let before = self.entries.len();
        while self.forgotten < self.head_start() && self.entries.pop_front().is_some() {
            self.forgotten += 1;
        }
        before - self.entries.len()
    }
}
