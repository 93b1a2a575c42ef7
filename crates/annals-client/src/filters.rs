//! Which audit logs to list.

use crate::Action;

/// The query parameters of a list; those that are set combine with AND.
///
/// Values go to the server as they are, and it refuses those it cannot use by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilters {
    /// Page of results, from 1.
    pub page: Option<u64>,
    /// Results a page, 1 to 5000; the server's default is 100.
    pub limit: Option<u32>,
    /// Numeric id of the user or service token that acted.
    pub user: Option<i64>,
    /// Token of the workspace.
    pub workspace_token: Option<String>,
    /// What was done.
    pub action: Option<Action>,
    /// Exact title of the object.
    pub object_name: Option<String>,
    /// Where it was done from: `console`, `api`, `finops_agent`, …
    pub source: Option<String>,
    /// Key of the object's type: `cost_report`, `virtual_tag`, …
    pub object_type: Option<String>,
    /// Token of the audit log.
    pub token: Option<String>,
    /// Token of the object.
    pub object_token: Option<String>,
    /// Words that all are in titles, the user, or the keys and values of the change; `*` after a word finds words that begin
    /// with it.
    pub q: Option<String>,
    /// A field that was changed.
    pub changed: Option<String>,
    /// Not before: a UTC day `YYYY-MM-DD`, or an RFC 3339 instant.
    pub start_date: Option<String>,
    /// Not after: a UTC day `YYYY-MM-DD`, inclusive to its last instant, or an RFC 3339 instant.
    pub end_date: Option<String>,
    /// Only entries with a smaller index: the log as it was when it had this many entries.
    pub as_of: Option<u64>,
}

impl ListFilters {
    /// The parameters that are set, in a fixed order, unescaped.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let parameters = [
            ("user", self.user.map(|n| n.to_string())),
            ("workspace_token", self.workspace_token.clone()),
            ("action", self.action.map(|action| action.as_action().to_owned())),
            ("object_name", self.object_name.clone()),
            ("source", self.source.clone()),
            ("object_type", self.object_type.clone()),
            ("token", self.token.clone()),
            ("object_token", self.object_token.clone()),
            ("q", self.q.clone()),
            ("changed", self.changed.clone()),
            ("start_date", self.start_date.clone()),
            ("end_date", self.end_date.clone()),
            ("as_of", self.as_of.map(|n| n.to_string())),
            ("limit", self.limit.map(|n| n.to_string())),
            ("page", self.page.map(|n| n.to_string())),
        ];
        parameters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}
