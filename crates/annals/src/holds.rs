//! Holds in force: which entries neither retention nor erasure may touch.

use annals_format::{Filter, ListQuery, Row};
use annals_store::{AccountId, Catalog, ReadError};

use crate::retention;

/// The holds in force on an account's entries, and on those that say what was pruned: without them nobody could tell what was
/// pruned from what was taken away.
#[derive(Debug, Clone, Default)]
pub struct Holds(Vec<Filter>);

impl Holds {
    /// Those that are in force now.
    pub async fn of(catalog: &dyn Catalog, account: AccountId) -> Result<Self, ReadError> {
        let holds = catalog.holds(account).await?.into_iter().filter(|hold| hold.released_at.is_none());
        let filter = |hold: annals_store::Hold| match ListQuery::parse(&hold.filter) {
            Ok(query) => Ok(query.filter),
            // What a hold is on that cannot be read may be anything.
            Err(faults) => {
                Err(ReadError::Corrupt(format!("the filter of {}: {}", hold.token, faults.join("; "))))
            }
        };
        let filters = holds.map(filter).chain([Ok(retention::kept_for_ever())]);
        filters.collect::<Result<_, _>>().map(Self)
    }

    /// Entries that match any of these are held.
    pub fn filters(&self) -> &[Filter] {
        &self.0
    }

    /// Whether an entry is held.
    pub fn keep(&self, index: u64, row: &Row) -> Result<bool, ReadError> {
        for filter in &self.0 {
            if filter.matches(index, row).map_err(|error| ReadError::Corrupt(error.to_string()))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
