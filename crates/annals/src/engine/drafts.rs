//! From a request's bytes to drafts: everything about recording that only needs a processor.

use std::{borrow::Cow, collections::BTreeMap};

use annals_format::{
    Draft, Event, LogToken, Timestamp,
    entry::{Origin, Seed},
    event::{self, BodyForm, Rules, WorkspaceChoice, place},
    limits,
};
use annals_store::Workspace;
use sha2::{Digest as _, Sha256};

use super::{RecordError, Workspaces};
use crate::{
    append::{Incoming, Key},
    random,
};

/// The events of a request, ready for the sequencer.
pub(super) struct Drafts {
    pub(super) events: Vec<Incoming>,
    /// Whether the request was one event by itself.
    pub(super) single: bool,
    /// Workspaces that events name and the account does not have, in the order of the events.
    pub(super) unknown: Vec<Unknown>,
}

/// A workspace that is not known, as an event names it.
pub(super) struct Unknown {
    /// Where the event stands in its batch.
    at: Option<usize>,
    token: String,
    title: Option<String>,
}

impl Drafts {
    /// Reads a body, and gives each event its token and seed.
    pub(super) fn read(
        body: &[u8],
        form: BodyForm,
        rules: &Rules,
        workspaces: &Workspaces,
    ) -> Result<Self, RecordError> {
        let mut faults = Faults::default();
        // Room for events of a kilobyte.
        let mut events = Vec::with_capacity(body.len() / 1_024 + 1);
        let (mut unknown, mut single) = (Vec::new(), false);
        let mut randomness = Randomness::default();
        let read = event::read_body(body, form, rules.import, |at, object| {
            single = at.is_none();
            match Event::parse(object, at, rules) {
                Err(sentences) => faults.extend(sentences),
                // Once there is a fault, only further faults count.
                Ok(_) if faults.any() => {}
                Ok(event) => {
                    if let Some(token) =
                        event.workspace.token().filter(|token| workspaces.get(token).is_none())
                    {
                        let title = event.workspace_title.as_deref().map(str::to_owned);
                        unknown.push(Unknown { at, token: token.to_owned(), title });
                    }
                    events.push(draft(&event, object.text(), workspaces, &mut randomness));
                }
            }
        });
        // A body that is not what it says has faults of its own, which count first.
        read.map_err(RecordError::Body)?;
        faults.into_result()?;
        Ok(Self { events, single, unknown })
    }

    /// The unknown workspaces as an import creates them: under the titles that it gives, each first title counts.
    pub(super) fn unknown_workspaces(&self, created_at: Timestamp) -> Vec<Workspace> {
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for Unknown { token, title, .. } in &self.unknown {
            names.entry(token).or_insert(title.as_deref().filter(|title| !title.is_empty()).unwrap_or(token));
        }
        let workspace = |(token, name): (&str, &str)| Workspace {
            token: token.to_owned(),
            name: name.to_owned(),
            created_at,
        };
        names.into_iter().map(workspace).collect()
    }

    /// Refuses events in unknown workspaces; gives back that none is created.
    pub(super) fn refuse_unknown(&self) -> Result<Vec<Workspace>, RecordError> {
        let mut faults = Faults::default();
        for Unknown { at, token, .. } in &self.unknown {
            let place = at.map_or_else(String::new, |at| place(at) + ".");
            faults.extend([format!("{place}workspace_token {token:?} is no workspace of this account")]);
        }
        faults.into_result().map(|()| Vec::new())
    }
}

fn draft(event: &Event, text: &str, workspaces: &Workspaces, randomness: &mut Randomness) -> Incoming {
    let workspace_token = match &event.workspace {
        WorkspaceChoice::Default => workspaces.default.as_deref().map(Cow::Borrowed),
        WorkspaceChoice::Nowhere => None,
        WorkspaceChoice::Token(token) => Some(token.clone()),
    };
    let workspace = workspace_token.as_deref().and_then(|token| workspaces.get(token));
    let origin = Origin {
        token: event.token.unwrap_or_else(|| LogToken(u64::from_le_bytes(randomness.take()))),
        seed: randomness.take(),
        workspace_token: workspace_token.as_deref(),
        workspace_title: workspace.map(|workspace| workspace.name.as_str()),
    };
    let key = event
        .idempotency_key
        .as_deref()
        .map(|key| Key { hash: key_hash("event", key), content: Sha256::digest(text).into() });
    let (created_at, token_chosen) = (event.created_at, event.token.is_some());
    Incoming { draft: Draft::new(event, &origin), created_at, token_chosen, sealed_at: None, key }
}

/// Random bytes for events, asked for in pieces that grow: a call of the operating system for each event would cost more than
/// the rest.
#[derive(Default)]
struct Randomness {
    bytes: std::vec::IntoIter<u8>,
    /// Bytes that were asked for last.
    asked: usize,
}

impl Randomness {
    /// What one event takes, for its token and its seed, and what is asked for at a time at most.
    const BYTES_MIN: usize = size_of::<Seed>() + size_of::<LogToken>();
    const BYTES_MAX: usize = 256 * Self::BYTES_MIN;

    fn take<const N: usize>(&mut self) -> [u8; N] {
        if self.bytes.len() < N {
            self.asked = (4 * self.asked).clamp(Self::BYTES_MIN, Self::BYTES_MAX);
            self.bytes = random::many(self.asked).into_iter();
        }
        match self.bytes.as_slice().first_chunk() {
            Some(chunk) => {
                let chunk = *chunk;
                self.bytes.nth(N - 1);
                chunk
            }
            None => random::bytes(),
        }
    }
}

/// Keys of requests and keys of events are different keys even when they are spelt the same.
pub(super) fn key_hash(kind: &str, key: &str) -> [u8; 32] {
    Sha256::new().chain_update(kind).chain_update([0]).chain_update(key).finalize().into()
}

/// Collects sentences up to the number that is reported.
#[derive(Default)]
struct Faults {
    sentences: Vec<String>,
    more: usize,
}

impl Faults {
    fn any(&self) -> bool {
        !self.sentences.is_empty()
    }

    fn extend(&mut self, sentences: impl IntoIterator<Item = String>) {
        for sentence in sentences {
            if self.sentences.len() < limits::FAULTS_REPORTED_MAX {
                self.sentences.push(sentence);
            } else {
                self.more += 1;
            }
        }
    }

    fn into_result(mut self) -> Result<(), RecordError> {
        if self.more > 0 {
            self.sentences.push(format!("and {} more faults", self.more));
        }
        if self.sentences.is_empty() { Ok(()) } else { Err(RecordError::Invalid(self.sentences)) }
    }
}
