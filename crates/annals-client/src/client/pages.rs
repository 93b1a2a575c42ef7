//! Walking the pages of a list.

use super::Client;
use crate::{AuditLogs, Error, ListFilters};

/// The pages of a list, one after the other; made by [`Client::pages`].
pub struct Pages {
    client: Client,
    place: Place,
}

/// The page that comes next.
enum Place {
    Start(Box<ListFilters>),
    Link(String),
    End,
}

impl Pages {
    pub(super) fn new(client: Client, filters: ListFilters) -> Self {
        Self { client, place: Place::Start(Box::new(filters)) }
    }

    /// The next page, or `None` after the last.
    ///
    /// After an error the same page is asked for again.
    pub async fn next(&mut self) -> Result<Option<AuditLogs>, Error> {
        let page = match &self.place {
            Place::Start(filters) => self.client.list(filters).await?,
            Place::Link(link) => self.client.follow(link).await?,
            Place::End => return Ok(None),
        };
        self.place = page.links.next.clone().map_or(Place::End, Place::Link);
        Ok(Some(page))
    }
}
