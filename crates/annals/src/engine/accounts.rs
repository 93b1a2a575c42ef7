//! Accounts by their tokens, remembered for a moment.

use std::{sync::Arc, time::Duration};

use annals_store::{Account, Catalog, ReadError};
use moka::sync::Cache;

use crate::limits;

/// How long an account counts as it was read: changes are seen within seconds.
const REMEMBERED_FOR: Duration = Duration::from_secs(2);

/// The accounts of a catalog.
pub struct Accounts {
    catalog: Arc<dyn Catalog>,
    remembered: Cache<String, Account>,
}

impl Accounts {
    pub(super) fn new(catalog: Arc<dyn Catalog>) -> Self {
        let remembered = Cache::builder()
            .max_capacity(limits::REMEMBERED_ACCOUNTS_MAX)
            .time_to_live(REMEMBERED_FOR)
            .build();
        Self { catalog, remembered }
    }

    /// The account with this token.
    pub async fn find(&self, token: &str) -> Result<Option<Account>, ReadError> {
        if let Some(account) = self.remembered.get(token) {
            return Ok(Some(account));
        }
        let account = self.catalog.accounts().await?.into_iter().find(|account| account.token == token);
        if let Some(account) = &account {
            self.remembered.insert(token.to_owned(), account.clone());
        }
        Ok(account)
    }
}
