//! The change of an event: what a writer gives in one of several forms, kept as changed and unchanged values.

use std::{borrow::Cow, collections::HashMap};

use super::Action;
use crate::json;

/// What changed, as two JSON objects in minimal spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// Key → `[old, new]`.
    pub changed: Cow<'a, str>,
    /// Key → value.
    pub unchanged: Cow<'a, str>,
}

impl Default for Change<'_> {
    fn default() -> Self {
        Self { changed: "{}".into(), unchanged: "{}".into() }
    }
}

/// The members of an event that may describe its change, as JSON texts; `null` counts as absent.
#[derive(Debug, Default)]
pub(super) struct Forms<'a> {
    pub(super) before: Option<&'a str>,
    pub(super) after: Option<&'a str>,
    pub(super) object_changes: Option<&'a str>,
    pub(super) changed_values: Option<&'a str>,
    pub(super) unchanged_values: Option<&'a str>,
}

impl<'a> Forms<'a> {
    /// Computes the change, reporting faults as `(field, what is wrong)`.
    ///
    /// An answer of ours holds the same map as `changed_values` and as `object_changes`; `both_allowed` takes such a
    /// pair when the two are equal.
    pub(super) fn change(
        &self,
        action: Option<Action>,
        both_allowed: bool,
        fault: &mut impl FnMut(&str, String),
    ) -> Change<'a> {
        let mut sound = true;
        let mut fault = |field: &str, what: String| {
            sound = false;
            fault(field, what);
        };
        let named = [
            ("before", self.before),
            ("after", self.after),
            ("object_changes", self.object_changes),
            ("changed_values", self.changed_values),
            ("unchanged_values", self.unchanged_values),
        ];
        for (field, value) in named {
            if value.is_some_and(|value| !value.starts_with('{')) {
                fault(field, "must be an object".to_owned());
            }
        }
        for (field, value) in
            [("object_changes", self.object_changes), ("changed_values", self.changed_values)]
        {
            for (key, pair) in value.into_iter().flat_map(json::members) {
                if json::elements(pair).count() != 2 {
                    fault(
                        &format!("{field}[\"{key}\"]"),
                        "must be an array of two values, [old, new]".to_owned(),
                    );
                }
            }
        }
        let as_states = self.before.is_some() || self.after.is_some();
        let given = self.object_changes.or(self.changed_values);
        if as_states {
            if let Some((field, _)) = named.iter().skip(2).find(|(_, value)| value.is_some()) {
                fault(field, "may not stand beside before and after: give the change in one form".to_owned());
            }
            match action {
                Some(Action::Create) if self.before.is_some() => {
                    fault("before", "may not be given for a create: nothing was there before".to_owned());
                }
                Some(Action::Delete) if self.after.is_some() => {
                    fault("after", "may not be given for a delete: nothing is there after".to_owned());
                }
                Some(Action::Update) if self.before.is_none() => {
                    fault("before", "is missing: an update has before and after".to_owned());
                }
                Some(Action::Update) if self.after.is_none() => {
                    fault("after", "is missing: an update has before and after".to_owned());
                }
                _ => {}
            }
        } else if let (Some(object_changes), Some(changed_values)) =
            (self.object_changes, self.changed_values)
            && !(both_allowed && json::equal(object_changes, changed_values))
        {
            fault(
                "object_changes",
                "may not stand beside changed_values: give the change in one form".to_owned(),
            );
        }
        if !sound {
            return Change::default();
        }
        if as_states {
            return between(self.before.unwrap_or("{}"), self.after.unwrap_or("{}"));
        }
        Change {
            changed: given.unwrap_or("{}").into(),
            unchanged: self.unchanged_values.unwrap_or("{}").into(),
        }
    }
}

/// The change between two states: keys whose values differ (a missing key counts as null), and the rest.
fn between(before: &str, after: &str) -> Change<'static> {
    let after_values: HashMap<&str, &str> = json::members(after).collect();
    let before_keys: HashMap<&str, &str> = json::members(before).collect();
    let (mut changed, mut unchanged) = (String::from("{"), String::from("{"));
    let added = json::members(after).filter(|(key, _)| !before_keys.contains_key(key));
    let pairs = json::members(before)
        .map(|(key, old)| (key, old, after_values.get(key).copied().unwrap_or("null")))
        .chain(added.map(|(key, new)| (key, "null", new)));
    for (key, old, new) in pairs {
        let same = json::equal(old, new);
        let out = if same { &mut unchanged } else { &mut changed };
        if out.len() > 1 {
            out.push(',');
        }
        out.extend(["\"", key, "\":"]);
        if same {
            out.push_str(new);
        } else {
            out.extend(["[", old, ",", new, "]"]);
        }
    }
    changed.push('}');
    unchanged.push('}');
    Change { changed: changed.into(), unchanged: unchanged.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_what_differs_by_value() {
        let change = between(
            r#"{"title":"a","n":1.0,"gone":[1],"none":null,"o":{"x":1,"y":2}}"#,
            r#"{"n":1,"title":"b","new":9007199254740993,"o":{"y":2,"x":1}}"#,
        );
        assert_eq!(change.changed, r#"{"title":["a","b"],"gone":[[1],null],"new":[null,9007199254740993]}"#);
        assert_eq!(change.unchanged, r#"{"n":1,"none":null,"o":{"y":2,"x":1}}"#);
    }
}
