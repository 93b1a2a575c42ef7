//! What sentences about faults are made of: what a client sent, cut to what people read, and what it may have meant.

use crate::{json, limits};

/// The name most like `word`, when it is like any.
pub(crate) fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let word: String = word.chars().take(limits::KEY_CHARS_MAX).collect();
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(&word, name), *name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// A string in quotes, shortened, for a sentence.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::new();
    json::write_string(&mut out, &shortened(text));
    out
}

/// A text cut to what fits in a sentence.
pub(crate) fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    match text.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_holds_no_more_of_a_text_than_people_read() {
        assert_eq!(quoted("a \"b\""), r#""a \"b\"""#);
        assert_eq!(shortened(&"ä".repeat(80)), "ä".repeat(80));
        assert_eq!(shortened(&"ä".repeat(100_000)), format!("{}…", "ä".repeat(80)));
        assert_eq!(nearest(&"x".repeat(100_000), &["page", "limit"]), None);
        assert_eq!(nearest("pgae", &["page", "limit"]), Some("page"));
    }
}
