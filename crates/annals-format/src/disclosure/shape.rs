//! Which members there are, and what they may be: a log that lies must not bring other fields into an answer.

use crate::{entry::Section, json, limits::EVENT_DEPTH_MAX};

/// The values of the members of an object that has exactly these, in this order.
pub(super) fn fields<'a, const N: usize>(object: &'a str, names: [&str; N]) -> Option<[&'a str; N]> {
    let mut members = json::members(object);
    let mut values = [""; N];
    for (value, name) in values.iter_mut().zip(names) {
        *value = members.next().filter(|(key, _)| *key == name)?.1;
    }
    members.next().is_none().then_some(values)
}

/// Whether `text` is JSON in minimal spelling, nested no deeper than what is served.
pub(super) fn is_minimal(text: &str) -> bool {
    // A change that was given as two states is served one level deeper.
    json::minify(text, EVENT_DEPTH_MAX + 1).is_ok_and(|minified| minified.text == text)
}

/// Whether `text` is what this section holds.
pub(super) fn is_section(section: Section, text: &str) -> bool {
    let has_shape = match section {
        Section::Actor => fields(text, ["user", "user_id", "user_role"])
            .is_some_and(|[user, id, role]| is_text(user) && is_id(id) && is_text(role)),
        Section::Object => fields(text, ["object_title"]).is_some_and(|[title]| is_text(title)),
        Section::Change => fields(text, ["changed_values", "unchanged_values"])
            .is_some_and(|[changed, unchanged]| is_object(changed) && is_object(unchanged)),
        Section::Context => fields(text, ["context", "metadata", "workspace_title"]).is_some_and(
            |[context, metadata, title]| is_object(context) && is_object(metadata) && is_text(title),
        ),
    };
    has_shape && is_minimal(text)
}

/// Whether a value is a string or null.
pub(super) fn is_text(value: &str) -> bool {
    value == "null" || is_string(value)
}

pub(super) fn is_string(value: &str) -> bool {
    value.starts_with('"')
}

fn is_object(value: &str) -> bool {
    value.starts_with('{')
}

fn is_id(value: &str) -> bool {
    value == "null" || value.parse().is_ok_and(|id: i64| id.to_string() == value)
}
