//! From an event to an entry: everything that does not depend on the entry's place is done before it has one.

use std::{borrow::Cow, fmt::Write as _, ops::Range};

use annals_tlog::Hash;

use super::{
    Keys, Salts, Seed,
    leaf::{self, Digest},
    row,
};
use crate::{Event, LogToken, Timestamp, json, object_type};

/// What the server adds to an event.
#[derive(Debug, Clone)]
pub struct Origin<'a> {
    /// The entry's token.
    pub token: LogToken,
    /// Random bytes for the salts; never given twice.
    pub seed: Seed,
    /// The workspace that the event belongs to.
    pub workspace_token: Option<&'a str>,
    /// Its title now, for an event that does not give one.
    pub workspace_title: Option<&'a str>,
}

/// An entry that only lacks its instant.
#[derive(Debug, Clone)]
pub struct Draft {
    keys: Keys<'static>,
    seed: Seed,
    /// The envelope up to the value of `created_at`, which comes last in it.
    envelope: String,
    /// The sections as they will stand in the row.
    sections: Vec<u8>,
    digests: [Digest; 4],
}

/// A finished entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its stored form, which [`Row::decode`](super::Row::decode) reads.
    pub row: Vec<u8>,
    /// The hash of its leaf.
    pub leaf: Hash,
    /// When it happened.
    pub created_at: Timestamp,
}

impl Draft {
    /// Writes the texts of an event and computes the digests of its sections.
    pub fn new(event: Event, origin: &Origin) -> Self {
        // Writing to a String cannot fail.
        let mut envelope = String::with_capacity(320);
        let _ = write!(envelope, "\"token\":\"{}\"", origin.token);
        member(&mut envelope, ",\"event\":", Some(event.action.event_name()));
        member(&mut envelope, ",\"object_type\":", Some(&event.object_type));
        member(&mut envelope, ",\"object_token\":", event.object_token.as_deref());
        member(&mut envelope, ",\"source\":", Some(&event.source));
        member(&mut envelope, ",\"workspace_token\":", origin.workspace_token);
        envelope.push_str(",\"created_at\":\"");

        // One buffer for the three sections that are put together here; it does not outlive this function.
        let mut texts = String::with_capacity(event.context.len() + event.metadata.len() + 512);
        member(&mut texts, "\"user\":", event.user.as_deref());
        let _ = match event.user_id {
            Some(id) => write!(texts, ",\"user_id\":{id}"),
            None => write!(texts, ",\"user_id\":null"),
        };
        member(&mut texts, ",\"user_role\":", event.user_role.as_deref());
        let actor_end = texts.len();
        member(&mut texts, "\"object_title\":", event.object_title.as_deref());
        let object_end = texts.len();
        texts.extend(["\"context\":", &event.context, ",\"metadata\":", &event.metadata]);
        let workspace_title = event.workspace_title.as_deref().or(origin.workspace_title);
        member(&mut texts, ",\"workspace_title\":", workspace_title);
        let text = |range: Range<usize>| texts.get(range).unwrap_or_default();
        let sections = row::Sections {
            actor: text(0..actor_end),
            object: text(actor_end..object_end),
            changed: &event.change.changed,
            unchanged: &event.change.unchanged,
            context: text(object_end..texts.len()),
        };
        let digests = sections.digests(&Salts::derive(&origin.seed));
        let sections = sections.encode();
        let keys = Keys {
            token: origin.token,
            action: event.action,
            object_type: object_type::key_of(&event.object_type),
            object_token: event.object_token.map(owned),
            object_title: event.object_title.map(owned),
            source: owned(event.source),
            workspace_token: origin.workspace_token.map(|token| token.to_owned().into()),
            user_id: event.user_id,
        };
        Self { keys, seed: origin.seed, envelope, sections, digests }
    }

    /// The entry's token.
    pub fn token(&self) -> LogToken {
        self.keys.token
    }

    /// What the entry will be found by.
    pub fn keys(&self) -> &Keys<'static> {
        &self.keys
    }

    /// Bytes that the entry will take, within a few.
    pub fn size(&self) -> usize {
        self.envelope.len() + self.sections.len() + 48
    }

    /// Gives the entry its instant and with it its final form.
    pub fn complete(&self, created_at: Timestamp) -> Entry {
        let mut envelope = String::with_capacity(self.envelope.len() + 24);
        // Writing to a String cannot fail.
        let _ = write!(envelope, "{}{created_at}\"", self.envelope);
        let leaf = leaf::hash(&leaf::leaf_text(&envelope, created_at.us(), &self.digests));
        let row = row::encode(&self.seed, created_at, &envelope, &self.sections);
        Entry { row, leaf, created_at }
    }
}

fn owned(text: Cow<str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

/// Appends a member whose name is spelt out in `name`, with the text as a JSON string or `null`.
fn member(out: &mut String, name: &str, text: Option<&str>) {
    out.push_str(name);
    match text {
        Some(text) => json::write_string(out, text),
        None => out.push_str("null"),
    }
}
