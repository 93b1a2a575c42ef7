//! What an entry says about an administration.

use annals_format::{
    Action, Draft, Event, LogToken,
    entry::Origin,
    event::{Change, WorkspaceChoice},
};
use annals_store::Workspace;
use serde_json::{Map, Value};

use crate::{limits, random};

/// The properties of an object that an entry shows; never a secret, nor what is stored of one.
pub(super) type Properties = Map<String, Value>;

/// Properties with these names and values.
pub(super) fn properties_of<const N: usize>(members: [(&str, Value); N]) -> Properties {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// An administration, as an entry says it.
pub(super) struct Record {
    /// What was done to the object.
    pub(super) action: Action,
    /// `Account`, `Workspace`, `User`, `AccessToken`, `LegalHold` or `Pruning`.
    pub(super) object_type: &'static str,
    /// What the object is known by: its token, or `user_` and an id.
    pub(super) object_token: String,
    /// What people call the object, after the change.
    pub(super) object_title: String,
    /// The workspace that it is about, if it is about one; else it is about the whole account.
    pub(super) workspace: Option<Workspace>,
    /// The object before; empty for a new one.
    pub(super) before: Properties,
    /// The object after; empty for one that is gone.
    pub(super) after: Properties,
}

impl Record {
    /// The entry that says that `who` did this from `source`, but for its instant.
    pub(super) fn draft(&self, who: &str, source: &str) -> Draft {
        let event = Event {
            token: None,
            action: self.action,
            object_type: self.object_type.into(),
            object_token: Some(self.object_token.as_str().into()),
            object_title: Some(self.object_title.as_str().into()),
            source: source.into(),
            user: Some(who[..who.floor_char_boundary(limits::TITLE_BYTES_MAX)].into()),
            user_id: None,
            user_role: None,
            workspace: WorkspaceChoice::Nowhere,
            workspace_title: None,
            created_at: None,
            change: change(&self.before, &self.after),
            context: "{}".into(),
            metadata: "{}".into(),
            idempotency_key: None,
        };
        let origin = Origin {
            // Nobody looks whether it is taken: one of 2^64 is not.
            token: LogToken(u64::from_le_bytes(random::bytes())),
            seed: random::bytes(),
            workspace_token: self.workspace.as_ref().map(|workspace| workspace.token.as_str()),
            workspace_title: self.workspace.as_ref().map(|workspace| workspace.name.as_str()),
        };
        Draft::new(&event, &origin)
    }
}

/// What differs, and what does not; a property that is missing counts as null.
fn change(before: &Properties, after: &Properties) -> Change<'static> {
    let (mut changed, mut unchanged) = (Properties::new(), Properties::new());
    for key in before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))) {
        let [old, new] = [before, after].map(|side| side.get(key).cloned().unwrap_or_default());
        if old == new {
            unchanged.insert(key.clone(), new);
        } else {
            changed.insert(key.clone(), Value::Array(vec![old, new]));
        }
    }
    let [changed, unchanged] = [changed, unchanged].map(|values| Value::Object(values).to_string());
    Change { changed: changed.into(), unchanged: unchanged.into() }
}

#[cfg(test)]
mod tests {
    use annals_format::json::minify;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_what_differs_in_the_spelling_of_entries() {
        let before = properties_of([("name", "a".into()), ("role", "owner".into())]);
        let after = properties_of([
            ("name", "\u{1}\u{7f}\"\\/\n ü".into()),
            ("role", "owner".into()),
            ("scopes", json!(["read"])),
        ]);
        let update = change(&before, &after);
        assert_eq!(
            update.changed,
            "{\"name\":[\"a\",\"\\u0001\u{7f}\\\"\\\\/\\n ü\"],\"scopes\":[null,[\"read\"]]}"
        );
        assert_eq!(update.unchanged, r#"{"role":"owner"}"#);
        for text in [&update.changed, &update.unchanged] {
            assert_eq!(minify(text, 8).map(|minified| minified.text).as_deref(), Ok(&**text));
        }
        assert_eq!(
            change(&before, &Properties::new()).changed,
            r#"{"name":["a",null],"role":["owner",null]}"#
        );
    }
}
