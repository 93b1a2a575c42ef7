//! Whether what is gone was to go: an entry of the log announces each that was pruned.

use std::ops::Range;

use super::Finding;
use crate::retention::Pruning;

/// What a log says was to be pruned, and what is.
#[derive(Debug, Default)]
pub(super) struct Prunings {
    announced: Vec<Pruning>,
    /// Runs of indexes, in their order.
    pruned: Vec<Range<u64>>,
}

impl Prunings {
    /// Takes an announcement.
    pub(super) fn announce(&mut self, announced: impl IntoIterator<Item = Pruning>) {
        self.announced.extend(announced);
    }

    /// Takes a pruned entry; they come in the order of their indexes.
    pub(super) fn add(&mut self, index: u64) {
        match self.pruned.last_mut() {
            Some(last) if last.end == index => last.end += 1,
            _ => self.pruned.push(index..index + 1),
        }
    }

    /// How many entries are pruned.
    pub(super) fn count(&self) -> u64 {
        self.pruned.iter().map(|run| run.end - run.start).sum()
    }

    /// The indexes that were announced, in ranges that are apart.
    fn indexes(&self) -> Vec<Range<u64>> {
        let announced = self.announced.iter().flat_map(|pruning| &pruning.indexes);
        let mut announced: Vec<(u64, u64)> = announced.copied().collect();
        announced.sort_unstable();
        let mut apart: Vec<Range<u64>> = Vec::new();
        for (first, last) in announced {
            let end = last.saturating_add(1);
            match apart.last_mut() {
                Some(before) if first <= before.end => before.end = before.end.max(end),
                _ => apart.push(first..end),
            }
        }
        apart
    }

    /// Finds an entry that was pruned and not announced.
    pub(super) fn compare(&self) -> Result<(), Finding> {
        let announced = self.indexes();
        for run in &self.pruned {
            let within = announced.partition_point(|announced| announced.end <= run.start);
            let within = announced.get(within).filter(|announced| announced.start <= run.start);
            let covered = within.map_or(run.start, |announced| announced.end);
            if covered < run.end {
                return Err(Finding(format!(
                    "entry {covered} is gone: only its hash is left, and no entry of the log says that it was to be pruned"
                )));
            }
        }
        let most = self.announced.iter().fold(0_u64, |sum, pruning| sum.saturating_add(pruning.entries));
        let pruned = self.count();
        if pruned > most {
            return Err(Finding(format!(
                "{pruned} entries are pruned, and the log says so of no more than {most}"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prunings(announced: &[(u64, &[(u64, u64)])], pruned: &[u64]) -> Prunings {
        let mut prunings = Prunings::default();
        prunings.announce(announced.iter().map(|(entries, indexes)| Pruning {
            older_than: String::new(),
            entries: *entries,
            indexes: indexes.to_vec(),
        }));
        for index in pruned {
            prunings.add(*index);
        }
        prunings
    }

    #[test]
    fn what_is_pruned_has_to_be_announced() {
        assert_eq!(prunings(&[], &[]).compare(), Ok(()));
        assert_eq!(prunings(&[(5, &[(0, 2), (7, 8)])], &[0, 1, 2, 7, 8]).compare(), Ok(()));
        // Announced and not done yet, announced twice, and done in pieces.
        assert_eq!(
            prunings(&[(3, &[(0, 2)]), (3, &[(0, 2)]), (9, &[(3, 11)])], &[1, 2, 3]).compare(),
            Ok(())
        );
        let found = |prunings: Prunings| prunings.compare().expect_err("something is wrong").0;
        assert!(found(prunings(&[], &[4])).contains("entry 4 is gone"));
        assert!(found(prunings(&[(2, &[(3, 4)])], &[3, 4, 5])).contains("entry 5 is gone"));
        assert!(found(prunings(&[(2, &[(3, 9)])], &[3, 4, 9])).contains("of no more than 2"));
    }
}
