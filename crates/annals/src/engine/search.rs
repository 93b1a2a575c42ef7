//! Searching the head: its words are indexed when somebody asks for them, and kept while they go on asking.

use std::{sync::Arc, time::Duration};

use annals_format::{Filter, Row};
use annals_store::{AccountId, ReadError};
use moka::sync::Cache;
use tokio::sync::Mutex;

use super::{Engine, View};
use crate::{
    limits,
    query::{Found, HeadWords},
};

/// How long the words of a head are kept after the last search.
const KEPT_FOR: Duration = Duration::from_mins(10);

/// Bytes of rows that are read at a time.
const READ_BYTES: usize = 4 * 1024 * 1024;

/// The words of the heads that are being searched.
pub(super) struct HeadSearch(Cache<AccountId, Arc<Mutex<HeadWords>>>);

impl HeadSearch {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(limits::SEARCHED_HEADS_MAX).time_to_idle(KEPT_FOR).build())
    }

    /// Forgets the words of an account's head.
    pub(super) fn forget(&self, account: AccountId) {
        self.0.invalidate(&account);
    }
}

impl Engine {
    /// Which entries of the head have what a filter searches for; `None` for a filter that does not search.
    pub(super) async fn search_head(&self, view: &View, filter: &Filter) -> Result<Option<Found>, ReadError> {
        if filter.words.is_empty() && filter.changed.is_none() {
            return Ok(None);
        }
        let words = self.search.0.get_with(view.account, Arc::default);
        let mut words = words.lock_owned().await;
        let sealed = view.log.read().sealed();
        if words.indexes().start != sealed {
            *words = HeadWords::new(sealed);
        }
        while words.indexes().end < view.size {
            let indexes = words.indexes().end..view.size;
            let entries = self.catalog.entries(view.account, indexes, READ_BYTES).await?;
            match entries.first() {
                // Sealed since: segments know these words.
                Some(first) if first.index != words.indexes().end => *words = HeadWords::new(first.index),
                Some(_) => {}
                None => {
                    *words = HeadWords::new(view.size);
                    break;
                }
            }
            let index = move || {
                for entry in entries {
                    words.push(
                        &Row::decode(&entry.row).map_err(|error| ReadError::Corrupt(error.to_string()))?,
                    );
                }
                Ok(words)
            };
            words = self.logs.segments().run(index).await?;
        }
        Ok(Some(words.find(filter)))
    }
}
