//! A leaf read back from its text.

use super::shape::{self, fields};
use crate::{
    Action, LogToken, Timestamp,
    entry::{
        Section,
        leaf::{Digest, leaf_text},
    },
    json,
};

/// A leaf that is spelt as leaves are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    text: String,
    /// Bytes of the text up to the end of the envelope; the first is the brace.
    envelope_end: usize,
    token: LogToken,
    created_at: Timestamp,
    digests: [Digest; 4],
}

const FIELDS: [&str; 9] = [
    "token",
    "event",
    "object_type",
    "object_token",
    "source",
    "workspace_token",
    "created_at",
    "created_us",
    "sections",
];

impl Leaf {
    pub(super) fn parse(text: String) -> Option<Self> {
        if !shape::is_minimal(&text) {
            return None;
        }
        let [
            token,
            event,
            object_type,
            object_token,
            source,
            workspace_token,
            created_at,
            created_us,
            sections,
        ] = fields(&text, FIELDS)?;
        let token = LogToken::parse(&json::string(token)?)?;
        Action::parse_event_name(&json::string(event)?)?;
        let named = shape::is_string(object_type) && shape::is_string(source);
        if !named || !shape::is_text(object_token) || !shape::is_text(workspace_token) {
            return None;
        }
        let us = created_us.parse().ok()?;
        let time = Timestamp::from_us(us);
        if json::string(created_at)? != time.to_string() {
            return None;
        }
        let mut digests = [[0; 32]; 4];
        for (digest, value) in digests.iter_mut().zip(fields(sections, Section::ALL.map(Section::as_str))?) {
            *digest = hex(&json::string(value)?)?;
        }
        // What follows the envelope is written again: instant and digests have one spelling.
        let ending = leaf_text("", time.us(), &digests);
        let envelope_end = text.strip_suffix(ending.strip_prefix('{')?)?.len();
        Some(Self { text, envelope_end, token, created_at: time, digests })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn envelope(&self) -> &str {
        self.text.get(1..self.envelope_end).unwrap_or_default()
    }

    pub(super) fn token(&self) -> LogToken {
        self.token
    }

    pub(super) fn created_at(&self) -> Timestamp {
        self.created_at
    }

    pub(super) fn digest(&self, section: Section) -> Option<&Digest> {
        self.digests.get(section as usize)
    }
}

/// Reads bytes in lower-case hexadecimal.
pub(super) fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !odd.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}
