//! What was done to an object, in the two spellings of the wire.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What was done to the object of an audit log.
///
/// Filters say `create`, audit logs say `record_created`. Both spellings are parsed; serde writes the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// The object came into being.
    #[serde(rename = "record_created", alias = "create")]
    Create,
    /// The object was changed.
    #[serde(rename = "record_updated", alias = "update")]
    Update,
    /// The object was deleted.
    #[serde(rename = "record_destroyed", alias = "delete")]
    Delete,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    /// The spelling of the `action` filter: `create`, `update` or `delete`.
    pub fn as_action(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The spelling of the `event` field: `record_created`, `record_updated` or `record_destroyed`.
    pub fn as_event(self) -> &'static str {
        match self {
            Self::Create => "record_created",
            Self::Update => "record_updated",
            Self::Delete => "record_destroyed",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_action())
    }
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL
            .into_iter()
            .find(|action| text == action.as_action() || text == action.as_event())
            .ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

/// A text that names no action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an action is create, update or delete, not `{0}`")]
pub struct UnknownAction(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        for action in Action::ALL {
            assert_eq!(action.as_action().parse(), Ok(action));
            assert_eq!(action.as_event().parse(), Ok(action));
        }
        assert!("destroy".parse::<Action>().is_err());
    }
}
