//! Every limit of the server, with its reason. `annals doctor` prints them all.

pub use annals_format::limits::*;

/// Requests that may wait for the sequencer. At 64 connections a commit holds about as many requests; this is minutes
/// of a stalled disk for them, and an answer of 503 for a flood.
pub const QUEUE_REQUESTS_MAX: usize = 4_096;

/// Events after which a commit takes no further request. Larger ones would save few fsyncs, and while one is made the next
/// requests are read: writers who all wait for the same commit leave a processor idle.
pub const COMMIT_EVENTS_MAX: usize = 4_096;

/// Events that must wait to be planned while the commit before them is made. Fewer wait until it is done, for others to share
/// their commit with, which costs as much as some hundred events do.
pub const AHEAD_EVENTS_MIN: usize = 256;

/// Bytes of entries after which a commit takes no further request.
pub const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes of request bodies held in memory at any time, over all requests; past it the answer is 503.
pub const BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of a request's target and headers.
pub const HEADER_BYTES_MAX: usize = 32 * 1024;

/// Seconds that a connection may take to send its headers.
pub const HEADER_SECONDS_MAX: u64 = 15;

/// Seconds that a connection may stay idle between requests.
pub const IDLE_SECONDS_MAX: u64 = 75;

/// Seconds that a request may take to send its body.
pub const BODY_SECONDS_MAX: u64 = 60;

/// Seconds that requests in progress are given when the server shuts down.
pub const SHUTDOWN_SECONDS_MAX: u64 = 30;

/// Connections open at any time; one more waits to be accepted.
pub const CONNECTIONS_MAX: usize = 16_384;

/// Days for which an idempotency key is kept at least, when the configuration does not say.
pub const IDEMPOTENCY_DAYS_DEFAULT: u32 = 7;

/// Requests an hour that an access token may read with, when the configuration does not say.
pub const READS_AN_HOUR_DEFAULT: u64 = 10_000;

/// Requests an hour that an access token may write with, when the configuration does not say.
pub const WRITES_AN_HOUR_DEFAULT: u64 = 10_000_000;

/// Seconds for which a token issued by `POST /oauth/token` is valid.
pub const GRANT_SECONDS: i64 = 3_600;

/// Seconds for which what a token may do is remembered; a revocation takes effect within this time.
pub const IDENTITY_SECONDS_MAX: u64 = 1;

/// Access tokens and accounts that are remembered at a time.
pub const REMEMBERED_MAX: u64 = 100_000;

/// Workspaces on one page of `GET /v2/workspaces`.
pub const WORKSPACES_PAGE_MAX: u64 = 1_000;

/// Bytes of a body of `POST /oauth/token`.
pub const FORM_BYTES_MAX: usize = 16 * 1024;

/// Reads of segments at a time; others wait for their turn. Each is a thread that may wait for the blob store.
pub const READS_AT_ONCE_MAX: usize = 64;

/// Days, weeks or months in one answer with counts: thirteen years of days.
pub const INTERVALS_MAX: usize = 5_000;

/// Heads whose words are in memory at a time, for searches. One that is full takes some 25 MB.
pub const SEARCHED_HEADS_MAX: u64 = 32;

/// MiB of segments' parts that are held in memory, when the configuration does not say.
pub const CACHE_MIB_DEFAULT: u64 = 512;

/// Entries of a head that are sealed together: 256 tiles of 256, as many as a whole tile of the second level covers.
pub const SEAL_ROWS: u64 = 65_536;

/// Entries of a quiet log, below which they stay in the head.
pub const QUIET_SEAL_ROWS_MIN: u64 = 1_024;

/// Neighbouring segments that are made into one. As many of the usual size make one of the largest size.
pub const COMPACT_SEGMENTS: usize = 16;

/// Bytes of a request to a witness: 63 hashes and a checkpoint with the sixteen signatures that every reader of notes
/// has to take, even if all are of ML-DSA.
pub const WITNESS_REQUEST_BYTES_MAX: usize = 64 * 1024;

/// Bytes of request bodies that a witness holds in memory at any time; past it the answer is 503.
pub const WITNESS_BODIES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Seconds that a request to a witness may take to send its body.
pub const WITNESS_BODY_SECONDS_MAX: u64 = 10;

/// Bytes of a witness's answer that are read.
pub const WITNESS_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Seconds that a witness may take to answer.
pub const WITNESS_ANSWER_SECONDS_MAX: u64 = 5;

/// Keys of all witnesses together whose cosignatures a log asks for. With as many keys of its own they make the sixteen
/// signatures that every reader of notes has to take.
pub const WITNESS_KEYS_MAX: usize = 8;

/// Logs about which a witness is asked at a time.
pub const WITNESS_REQUESTS_MAX: usize = 8;

/// A limit as people read it.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// What is limited.
    pub what: &'static str,
    /// The most that is allowed.
    pub max: u64,
    /// What it counts.
    pub unit: &'static str,
}

/// All limits, in the order in which a request meets them.
pub const ALL: &[Limit] = &[
    Limit { what: "open connections", max: CONNECTIONS_MAX as u64, unit: "connections" },
    Limit { what: "request target and headers", max: HEADER_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "time to send the headers", max: HEADER_SECONDS_MAX, unit: "seconds" },
    Limit { what: "time to send the body", max: BODY_SECONDS_MAX, unit: "seconds" },
    Limit { what: "request body, also after decompression", max: REQUEST_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "all request bodies together", max: BODIES_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "events in a JSON batch", max: BATCH_EVENTS_MAX as u64, unit: "events" },
    Limit { what: "lines in an NDJSON body", max: NDJSON_LINES_MAX as u64, unit: "lines" },
    Limit { what: "one event as minified JSON", max: EVENT_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "one event of an import", max: IMPORT_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "nesting of one event", max: EVENT_DEPTH_MAX as u64, unit: "levels" },
    Limit { what: "object_token, workspace_token", max: TOKEN_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "object_title, workspace_title, user", max: TITLE_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "user_role", max: ROLE_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "source, key of an object type", max: KEY_CHARS_MAX as u64, unit: "characters" },
    Limit { what: "idempotency key", max: IDEMPOTENCY_KEY_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "created_at in the future", max: FUTURE_US_MAX as u64 / 1_000_000, unit: "seconds" },
    Limit { what: "faults named in one answer", max: FAULTS_REPORTED_MAX as u64, unit: "sentences" },
    Limit { what: "requests waiting to be recorded", max: QUEUE_REQUESTS_MAX as u64, unit: "requests" },
    Limit { what: "events in one commit, about", max: COMMIT_EVENTS_MAX as u64, unit: "events" },
    Limit { what: "bytes in one commit, about", max: COMMIT_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "results on a page of audit logs", max: PAGE_ROWS_MAX, unit: "results" },
    Limit { what: "words in a search", max: SEARCH_WORDS_MAX as u64, unit: "words" },
    Limit { what: "a word, beyond which it is cut off", max: WORD_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "days, weeks or months that are counted", max: INTERVALS_MAX as u64, unit: "results" },
    Limit { what: "reads of segments at a time", max: READS_AT_ONCE_MAX as u64, unit: "reads" },
    Limit { what: "results on a page of workspaces", max: WORKSPACES_PAGE_MAX, unit: "results" },
    Limit { what: "time until a revocation takes effect", max: IDENTITY_SECONDS_MAX, unit: "seconds" },
    Limit { what: "request to a witness", max: WITNESS_REQUEST_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "all requests to a witness together", max: WITNESS_BODIES_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "time to send a request to a witness", max: WITNESS_BODY_SECONDS_MAX, unit: "seconds" },
    Limit { what: "answer of a witness", max: WITNESS_ANSWER_BYTES_MAX as u64, unit: "bytes" },
    Limit { what: "time for a witness to answer", max: WITNESS_ANSWER_SECONDS_MAX, unit: "seconds" },
    Limit { what: "keys of all witnesses of a server", max: WITNESS_KEYS_MAX as u64, unit: "keys" },
    Limit { what: "requests to a witness at a time", max: WITNESS_REQUESTS_MAX as u64, unit: "requests" },
    Limit { what: "time to finish requests at shutdown", max: SHUTDOWN_SECONDS_MAX, unit: "seconds" },
];
