//! All entries of one account: its segments, and an index over the head.

use std::sync::Arc;

use annals_format::{LogToken, Timestamp, entry::Keys};

use super::{
    head::{Run, Tail},
    part::{Place, Wanted},
    snapshot::Snapshot,
};
use crate::segments::Sealed;

/// Entries that are scanned before they become a run, at most 2^16. A query copies the places of those that match, which
/// takes about ten microseconds.
pub const TAIL_ROWS_MAX: u32 = 8_192;

/// The entries of one account, from index 0 to the newest: segments, then runs, then a tail.
#[derive(Debug)]
pub struct Log {
    segments: Arc<[Arc<Sealed>]>,
    runs: Vec<Arc<Run>>,
    /// Tails that are full and wait to become runs; until then they are scanned.
    full: Vec<Full>,
    tail: Tail,
    tail_rows_max: u32,
}

#[derive(Debug)]
struct Full {
    tail: Arc<Tail>,
    /// Whether somebody is turning it into a run.
    claimed: bool,
}

/// A full tail that whoever holds this is to turn into a run, away from the log's lock.
#[derive(Debug)]
pub struct Unindexed(Arc<Tail>);

/// A run that takes the place of its tail.
#[derive(Debug)]
pub struct Indexed {
    run: Run,
    tail: Arc<Tail>,
}

impl Unindexed {
    /// Indexes the entries. Takes milliseconds.
    pub fn index(&self) -> Indexed {
        Indexed { run: Run::build(&self.0), tail: Arc::clone(&self.0) }
    }
}

impl Log {
    /// A log whose head is empty and starts where the segments end. A tail becomes a run when it has `tail_rows_max` rows.
    pub fn over(segments: Arc<[Arc<Sealed>]>, tail_rows_max: u32) -> Self {
        let base = segments.last().map_or(0, |last| last.indexes().end);
        Self { segments, runs: Vec::new(), full: Vec::new(), tail: Tail::new(base), tail_rows_max }
    }

    /// How many entries there are; the next one gets this index.
    pub fn size(&self) -> u64 {
        self.tail.indexes().end
    }

    /// How many of them are in segments; the head starts with this index.
    pub fn sealed(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.indexes().end)
    }

    /// The segments, in the order of their indexes.
    pub fn segments(&self) -> &Arc<[Arc<Sealed>]> {
        &self.segments
    }

    /// Adds the entry with the next index.
    pub fn push(&mut self, created_at: Timestamp, keys: &Keys) {
        self.tail.push(created_at, keys);
        if u64::from(self.tail_rows_max) <= self.tail.indexes().end - self.tail.base {
            self.cut();
        }
    }

    /// Ends the tail where it is, so that a segment may end there.
    pub fn cut(&mut self) {
        let next = Tail::new(self.size());
        let tail = std::mem::replace(&mut self.tail, next);
        if !tail.indexes().is_empty() {
            self.full.push(Full { tail: Arc::new(tail), claimed: false });
        }
    }

    /// Whether there is a full tail that nobody is indexing yet.
    pub fn has_unindexed(&self) -> bool {
        self.full.iter().any(|full| !full.claimed)
    }

    /// A full tail that nobody is indexing yet, for the caller to index and hand to [`replace`](Self::replace).
    pub fn claim(&mut self) -> Option<Unindexed> {
        let full = self.full.iter_mut().find(|full| !full.claimed)?;
        full.claimed = true;
        Some(Unindexed(Arc::clone(&full.tail)))
    }

    /// Puts a run in the place of the tail that it was made from, unless that was sealed meanwhile, or the log was made anew.
    pub fn replace(&mut self, Indexed { run, tail }: Indexed) {
        let tails = self.full.len();
        self.full.retain(|full| !Arc::ptr_eq(&full.tail, &tail));
        if self.full.len() < tails {
            self.runs.push(Arc::new(run));
        }
    }

    /// Where a segment of at least `rows` of the head's oldest entries may end: runs and tails are not divided.
    pub fn boundary(&self, rows: u64) -> Option<u64> {
        let ends = self.runs.iter().map(|run| run.indexes().end);
        let ends = ends.chain(self.full.iter().map(|full| full.tail.indexes().end));
        ends.filter(|end| *end >= self.sealed() + rows).min()
    }

    /// The indexes of the head's entries before `end`, in the order in which they are sealed.
    pub fn in_reading_order(&self, end: u64) -> Vec<u64> {
        let runs = self.runs.iter().filter(|run| run.indexes().end <= end).flat_map(|run| run.places());
        let tails = self.full.iter().map(|full| &full.tail).filter(|tail| tail.indexes().end <= end);
        let mut places: Vec<Place> = runs.chain(tails.flat_map(|tail| tail.places())).collect();
        // Mostly each part begins where another ends: then this only finds out that nothing is to be done.
        places.sort_unstable();
        places.into_iter().map(|(_, index)| index).collect()
    }

    /// Takes on another list of segments, and lets go of the entries of the head that they hold. Returns `false`, with
    /// nothing done, when they end within a run or a tail: the log then has to be made anew.
    #[must_use]
    pub fn list(&mut self, segments: Arc<[Arc<Sealed>]>) -> bool {
        let end = segments.last().map_or(0, |last| last.indexes().end);
        let mut parts = self.runs.iter().map(|run| run.indexes());
        let mut tails = self.full.iter().map(|full| full.tail.indexes()).chain([self.tail.indexes()]);
        let divided = |range: std::ops::Range<u64>| range.start < end && end < range.end;
        if parts.any(divided) || tails.any(divided) || end < self.sealed() || end > self.size() {
            return false;
        }
        self.runs.retain(|run| run.indexes().start >= end);
        self.full.retain(|full| full.tail.indexes().start >= end);
        if self.tail.base < end {
            self.tail = Tail::new(end);
        }
        self.segments = segments;
        true
    }

    /// The instant of the oldest entry of the head.
    pub fn oldest_of_head(&self) -> Option<Timestamp> {
        let full = self.full.iter().map(|full| &*full.tail);
        let tails = full.chain([&self.tail]).flat_map(Tail::places);
        let places = self.runs.iter().flat_map(|run| run.places()).chain(tails);
        places.min().map(|(us, _)| Timestamp::from_us(us))
    }

    /// The index of the entry of the head with this token.
    pub fn find_in_head(&self, token: LogToken) -> Option<u64> {
        let in_tails = || self.full.iter().find_map(|full| full.tail.find(token));
        let in_runs = || self.runs.iter().find_map(|run| run.find(token));
        self.tail.find(token).or_else(in_tails).or_else(in_runs)
    }

    /// What a query needs of the log as it is now, to be read without keeping anybody waiting.
    pub fn snapshot(&self, wanted: &Wanted) -> Snapshot {
        let tails = self.full.iter().map(|full| Arc::clone(&full.tail)).collect();
        let token = wanted.filter.token.as_deref().and_then(LogToken::parse);
        let in_head = token.and_then(|token| self.find_in_head(token));
        Snapshot::new(Arc::clone(&self.segments), self.runs.clone(), tails, self.tail.pick(wanted), in_head)
    }
}
