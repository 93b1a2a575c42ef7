//! From a line of the input to the events it holds.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::batch::BATCH_BYTES_MAX;

/// An event that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The line it came from, counted from 1.
    pub(super) line: u64,
    /// Its JSON, as it stands in the input.
    pub(super) json: String,
    /// The idempotency key to send with it, if it has neither a token nor a key of its own.
    pub(super) key: Option<String>,
}

impl Event {
    /// Appends the event to the body of a request. The key is put in front, and nothing else is touched, so that
    /// numbers keep their digits.
    pub(super) fn write(&self, body: &mut Vec<u8>) {
        match (&self.key, self.json.strip_prefix('{')) {
            (Some(key), Some(rest)) => {
                let comma = if rest.trim_start() == "}" { "" } else { "," };
                body.extend_from_slice(format!("{{\"idempotency_key\":\"{key}\"{comma}{rest}").as_bytes());
            }
            _ => body.extend_from_slice(self.json.as_bytes()),
        }
        body.push(b'\n');
    }

    /// About how many bytes [`Event::write`] appends; never fewer.
    pub(super) fn bytes(&self) -> usize {
        self.json.len() + self.key.as_ref().map_or(1, |key| key.len() + 24)
    }
}

/// A line, or an event of it, that does not go into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The line, counted from 1.
    pub(super) line: u64,
    /// As it stands in the input; empty if it is too long to be kept.
    pub(super) text: Vec<u8>,
    /// Why.
    pub(super) reason: String,
}

/// Takes lines apart, and remembers those without tokens, so that each gets an idempotency key of its own.
///
/// This memory grows by about 10 bytes a line without token; lines with tokens take none.
#[derive(Default)]
pub(super) struct Lines {
    /// The first 8 bytes of the digest of every such line.
    seen: HashSet<u64>,
    /// How often those that came more than once came after their first time.
    repeated: HashMap<u64, u64>,
}

/// What has to be known of an event to send it.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow)]
    audit_logs: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    token: Field,
    #[serde(default)]
    idempotency_key: Field,
}

/// Whether an event has a field; a null has to be told from nothing.
#[derive(Default)]
enum Field {
    #[default]
    Absent,
    Null,
    Given,
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<IgnoredAny>::deserialize(deserializer)?;
        Ok(if value.is_some() { Self::Given } else { Self::Null })
    }
}

impl Lines {
    /// The events of a line, in the order in which they are to be recorded; none for an empty line.
    pub(super) fn read(&mut self, number: u64, line: &[u8], found: &mut impl FnMut(Result<Event, Refusal>)) {
        let line = line.trim_ascii();
        // Spreadsheets and PowerShell put a byte order mark at the start of a file.
        let line = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        if line.is_empty() {
            return;
        }
        let refuse = |reason: String| Refusal { line: number, text: line.to_vec(), reason };
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(error) => {
                return found(Err(refuse(format!("is not UTF-8 at byte {}", error.valid_up_to() + 1))));
            }
        };
        match outline(text) {
            Err(reason) => found(Err(refuse(reason))),
            Ok(Outline { audit_logs: Some(page), .. }) => {
                // A page is newest first, and what happened first has to be recorded first.
                for event in page.into_iter().rev() {
                    found(self.event(number, event.get()));
                }
            }
            Ok(_) => found(self.event(number, text)),
        }
    }

    fn event(&mut self, line: u64, json: &str) -> Result<Event, Refusal> {
        let refuse = |reason: String| Refusal { line, text: json.as_bytes().to_vec(), reason };
        let outline = outline(json).map_err(refuse)?;
        let key = match (outline.token, outline.idempotency_key) {
            (Field::Given, _) | (_, Field::Given) => None,
            (_, Field::Null) => {
                return Err(refuse("idempotency_key is null: give a text, or leave it out".to_owned()));
            }
            (_, Field::Absent) => Some(self.key(json)),
        };
        let event = Event { line, json: json.to_owned(), key };
        if event.bytes() > BATCH_BYTES_MAX {
            let reason = format!("is {} bytes long; no request may be that large", json.len());
            return Err(refuse(reason));
        }
        Ok(event)
    }

    /// The same for the same line in the same file, and different for equal lines within a file.
    fn key(&mut self, json: &str) -> String {
        let digest = Bytes::copy_from_slice(&Sha256::digest(json));
        let short = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        let occurrence = if self.seen.insert(short) {
            0
        } else {
            let count = self.repeated.entry(short).or_default();
            *count += 1;
            *count
        };
        format!("import-{digest:x}-{occurrence}")
    }
}

fn outline(text: &str) -> Result<Outline<'_>, String> {
    if !text.starts_with('{') {
        return Err("is no JSON object".to_owned());
    }
    serde_json::from_str(text).map_err(|error| {
        if error.is_eof() && text == "{" {
            "is only the start of a JSON object: an event has to be on one line (jq -c puts it there)"
                .to_owned()
        } else {
            // The place is in this line, which is told already.
            let text = error.to_string();
            let sentence = text.split(" at line ").next().unwrap_or(&text);
            format!("is no JSON object: {sentence} at column {}", error.column())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &mut Lines, number: u64, line: &str) -> Vec<Result<Event, Refusal>> {
        let mut found = Vec::new();
        lines.read(number, line.as_bytes(), &mut |event| found.push(event));
        found
    }

    fn one(lines: &mut Lines, line: &str) -> Event {
        let found = read(lines, 7, line);
        let [Ok(event)] = &found[..] else { panic!("one event in {line}: {found:?}") };
        event.clone()
    }

    fn body(event: &Event) -> String {
        let mut body = Vec::new();
        event.write(&mut body);
        assert!(body.len() <= event.bytes());
        String::from_utf8(body).expect("text")
    }

    #[test]
    fn an_event_with_a_token_or_a_key_is_sent_as_it_stands() {
        let mut lines = Lines::default();
        for line in
            [r#"{"token":"adt_lg_1", "n":1.10}"#, r#"{"idempotency_key":"mine","n":18446744073709551616}"#]
        {
            let event = one(&mut lines, &format!(" {line}\r"));
            assert_eq!(event.key, None);
            assert_eq!(body(&event), format!("{line}\n"));
        }
        assert!(lines.seen.is_empty());
    }

    #[test]
    fn an_event_without_gets_a_key_that_is_the_same_next_time() {
        let keys = || {
            let mut lines = Lines::default();
            ["{\"a\":1}", "{\"a\":2}", " {\"a\":1} ", "{\"token\":null}", "{\"a\":1}", "{ }"]
                .map(|line| one(&mut lines, line).key.expect("a key"))
        };
        let first = keys();
        assert_eq!(first, keys());
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), first.len(), "each its own: {first:?}");
        assert!(first[2].ends_with("-1") && first[4].ends_with("-2"), "{first:?}");
        assert_eq!(first[0][..first[0].len() - 1], first[2][..first[2].len() - 1]);
    }

    #[test]
    fn a_key_is_put_in_front() {
        let mut event = Event { line: 1, json: r#"{ "a": 1.10 }"#.to_owned(), key: Some("k".to_owned()) };
        assert_eq!(body(&event), "{\"idempotency_key\":\"k\", \"a\": 1.10 }\n");
        event.json = "{ }".to_owned();
        assert_eq!(body(&event), "{\"idempotency_key\":\"k\" }\n");
        assert!(serde_json::from_str::<serde_json::Value>(&body(&event)).is_ok());
    }

    #[test]
    fn a_page_is_turned_round() {
        let mut lines = Lines::default();
        let page = r#"{"links":{"next":null},"audit_logs":[{"token":"c"},{"token":"b"},3,{"token":"a"}]}"#;
        let found: Vec<_> = read(&mut lines, 5, page)
            .into_iter()
            .map(|found| found.map(|event| (event.line, event.json)).map_err(|refusal| refusal.text))
            .collect();
        let event = |token: &str| Ok((5, format!("{{\"token\":\"{token}\"}}")));
        assert_eq!(found, [event("a"), Err(b"3".to_vec()), event("b"), event("c")]);
    }

    #[test]
    fn what_is_no_event_is_refused_with_the_reason() {
        let mut lines = Lines::default();
        for (line, reason) in [
            ("nonsense", "is no JSON object"),
            ("[1]", "is no JSON object"),
            ("{", "is only the start of a JSON object: an event has to be on one line (jq -c puts it there)"),
            ("{\"a\":}", "is no JSON object: expected value at column 6"),
            ("{} {}", "is no JSON object: trailing characters at column 4"),
            ("{\"token\":1,\"token\":2}", "is no JSON object: duplicate field `token` at column 18"),
            ("{\"idempotency_key\":null}", "idempotency_key is null: give a text, or leave it out"),
        ] {
            let found = read(&mut lines, 3, line);
            let [Err(refusal)] = &found[..] else { panic!("{line}: {found:?}") };
            assert_eq!((refusal.line, refusal.reason.as_str()), (3, reason));
            assert_eq!(refusal.text, line.as_bytes());
        }
        let mut found = Vec::new();
        lines.read(3, b"{\"a\":\"\xff\"}", &mut |event| found.push(event));
        assert!(
            matches!(&found[..], [Err(refusal)] if refusal.reason == "is not UTF-8 at byte 7"),
            "{found:?}"
        );
    }

    #[test]
    fn empty_lines_and_a_byte_order_mark_are_passed_over() {
        let mut lines = Lines::default();
        assert!(read(&mut lines, 2, " \t\r").is_empty());
        let found = read(&mut lines, 1, "\u{feff}{\"token\":\"a\"}");
        assert!(matches!(&found[..], [Ok(event)] if event.json == "{\"token\":\"a\"}"), "{found:?}");
    }
}
