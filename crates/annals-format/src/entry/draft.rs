//! From an event to an entry: everything that does not depend on the entry's place is done before it has one.

use std::{borrow::Cow, ops::Range};

use annals_tlog::Hash;

use super::{
    Keys, Salts, Seed,
    leaf::{self, Digest},
    row,
};
use crate::{Action, Event, LogToken, Timestamp, json, object_type};

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
///
/// It has few parts of its own: they are made on one thread and dropped on another, which is dear.
#[derive(Debug, Clone)]
pub struct Draft {
    token: LogToken,
    action: Action,
    user_id: Option<i64>,
    seed: Seed,
    /// The envelope up to the value of `created_at`, which comes last in it; and then `names`.
    texts: String,
    envelope_end: usize,
    names: Names,
    /// The sections as they will stand in the row.
    sections: Vec<u8>,
    digests: [Digest; 4],
}

/// Where texts stand that an entry is found by.
#[derive(Debug, Clone)]
struct Names {
    object_type: Range<usize>,
    object_token: Option<Range<usize>>,
    object_title: Option<Range<usize>>,
    source: Range<usize>,
    workspace_token: Option<Range<usize>>,
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
    pub fn new(event: &Event, origin: &Origin) -> Self {
        let mut envelope = String::with_capacity(512);
        envelope.push_str("\"token\":\"");
        origin.token.push_to(&mut envelope);
        envelope.push('"');
        member(&mut envelope, ",\"event\":", Some(event.action.event_name()));
        member(&mut envelope, ",\"object_type\":", Some(&event.object_type));
        member(&mut envelope, ",\"object_token\":", event.object_token.as_deref());
        member(&mut envelope, ",\"source\":", Some(&event.source));
        member(&mut envelope, ",\"workspace_token\":", origin.workspace_token);
        envelope.push_str(",\"created_at\":\"");

        // One buffer for the three sections that are put together here; it does not outlive this function.
        let mut texts = String::with_capacity(event.context.len() + event.metadata.len() + 512);
        member(&mut texts, "\"user\":", event.user.as_deref());
        let mut digits = itoa::Buffer::new();
        texts.extend([",\"user_id\":", event.user_id.map_or("null", |id| digits.format(id))]);
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
        let (envelope_end, mut texts) = (envelope.len(), envelope);
        let mut name = |text: &str| {
            let start = texts.len();
            texts.push_str(text);
            start..texts.len()
        };
        let names = Names {
            object_type: name(&object_type::key_of(&event.object_type)),
            object_token: event.object_token.as_deref().map(&mut name),
            object_title: event.object_title.as_deref().map(&mut name),
            source: name(&event.source),
            workspace_token: origin.workspace_token.map(&mut name),
        };
        let (token, action, user_id) = (origin.token, event.action, event.user_id);
        Self { token, action, user_id, seed: origin.seed, texts, envelope_end, names, sections, digests }
    }

    /// The entry's token.
    pub fn token(&self) -> LogToken {
        self.token
    }

    /// What the entry will be found by.
    pub fn keys(&self) -> Keys<'_> {
        let text = |range: &Range<usize>| Cow::Borrowed(self.text(range.clone()));
        Keys {
            token: self.token,
            action: self.action,
            object_type: text(&self.names.object_type),
            object_token: self.names.object_token.as_ref().map(text),
            object_title: self.names.object_title.as_ref().map(text),
            source: text(&self.names.source),
            workspace_token: self.names.workspace_token.as_ref().map(text),
            user_id: self.user_id,
        }
    }

    fn text(&self, range: Range<usize>) -> &str {
        self.texts.get(range).unwrap_or_default()
    }

    /// Bytes that the entry will take, within a few.
    pub fn size(&self) -> usize {
        self.envelope_end + self.sections.len() + 48
    }

    /// Gives the entry its instant and with it its final form.
    pub fn complete(&self, created_at: Timestamp) -> Entry {
        let mut envelope = String::with_capacity(self.envelope_end + 32);
        envelope.push_str(self.text(0..self.envelope_end));
        created_at.push_to(&mut envelope);
        envelope.push('"');
        let leaf = leaf::hash(&leaf::leaf_text(&envelope, created_at.us(), &self.digests));
        let row = row::encode(&self.seed, created_at, &envelope, &self.sections);
        Entry { row, leaf, created_at }
    }
}

/// Appends a member whose name is spelt out in `name`, with the text as a JSON string or `null`.
fn member(out: &mut String, name: &str, text: Option<&str>) {
    out.push_str(name);
    match text {
        Some(text) => json::write_string(out, text),
        None => out.push_str("null"),
    }
}
