//! Reading and writing texts in the minimal spelling: members, elements, strings.
//!
//! These functions take the output of [`minify`](super::minify) on trust. On any other text they may skip or stop
//! early, but they neither panic nor loop.

use std::{borrow::Cow, ops::Range};

use super::Minified;

/// An object in minimal spelling, and where its keys stand if that is known: its members are then given without reading them.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    text: &'a str,
    keys: Option<&'a [Range<usize>]>,
}

impl<'a> Object<'a> {
    /// An object whose keys stand at `keys`, as [`minify`](super::minify) found them.
    pub fn with_keys(text: &'a str, keys: &'a [Range<usize>]) -> Self {
        Self { text, keys: Some(keys) }
    }

    /// Its text.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// Gives each `(key, value)`: the key without its quotes and still escaped, the value as its JSON text; nothing when it is no
    /// object.
    pub fn each_member(self, mut each: impl FnMut(&'a str, &'a str)) {
        let Some(keys) = self.keys else {
            return members(self.text).for_each(|(key, value)| each(key, value));
        };
        let mut keys = keys.iter().peekable();
        while let Some(key) = keys.next() {
            // A colon stands before the value, and a comma or the closing brace behind it.
            let end = keys.peek().map_or(self.text.len(), |next| next.start).saturating_sub(1);
            let text = |range| self.text.get(range).unwrap_or_default();
            each(text(key.start + 1..key.end.saturating_sub(1)), text(key.end + 1..end));
        }
    }
}

impl<'a> From<&'a String> for Object<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl<'a> From<&'a Minified> for Object<'a> {
    fn from(minified: &'a Minified) -> Self {
        Self::with_keys(&minified.text, &minified.keys)
    }
}

impl<'a> From<&'a str> for Object<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, keys: None }
    }
}

/// The members of an object in minimal spelling; nothing when `object` is no object.
pub fn members(object: &str) -> Members<'_> {
    Members { rest: object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default() }
}

/// Iterator over `(key, value)`; the key without its quotes and still escaped, the value as its JSON text.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, rest) = split_value(self.rest)?;
        let key = key.strip_prefix('"')?.strip_suffix('"')?;
        let (value, rest) = split_value(rest.strip_prefix(':')?)?;
        self.rest = rest.strip_prefix(',').unwrap_or(rest);
        Some((key, value))
    }
}

/// The elements of an array in minimal spelling; nothing when `array` is no array.
pub fn elements(array: &str) -> Elements<'_> {
    Elements { rest: array.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default() }
}

/// Iterator over the JSON texts of an array's elements.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<Self::Item> {
        let (value, rest) = split_value(self.rest)?;
        self.rest = rest.strip_prefix(',').unwrap_or(rest);
        Some(value)
    }
}

/// The characters of a JSON string in minimal spelling; `None` when `value` is no string.
pub fn string(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if plain_length(inner.as_bytes()) == inner.len() {
        return Some(Cow::Borrowed(inner));
    }
    let mut decoded = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            decoded.push(character);
            continue;
        }
        decoded.push(match characters.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let digits: String = characters.by_ref().take(4).collect();
                char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
            }
            other => other,
        });
    }
    Some(Cow::Owned(decoded))
}

/// Appends `text` as a JSON string in minimal spelling, with its quotes.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some((plain, after)) = rest.split_at_checked(plain_length(rest.as_bytes())) {
        out.push_str(plain);
        let mut characters = after.chars();
        let Some(special) = characters.next() else { break };
        write_escaped(out, special);
        rest = characters.as_str();
    }
    out.push('"');
}

/// Appends one character as it is spelt inside a string: escaped only when it must be.
pub(super) fn write_escaped(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..='\u{1f}' => {
            const HEX: [char; 16] =
                ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
            let code = usize::from(character as u8);
            out.push_str("\\u00");
            out.extend([code >> 4, code & 15].map(|digit| HEX.get(digit).copied().unwrap_or('0')));
        }
        other => out.push(other),
    }
}

/// How deep arrays and objects nest in a value; 0 for a scalar.
pub fn depth(value: &str) -> usize {
    let bytes = value.as_bytes();
    let (mut at, mut open, mut deepest) = (0, 0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = string_end(bytes, at).unwrap_or(bytes.len()),
            b'{' | b'[' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Splits the first value off a text that starts with one.
pub(crate) fn split_value(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let end = match bytes.first()? {
        b'"' => string_end(bytes, 1)?,
        b'{' | b'[' => {
            let mut depth = 0_usize;
            let mut at = 0;
            loop {
                match bytes.get(at)? {
                    b'"' => {
                        at = string_end(bytes, at + 1)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            break at + 1;
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
        }
        _ => bytes.iter().position(|byte| matches!(byte, b',' | b'}' | b']')).unwrap_or(bytes.len()),
    };
    text.split_at_checked(end)
}

/// Splits a string off a text that starts with one; `None` if that has to be decoded.
pub(crate) fn split_plain(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let (plain, rest) = inner.split_at_checked(plain_length(inner.as_bytes()))?;
    Some((plain, rest.strip_prefix('"')?))
}

/// Where the string ends (after its closing quote) whose first character stands at `at`.
pub(crate) fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += plain_length(bytes.get(at..)?);
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// How many bytes at the start stand for themselves in a JSON string: no quote, backslash or control character.
///
/// Looks at eight bytes at a time. In a word of bytes, `(word - 0x01…) & !word & 0x80…` has the top bit of the first
/// byte that is zero, and perhaps of later ones; the first is all that is asked for.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & TOPS;
    let is = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let (words, rest) = bytes.as_chunks();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let special = below(word, 0x20) | is(word, b'"') | is(word, b'\\');
        if special != 0 {
            return at * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
    words.len() * 8 + special.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_ends_at_each_special_byte_wherever_it_is() {
        for special in (0..0x20).chain([b'"', b'\\']) {
            for length in 0..20 {
                for at in 0..length {
                    let mut bytes: Vec<u8> = (0..length).map(|at| [b'a', 0x7f, 0x20, 0xff][at % 4]).collect();
                    assert_eq!(plain_length(&bytes), length);
                    bytes[at] = special;
                    assert_eq!(plain_length(&bytes), at, "{bytes:?}");
                    bytes[length - 1] = special;
                    assert_eq!(plain_length(&bytes), at, "{bytes:?}");
                }
            }
        }
    }
}
