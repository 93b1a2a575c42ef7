//! Object types: each has a *key*, which filters take (`cost_report`), and a *name*, which readers see (`Report`).

use crate::limits::KEY_CHARS_MAX;

/// Reports were named before there was any other type, so their name and key do not match.
const REPORT_NAME: &str = "Report";
const REPORT_KEY: &str = "cost_report";

/// Whether `text` has the form of a key: `[a-z0-9_]{1,64}`. Sources have the same form.
pub fn is_key(text: &str) -> bool {
    (1..=KEY_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// The name that readers see for a type that a writer sent as a key or as a name; `None` when it is neither.
///
/// A name is kept as sent. A key becomes its camel case, unless that would lead to another key, as for `a_1`.
pub fn name_of(sent: &str) -> Option<String> {
    if sent == REPORT_KEY {
        return Some(REPORT_NAME.to_owned());
    }
    if is_key(sent) {
        let camel = camel_case(sent);
        return Some(if key_of(&camel) == sent { camel } else { sent.to_owned() });
    }
    let is_name = !sent.is_empty()
        && sent.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && key_of(sent).len() <= KEY_CHARS_MAX;
    is_name.then(|| sent.to_owned())
}

/// The key by which filters find a type with this name: its snake case, and `cost_report` for `Report`.
pub fn key_of(name: &str) -> String {
    if name == REPORT_NAME {
        return REPORT_KEY.to_owned();
    }
    let bytes = name.as_bytes();
    let mut key = String::with_capacity(name.len() + 4);
    for (at, &byte) in bytes.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let starts_word = byte.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase))
            });
        if starts_word {
            key.push('_');
        }
        key.push(char::from(byte.to_ascii_lowercase()));
    }
    key
}

fn camel_case(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for word in key.split('_') {
        let mut characters = word.chars();
        name.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(characters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_and_names() {
        for (sent, name, key) in [
            ("cost_report", "Report", "cost_report"),
            ("Report", "Report", "cost_report"),
            ("CostReport", "CostReport", "cost_report"),
            ("virtual_tag", "VirtualTag", "virtual_tag"),
            ("VirtualTag", "VirtualTag", "virtual_tag"),
            ("recommendation_commitment", "RecommendationCommitment", "recommendation_commitment"),
            ("segment", "Segment", "segment"),
            ("APIKey", "APIKey", "api_key"),
            ("S3Bucket", "S3Bucket", "s3_bucket"),
            ("report", "report", "report"),
            ("a_1", "a_1", "a_1"),
            ("__", "__", "__"),
        ] {
            assert_eq!(name_of(sent).as_deref(), Some(name), "{sent}");
            assert_eq!(key_of(name), key, "{name}");
        }
        for sent in ["", "Cost Report", "Ünit", "a-b", &"x".repeat(65), &"Xy".repeat(40)] {
            assert_eq!(name_of(sent), None, "{sent}");
        }
    }

    proptest! {
        #[test]
        fn a_type_sent_as_a_key_is_found_by_that_key(key in "[a-z0-9_]{1,64}") {
            let name = name_of(&key).expect("a key is a type");
            prop_assert_eq!(key_of(&name), key);
        }
    }
}
