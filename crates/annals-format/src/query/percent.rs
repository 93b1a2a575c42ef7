//! Query strings: strict decoding, and encoding that every client reads the same way.

use crate::sentence::quoted;

/// Splits a query string into decoded names and values; `+` and `%20` are both spaces.
///
/// The error is a sentence: an escape is broken or the bytes are not UTF-8. Guessing would falsify a filter.
pub fn decode_pairs(query: &str) -> Result<Vec<(String, String)>, String> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(hex_digit);
                match (digit(), digit()) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => {
                        return Err(format!(
                            "the query has a % without two hexadecimal digits in {}",
                            quoted(text)
                        ));
                    }
                }
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| format!("the query is not UTF-8 in {}", quoted(text)))
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Appends `name=value`, after `&` when `out` holds a pair already. Everything but unreserved characters is escaped, so
/// that clients that look for `page=` in a link find only the parameter.
pub fn encode_pair(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    encode(out, name);
    out.push('=');
    encode(out, value);
}

fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            other => {
                out.push('%');
                out.extend(
                    [other >> 4, other & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_spaces_are_spaces_and_broken_escapes_are_faults() {
        assert_eq!(
            decode_pairs("a=1+2%203&b&&c=%C3%A4=").as_deref(),
            Ok(&[("a".into(), "1 2 3".into()), ("b".into(), String::new()), ("c".into(), "ä=".into())][..])
        );
        for query in ["a=%", "a=%2", "a=%zz", "%ff=1", "a=%C3"] {
            assert!(decode_pairs(query).is_err(), "{query}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(name in ".*", value in ".*") {
            let mut query = String::new();
            encode_pair(&mut query, &name, &value);
            prop_assert!(!query.replacen("page=", "", 1).contains("page=") );
            prop_assert_eq!(decode_pairs(&query), Ok(vec![(name, value)]));
        }
    }
}
