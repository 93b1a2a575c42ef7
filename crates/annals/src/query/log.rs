//! The index over all entries of one account.

use std::sync::Arc;

use annals_format::{Filter, LogToken, Timestamp, entry::Keys};

use super::{
    page::{self, Located},
    part::Part,
    run::Run,
    tail::Tail,
    tokens::Tokens,
};

/// Entries that are scanned before they become a run, at most 2^16. Scanning as many takes up to a tenth of a
/// millisecond; a quarter as many would make four times as many runs to ask, and larger ones together.
const TAIL_ROWS_MAX: u32 = 32_768;

/// The keys of one account's entries, from index 0 to the newest.
#[derive(Debug)]
pub struct Log {
    runs: Vec<Run>,
    /// Tails that are full and wait to become runs; until then they are scanned.
    full: Vec<Full>,
    tail: Tail,
    tail_rows_max: u32,
    tokens: Tokens,
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
pub struct Indexed(Run);

impl Unindexed {
    /// Indexes the entries. Takes tens of milliseconds.
    pub fn index(&self) -> Indexed {
        Indexed(Run::build(&self.0))
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::with_tail_rows_max(TAIL_ROWS_MAX)
    }
}

impl Log {
    /// An empty log whose tail becomes a run at another size than usual, so that tests reach many runs with few entries.
    pub(super) fn with_tail_rows_max(tail_rows_max: u32) -> Self {
        Self {
            runs: Vec::new(),
            full: Vec::new(),
            tail: Tail::default(),
            tail_rows_max,
            tokens: Tokens::default(),
        }
    }

    /// How many entries there are; the next one gets this index.
    pub fn size(&self) -> u64 {
        self.tail.base + u64::from(self.tail.len())
    }

    /// Adds the entry with the next index.
    pub fn push(&mut self, created_at: Timestamp, keys: &Keys) {
        self.tokens.push(keys.token, self.size());
        self.tail.push(created_at, keys);
        if self.tail.len() == self.tail_rows_max {
            let next = Tail::new(self.size());
            let tail = std::mem::replace(&mut self.tail, next);
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

    /// Puts a run in the place of the tail that it was made from.
    pub fn replace(&mut self, Indexed(run): Indexed) {
        self.full.retain(|full| full.tail.base != run.base());
        self.runs.push(run);
    }

    /// The index of the entry with this token.
    pub fn find(&self, token: LogToken) -> Option<u64> {
        self.tokens.find(token)
    }

    /// Counts what matches and finds the entries of one page, the newest first: those after the first `skip`, at most
    /// `limit`. When `skip` is past the end, the page is empty and the count is still exact.
    pub fn locate(&self, filter: &Filter, skip: u64, limit: u64) -> Located {
        let tails = || self.full.iter().map(|full| &*full.tail).chain([&self.tail]);
        let parts =
            || self.runs.iter().map(|run| run as &dyn Part).chain(tails().map(|tail| tail as &dyn Part));
        let Some(token) = &filter.token else {
            return page::locate(parts().map(|part| (part, part.matches(filter))), skip, limit);
        };
        // At most one entry has the token, so only the part that holds it is asked.
        let index = LogToken::parse(token).and_then(|token| self.find(token));
        let found = index.and_then(|index| {
            parts().find_map(|part| {
                let position = part.position(index)?;
                Some((part, part.matches(filter).within(position..position + 1)))
            })
        });
        page::locate(found.into_iter(), skip, limit)
    }
}
