//! What the server serves: audit logs, pages of them and the links between pages.

use std::{fmt, ops::Deref};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::Action;

/// One entry of the log: who changed what, when, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditLog {
    /// `adt_lg_` and 16 hexadecimal digits.
    pub token: String,
    /// Token of the object that was changed.
    pub object_token: Option<String>,
    /// Name of the object's type, such as `Report` or `VirtualTag`.
    pub object_type: String,
    /// Title of the object at the time.
    pub object_title: Option<String>,
    /// What was done.
    pub event: Action,
    /// Where it was done from: `console`, `api`, …
    pub source: String,
    /// Display name, at the time, of who did it.
    pub user: Option<String>,
    /// Title of the workspace it was done in.
    pub workspace_title: Option<String>,
    /// Token of the workspace it was done in.
    pub workspace_token: Option<String>,
    /// When it was done; served in whole seconds, UTC.
    pub created_at: Timestamp,
    /// A JSON object: key → `[old, new]`. [`AuditLog::changes`] takes it apart. This and other values are null where they were
    /// erased.
    pub changed_values: Box<RawValue>,
    /// A JSON object: key → value. [`members`] takes it apart.
    pub unchanged_values: Box<RawValue>,
    /// Numeric id of who did it. This and what follows is annals' own, and absent on other servers.
    #[serde(default)]
    pub user_id: Option<i64>,
    /// Role, at the time, of who did it.
    #[serde(default)]
    pub user_role: Option<String>,
    /// A JSON object with `ip`, `user_agent`, `request_id`, `session_id`, as far as known.
    #[serde(default)]
    pub context: Option<Box<RawValue>>,
    /// A JSON object of the writer's own.
    #[serde(default)]
    pub metadata: Option<Box<RawValue>>,
    /// The sections that were erased, if any: `actor`, `object`, `change`, `context`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<String>,
    /// Position in the account's log, from 0.
    #[serde(default)]
    pub index: Option<u64>,
}

impl AuditLog {
    /// The changed values one by one, in the order served; none if they were erased.
    ///
    /// Fails if `changed_values` is not an object of `[old, new]` pairs, which annals never serves.
    pub fn changes(&self) -> Result<Vec<Change<'_>>, serde_json::Error> {
        if self.changed_values.get() == "null" {
            return Ok(Vec::new());
        }
        members(&self.changed_values)?
            .into_iter()
            .map(|(key, pair)| {
                let (old, new) = serde_json::from_str(pair.get())?;
                Ok(Change { key, old, new })
            })
            .collect()
    }
}

/// One changed value of an audit log.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// Name of the field that changed.
    pub key: String,
    /// The JSON text of its value before; `null` for a create.
    pub old: &'a RawValue,
    /// The JSON text of its value after; `null` for a delete.
    pub new: &'a RawValue,
}

/// A page of audit logs, newest first.
#[derive(Clone, Debug, Deserialize)]
pub struct AuditLogs {
    /// Where the neighbouring pages are.
    pub links: Links,
    /// The audit logs of this page.
    pub audit_logs: Vec<Served<AuditLog>>,
}

/// Absolute URLs of the pages around a page; give them to [`Client::follow`](crate::Client::follow).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// This page.
    #[serde(rename = "self")]
    pub this: Option<String>,
    /// The first page.
    pub first: Option<String>,
    /// The next page, of older audit logs; `None` on the last page.
    pub next: Option<String>,
    /// The last page; `None` when nothing matches.
    pub last: Option<String>,
    /// The page before, of newer audit logs; `None` on the first page.
    pub prev: Option<String>,
}

/// A value together with the JSON text it was served as.
#[derive(Clone, Debug)]
pub struct Served<T> {
    value: T,
    json: Box<RawValue>,
}

impl<T> Served<T> {
    /// The JSON text, byte for byte as the server sent it.
    pub fn json(&self) -> &str {
        self.json.get()
    }

    /// The value without its text.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Served<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Served<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let value = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        Ok(Self { value, json })
    }
}

/// Keys and values of a JSON object, in the order and the digits in which they are written.
///
/// Fails if `object` is no object.
pub fn members(object: &RawValue) -> Result<Vec<(String, &RawValue)>, serde_json::Error> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::with_capacity(map.size_hint().unwrap_or(0));
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    serde_json::Deserializer::from_str(object.get()).deserialize_map(Members)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"token":"adt_lg_7c1f0a93be52d846","object_token":null,"object_type":"Report","object_title":"Ünïcode","event":"record_updated","source":"api","user":"Ada","workspace_title":null,"workspace_token":null,"created_at":"2026-03-04T09:30:00Z","changed_values":{"z":[18446744073709551616,0.10000000000000000000001],"a":[null,"x"]},"unchanged_values":{"n":1E400},"object_changes":{"z":[1,2]},"user_id":1815,"user_role":"Owner","context":{},"metadata":null,"index":4711}"#;

    #[test]
    fn numbers_keep_their_digits_and_keys_their_order() {
        let log: Served<AuditLog> = serde_json::from_str(LOG).expect("sound");
        assert_eq!(log.json(), LOG);
        assert_eq!((log.event, log.user_id, log.index), (Action::Update, Some(1815), Some(4711)));
        assert!(log.metadata.is_none());
        let changes = log.changes().expect("sound");
        let texts: Vec<_> = changes.iter().map(|c| (c.key.as_str(), c.old.get(), c.new.get())).collect();
        assert_eq!(
            texts,
            [("z", "18446744073709551616", "0.10000000000000000000001"), ("a", "null", "\"x\"")]
        );
        assert_eq!(members(&log.unchanged_values).expect("sound")[0].1.get(), "1E400");
    }

    #[test]
    fn a_log_is_written_with_the_digits_it_was_read_with() {
        let log: AuditLog = serde_json::from_str(LOG).expect("sound");
        let text = serde_json::to_string(&log).expect("sound");
        assert!(text.contains(r#""z":[18446744073709551616,0.10000000000000000000001]"#), "{text}");
        assert!(text.contains(r#""created_at":"2026-03-04T09:30:00Z""#), "{text}");
    }

    #[test]
    fn a_change_that_is_no_pair_is_an_error() {
        let mut log: AuditLog = serde_json::from_str(LOG).expect("sound");
        for wrong in ["[]", "3", r#"{"a":1}"#, r#"{"a":[1]}"#, r#"{"a":[1,2,3]}"#] {
            log.changed_values = RawValue::from_string(wrong.to_owned()).expect("sound");
            assert!(log.changes().is_err(), "{wrong}");
        }
    }
}
