//! What a client sends: reading the body of a write into validated events.

mod body;
mod change;
mod fields;

pub use body::{BodyError, BodyForm, place, read_body};
pub use change::Change;
pub use fields::Rules;

use std::borrow::Cow;

use crate::{Timestamp, json, token::LogToken};

/// What was done to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// `create`, served as `record_created`.
    Create,
    /// `update`, served as `record_updated`.
    Update,
    /// `delete`, served as `record_destroyed`.
    Delete,
}

impl Action {
    /// All actions, in the order in which they are documented.
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    /// The word that filters and writers use: `create`, `update` or `delete`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The word that readers see: `record_created`, `record_updated` or `record_destroyed`.
    pub fn event_name(self) -> &'static str {
        match self {
            Self::Create => "record_created",
            Self::Update => "record_updated",
            Self::Delete => "record_destroyed",
        }
    }

    /// The action with this word, if any.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }

    /// The action with this name in entries, if any.
    pub fn parse_event_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.event_name() == name)
    }
}

/// Which workspace an event belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WorkspaceChoice<'a> {
    /// The writer does not say: the account's default workspace.
    #[default]
    Default,
    /// The writer says `null`: none at all.
    Nowhere,
    /// The one with this token.
    Token(Cow<'a, str>),
}

impl WorkspaceChoice<'_> {
    /// The token that the writer named.
    pub fn token(&self) -> Option<&str> {
        match self {
            Self::Token(token) => Some(token),
            Self::Default | Self::Nowhere => None,
        }
    }
}

/// A validated event: everything a client said, nothing that the server decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// The token to keep; only importers may choose one.
    pub token: Option<LogToken>,
    /// What was done.
    pub action: Action,
    /// The name of the object's type, as readers see it.
    pub object_type: Cow<'a, str>,
    /// The object's token.
    pub object_token: Option<Cow<'a, str>>,
    /// The object's title at the time of the event.
    pub object_title: Option<Cow<'a, str>>,
    /// Where the change was made: `[a-z0-9_]{1,64}`.
    pub source: Cow<'a, str>,
    /// Who acted, as people know them.
    pub user: Option<Cow<'a, str>>,
    /// Who acted, as a number.
    pub user_id: Option<i64>,
    /// The actor's role at the time.
    pub user_role: Option<Cow<'a, str>>,
    /// Which workspace it belongs to.
    pub workspace: WorkspaceChoice<'a>,
    /// The workspace's title at the time; only importers may say.
    pub workspace_title: Option<Cow<'a, str>>,
    /// When it happened; `None` is now.
    pub created_at: Option<Timestamp>,
    /// What changed.
    pub change: Change<'a>,
    /// A JSON object in minimal spelling: `ip`, `user_agent`, `request_id`, `session_id` and the like.
    pub context: Cow<'a, str>,
    /// A JSON object in minimal spelling: whatever else the writer wants to keep.
    pub metadata: Cow<'a, str>,
    /// Makes a retry of this event safe.
    pub idempotency_key: Option<Cow<'a, str>>,
}

impl<'a> Event<'a> {
    /// Reads one event from JSON in minimal spelling. It borrows from the text what is spelt there as it is.
    ///
    /// `at` is the number of the event in its batch, which stands before each field in a fault: `audit_logs[3]`; none for an
    /// event by itself. All faults are reported, one sentence each.
    pub fn parse(
        text: impl Into<json::Object<'a>>,
        at: Option<usize>,
        rules: &Rules,
    ) -> Result<Self, Vec<String>> {
        fields::parse(text.into(), at, rules)
    }
}
