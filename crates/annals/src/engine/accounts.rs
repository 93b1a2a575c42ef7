//! Accounts by their tokens, remembered for a moment.

use std::{collections::HashMap, sync::Arc, time::Duration};

use annals_store::{Account, Catalog, ReadError};
use moka::sync::Cache;

/// How long accounts count as they were read: changes are seen within seconds, and whoever makes tokens up has the catalog
/// asked no more often than that.
const REMEMBERED_FOR: Duration = Duration::from_secs(2);

/// The accounts of a catalog.
pub struct Accounts {
    catalog: Arc<dyn Catalog>,
    remembered: Cache<(), Arc<HashMap<String, Account>>>,
}

impl Accounts {
    pub(super) fn new(catalog: Arc<dyn Catalog>) -> Self {
        Self { catalog, remembered: Cache::builder().max_capacity(1).time_to_live(REMEMBERED_FOR).build() }
    }

    /// The account with this token.
    pub async fn find(&self, token: &str) -> Result<Option<Account>, ReadError> {
        let accounts = match self.remembered.get(&()) {
            Some(accounts) => accounts,
            None => {
                let accounts = self.catalog.accounts().await?.into_iter();
                let accounts = Arc::new(accounts.map(|account| (account.token.clone(), account)).collect());
                self.remembered.insert((), Arc::clone(&accounts));
                accounts
            }
        };
        Ok(accounts.get(token).cloned())
    }
}
