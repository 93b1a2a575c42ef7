//! What the server says of events it recorded, and how a batch is made safe to send again.

use serde::{Deserialize, Serialize};

/// Where an event ended up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Token of the audit log.
    pub token: String,
    /// Its position in the account's log, from 0.
    pub index: u64,
    /// It was already there: the same token or idempotency key with the same content was recorded before.
    #[serde(default)]
    pub replayed: bool,
}

/// A batch that was recorded, all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedBatch {
    /// One for each event, in the order sent.
    pub audit_logs: Vec<Recorded>,
    /// The batch was sent more than once, and the first time may have been enough: its answer was lost on the way, or the
    /// server failed. With [`Idempotency::Events`], events that were recorded then are reported as `replayed`.
    pub resent: bool,
}

/// What makes it harmless to record a batch twice, so that the client may send it again after a lost answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing: after a lost answer the client gives up rather than risk recording the batch twice.
    None,
    /// Every event in the batch has a `token` or an `idempotency_key` of its own.
    Events,
    /// This `Idempotency-Key` for the batch as a whole; unique to it, at most 255 visible ASCII characters.
    Key(String),
}

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Erased {
    /// The `object_token` of the two audit logs that tell of it.
    pub token: String,
    /// Of how many audit logs something was erased.
    pub entries: u64,
    /// How many that match are held, and were left as they are.
    #[serde(default)]
    pub held: u64,
}
