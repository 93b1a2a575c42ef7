//! Lists and single entries.

use annals_format::{Filter, ListQuery, LogToken};
use annals_store::{AccountId, ReadError};

use super::Engine;
use crate::append::SharedLog;

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
    account: AccountId,
    log: SharedLog,
    size: u64,
}

impl View {
    /// How many entries the log had.
    pub fn size(&self) -> u64 {
        self.size
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
        let as_of = query.filter.as_of.map_or(view.size, |as_of| as_of.min(view.size));
        let filter = Filter { as_of: Some(as_of), ..query.filter.clone() };
        let located = view.log.read().locate(&filter, skip, limit);
        let rows = self.catalog.rows(view.account, &located.indexes).await?;
        let entries =
            located.indexes.into_iter().zip(rows).map(|(index, row)| Found { index, row }).collect();
        Ok(Page { total: located.total, as_of, entries })
    }

    /// The entry with this token, if the account has it.
    pub async fn get(&self, account: AccountId, token: LogToken) -> Result<Option<Found>, ReadError> {
        let log = self.logs.current(account).await?;
        let index = log.read().find(token);
        let Some(index) = index else { return Ok(None) };
        let row = self.catalog.rows(account, &[index]).await?.into_iter().next();
        Ok(row.map(|row| Found { index, row }))
    }
}
