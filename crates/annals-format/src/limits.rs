//! What an event, a request body and a query may be at most, with the reason for each number.

/// Events in one request of the JSON form `{"audit_logs": […]}`. Keeps the answer of a batch near 1 MiB.
pub const BATCH_EVENTS_MAX: usize = 1_000;

/// Lines in one NDJSON request. Larger than [`BATCH_EVENTS_MAX`] as importers ask for minimal answers.
pub const NDJSON_LINES_MAX: usize = 10_000;

/// Bytes of one request body, before and after decompression. Bounds the memory of one request.
pub const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of one event, as minified JSON. Holds any sane before/after pair; bounds a row.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;

/// Bytes of one event of an import. An entry as it is served holds its change twice and a few fields more.
pub const IMPORT_BYTES_MAX: usize = 2 * EVENT_BYTES_MAX + 8 * 1024;

/// Levels of nesting in one event. Recursive readers downstream commonly stop at 128.
pub const EVENT_DEPTH_MAX: usize = 64;

/// Bytes of `object_token` and `workspace_token`. With the other envelope fields this keeps a leaf far under the
/// 65,535 bytes that a C2SP entry bundle allows.
pub const TOKEN_BYTES_MAX: usize = 255;

/// Bytes of `object_title`, `workspace_title` and `user`: people read these, and filters index them.
pub const TITLE_BYTES_MAX: usize = 4_096;

/// Bytes of `user_role`.
pub const ROLE_BYTES_MAX: usize = 255;

/// Characters of `source` and of the key of an object type.
pub const KEY_CHARS_MAX: usize = 64;

/// Bytes of an idempotency key, in an event or in the header.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// How far `created_at` may lie in the future, in microseconds: five minutes forgive clocks that disagree.
pub const FUTURE_US_MAX: i64 = 5 * 60 * 1_000_000;

/// Faults reported for one request; past it, one sentence says how many more there are.
pub const FAULTS_REPORTED_MAX: usize = 100;

/// Results on one page of a list.
pub const PAGE_ROWS_MAX: u64 = 5_000;

/// Results on one page when the request does not say.
pub const PAGE_ROWS_DEFAULT: u64 = 100;

/// Words in one search. Each is looked up in every segment.
pub const SEARCH_WORDS_MAX: usize = 16;

/// Bytes of a word, after which it is cut off, in entries and in searches alike: encoded data is one long word.
pub const WORD_BYTES_MAX: usize = 64;
