//! The index over all entries of one account.

use annals_format::{Filter, LogToken, entry::Keys};

use super::{
    page::{self, Located},
    part::Part,
    run::Run,
    tail::Tail,
    tokens::Tokens,
};

/// Entries that are scanned before they become a run. Scanning as many takes tens of microseconds; turning them into a
/// run takes a few milliseconds.
const TAIL_ROWS_MAX: u32 = 8_192;

/// The keys of one account's entries, from index 0 to the newest.
#[derive(Debug)]
pub struct Log {
    runs: Vec<Run>,
    tail: Tail,
    tail_rows_max: u32,
    tokens: Tokens,
}

impl Default for Log {
    fn default() -> Self {
        Self::with_tail_rows_max(TAIL_ROWS_MAX)
    }
}

impl Log {
    /// An empty log whose tail becomes a run at another size than usual, so that tests reach many runs with few entries.
    pub(super) fn with_tail_rows_max(tail_rows_max: u32) -> Self {
        Self { runs: Vec::new(), tail: Tail::default(), tail_rows_max, tokens: Tokens::default() }
    }

    /// How many entries there are; the next one gets this index.
    pub fn size(&self) -> u64 {
        self.tail.base + u64::from(self.tail.len())
    }

    /// Adds the entry with the next index.
    pub fn push(&mut self, keys: &Keys) {
        self.tokens.push(keys.token, self.size());
        self.tail.push(keys);
        if self.tail.len() == self.tail_rows_max {
            let next = Tail::new(self.size());
            let full = std::mem::replace(&mut self.tail, next);
            self.runs.push(Run::build(&full));
        }
    }

    /// The index of the entry with this token.
    pub fn find(&self, token: LogToken) -> Option<u64> {
        self.tokens.find(token)
    }

    /// Counts what matches and finds the entries of one page, the newest first: those after the first `skip`, at most
    /// `limit`. When `skip` is past the end, the page is empty and the count is still exact.
    pub fn locate(&self, filter: &Filter, skip: u64, limit: u64) -> Located {
        let parts = || self.runs.iter().map(|run| run as &dyn Part).chain([&self.tail as &dyn Part]);
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
