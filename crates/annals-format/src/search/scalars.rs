//! Keys, strings and numbers of JSON texts, without reading these into a tree.

use std::borrow::Cow;

use crate::json;

/// Where a scalar stands in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the key of a member, inside so many objects and arrays.
    Key(usize),
    /// It is a value.
    Value,
}

/// Gives each key, string and number in a JSON value in minimal spelling, strings decoded.
pub(super) fn scalars(value: &str, mut each: impl FnMut(Place, &str)) {
    each_spelt(value, |place, spelt, is_plain| {
        let inner = spelt.strip_prefix('"').map(|rest| rest.strip_suffix('"').filter(|_| is_plain));
        match inner {
            None => each(place, spelt),
            Some(Some(inner)) => each(place, inner),
            Some(None) => each(place, &json::string(spelt).unwrap_or(Cow::Borrowed(""))),
        }
    });
}

/// Gives each key, string and number in a JSON value in minimal spelling as it is spelt.
pub(super) fn spelt(value: &str, mut each: impl FnMut(Place, &str)) {
    each_spelt(value, |place, spelt, _| each(place, spelt));
}

/// Says of each also whether it has no backslash.
fn each_spelt(value: &str, mut each: impl FnMut(Place, &str, bool)) {
    let bytes = value.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let plain =
                    value.get(at..).and_then(json::split_plain).map(|(plain, _)| at + plain.len() + 2);
                let end = plain.or_else(|| json::string_end(bytes, at + 1)).unwrap_or(bytes.len());
                let place = if bytes.get(end) == Some(&b':') { Place::Key(depth) } else { Place::Value };
                each(place, value.get(at..end).unwrap_or("\"\""), plain.is_some());
                at = end;
                continue;
            }
            b'-' | b'0'..=b'9' => {
                let rest = bytes.get(at..).unwrap_or_default();
                let length = rest.iter().take_while(|byte| !matches!(byte, b',' | b']' | b'}')).count();
                each(Place::Value, value.get(at..at + length).unwrap_or_default(), true);
                at += length;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_told_from_keys() {
        let mut found = Vec::new();
        let value = r#"{"ti\"tle":["a \"b\"",null],"n":[1.5,{"in":[true,-2]}],"x":["",{}]}"#;
        scalars(value, |place, text| found.push((place, text.to_owned())));
        let value = |text: &str| (Place::Value, text.to_owned());
        let key = |depth, text: &str| (Place::Key(depth), text.to_owned());
        let expected = [
            key(1, "ti\"tle"),
            value("a \"b\""),
            key(1, "n"),
            value("1.5"),
            key(3, "in"),
            value("-2"),
            key(1, "x"),
            value(""),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn values_are_given_as_they_are_spelt() {
        let mut found = Vec::new();
        spelt(r#""user":"A \"b\"","user_id":-7,"x":{"k\u0001":[null,""]}"#, |place, text| {
            found.push((place, text.to_owned()));
        });
        let key = |depth, text: &str| (Place::Key(depth), text.to_owned());
        let value = |text: &str| (Place::Value, text.to_owned());
        let expected = [
            key(0, "\"user\""),
            value(r#""A \"b\"""#),
            key(0, "\"user_id\""),
            value("-7"),
            key(0, "\"x\""),
            key(1, r#""k\u0001""#),
            value("\"\""),
        ];
        assert_eq!(found, expected);
    }
}
