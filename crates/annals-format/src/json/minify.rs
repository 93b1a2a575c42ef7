//! The strict scanner: checks a JSON text and writes its minimal spelling in the same pass.

use std::{fmt, ops::Range};

use crate::sentence::shortened;

/// A JSON text in its minimal spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minified {
    /// The text.
    pub text: String,
    /// How deep arrays and objects nest in it; 0 for a scalar.
    pub depth: usize,
    /// Where the keys of the object stand that it is, with their quotes; none if it is no object.
    pub keys: Keys,
}

/// Where the keys of an object stand in its text, with their quotes.
pub type Keys = Vec<Range<usize>>;

/// Why a text is not acceptable JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Offset in bytes from the start of the text.
    pub offset: usize,
    /// What is wrong there.
    pub kind: JsonErrorKind,
}

/// The ways in which a text can be unacceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonErrorKind {
    /// The grammar of RFC 8259 wants something else here.
    Expected(&'static str),
    /// An object has this key twice, so readers would disagree about its value. Long keys are cut.
    DuplicateKey(String),
    /// Arrays and objects nest deeper than this many levels.
    TooDeep(usize),
    /// A `\u` escape is half of a surrogate pair, which is no character.
    LoneSurrogate,
    /// A number is beyond the range of a double, so that many readers fail on the whole text.
    NumberTooLarge,
    /// The value is complete but the text goes on.
    TrailingText,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            JsonErrorKind::Expected(what) => write!(f, "expected {what} at byte {}", self.offset),
            JsonErrorKind::DuplicateKey(key) => {
                write!(f, "the key {key:?} occurs twice in one object, at byte {}", self.offset)
            }
            JsonErrorKind::TooDeep(max) => {
                write!(f, "nested deeper than {max} levels at byte {}", self.offset)
            }
            JsonErrorKind::LoneSurrogate => {
                write!(f, "half of a surrogate pair, which is no character, at byte {}", self.offset)
            }
            JsonErrorKind::NumberTooLarge => {
                write!(f, "a number beyond the range of a double (1.8e308) at byte {}", self.offset)
            }
            JsonErrorKind::TrailingText => {
                write!(f, "text after the end of the value at byte {}", self.offset)
            }
        }
    }
}

impl std::error::Error for JsonError {}

/// Checks `input` strictly and returns its minimal spelling.
///
/// `depth_max` counts nested arrays and objects: `[[1]]` has depth 2.
pub fn minify(input: &str, depth_max: usize) -> Result<Minified, JsonError> {
    let mut text = String::with_capacity(input.len());
    let (depth, keys) = minify_into(&mut text, input, depth_max)?;
    Ok(Minified { text, depth, keys })
}

/// The same in the place of what was in `out`. Returns how deep arrays and objects nest, and where the keys of the object stand
/// that it is. After an error `out` is of no use.
pub fn minify_into(out: &mut String, input: &str, depth_max: usize) -> Result<(usize, Keys), JsonError> {
    out.clear();
    let mut scan = Scan {
        input,
        at: 0,
        copied: 0,
        out,
        keys: Vec::with_capacity(KEYS),
        depth: 0,
        depth_seen: 0,
        depth_max,
    };
    scan.text()?;
    Ok((scan.depth_seen, scan.keys))
}

/// Keys that there is room for from the start: those of most events.
const KEYS: usize = 32;

/// Keys of an object that are compared each with each, which for a few is faster than sorting them.
const PAIRWISE_KEYS_MAX: usize = 24;

struct Scan<'a> {
    input: &'a str,
    at: usize,
    /// The input up to here is in `out` or was left out. Most of an input is spelt minimally, so that it is copied in
    /// long pieces.
    copied: usize,
    out: &'a mut String,
    /// Where in `out` the keys of the objects that are open lie; an object's own are at the end, and the outermost one's stay.
    keys: Keys,
    depth: usize,
    depth_seen: usize,
    depth_max: usize,
}

impl Scan<'_> {
    fn text(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        self.value()?;
        self.skip_space();
        if self.at < self.input.len() {
            return Err(self.error(JsonErrorKind::TrailingText));
        }
        self.copy();
        Ok(())
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError { offset: self.at, kind }
    }

    fn expected<T>(&self, what: &'static str) -> Result<T, JsonError> {
        Err(self.error(JsonErrorKind::Expected(what)))
    }

    fn peek(&self) -> Option<u8> {
        self.input.as_bytes().get(self.at).copied()
    }

    /// Leaves white space out.
    fn skip_space(&mut self) {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        if self.peek().as_ref().is_some_and(is_space) {
            self.copy();
            while self.peek().as_ref().is_some_and(is_space) {
                self.at += 1;
            }
            self.copied = self.at;
        }
    }

    /// Copies what has been scanned and not left out. Both its ends are at character boundaries.
    fn copy(&mut self) {
        self.out.push_str(self.input.get(self.copied..self.at).unwrap_or_default());
        self.copied = self.at;
    }

    /// Where the next character will lie in `out`.
    fn place(&self) -> usize {
        self.out.len() + (self.at - self.copied)
    }

    fn value(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.expected("a value"),
        }
    }

    fn enter(&mut self) -> Result<(), JsonError> {
        if self.depth == self.depth_max {
            return Err(self.error(JsonErrorKind::TooDeep(self.depth_max)));
        }
        self.depth += 1;
        self.depth_seen = self.depth_seen.max(self.depth);
        Ok(())
    }

    fn object(&mut self) -> Result<(), JsonError> {
        self.enter()?;
        let first_key = self.keys.len();
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                if self.peek() != Some(b'"') {
                    return self.expected("a key in double quotes");
                }
                let start = self.place();
                self.string()?;
                self.keys.push(start..self.place());
                self.skip_space();
                if self.peek() != Some(b':') {
                    return self.expected("a colon");
                }
                self.at += 1;
                self.skip_space();
                self.value()?;
                self.skip_space();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.skip_space();
                    }
                    Some(b'}') => {
                        self.at += 1;
                        break;
                    }
                    _ => return self.expected("a comma or a closing brace"),
                }
            }
        }
        self.refuse_duplicates(first_key)?;
        if self.depth > 1 {
            self.keys.truncate(first_key);
        }
        self.depth -= 1;
        Ok(())
    }

    /// Compares the keys of the object that ends here. Keys have one spelling by now, so bytes decide.
    fn refuse_duplicates(&mut self, first_key: usize) -> Result<(), JsonError> {
        if self.keys.len() - first_key < 2 {
            return Ok(());
        }
        self.copy();
        let out = self.out.as_str();
        let text = |key: &Range<usize>| out.get(key.clone()).unwrap_or_default();
        let keys = self.keys.get(first_key..).unwrap_or_default();
        let twice = if keys.len() <= PAIRWISE_KEYS_MAX {
            // One bit for all keys alike in length, beginning and end: few have that of one before them.
            let mut seen = 0_u64;
            keys.iter().enumerate().find_map(|(at, key)| {
                let key = text(key);
                let byte = |at: usize| usize::from(key.as_bytes().get(at).copied().unwrap_or(0));
                let bit = 1 << ((key.len() + 7 * byte(1) + 31 * byte(key.len().saturating_sub(2))) % 64);
                let before = if seen & bit == 0 { &[] } else { keys.get(..at).unwrap_or_default() };
                seen |= bit;
                before.iter().any(|other| other.len() == key.len() && text(other) == key).then_some(key)
            })
        } else {
            // By length first, which tells most keys apart without looking at them.
            let mut sorted: Vec<(usize, &str)> = keys.iter().map(|key| (key.len(), text(key))).collect();
            sorted.sort_unstable();
            sorted.windows(2).find_map(|pair| match pair {
                [a, b] if a == b => Some(a.1),
                _ => None,
            })
        };
        let twice = twice.map(|key| shortened(key.trim_matches('"')));
        twice.map_or(Ok(()), |name| Err(self.error(JsonErrorKind::DuplicateKey(name))))
    }

    fn array(&mut self) -> Result<(), JsonError> {
        self.enter()?;
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                self.value()?;
                self.skip_space();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.skip_space();
                    }
                    Some(b']') => {
                        self.at += 1;
                        break;
                    }
                    _ => return self.expected("a comma or a closing bracket"),
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<(), JsonError> {
        if !self.input.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return self.expected("a value");
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return self.expected("a digit"),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        // Fifteen digits are always within the range of a double.
        let token = self.input.get(start..self.at).unwrap_or_default();
        if token.len() > 15 || token.contains(['e', 'E']) {
            let fits = token.parse::<f64>().is_ok_and(f64::is_finite);
            if !fits {
                return Err(JsonError { offset: start, kind: JsonErrorKind::NumberTooLarge });
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.expected("a digit") } else { Ok(()) }
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        loop {
            self.at += self.input.as_bytes().get(self.at..).map_or(0, super::read::plain_length);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.copy();
                    self.at += 1;
                    let character = self.escape()?;
                    super::read::write_escaped(self.out, character);
                    self.copied = self.at;
                }
                Some(_) => return self.expected("an escape instead of a control character"),
                None => return self.expected("a closing double quote"),
            }
        }
    }

    /// The character that an escape stands for, read from after the backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return self.expected("one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u"),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        let lone = JsonError { offset: start, kind: JsonErrorKind::LoneSurrogate };
        let unit = self.hex4()?;
        let code = match unit {
            0xd800..=0xdbff => {
                if self.peek() != Some(b'\\') || self.input.as_bytes().get(self.at + 1) != Some(&b'u') {
                    return Err(lone);
                }
                self.at += 1;
                let low = self.hex4()?;
                if !(0xdc00..=0xdfff).contains(&low) {
                    return Err(lone);
                }
                0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
            }
            other => other,
        };
        char::from_u32(code).ok_or(lone)
    }

    /// Reads `uXXXX`, standing at the `u`.
    fn hex4(&mut self) -> Result<u32, JsonError> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.expected("four hexadecimal digits");
            };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json() -> impl Strategy<Value = String> {
        let scalar =
            prop_oneof!["-?[1-9][0-9]{0,3}", "\"[a-c,:{}\\[\\]]{0,5}\"", Just("\"\\\"\\u0007\"".to_owned())];
        scalar.prop_recursive(3, 24, 5, |inner| {
            let space = "[ \n]{0,2}";
            let object = prop::collection::btree_map("[a-z\\\\]{0,3}", (space, inner.clone()), 0..5)
                .prop_map(|members| {
                    let member = |(key, (space, value)): (&String, &(String, String))| {
                        format!("{space}{}:{space}{value}{space}", key_text(key))
                    };
                    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
                });
            let array =
                prop::collection::vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(" , ")));
            prop_oneof![2 => object, 1 => array]
        })
    }

    fn key_text(key: &str) -> String {
        let mut text = String::new();
        crate::json::write_string(&mut text, key);
        text
    }

    proptest! {
        #[test]
        fn keys_are_where_members_are_read(text in json()) {
            let minified = minify(&text, 10).expect("made as JSON");
            let mut found = Vec::new();
            crate::json::Object::from(&minified).each_member(|key, value| found.push((key, value)));
            prop_assert_eq!(found, crate::json::members(&minified.text).collect::<Vec<_>>());
        }

        /// Whether few keys are compared or many.
        #[test]
        fn a_key_that_comes_twice_is_found(
            keys in prop::collection::hash_set("[a-e]{1,4}", 1..60),
            pick: prop::sample::Index,
            twice: bool,
        ) {
            let mut members: Vec<String> = keys.iter().map(|key| format!("\"{key}\":{{\"{key}\":1}}")).collect();
            let again = members[pick.index(members.len())].clone();
            if twice {
                members.push(again.clone());
            }
            let found = minify(&format!("{{{}}}", members.join(",")), 3).map_err(|error| error.kind);
            let name = again.split('"').nth(1).unwrap_or_default().to_owned();
            prop_assert_eq!(found.err(), twice.then_some(JsonErrorKind::DuplicateKey(name)));
        }
    }
}
