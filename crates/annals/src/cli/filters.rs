//! Which audit logs a command is about.

use annals_client::ListFilters;

use super::connection::ActionArg;

/// Which audit logs: those that match everything that is given.
#[derive(clap::Args)]
pub(super) struct Filters {
    /// Words that all are in titles, users, or the keys and values of changes; `tea*` finds words that begin with tea
    #[arg(value_name = "WORDS")]
    words: Vec<String>,

    /// A field that was changed
    #[arg(long, value_name = "FIELD")]
    changed: Option<String>,

    /// Numeric id of the user or service token that acted
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    user: Option<i64>,

    /// Workspace it was done in
    #[arg(long, alias = "workspace_token", value_name = "TOKEN")]
    workspace_token: Option<String>,

    /// What was done
    #[arg(long, value_enum)]
    action: Option<ActionArg>,

    /// Exact title of the object
    #[arg(long, alias = "object_name", value_name = "TITLE")]
    object_name: Option<String>,

    /// Where it was done from: console, api, finops_agent, …
    #[arg(long)]
    source: Option<String>,

    /// Key of the object's type: cost_report, virtual_tag, …
    #[arg(long, alias = "object_type", value_name = "KEY")]
    object_type: Option<String>,

    /// Token of the audit log itself
    #[arg(long, alias = "audit_log_token", value_name = "TOKEN")]
    audit_log_token: Option<String>,

    /// Token of the object
    #[arg(long, alias = "object_token", value_name = "TOKEN")]
    object_token: Option<String>,

    /// From this UTC day on, or from an RFC 3339 instant
    #[arg(long, alias = "start_date", value_name = "DATE")]
    start_date: Option<String>,

    /// Up to and with this UTC day, or an RFC 3339 instant
    #[arg(long, alias = "end_date", value_name = "DATE")]
    end_date: Option<String>,
}

impl Filters {
    /// As the parameters of a list, which has its own ones for pages.
    pub(super) fn parameters(&self) -> ListFilters {
        ListFilters {
            user: self.user,
            workspace_token: self.workspace_token.clone(),
            action: self.action.map(Into::into),
            object_name: self.object_name.clone(),
            source: self.source.clone(),
            object_type: self.object_type.clone(),
            token: self.audit_log_token.clone(),
            object_token: self.object_token.clone(),
            q: (!self.words.is_empty()).then(|| self.words.join(" ")),
            changed: self.changed.clone(),
            start_date: self.start_date.clone(),
            end_date: self.end_date.clone(),
            ..ListFilters::default()
        }
    }
}
