//! What a writer sends.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{Action, Error};

/// An event to record. Start with [`NewEvent::new`] and set what is known; what is `None` is not sent.
///
/// The change is said in one of two forms: `before` and/or `after`, from which the server works out which values
/// changed, or `changed_values` with `unchanged_values`. The setters take any value that serialises; to send numbers
/// digit for digit, set the fields to the JSON text itself.
#[derive(Clone, Debug, Serialize)]
pub struct NewEvent {
    /// Key (`cost_report`) or name (`Report`) of the object's type.
    pub object_type: String,
    /// What was done.
    pub event: Action,
    /// Token of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_token: Option<String>,
    /// Title of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_title: Option<String>,
    /// Where it was done from, `[a-z0-9_]{1,64}`; the server's default is `api`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Display name of who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Numeric id of who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
    /// Role of who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_role: Option<String>,
    /// Token of the workspace; the default is the account's default workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_token: Option<String>,
    /// When it was done; the default is the time at which the server accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// The object before, a JSON object; none for a create.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<RawValue>>,
    /// The object after, a JSON object; none for a delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Box<RawValue>>,
    /// A JSON object: key → `[old, new]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_values: Option<Box<RawValue>>,
    /// A JSON object: key → value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged_values: Option<Box<RawValue>>,
    /// A JSON object with any of `ip`, `user_agent`, `request_id`, `session_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Box<RawValue>>,
    /// A JSON object of the writer's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<RawValue>>,
    /// Recording the same event with the same key again answers the first entry instead of making a second one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

impl NewEvent {
    /// An event of which only the type of the object and the action are known.
    pub fn new(object_type: impl Into<String>, action: Action) -> Self {
        Self {
            object_type: object_type.into(),
            event: action,
            object_token: None,
            object_title: None,
            source: None,
            user: None,
            user_id: None,
            user_role: None,
            workspace_token: None,
            created_at: None,
            before: None,
            after: None,
            changed_values: None,
            unchanged_values: None,
            context: None,
            metadata: None,
            idempotency_key: None,
        }
    }

    /// Sets token and title of the object.
    pub fn object(mut self, token: impl Into<String>, title: impl Into<String>) -> Self {
        self.object_token = Some(token.into());
        self.object_title = Some(title.into());
        self
    }

    /// Sets the display name of who did it.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }

    /// Sets the object as it was before.
    pub fn before(mut self, object: &impl Serialize) -> Result<Self, Error> {
        self.before = Some(to_raw_value(object)?);
        Ok(self)
    }

    /// Sets the object as it is after.
    pub fn after(mut self, object: &impl Serialize) -> Result<Self, Error> {
        self.after = Some(to_raw_value(object)?);
        Ok(self)
    }

    /// Sets the metadata.
    pub fn metadata(mut self, object: &impl Serialize) -> Result<Self, Error> {
        self.metadata = Some(to_raw_value(object)?);
        Ok(self)
    }

    /// Sets the key that makes recording it again harmless.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_set_is_sent() {
        let event = NewEvent::new("cost_report", Action::Create).user("Ada");
        assert_eq!(
            serde_json::to_string(&event).expect("sound"),
            r#"{"object_type":"cost_report","event":"record_created","user":"Ada"}"#
        );
    }

    #[test]
    fn digits_are_sent_as_given() {
        let mut event = NewEvent::new("budget", Action::Update);
        event.after =
            Some(RawValue::from_string(r#"{"limit":9007199254740993.10}"#.to_owned()).expect("sound"));
        assert!(
            serde_json::to_string(&event)
                .expect("sound")
                .ends_with(r#""after":{"limit":9007199254740993.10}}"#)
        );
    }
}
