//! The stored form of an entry, and what is read from it: its answer, its leaf, the keys it is found by.

mod bindings;
mod bytes;
mod fields;

pub(crate) use bindings::Bindings;
pub(crate) use bytes::{HEAD_BYTES_MAX, stored_length, write};

use std::borrow::Cow;

use annals_tlog::Hash;

use self::{
    bytes::{
        ERASED, LENGTH_BYTES_MAX, WHOLE, push_text, stays, take, take_bindings, take_text, take_us,
        write_head,
    },
    fields::{Fields, MISPLACED},
};
use super::{
    Salts, Section, Seed,
    leaf::{self, Digest},
};
use crate::{Action, LogToken, Timestamp, object_type};

/// The texts of an entry's sections. `changed` and `unchanged` together are the section `change`.
#[derive(Debug, Clone)]
pub(super) struct Sections<'a> {
    pub(super) actor: &'a str,
    pub(super) object: &'a str,
    pub(super) changed: &'a str,
    pub(super) unchanged: &'a str,
    pub(super) context: &'a str,
}

impl<'a> Sections<'a> {
    /// What a section says once it is erased. Reading it finds nothing, so that nobody else has to ask what is erased.
    const NULLS: Sections<'static> = Sections {
        actor: "\"user\":null,\"user_id\":null,\"user_role\":null",
        object: "\"object_title\":null",
        changed: "null",
        unchanged: "null",
        context: "\"context\":null,\"metadata\":null,\"workspace_title\":null",
    };

    fn parts(&self) -> [&str; 5] {
        [self.actor, self.object, self.changed, self.unchanged, self.context]
    }

    /// The texts of a section.
    fn of(&self, section: Section) -> [&'a str; 2] {
        match section {
            Section::Actor => [self.actor, ""],
            Section::Object => [self.object, ""],
            Section::Change => [self.changed, self.unchanged],
            Section::Context => [self.context, ""],
        }
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

    /// The digests in the order of [`Section::ALL`].
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

/// Writes the stored form; `sections` is what [`Sections::encode`] gives.
pub(super) fn encode(seed: &Seed, created_at: Timestamp, envelope: &str, sections: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(1 + 16 + 8 + LENGTH_BYTES_MAX + envelope.len() + sections.len());
    write_head(&mut row, &Bindings::Seed(*seed), created_at.us());
    push_text(&mut row, envelope);
    row.extend_from_slice(sections);
    row
}

/// An entry as it is stored, borrowed from its bytes.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// Its stored form, unless it was read from elsewhere.
    bytes: Option<&'a [u8]>,
    bindings: Bindings,
    created_at: Timestamp,
    envelope: &'a str,
    sections: Sections<'a>,
}

/// The bytes are no row: storage was damaged or written by a newer version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored entry is damaged or of an unknown version: {0}")]
pub struct CorruptRow(&'static str);

const UNKNOWN_VERSION: CorruptRow = CorruptRow("unknown version");

/// What an entry is found by, beside its index and its instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys<'a> {
    /// The entry's token.
    pub token: LogToken,
    /// What was done.
    pub action: Action,
    /// The key of the object's type.
    pub object_type: Cow<'a, str>,
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
        let mut rest = bytes;
        match take(&mut rest, 1)? {
            [WHOLE] => take(&mut rest, 16).map(|_| ())?,
            [ERASED] => {}
            _ => return Err(UNKNOWN_VERSION),
        }
        take_us(&mut rest).map(Timestamp::from_us)
    }

    /// Reads the stored form.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, CorruptRow> {
        let mut rest = bytes;
        let (bindings, created_us) = match take(&mut rest, 1)? {
            [WHOLE] => (take_bindings(&mut rest, 0)?, take_us(&mut rest)?),
            [ERASED] => {
                let created_us = take_us(&mut rest)?;
                match take(&mut rest, 1)? {
                    // Every row has one form.
                    [0] | [] => return Err(CorruptRow("nothing of it is erased")),
                    [mask, ..] => (take_bindings(&mut rest, *mask)?, created_us),
                }
            }
            _ => return Err(UNKNOWN_VERSION),
        };
        let nulls = Sections::NULLS;
        let mut texts = ["", nulls.actor, nulls.object, nulls.changed, nulls.unchanged, nulls.context];
        for (text, _) in texts.iter_mut().zip(stays(&bindings)).filter(|(_, stays)| *stays) {
            *text = take_text(&mut rest)?;
        }
        if rest.is_empty() {
            Ok(Self::new(Some(bytes), bindings, Timestamp::from_us(created_us), texts))
        } else {
            Err(CorruptRow("bytes after its end"))
        }
    }

    /// The entry with these six texts, the envelope first. Those of sections that are erased may be anything.
    pub(crate) fn of_texts(bindings: Bindings, created_at: Timestamp, mut texts: [&'a str; 6]) -> Self {
        let nulls = Sections::NULLS;
        let nulls = ["", nulls.actor, nulls.object, nulls.changed, nulls.unchanged, nulls.context];
        for ((text, null), _) in
            texts.iter_mut().zip(nulls).zip(stays(&bindings)).filter(|(_, stays)| !*stays)
        {
            *text = null;
        }
        Self::new(None, bindings, created_at, texts)
    }

    fn new(
        bytes: Option<&'a [u8]>,
        bindings: Bindings,
        created_at: Timestamp,
        [envelope, actor, object, changed, unchanged, context]: [&'a str; 6],
    ) -> Self {
        let sections = Sections { actor, object, changed, unchanged, context };
        Self { bytes, bindings, created_at, envelope, sections }
    }

    /// When it happened, to the microsecond.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// What its salts and digests come from.
    pub(crate) fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    /// The six texts in the order in which they are stored, the envelope first; empty where they are erased.
    pub(crate) fn texts(&self) -> [&'a str; 6] {
        let Sections { actor, object, changed, unchanged, context } = self.sections;
        let mut texts = [self.envelope, actor, object, changed, unchanged, context];
        for (text, _) in texts.iter_mut().zip(stays(&self.bindings)).filter(|(_, stays)| !*stays) {
            *text = "";
        }
        texts
    }

    /// Appends the AuditLog object that readers get. The fields of sections that are erased are null, and `erased` names
    /// these sections.
    pub fn write_audit_log(&self, index: u64, out: &mut String) {
        let Sections { actor, object, changed, unchanged, context } = self.sections;
        out.reserve(self.envelope.len() + self.sections.size() + changed.len() + 96);
        out.extend(["{", self.envelope, ",", actor, ",", object]);
        out.extend([",\"changed_values\":", changed, ",\"unchanged_values\":", unchanged]);
        out.extend([",\"object_changes\":", changed, ",", context]);
        for (at, section) in self.erased().enumerate() {
            out.extend([if at == 0 { ",\"erased\":[\"" } else { "\",\"" }, section.as_str()]);
        }
        if self.bindings.mask() != 0 {
            out.push_str("\"]");
        }
        out.extend([",\"index\":", itoa::Buffer::new().format(index), "}"]);
    }

    /// The text of a section, with its braces; `None` if it is no longer there.
    pub fn section(&self, section: Section) -> Option<String> {
        (!self.bindings.is_erased(section)).then(|| self.sections.pieces(section).concat())
    }

    /// The text of its leaf.
    pub fn leaf(&self) -> String {
        leaf::leaf_text(self.envelope, self.created_at.us(), &self.digests())
    }

    fn digests(&self) -> [Digest; 4] {
        self.bindings.digests(|salts| self.sections.digests(salts))
    }

    /// The hash of its leaf.
    pub fn leaf_hash(&self) -> Hash {
        leaf::hash(&self.leaf())
    }

    /// The sections that are erased, in the order of [`Section::ALL`].
    pub fn erased(&self) -> impl Iterator<Item = Section> {
        Section::ALL.into_iter().filter(|section| self.bindings.is_erased(*section))
    }

    /// The stored form of the entry without the texts and salts of these sections, beside those that are erased already.
    /// Its leaf stays the same, so that every proof of it still holds. Without anything to erase it is the same bytes.
    pub fn erase(&self, sections: &[Section]) -> Vec<u8> {
        let mask = self.bindings.mask() | bindings::mask_of(sections);
        let bindings = if mask == self.bindings.mask() {
            if let Some(bytes) = self.bytes {
                return bytes.to_vec();
            }
            self.bindings.clone()
        } else {
            self.bindings.erased(mask, self.digests())
        };
        let texts = self.texts().map(str::as_bytes);
        let size = self.envelope.len() + self.sections.size() + 6 * LENGTH_BYTES_MAX;
        let mut row = Vec::with_capacity(size + HEAD_BYTES_MAX);
        write(&mut row, &bindings, self.created_at.us(), texts.each_ref().map(std::slice::from_ref));
        row
    }

    /// Whether both say the same to readers, who see neither the random seed nor parts of a second: an import of the
    /// same event again, perhaps from an answer of this very server. What is erased in one of them speaks neither for nor
    /// against that, so that an import can be repeated after something of it was erased.
    pub fn same_content(&self, other: &Row) -> bool {
        let erased = |section| self.bindings.is_erased(section) || other.bindings.is_erased(section);
        let same = |section| self.sections.of(section) == other.sections.of(section);
        self.envelope == other.envelope
            && Section::ALL.into_iter().all(|section| erased(section) || same(section))
    }

    /// The titles of the object and of the workspace, and the user's name, as far as there are any.
    pub(crate) fn titles_and_user(&self) -> impl Iterator<Item = Cow<'a, str>> {
        let title = Fields { rest: self.sections.object }.text("object_title");
        let user = Fields { rest: self.sections.actor }.text("user");
        let workspace = fields::last_text(self.sections.context, "workspace_title");
        [title.ok().flatten(), user.ok().flatten(), workspace].into_iter().flatten()
    }

    /// The texts of a section, or what says that it is erased.
    pub(crate) fn texts_of(&self, section: Section) -> [&'a str; 2] {
        self.sections.of(section)
    }

    /// The value of `changed_values`; null if it is erased.
    pub(crate) fn changed(&self) -> &'a str {
        self.sections.changed
    }

    /// What the entry is found by; the same as [`Draft::keys`](super::Draft::keys) of the draft it was made from.
    pub fn keys(&self) -> Result<Keys<'a>, CorruptRow> {
        let mut envelope = Fields { rest: self.envelope };
        let token = LogToken::parse(&envelope.required("token")?).ok_or(MISPLACED)?;
        let action = Action::parse_event_name(&envelope.required("event")?).ok_or(MISPLACED)?;
        let object_type = object_type::key_of(&envelope.required("object_type")?).into();
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
