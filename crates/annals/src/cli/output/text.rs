//! Text that strangers wrote, made safe and readable on a terminal.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// `text` on one line and without anything that could drive a terminal or reorder what is read: control characters
/// and bidirectional overrides are written as `\u{1b}`.
pub(in crate::cli) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\t' => safe.push_str("\\t"),
            c if is_unsafe(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A JSON value as people read it: a string without its quotes, unless it would then pass for something else, and
/// anything else as it was written.
pub(in crate::cli) fn json_text(value: &RawValue) -> String {
    let Ok(text) = serde_json::from_str::<String>(value.get()) else {
        return plain(value.get()).into_owned();
    };
    let passes_for_another = text.is_empty()
        || text.trim() != text
        || text.starts_with('"')
        || serde_json::from_str::<&RawValue>(&text).is_ok_and(|json| !json.get().starts_with(['{', '[']));
    if passes_for_another { plain(value.get()).into_owned() } else { plain(&text).into_owned() }
}

/// A number with its digits in groups of three.
pub(in crate::cli) fn grouped(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_driven_by_titles() {
        assert_eq!(plain("Größe 📈"), "Größe 📈");
        assert_eq!(plain("a\u{1b}[31mb\r\n\u{202e}c\u{9b}"), "a\\u{1b}[31mb\\u{d}\\n\\u{202e}c\\u{9b}");
    }

    #[test]
    fn values_are_shown_without_ambiguity() {
        for (json, shown) in [
            (r#""last_month""#, "last_month"),
            (r#""Gr\u00f6\u00dfe""#, "Größe"),
            (r#""[\"provider\"]""#, r#"["provider"]"#),
            (r#""null""#, r#""null""#),
            (r#""12""#, r#""12""#),
            (r#""""#, r#""""#),
            (r#"" x""#, r#"" x""#),
            (r#""\u001b[31m""#, "\\u{1b}[31m"),
            ("null", "null"),
            ("1.10", "1.10"),
            (r#"{"a": [1]}"#, r#"{"a": [1]}"#),
        ] {
            let value = RawValue::from_string(json.to_owned()).expect("sound JSON");
            assert_eq!(json_text(&value), shown);
        }
    }
}
