//! Recording: a request's way to the sequencer and back.

use std::sync::Arc;

use annals_format::event::{BodyError, BodyForm, Rules};
use annals_store::{AccountId, Identity, ReadError, Scope};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{
    Engine, Workspaces,
    drafts::{Drafts, key_hash},
};
use crate::append::{Incoming, Key, Recorded, Refusal, Request};

/// Bodies larger than this are read by threads that do nothing else, so that they do not hold up small requests.
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

impl Engine {
    /// Records all events of a request or none. When this returns `Ok` they are durable and readable.
    pub async fn record(&self, who: &Identity, request: RecordRequest) -> Result<Answer, RecordError> {
        let account = who.account;
        let rules = Rules { import: who.token.scopes.has(Scope::Import), now: self.clock.now() };
        let RecordRequest { body, form, idempotency_key, rows_wanted } = request;
        let mut workspaces = self.recent_workspaces(account).await?;
        let mut drafts = self.drafts(&body, form, rules, &workspaces).await?;
        if !drafts.unknown.is_empty() {
            // Perhaps they have been created since. If not, an import brings them along.
            workspaces = self.workspaces(account).await?;
            drafts = self.drafts(&body, form, rules, &workspaces).await?;
        }
        let brought =
            if rules.import { drafts.unknown_workspaces(rules.now) } else { drafts.refuse_unknown()? };
        let key = idempotency_key
            .map(|key| Key { hash: key_hash("request", &key), content: Sha256::digest(&body).into() });
        // The drafts hold all of it that is still needed.
        drop(body);
        let Drafts { mut events, single, .. } = drafts;
        let sealed = self.find_sealed(account, &mut events).await?;
        let request = Request { account, events, key, workspaces: brought, sealed, rows_wanted, single };
        let recorded = self.sequencer.record(request).await?;
        Ok(Answer { recorded, single })
    }

    /// Looks in segments for the tokens that the writer chose, so that the sequencer need not. Returns how many entries
    /// were sealed.
    async fn find_sealed(&self, account: AccountId, events: &mut [Incoming]) -> Result<u64, ReadError> {
        let chosen = || events.iter().filter(|event| event.token_chosen).map(|event| event.draft.token());
        let (sealed, found) = self.logs.find_sealed(account, chosen().collect()).await?;
        for (event, index) in events.iter_mut().filter(|event| event.token_chosen).zip(found) {
            event.sealed_at = index;
        }
        Ok(sealed)
    }

    async fn drafts(
        &self,
        body: &Bytes,
        form: BodyForm,
        rules: Rules,
        workspaces: &Arc<Workspaces>,
    ) -> Result<Drafts, RecordError> {
        let inline = body.len() <= INLINE_BYTES_MAX;
        let (body, workspaces) = (body.clone(), Arc::clone(workspaces));
        let read = move || Drafts::read(&body, form, &rules, &workspaces);
        if inline {
            return read();
        }
        // The threads do not end before the requests do; if they did, nothing would be recorded.
        self.readers.run(read).await.unwrap_or(Err(RecordError::Refused(Refusal::Unavailable)))
    }
}
