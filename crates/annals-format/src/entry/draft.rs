//! From an event to an entry: everything that does not depend on the entry's place is done before it has one.

use annals_tlog::Hash;

use super::{
    Salts, Seed,
    leaf::{self, Digest},
    row,
};
use crate::{Event, LogToken, Timestamp, event::Change, json};

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
    token: LogToken,
    seed: Seed,
    /// The envelope up to the value of `created_at`, which comes last in it.
    envelope: String,
    sections: row::Sections,
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
        let mut envelope = String::with_capacity(320);
        member(&mut envelope, "token", Some(&origin.token.to_string()));
        member(&mut envelope, "event", Some(event.action.event_name()));
        member(&mut envelope, "object_type", Some(&event.object_type));
        member(&mut envelope, "object_token", event.object_token.as_deref());
        member(&mut envelope, "source", Some(&event.source));
        member(&mut envelope, "workspace_token", origin.workspace_token);
        envelope.push_str(",\"created_at\":\"");

        let mut actor = String::with_capacity(96);
        member(&mut actor, "user", event.user.as_deref());
        actor.push_str(",\"user_id\":");
        match event.user_id {
            Some(id) => actor.push_str(&id.to_string()),
            None => actor.push_str("null"),
        }
        member(&mut actor, "user_role", event.user_role.as_deref());

        let mut object = String::with_capacity(64);
        member(&mut object, "object_title", event.object_title.as_deref());

        let mut context = String::with_capacity(event.context.len() + event.metadata.len() + 64);
        context.extend(["\"context\":", &event.context, ",\"metadata\":", &event.metadata]);
        member(&mut context, "workspace_title", event.workspace_title.as_deref().or(origin.workspace_title));

        let Change { changed, unchanged } = event.change;
        let sections = row::Sections { actor, object, changed, unchanged, context };
        let digests = sections.as_ref().digests(&Salts::derive(&origin.seed));
        Self { token: origin.token, seed: origin.seed, envelope, sections, digests }
    }

    /// The entry's token.
    pub fn token(&self) -> LogToken {
        self.token
    }

    /// Bytes that the entry will take, within a few.
    pub fn size(&self) -> usize {
        self.envelope.len() + self.sections.as_ref().size() + 64
    }

    /// Gives the entry its instant and with it its final form.
    pub fn complete(&self, created_at: Timestamp) -> Entry {
        let mut envelope = String::with_capacity(self.envelope.len() + 24);
        envelope.push_str(&self.envelope);
        envelope.push_str(&created_at.to_string());
        envelope.push('"');
        let leaf = leaf::hash(&leaf::leaf_text(&envelope, created_at.us(), &self.digests));
        let row = row::encode(&self.seed, created_at, &envelope, &self.sections.as_ref());
        Entry { row, leaf, created_at }
    }
}

/// Appends `"name":"text"` or `"name":null`, after a comma when something stands before it.
fn member(out: &mut String, name: &str, text: Option<&str>) {
    if !out.is_empty() {
        out.push(',');
    }
    out.extend(["\"", name, "\":"]);
    match text {
        Some(text) => json::write_string(out, text),
        None => out.push_str("null"),
    }
}
