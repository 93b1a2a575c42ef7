//! Recording: from a request's bytes to entries.

use std::{collections::BTreeMap, sync::Arc};

use annals_format::{
    Draft, Event, LogToken,
    entry::{Origin, Seed},
    event::{self, BodyError, BodyForm, Rules, WorkspaceChoice, place},
    limits,
};
use annals_store::{Identity, ReadError, Scope, Workspace};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{Engine, Workspaces};
use crate::{
    append::{Incoming, Key, Recorded, Refusal, Request},
    random,
};

/// Bodies larger than this are read on a thread of their own, so that they do not hold up small requests.
const INLINE_BYTES_MAX: usize = 32 * 1024;

/// What a write sent.
#[derive(Debug)]
pub struct RecordRequest {
    /// The decompressed body.
    pub body: Bytes,
    /// How it holds its events.
    pub form: BodyForm,
    /// The key of the whole request.
    pub idempotency_key: Option<String>,
    /// Whether the answer needs the rows.
    pub rows_wanted: bool,
}

/// What was recorded.
#[derive(Debug)]
pub struct Answer {
    /// An element for each event, in order.
    pub recorded: Vec<Recorded>,
    /// Whether the request was one event by itself.
    pub single: bool,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The body is not what it has to be.
    #[error("the body cannot be taken")]
    Body(BodyError),
    /// Events have faults; one sentence for each.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// The sequencer did not take it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The catalog cannot be asked.
    #[error(transparent)]
    Unavailable(#[from] ReadError),
}

/// The events of a body after everything that needs no catalog.
struct Parsed {
    events: Vec<ParsedEvent>,
    single: bool,
}

/// An event, with the SHA-256 of its text when it has a key.
type ParsedEvent = (Event, Option<[u8; 32]>);

impl Engine {
    /// Records all events of a request or none. When this returns `Ok` they are durable and readable.
    pub async fn record(&self, who: &Identity, request: RecordRequest) -> Result<Answer, RecordError> {
        let rules = Rules { import: who.token.scopes.has(Scope::Import), now: self.clock.now() };
        let RecordRequest { body, form, idempotency_key, rows_wanted } = request;
        let key = idempotency_key
            .map(|key| Key { hash: key_hash("request", &key), content: Sha256::digest(&body).into() });
        let inline = body.len() <= INLINE_BYTES_MAX;
        let parsed = blocking(inline, move || parse(&body, form, &rules)).await?;
        let single = parsed.single;

        let tokens = parsed.events.iter().filter_map(|(event, _)| event.workspace.token());
        let known = self.workspaces_for(who.account, tokens).await?;
        let workspaces = if rules.import {
            self.unknown_workspaces(&known, &parsed)
        } else {
            refuse_unknown_workspaces(&known, &parsed)?;
            Vec::new()
        };
        let logs = Arc::clone(&self.logs);
        let account = who.account;
        let taken = move |token| logs.known(account).read().find(token).is_some();
        let events = blocking(inline, move || Ok(draft_all(parsed.events, &known, taken))).await?;
        let request = Request { account: who.account, events, key, workspaces, rows_wanted, single };
        let recorded = self.sequencer.record(request).await?;
        Ok(Answer { recorded, single })
    }

    /// The workspaces that an import names and the account does not have, under the titles the import gives.
    fn unknown_workspaces(&self, known: &Workspaces, parsed: &Parsed) -> Vec<Workspace> {
        let mut unknown: BTreeMap<&str, &str> = BTreeMap::new();
        for (event, _) in &parsed.events {
            if let Some(token) = event.workspace.token().filter(|token| known.get(token).is_none()) {
                unknown.entry(token).or_insert(
                    event.workspace_title.as_deref().filter(|title| !title.is_empty()).unwrap_or(token),
                );
            }
        }
        let created_at = self.clock.now();
        let workspace = |(token, name): (&str, &str)| Workspace {
            token: token.to_owned(),
            name: name.to_owned(),
            created_at,
        };
        unknown.into_iter().map(workspace).collect()
    }
}

/// Runs `work` here, or on a thread where it may take its time.
async fn blocking<T: Send + 'static>(
    inline: bool,
    work: impl FnOnce() -> Result<T, RecordError> + Send + 'static,
) -> Result<T, RecordError> {
    if inline {
        return work();
    }
    // Only a shutdown of the runtime loses the work, and then nothing has been recorded.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(RecordError::Refused(Refusal::Unavailable)))
}

fn parse(body: &[u8], form: BodyForm, rules: &Rules) -> Result<Parsed, RecordError> {
    let body = event::split_body(body, form, rules.import).map_err(RecordError::Body)?;
    let single = body.single;
    let mut faults = Faults::default();
    let mut events = Vec::with_capacity(body.events.len());
    for (at, text) in body.events.iter().enumerate() {
        let place = if single { String::new() } else { place(at) };
        match Event::parse(text, &place, rules) {
            Ok(event) => {
                let content = event.idempotency_key.is_some().then(|| Sha256::digest(text).into());
                events.push((event, content));
            }
            Err(sentences) => faults.extend(sentences),
        }
    }
    faults.into_result()?;
    Ok(Parsed { events, single })
}

fn refuse_unknown_workspaces(known: &Workspaces, parsed: &Parsed) -> Result<(), RecordError> {
    let mut faults = Faults::default();
    for (at, (event, _)) in parsed.events.iter().enumerate() {
        if let Some(token) = event.workspace.token().filter(|token| known.get(token).is_none()) {
            let place = if parsed.single { String::new() } else { place(at) + "." };
            faults.extend([format!("{place}workspace_token {token:?} is no workspace of this account")]);
        }
    }
    faults.into_result()
}

/// Gives each event its token and seed and writes its texts.
fn draft_all(
    events: Vec<ParsedEvent>,
    workspaces: &Workspaces,
    taken: impl Fn(LogToken) -> bool,
) -> Vec<Incoming> {
    let mut randomness = Randomness::new(events.len());
    let draft = |(event, content): ParsedEvent| {
        let workspace_token = match &event.workspace {
            WorkspaceChoice::Default => workspaces.default.clone(),
            WorkspaceChoice::Nowhere => None,
            WorkspaceChoice::Token(token) => Some(token.clone()),
        };
        let workspace = workspace_token.as_deref().and_then(|token| workspaces.get(token));
        let token_chosen = event.token.is_some();
        let origin = Origin {
            token: event.token.unwrap_or_else(|| randomness.free_token(&taken)),
            seed: randomness.take(),
            workspace_token: workspace_token.as_deref(),
            workspace_title: workspace.map(|workspace| workspace.name.as_str()),
        };
        let created_at = event.created_at;
        let hash = event.idempotency_key.as_deref().map(|key| key_hash("event", key));
        let key = hash.zip(content).map(|(hash, content)| Key { hash, content });
        Incoming { draft: Draft::new(event, &origin), created_at, token_chosen, key }
    };
    events.into_iter().map(draft).collect()
}

/// Random bytes for many events, asked for at once: a call of the operating system for each would cost more than the rest.
struct Randomness {
    bytes: std::vec::IntoIter<u8>,
}

impl Randomness {
    /// Enough for the token and the seed of so many events.
    fn new(events: usize) -> Self {
        Self { bytes: random::many(events * (size_of::<Seed>() + size_of::<LogToken>())).into_iter() }
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.bytes.as_slice().first_chunk() {
            Some(chunk) => {
                let chunk = *chunk;
                self.bytes.nth(N - 1);
                chunk
            }
            None => random::bytes(),
        }
    }

    /// A random token that no entry has. With 64 bits the first one nearly always is free.
    fn free_token(&mut self, taken: impl Fn(LogToken) -> bool) -> LogToken {
        loop {
            let token = LogToken(u64::from_le_bytes(self.take()));
            if !taken(token) {
                return token;
            }
        }
    }
}

/// Keys of requests and keys of events are different keys even when they are spelt the same.
fn key_hash(kind: &str, key: &str) -> [u8; 32] {
    Sha256::new().chain_update(kind).chain_update([0]).chain_update(key).finalize().into()
}

/// Collects sentences up to the number that is reported.
#[derive(Default)]
struct Faults {
    sentences: Vec<String>,
    more: usize,
}

impl Faults {
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
