//! The workspaces of accounts, remembered for a moment: every event is checked against them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use annals_store::{AccountId, Catalog, ReadError, Workspace};
use moka::sync::Cache;

use super::Engine;
use crate::limits;

/// The workspaces of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workspaces {
    /// All of them, the oldest first.
    pub all: Vec<Workspace>,
    /// The token of the one for events that name none.
    pub default: Option<String>,
    /// Where in `all` the workspace with each token is.
    places: HashMap<String, usize>,
}

impl Workspaces {
    fn new(all: Vec<Workspace>, default: Option<String>) -> Self {
        let places = all.iter().enumerate().map(|(at, workspace)| (workspace.token.clone(), at)).collect();
        Self { all, default, places }
    }

    /// The workspace with this token.
    pub fn get(&self, token: &str) -> Option<&Workspace> {
        self.all.get(*self.places.get(token)?)
    }
}

pub(super) struct Cached {
    catalog: Arc<dyn Catalog>,
    remembered: Cache<AccountId, Arc<Workspaces>>,
}

impl Cached {
    pub(super) fn new(catalog: Arc<dyn Catalog>) -> Self {
        let remembered = Cache::builder()
            .max_capacity(limits::REMEMBERED_MAX)
            .time_to_live(Duration::from_secs(limits::IDENTITY_SECONDS_MAX))
            .build();
        Self { catalog, remembered }
    }

    async fn load(&self, account: AccountId) -> Result<Arc<Workspaces>, ReadError> {
        let all = self.catalog.workspaces(account).await?;
        let default = self.catalog.accounts().await?.into_iter().find(|known| known.id == account);
        let default = default.and_then(|account| account.default_workspace);
        let workspaces = Arc::new(Workspaces::new(all, default));
        self.remembered.insert(account, Arc::clone(&workspaces));
        Ok(workspaces)
    }
}

impl Engine {
    /// The workspaces of an account as they are now.
    pub async fn workspaces(&self, account: AccountId) -> Result<Arc<Workspaces>, ReadError> {
        self.workspaces.load(account).await
    }

    /// The workspaces of an account as they were a moment ago.
    pub(super) async fn recent_workspaces(&self, account: AccountId) -> Result<Arc<Workspaces>, ReadError> {
        match self.workspaces.remembered.get(&account) {
            Some(remembered) => Ok(remembered),
            None => self.workspaces(account).await,
        }
    }
}
