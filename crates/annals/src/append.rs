//! The write path: from validated events to a durable, indexed, readable place in the log.
//!
//! [`Sequencer`] takes what many requests brought, of all accounts, gives it indexes and makes one commit of it. It is
//! the only writer in the process; other processes may write to the same catalog, and the compare-and-swap of
//! [`Catalog::commit`](annals_store::Catalog::commit) tells it when one did. `resolve` decides what of a request is
//! new and what is a retry.

mod ahead;
mod gather;
mod logs;
mod pace;
mod plan;
mod resolve;
mod sequencer;

pub use logs::{Logs, SharedLog, Stored};
pub(crate) use resolve::grow;
pub use sequencer::{Sequencer, SequencerOptions};

use annals_format::{Draft, LogToken, Timestamp, event::place};
use annals_store::{AccountId, TokenHash, Workspace};

/// The events of one request, ready to be recorded together or not at all.
#[derive(Debug)]
pub struct Request {
    /// Whose log.
    pub account: AccountId,
    /// The events, in order.
    pub events: Vec<Incoming>,
    /// The key of the whole request.
    pub key: Option<Key>,
    /// Workspaces that the events name and the account does not know: an import brings them along.
    pub workspaces: Vec<Workspace>,
    /// How many entries were sealed when the tokens that writers chose were looked for in segments.
    pub sealed: u64,
    /// Whether the answer needs the rows.
    pub rows_wanted: bool,
    /// Whether the request is one event by itself, so that faults need not say which event they are about.
    pub single: bool,
}

impl Request {
    /// A field of an event, as it is named in faults.
    fn field(&self, event: usize, field: &str) -> String {
        if self.single { field.to_owned() } else { format!("{}.{field}", place(event)) }
    }
}

/// One event of a request.
#[derive(Debug)]
pub struct Incoming {
    /// Its texts and digests.
    pub draft: Draft,
    /// When it happened; `None` is the moment of recording.
    pub created_at: Option<Timestamp>,
    /// Whether the writer chose the token, so that it may have been recorded before.
    pub token_chosen: bool,
    /// The index of the sealed entry with this token, if one was found.
    pub sealed_at: Option<u64>,
    /// The event's own key.
    pub key: Option<Key>,
}

/// What a request or event can be recognised by when it comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// SHA-256 over the kind of key and the key.
    pub hash: TokenHash,
    /// SHA-256 over what was sent under it.
    pub content: [u8; 32],
}

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place.
    pub index: u64,
    /// Its token.
    pub token: LogToken,
    /// Its stored form; empty unless it was asked for.
    pub row: Vec<u8>,
    /// Whether it was there before this request.
    pub replayed: bool,
}

/// Why nothing of a request was recorded, or why that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A key or token was used before for other content; one sentence for each.
    #[error("{}", .0.join("; "))]
    Conflict(Vec<String>),
    /// More waits to be recorded than the server takes on.
    #[error("the server has more to record than it can take on; try again shortly")]
    Busy,
    /// The catalog cannot write; nothing was recorded.
    #[error("the server cannot write at the moment; nothing was recorded, try again shortly")]
    Unavailable,
    /// The catalog failed while it was writing.
    #[error(
        "the server failed while it was writing; the events may or may not have been recorded: \
         retry with the same Idempotency-Key, or look for them"
    )]
    Unknown,
}
