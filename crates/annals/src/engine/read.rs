//! Lists and single entries.

use std::sync::Arc;

use annals_format::{Filter, ListQuery, LogToken, StatsQuery};
use annals_store::{AccountId, ReadError};

use super::Engine;
use crate::{
    append::SharedLog,
    query::{Entry, Snapshot, Stats, Wanted},
    segments::{self, MOVES_MAX, SegmentError},
};

/// Rows of a page that is read where it is asked for, at most: they take some tenths of a millisecond.
const SHORT_ROWS_MAX: u64 = 200;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How many entries match, exactly.
    pub total: u64,
    /// The tree size at which the list was seen.
    pub as_of: u64,
    /// The page's entries, the newest first.
    pub entries: Vec<Found>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its place in the log.
    pub index: u64,
    /// Its stored form.
    pub row: Vec<u8>,
}

/// An account's log as it was at one moment; later entries are not seen through it.
pub struct View {
    pub(super) account: AccountId,
    pub(super) log: SharedLog,
    pub(super) size: u64,
}

impl View {
    /// How many entries the log had.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many of them are no longer kept, as of now.
    pub fn pruned(&self) -> u64 {
        let log = self.log.read();
        log.segments().iter().map(|segment| u64::from(segment.layout().pruned())).sum()
    }
}

impl Engine {
    /// An account's log with everything that was committed before this call.
    pub async fn view(&self, account: AccountId) -> Result<View, ReadError> {
        let log = self.logs.current(account).await?;
        let size = log.read().size();
        Ok(View { account, log, size })
    }

    /// One page of the entries that match.
    pub async fn list(&self, view: &View, query: &ListQuery) -> Result<Page, ReadError> {
        let limit = query.limit.get();
        let skip = (query.page.get() - 1).saturating_mul(limit);
        let (as_of, wanted) = self.wanted(view, &query.filter, false).await?;
        let (total, entries) = self.page(view, &wanted, skip, limit).await?;
        Ok(Page { total, as_of, entries })
    }

    /// The entry with this token, if the account has it.
    pub async fn get(&self, account: AccountId, token: LogToken) -> Result<Option<Found>, ReadError> {
        let view = self.view(account).await?;
        let filter = Filter { token: Some(token.to_string()), ..Filter::default() };
        let (_, wanted) = self.wanted(&view, &filter, false).await?;
        let (_, entries) = self.page(&view, &wanted, 0, 1).await?;
        Ok(entries.into_iter().next())
    }

    /// How many entries match, in all and by what they have.
    pub async fn stats(&self, view: &View, query: &StatsQuery) -> Result<(u64, Stats), ReadError> {
        let (as_of, wanted) = self.wanted(view, &query.filter, true).await?;
        let interval = query.interval;
        let stats = self.read(view, &wanted, false, move |snapshot, wanted| snapshot.stats(wanted, interval));
        Ok((as_of, stats.await?))
    }

    /// What a query is about, and the tree size at which it sees the log.
    async fn wanted(
        &self,
        view: &View,
        filter: &Filter,
        counted: bool,
    ) -> Result<(u64, Arc<Wanted>), ReadError> {
        let as_of = filter.as_of.map_or(view.size, |as_of| as_of.min(view.size));
        let filter = Filter { as_of: Some(as_of), ..filter.clone() };
        let found = self.search_head(view, &filter).await?;
        Ok((as_of, Arc::new(Wanted { filter, counted, found })))
    }

    /// Counts what matches, and reads a page of it.
    async fn page(
        &self,
        view: &View,
        wanted: &Arc<Wanted>,
        skip: u64,
        limit: u64,
    ) -> Result<(u64, Vec<Found>), ReadError> {
        let is_short = limit <= SHORT_ROWS_MAX && !wanted.filter.words.iter().any(|word| word.prefix);
        for _ in 0..MOVES_MAX {
            let page = self
                .read(view, wanted, is_short, move |snapshot, wanted| snapshot.page(wanted, skip, limit))
                .await?;
            if let Some(entries) = self.complete(view, page.entries).await? {
                return Ok((page.total, entries));
            }
            self.logs.look_again(view.account).await?;
        }
        Err(segments::moving())
    }

    /// Adds the rows that are in the head, unless some of the entries have been sealed meanwhile.
    async fn complete(&self, view: &View, mut entries: Vec<Entry>) -> Result<Option<Vec<Found>>, ReadError> {
        let indexes: Vec<u64> =
            entries.iter().filter(|entry| entry.row.is_none()).map(|entry| entry.index).collect();
        if !indexes.is_empty() {
            let rows = self.catalog.rows(view.account, &indexes).await?;
            for (entry, row) in entries.iter_mut().filter(|entry| entry.row.is_none()).zip(rows) {
                entry.row = row;
            }
        }
        let found = entries.into_iter().map(|entry| Some(Found { index: entry.index, row: entry.row? }));
        Ok(found.collect())
    }

    /// Reads a snapshot of the log, here and now if that takes a short time and no disk; a new one while segments take the place of those that are being read.
    async fn read<T: Send + 'static>(
        &self,
        view: &View,
        wanted: &Arc<Wanted>,
        is_short: bool,
        read: impl Fn(&Snapshot, &Wanted) -> Result<T, SegmentError> + Clone + Send + 'static,
    ) -> Result<T, ReadError> {
        for _ in 0..MOVES_MAX {
            let snapshot = view.log.read().snapshot(wanted);
            // A head that was searched as shorter than it is here was sealed by another server.
            let searched = wanted.found.as_ref().is_none_or(|found| found.base <= snapshot.sealed());
            let (read, wanted) = (read.clone(), Arc::clone(wanted));
            let answer = match searched {
                false => Err(SegmentError::Gone { name: "of another server".to_owned() }),
                true if !snapshot.has_segments() => read(&snapshot, &wanted),
                true => {
                    let segments = self.logs.segments();
                    let at_once = is_short.then(|| segments.at_once(|| read(&snapshot, &wanted))).flatten();
                    match at_once {
                        Some(answer) => answer,
                        None => segments.run(move || read(&snapshot, &wanted)).await,
                    }
                }
            };
            match answer {
                Err(SegmentError::Gone { .. }) => self.logs.look_again(view.account).await?,
                answer => return Ok(answer?),
            }
        }
        Err(segments::moving())
    }
}
