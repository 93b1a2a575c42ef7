//! The strict scanner against serde_json: the same grammar, the same meaning, one spelling.

use annals_format::json::{self, JsonErrorKind};
use serde_json::{Value, value::RawValue};

/// Deeper than events may be, and less deep than serde_json goes.
const DEPTH_MAX: usize = 100;

/// Checks what `minify` makes of a text.
pub(crate) fn check(text: &str) {
    // Unlike a `Value`, raw text may hold numbers of any size.
    let accepted = serde_json::from_str::<&RawValue>(text).is_ok();
    match json::minify(text, DEPTH_MAX) {
        Ok(json::Minified { text: minimal, depth, keys }) => {
            assert!(accepted, "serde_json refuses {text:?}");
            assert_eq!(
                json::minify(&minimal, DEPTH_MAX).map(|again| again.text).as_ref(),
                Ok(&minimal),
                "two minimal spellings"
            );
            assert!(minimal.len() <= text.len(), "a minimal spelling longer than its text");
            assert!(json::equal(&minimal, &minimal));
            assert_eq!(json::depth(&minimal), depth);
            let value: Value = serde_json::from_str(text).expect("what is kept can be read by others");
            assert_eq!(
                serde_json::from_str::<Value>(&minimal).ok().as_ref(),
                Some(&value),
                "another meaning"
            );
            check_readers(&minimal, &value);
            let mut members = Vec::new();
            json::Object::with_keys(&minimal, &keys).each_member(|key, value| members.push((key, value)));
            assert_eq!(
                members,
                json::members(&minimal).collect::<Vec<_>>(),
                "other members where keys were found"
            );
        }
        Err(error) => {
            assert!(error.offset <= text.len());
            let grammar = matches!(error.kind, JsonErrorKind::Expected(_) | JsonErrorKind::TrailingText);
            assert!(!(grammar && accepted), "serde_json accepts {text:?}, but {error}");
        }
    }
}

/// Checks that the functions that read minimal JSON see what serde_json sees.
fn check_readers(minimal: &str, value: &Value) {
    match value {
        Value::Object(map) => {
            assert_eq!(json::members(minimal).count(), map.len());
            for (key, member) in json::members(minimal) {
                let key = json::string(&format!("\"{key}\"")).expect("a key is a string").into_owned();
                check_readers(member, map.get(&key).expect("the same keys"));
            }
        }
        Value::Array(values) => {
            assert_eq!(json::elements(minimal).count(), values.len());
            for (element, value) in json::elements(minimal).zip(values) {
                check_readers(element, value);
            }
        }
        Value::String(text) => {
            assert_eq!(json::string(minimal).as_deref(), Some(text.as_str()));
            let mut written = String::new();
            json::write_string(&mut written, text);
            assert_eq!(written, minimal, "two minimal spellings");
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => assert!(!minimal.is_empty()),
    }
}
