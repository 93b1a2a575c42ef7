//! The strict scanner: checks a JSON text and writes its minimal spelling in the same pass.

use std::fmt;

use crate::sentence::shortened;

/// A JSON text in its minimal spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minified {
    /// The text.
    pub text: String,
    /// How deep arrays and objects nest in it; 0 for a scalar.
    pub depth: usize,
}

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
    let mut scan = Scan {
        input: input.as_bytes(),
        text: input,
        at: 0,
        out: String::with_capacity(input.len()),
        keys: Vec::new(),
        depth: 0,
        depth_seen: 0,
        depth_max,
    };
    scan.skip_space();
    scan.value()?;
    scan.skip_space();
    if scan.at < scan.input.len() {
        return Err(scan.error(JsonErrorKind::TrailingText));
    }
    Ok(Minified { text: scan.out, depth: scan.depth_seen })
}

struct Scan<'a> {
    input: &'a [u8],
    text: &'a str,
    at: usize,
    out: String,
    /// Where in `out` the keys of the objects that are open lie; an object's own are at the end.
    keys: Vec<(usize, usize)>,
    depth: usize,
    depth_seen: usize,
    depth_max: usize,
}

impl Scan<'_> {
    fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError { offset: self.at, kind }
    }

    fn expected<T>(&self, what: &'static str) -> Result<T, JsonError> {
        Err(self.error(JsonErrorKind::Expected(what)))
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
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
        self.out.push('{');
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                if self.peek() != Some(b'"') {
                    return self.expected("a key in double quotes");
                }
                let start = self.out.len();
                self.string()?;
                self.keys.push((start, self.out.len()));
                self.skip_space();
                if self.peek() != Some(b':') {
                    return self.expected("a colon");
                }
                self.out.push(':');
                self.at += 1;
                self.skip_space();
                self.value()?;
                self.skip_space();
                match self.peek() {
                    Some(b',') => {
                        self.out.push(',');
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
        self.out.push('}');
        self.depth -= 1;
        Ok(())
    }

    /// Compares the keys of the object that ends here. Keys have one spelling by now, so bytes decide.
    fn refuse_duplicates(&mut self, first_key: usize) -> Result<(), JsonError> {
        let out = self.out.as_str();
        let key = |range: &(usize, usize)| out.get(range.0..range.1).unwrap_or_default();
        let keys = self.keys.get_mut(first_key..).unwrap_or_default();
        keys.sort_unstable_by(|a, b| key(a).cmp(key(b)));
        let twice = keys.windows(2).find_map(|pair| match pair {
            [a, b] if key(a) == key(b) => Some(shortened(key(a).trim_matches('"'))),
            _ => None,
        });
        self.keys.truncate(first_key);
        twice.map_or(Ok(()), |name| Err(self.error(JsonErrorKind::DuplicateKey(name))))
    }

    fn array(&mut self) -> Result<(), JsonError> {
        self.enter()?;
        self.out.push('[');
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
                        self.out.push(',');
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
        self.out.push(']');
        self.depth -= 1;
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<(), JsonError> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return self.expected("a value");
        }
        self.out.push_str(word);
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
        let token = self.text.get(start..self.at).unwrap_or_default();
        if token.len() > 15 || token.contains(['e', 'E']) {
            let fits = token.parse::<f64>().is_ok_and(f64::is_finite);
            if !fits {
                return Err(JsonError { offset: start, kind: JsonErrorKind::NumberTooLarge });
            }
        }
        self.copy_from(start);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.expected("a digit") } else { Ok(()) }
    }

    /// Copies the input from `start` up to here, both of which are at character boundaries.
    fn copy_from(&mut self, start: usize) {
        self.out.push_str(self.text.get(start..self.at).unwrap_or_default());
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.out.push('"');
        self.at += 1;
        let mut plain = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.copy_from(plain);
                    self.at += 1;
                    self.out.push('"');
                    return Ok(());
                }
                Some(b'\\') => {
                    self.copy_from(plain);
                    self.at += 1;
                    self.escape()?;
                    plain = self.at;
                }
                Some(0..=0x1f) => return self.expected("an escape instead of a control character"),
                Some(_) => self.at += 1,
                None => return self.expected("a closing double quote"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
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
        super::read::write_escaped(&mut self.out, character);
        Ok(())
    }

    fn unicode_escape(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        let lone = JsonError { offset: start, kind: JsonErrorKind::LoneSurrogate };
        let unit = self.hex4()?;
        let code = match unit {
            0xd800..=0xdbff => {
                if self.peek() != Some(b'\\') || self.input.get(self.at + 1) != Some(&b'u') {
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
        let character = char::from_u32(code).ok_or(lone)?;
        super::read::write_escaped(&mut self.out, character);
        Ok(())
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
