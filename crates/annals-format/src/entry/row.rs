//! The stored form of an entry, and what is read from it: its answer, its leaf, the keys it is found by.

use std::{borrow::Cow, fmt::Write as _};

use annals_tlog::Hash;

use super::{
    Salts, Section, Seed,
    leaf::{self, Digest},
};
use crate::{Action, LogToken, Timestamp, json, object_type};

/// The first byte of a row: this layout, with all sections present.
const VERSION: u8 = 1;

/// The texts of an entry's sections. `changed` and `unchanged` together are the section `change`.
#[derive(Debug, Clone)]
pub(super) struct Sections<'a> {
    pub(super) actor: &'a str,
    pub(super) object: &'a str,
    pub(super) changed: &'a str,
    pub(super) unchanged: &'a str,
    pub(super) context: &'a str,
}

impl Sections<'_> {
    fn parts(&self) -> [&str; 5] {
        [self.actor, self.object, self.changed, self.unchanged, self.context]
    }

    fn size(&self) -> usize {
        self.parts().iter().map(|part| part.len()).sum()
    }

    /// The part of a row after the envelope.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut encoded = Vec::with_capacity(self.size() + 5 * LENGTH_BYTES_MAX);
        for part in self.parts() {
            push_text(&mut encoded, part);
        }
        encoded
    }

    /// The digests in the order of [`SECTIONS`](super::SECTIONS).
    pub(super) fn digests(&self, salts: &Salts) -> [Digest; 4] {
        let mut digests = [[0; 32]; 4];
        for ((digest, salt), section) in digests.iter_mut().zip(&salts.0).zip(Section::ALL) {
            *digest = leaf::digest(salt, &self.pieces(section));
        }
        digests
    }

    /// The text of a section as pieces that follow each other.
    fn pieces(&self, section: Section) -> [&str; 5] {
        match section {
            Section::Actor => ["{", self.actor, "}", "", ""],
            Section::Object => ["{", self.object, "}", "", ""],
            Section::Change => {
                ["{\"changed_values\":", self.changed, ",\"unchanged_values\":", self.unchanged, "}"]
            }
            Section::Context => ["{", self.context, "}", "", ""],
        }
    }
}

/// Appends the stored form that has these six texts, each given as pieces that follow each other.
pub(crate) fn write(row: &mut Vec<u8>, seed: &Seed, created_us: i64, texts: [&[&[u8]]; 6]) {
    row.push(VERSION);
    row.extend_from_slice(seed);
    row.extend_from_slice(&created_us.to_le_bytes());
    for pieces in texts {
        push_length(row, pieces.iter().map(|piece| piece.len()).sum());
        for piece in pieces {
            row.extend_from_slice(piece);
        }
    }
}

/// Bytes of the stored form that has these texts, with each length in as few bytes as it takes.
pub(crate) fn stored_length(texts: [&str; 6]) -> usize {
    let length_bytes = |length: usize| (usize::BITS - (length | 1).leading_zeros()).div_ceil(7) as usize;
    1 + 16 + 8 + texts.iter().map(|text| length_bytes(text.len()) + text.len()).sum::<usize>()
}

/// Writes the stored form; `sections` is what [`Sections::encode`] gives.
pub(super) fn encode(seed: &Seed, created_at: Timestamp, envelope: &str, sections: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(1 + 16 + 8 + LENGTH_BYTES_MAX + envelope.len() + sections.len());
    row.push(VERSION);
    row.extend_from_slice(seed);
    row.extend_from_slice(&created_at.us().to_le_bytes());
    push_text(&mut row, envelope);
    row.extend_from_slice(sections);
    row
}

/// An entry as it is stored, borrowed from its bytes.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    seed: Seed,
    created_at: Timestamp,
    envelope: &'a str,
    sections: Sections<'a>,
}

/// The bytes are no row: storage was damaged or written by a newer version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored entry is damaged or of an unknown version: {0}")]
pub struct CorruptRow(&'static str);

/// What an entry is found by, beside its index and its instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys<'a> {
    /// The entry's token.
    pub token: LogToken,
    /// What was done.
    pub action: Action,
    /// The key of the object's type.
    pub object_type: String,
    /// The object's token.
    pub object_token: Option<Cow<'a, str>>,
    /// The object's title.
    pub object_title: Option<Cow<'a, str>>,
    /// Where the change was made.
    pub source: Cow<'a, str>,
    /// The workspace's token.
    pub workspace_token: Option<Cow<'a, str>>,
    /// The number of the user or service token that acted.
    pub user_id: Option<i64>,
}

impl<'a> Row<'a> {
    /// The instant of an entry in its stored form, of which nothing else is looked at.
    pub(crate) fn instant(bytes: &[u8]) -> Result<Timestamp, CorruptRow> {
        match (bytes.first(), bytes.get(17..25).and_then(|us| us.first_chunk())) {
            (Some(&VERSION), Some(us)) => Ok(Timestamp::from_us(i64::from_le_bytes(*us))),
            (Some(&VERSION), None) => Err(CorruptRow("too short")),
            _ => Err(CorruptRow("unknown version")),
        }
    }

    /// Reads the stored form.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, CorruptRow> {
        let mut rest = bytes;
        if take(&mut rest, 1)? != [VERSION] {
            return Err(CorruptRow("unknown version"));
        }
        let seed = take(&mut rest, 16)?.try_into().map_err(|_| CorruptRow("too short"))?;
        let created_us = take(&mut rest, 8)?.try_into().map_err(|_| CorruptRow("too short"))?;
        let mut part = || -> Result<&'a str, CorruptRow> {
            let length = take_length(&mut rest)?;
            std::str::from_utf8(take(&mut rest, length)?).map_err(|_| CorruptRow("a text is not UTF-8"))
        };
        let row = Self {
            seed,
            created_at: Timestamp::from_us(i64::from_le_bytes(created_us)),
            envelope: part()?,
            sections: Sections {
                actor: part()?,
                object: part()?,
                changed: part()?,
                unchanged: part()?,
                context: part()?,
            },
        };
        if rest.is_empty() { Ok(row) } else { Err(CorruptRow("bytes after its end")) }
    }

    /// When it happened, to the microsecond.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// The random bytes that the entry's salts come from.
    pub(crate) fn seed(&self) -> &Seed {
        &self.seed
    }

    /// The six texts in the order in which they are stored, the envelope first.
    pub(crate) fn texts(&self) -> [&'a str; 6] {
        let Sections { actor, object, changed, unchanged, context } = self.sections;
        [self.envelope, actor, object, changed, unchanged, context]
    }

    /// Appends the AuditLog object that readers get.
    pub fn write_audit_log(&self, index: u64, out: &mut String) {
        let Sections { actor, object, changed, unchanged, context } = self.sections;
        out.reserve(self.envelope.len() + self.sections.size() + changed.len() + 96);
        out.extend(["{", self.envelope, ",", actor, ",", object]);
        out.extend([",\"changed_values\":", changed, ",\"unchanged_values\":", unchanged]);
        out.extend([",\"object_changes\":", changed, ",", context]);
        // Writing to a String cannot fail.
        let _ = write!(out, ",\"index\":{index}}}");
    }

    /// The text of a section, with its braces; `None` if it is no longer there.
    pub fn section(&self, section: Section) -> Option<String> {
        Some(self.sections.pieces(section).concat())
    }

    /// The text of its leaf.
    pub fn leaf(&self) -> String {
        let digests = self.sections.digests(&Salts::derive(&self.seed));
        leaf::leaf_text(self.envelope, self.created_at.us(), &digests)
    }

    /// The hash of its leaf.
    pub fn leaf_hash(&self) -> Hash {
        leaf::hash(&self.leaf())
    }

    /// Whether both say the same to readers, who see neither the random seed nor parts of a second: an import of the
    /// same event again, perhaps from an answer of this very server.
    pub fn same_content(&self, other: &Row) -> bool {
        self.envelope == other.envelope && self.sections.parts() == other.sections.parts()
    }

    /// The titles of the object and of the workspace, and the user's name, as far as there are any.
    pub(crate) fn titles_and_user(&self) -> impl Iterator<Item = Cow<'a, str>> {
        let title = Fields { rest: self.sections.object }.text("object_title");
        let user = Fields { rest: self.sections.actor }.text("user");
        let mut context = Fields { rest: self.sections.context };
        let skipped = context.value("context").and_then(|_| context.value("metadata"));
        let workspace = skipped.and_then(|_| context.text("workspace_title"));
        [title, user, workspace].into_iter().filter_map(|text| text.ok().flatten())
    }

    /// The value of `changed_values`.
    pub(crate) fn changed(&self) -> &'a str {
        self.sections.changed
    }

    /// What the entry is found by; the same as [`Draft::keys`](super::Draft::keys) of the draft it was made from.
    pub fn keys(&self) -> Result<Keys<'a>, CorruptRow> {
        let mut envelope = Fields { rest: self.envelope };
        let token = LogToken::parse(&envelope.required("token")?).ok_or(MISPLACED)?;
        let action = Action::parse_event_name(&envelope.required("event")?).ok_or(MISPLACED)?;
        let object_type = object_type::key_of(&envelope.required("object_type")?);
        let object_token = envelope.text("object_token")?;
        let source = envelope.required("source")?;
        let workspace_token = envelope.text("workspace_token")?;
        let object_title = Fields { rest: self.sections.object }.text("object_title")?;
        let mut actor = Fields { rest: self.sections.actor };
        actor.value("user")?;
        let user_id = match actor.value("user_id")? {
            "null" => None,
            number => Some(number.parse().map_err(|_| MISPLACED)?),
        };
        Ok(Keys { token, action, object_type, object_token, object_title, source, workspace_token, user_id })
    }
}

const MISPLACED: CorruptRow = CorruptRow("a field is missing or out of place");

/// Reads members that are known to come in a fixed order.
struct Fields<'a> {
    rest: &'a str,
}

impl<'a> Fields<'a> {
    /// The JSON text of the next member, which must have this name.
    fn value(&mut self, name: &str) -> Result<&'a str, CorruptRow> {
        let rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
        let value = rest.strip_prefix('"').and_then(|rest| rest.strip_prefix(name)?.strip_prefix("\":"));
        let (value, rest) = value.and_then(json::split_value).ok_or(MISPLACED)?;
        self.rest = rest;
        Ok(value)
    }

    /// The text of the next member, or `None` for null.
    fn text(&mut self, name: &str) -> Result<Option<Cow<'a, str>>, CorruptRow> {
        match self.value(name)? {
            "null" => Ok(None),
            value => json::string(value).map(Some).ok_or(MISPLACED),
        }
    }

    fn required(&mut self, name: &str) -> Result<Cow<'a, str>, CorruptRow> {
        self.text(name)?.ok_or(MISPLACED)
    }
}

/// Bytes of a length at most.
const LENGTH_BYTES_MAX: usize = 5;

fn push_text(row: &mut Vec<u8>, text: &str) {
    push_length(row, text.len());
    row.extend_from_slice(text.as_bytes());
}

/// Appends a length in LEB128: seven bits a byte, the lowest first, the top bit set on all but the last byte.
fn push_length(row: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        row.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    row.push(length.to_le_bytes()[0]);
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], CorruptRow> {
    let (taken, after) = rest.split_at_checked(length).ok_or(CorruptRow("too short"))?;
    *rest = after;
    Ok(taken)
}

/// Reads a length in LEB128, at most 32 bits of it.
fn take_length(rest: &mut &[u8]) -> Result<usize, CorruptRow> {
    let mut length = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = take(rest, 1)?.first().copied().unwrap_or_default();
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(length);
        }
    }
    Err(CorruptRow("a length is too long"))
}
