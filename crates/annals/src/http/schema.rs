//! The shapes of requests and answers, for the OpenAPI document and for the answers that are not stitched from rows.

// Shapes that only the document uses are never constructed.
#![expect(
    dead_code,
    reason = "some shapes exist to be described, as their values are stitched from stored text"
)]

use std::collections::BTreeMap;

use annals_store::Workspace as StoredWorkspace;
use serde::Serialize;
use utoipa::{
    IntoParams, IntoResponses, ToSchema,
    openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
};

/// What went wrong, a sentence for each fault.
#[derive(Serialize, ToSchema)]
pub(super) struct Errors {
    /// For people; they name the field, the value and what is allowed.
    #[schema(example = json!(["limit must be a whole number from 1 to 5000, not \"0\""]))]
    pub(super) errors: Vec<String>,
}

/// An error of RFC 6749 §5.2.
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthErrors)]
pub(super) struct OAuthErrors {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type` or `invalid_scope`.
    pub(super) error: &'static str,
    /// The sentence of `errors`.
    pub(super) error_description: String,
    /// What went wrong.
    pub(super) errors: Vec<String>,
}

/// What any request may be answered.
#[derive(IntoResponses)]
pub(super) enum Failures {
    /// A parameter or the body cannot be understood
    #[response(status = 400)]
    BadRequest(#[to_schema] Errors),
    /// The access token is missing, unknown, expired or revoked
    #[response(status = 401, headers(("www-authenticate" = String, description = "The scheme Bearer")))]
    Unauthorized(#[to_schema] Errors),
    /// The access token lacks a scope or role
    #[response(status = 403)]
    Forbidden(#[to_schema] Errors),
    /// The access token has used up its hour
    #[response(status = 429, headers(("retry-after" = i64, description = "Seconds")))]
    TooManyRequests(#[to_schema] Errors),
    /// The server cannot do it now
    #[response(status = 503, headers(("retry-after" = i64, description = "Seconds")))]
    Unavailable(#[to_schema] Errors),
}

/// Absolute URLs of other pages.
#[derive(Serialize, ToSchema)]
pub(super) struct Links {
    /// This request.
    #[serde(rename = "self")]
    pub(super) this: String,
    /// The first page.
    pub(super) first: Option<String>,
    /// The next page; null on the last.
    pub(super) next: Option<String>,
    /// The real last page; null when nothing matches.
    pub(super) last: Option<String>,
    /// The page before; null on the first.
    pub(super) prev: Option<String>,
}

/// One page of audit logs.
#[derive(ToSchema)]
pub(super) struct AuditLogs {
    links: Links,
    /// The newest first.
    audit_logs: Vec<AuditLog>,
}

/// Who changed what, when.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditLog {
    /// Names the audit log.
    #[schema(pattern = "^adt_lg_[0-9a-f]{16}$", example = "adt_lg_7c1f0a93be52d846")]
    token: String,
    #[schema(required, example = "rprt_91b2c3d4e5f60718")]
    object_token: Option<String>,
    /// The name of the object's type.
    #[schema(example = "Report")]
    object_type: String,
    /// The object's title at the time.
    #[schema(required, example = "Cloud spend by team")]
    object_title: Option<String>,
    event: EventName,
    /// Where the change was made.
    #[schema(pattern = "^[a-z0-9_]{1,64}$", example = "api")]
    source: String,
    /// The name of who acted, at the time.
    #[schema(required, example = "Ada Lovelace")]
    user: Option<String>,
    #[schema(required)]
    workspace_title: Option<String>,
    #[schema(required)]
    workspace_token: Option<String>,
    /// UTC, whole seconds.
    #[schema(format = DateTime, example = "2026-03-04T09:30:00Z")]
    created_at: String,
    /// Key → [old, new]; null only where it was erased.
    #[schema(required, example = json!({"title": ["Cloud spend", "Cloud spend by team"]}))]
    changed_values: Option<BTreeMap<String, Pair>>,
    /// Key → value; null only where it was erased.
    #[schema(required)]
    unchanged_values: Option<BTreeMap<String, serde_json::Value>>,
    /// The same as `changed_values`.
    #[schema(required)]
    object_changes: Option<BTreeMap<String, Pair>>,
    /// The number of the user or service token that acted.
    #[schema(required, example = 1815)]
    user_id: Option<i64>,
    #[schema(required, example = "Owner")]
    user_role: Option<String>,
    /// `ip`, `user_agent`, `request_id`, `session_id` and the like; null only where it was erased.
    #[schema(required)]
    context: Option<BTreeMap<String, serde_json::Value>>,
    /// Whatever else the writer wanted to keep; null only where it was erased.
    #[schema(required)]
    metadata: Option<BTreeMap<String, serde_json::Value>>,
    /// The sections that were erased, of `actor`, `object`, `change` and `context`; only if there are any.
    #[schema(example = json!(["actor"]))]
    erased: Option<Vec<String>>,
    /// The place in the account's log, from 0.
    #[schema(minimum = 0)]
    index: u64,
}

/// What was done, as readers see it.
#[derive(Serialize, ToSchema)]
#[expect(clippy::enum_variant_names, reason = "these are the names on the wire")]
pub(super) enum EventName {
    #[schema(rename = "record_created")]
    RecordCreated,
    #[schema(rename = "record_updated")]
    RecordUpdated,
    #[schema(rename = "record_destroyed")]
    RecordDestroyed,
}

/// What was done, as writers and filters say it.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum ActionName {
    Create,
    Update,
    Delete,
}

/// A value before and after.
#[derive(Serialize, ToSchema)]
#[schema(min_items = 2, max_items = 2)]
pub(super) struct Pair(Vec<serde_json::Value>);

/// An event to be recorded. The change comes in one form: `before` and/or `after`, or `changed_values` (also known as
/// `object_changes`) with `unchanged_values`.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    /// The type's key (`cost_report`) or name (`Report`).
    #[schema(pattern = "^[A-Za-z0-9_]{1,64}$")]
    object_type: String,
    /// What was done; or send `action`.
    #[schema(nullable = false)]
    event: Option<EventName>,
    /// What was done; or send `event`.
    #[schema(nullable = false)]
    action: Option<ActionName>,
    #[schema(max_length = 255)]
    object_token: Option<String>,
    #[schema(max_length = 4096)]
    object_title: Option<String>,
    /// Where the change was made; `api` when it is missing.
    #[schema(pattern = "^[a-z0-9_]{1,64}$")]
    source: Option<String>,
    /// The name of who acted.
    #[schema(max_length = 4096)]
    user: Option<String>,
    /// The number of who acted.
    user_id: Option<i64>,
    #[schema(max_length = 255)]
    user_role: Option<String>,
    /// A workspace of the account. Missing: the default workspace; null: none.
    #[schema(pattern = "^[A-Za-z0-9_.:-]{1,255}$")]
    workspace_token: Option<String>,
    /// RFC 3339; now when it is missing. At most 5 minutes in the future.
    #[schema(format = DateTime)]
    created_at: Option<String>,
    /// The object before the change.
    before: Option<BTreeMap<String, serde_json::Value>>,
    /// The object after the change.
    after: Option<BTreeMap<String, serde_json::Value>>,
    /// Key → [old, new].
    changed_values: Option<BTreeMap<String, Pair>>,
    /// The same as `changed_values`, under its other name.
    object_changes: Option<BTreeMap<String, Pair>>,
    /// Key → value.
    unchanged_values: Option<BTreeMap<String, serde_json::Value>>,
    /// `ip`, `user_agent`, `request_id`, `session_id` and the like.
    context: Option<BTreeMap<String, serde_json::Value>>,
    /// Whatever else is worth keeping.
    metadata: Option<BTreeMap<String, serde_json::Value>>,
    /// Makes a retry safe: the same key with the same event is answered and not recorded again.
    #[schema(min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
    /// Needs the scope `import`: the token to keep.
    #[schema(pattern = "^adt_lg_[0-9a-f]{16}$")]
    token: Option<String>,
    /// Needs the scope `import`: the workspace's title at the time.
    #[schema(max_length = 4096)]
    workspace_title: Option<String>,
}

/// One event, or a batch.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "never constructed")]
pub(super) enum RecordBody {
    One(Event),
    Batch(Batch),
}

/// Events that are recorded together or not at all.
#[derive(Serialize, ToSchema)]
pub(super) struct Batch {
    #[schema(min_items = 1, max_items = 1000)]
    audit_logs: Vec<Event>,
}

/// What was recorded, in full or, with `Prefer: return=minimal`, tokens and indexes.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "never constructed")]
pub(super) enum RecordAnswer {
    One(AuditLog),
    Batch(RecordedBatch),
    OneMinimal(Recorded),
    BatchMinimal(RecordedMinimalBatch),
}

/// A batch, as it is read from now on.
#[derive(Serialize, ToSchema)]
pub(super) struct RecordedBatch {
    audit_logs: Vec<AuditLog>,
}

/// A batch in short.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedMinimalBatch {
    audit_logs: Vec<Recorded>,
}

/// An entry in short.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    token: String,
    #[schema(minimum = 0)]
    index: u64,
    /// Present and true when it was recorded before this request.
    replayed: Option<bool>,
}

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParameters {
    /// Page of results.
    #[param(minimum = 1, default = 1)]
    page: Option<u64>,
    /// Results a page.
    #[param(minimum = 1, maximum = 5000, default = 100)]
    limit: Option<u64>,
}

/// What is proven.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ProofParameters {
    /// Sections that are left out, with commas: `actor` (user, user_id, user_role), `object` (object_title), `change`
    /// (changed_values, unchanged_values), `context` (context, metadata, workspace_title). The proof says nothing of them, and holds
    /// all the same.
    #[param(
        pattern = "^(actor|object|change|context)(,(actor|object|change|context))*$",
        example = "actor,context"
    )]
    withhold: Option<String>,
}

/// How to count.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CountParameters {
    /// By what stretches of time, in UTC: days unless it says otherwise; a week begins on Monday.
    #[param(inline)]
    interval: Option<IntervalName>,
    /// How many values of each field are named.
    #[param(minimum = 1, maximum = 5000, default = 100)]
    limit: Option<u64>,
}

/// Which audit logs.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterParameters {
    /// The number of the user or service token that acted.
    user: Option<i64>,
    /// The workspace.
    workspace_token: Option<String>,
    /// What was done.
    #[param(inline)]
    action: Option<ActionName>,
    /// The object's title, exactly.
    object_name: Option<String>,
    /// Where the change was made: `console`, `api`, `finops_agent` or any other source.
    #[param(pattern = "^[a-z0-9_]{1,64}$")]
    source: Option<String>,
    /// The key of the object's type: `virtual_tag`, `cost_report`, `recommendation_commitment`, `segment` or any other.
    #[param(pattern = "^[a-z0-9_]{1,64}$")]
    object_type: Option<String>,
    /// The token of the audit log.
    token: Option<String>,
    /// The token of the object.
    object_token: Option<String>,
    /// Not before this day (UTC, inclusive) or RFC 3339 instant.
    #[param(schema_with = day_or_instant, example = "2026-03-01")]
    start_date: Option<String>,
    /// Not after this day (UTC, inclusive) or RFC 3339 instant.
    #[param(schema_with = day_or_instant, example = "2026-03-31")]
    end_date: Option<String>,
    /// Only audit logs with a smaller index: the log as it was when it had this size.
    #[param(minimum = 0)]
    as_of: Option<u64>,
    /// A field that was changed.
    #[param(example = "title")]
    changed: Option<String>,
    /// Words that all are in titles, the user, or the keys and values of the change, without regard to case and accents. `*`
    /// after a word finds words that begin with it.
    #[param(min_length = 1, pattern = "[^\\W_]", example = "cloud tea*")]
    q: Option<String>,
}

/// A stretch of time.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum IntervalName {
    Day,
    Week,
    Month,
}

/// What is to be erased, and why.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read by hand")]
pub(super) struct ErasureBody {
    /// The sections: `actor` (user, user_id, user_role), `object` (object_title), `change` (changed_values, unchanged_values),
    /// `context` (context, metadata, workspace_title).
    #[schema(example = json!(["actor"]))]
    sections: Vec<String>,
    /// Why, as the audit logs of the erasure say it; 1 to 1,024 bytes.
    reason: String,
}

/// What was erased.
#[derive(Serialize, ToSchema)]
pub(super) struct ErasureAnswer {
    /// The `object_token` of the two audit logs that tell of the erasure.
    pub(super) token: String,
    /// Of how many audit logs something was erased.
    pub(super) entries: u64,
    /// How many that match are held, and were left as they are.
    pub(super) held: u64,
}

/// How many audit logs match.
#[derive(Serialize, ToSchema)]
pub(super) struct StatsAnswer {
    /// All of them.
    pub(super) total: u64,
    /// The size of the log that was counted.
    pub(super) as_of: u64,
    /// By what was done: `create`, `update`, `delete`.
    pub(super) action: FacetCounts,
    /// By the key of the object's type.
    pub(super) object_type: FacetCounts,
    /// By where the change was made.
    pub(super) source: FacetCounts,
    /// By the number of the user or service token that acted.
    pub(super) user: FacetCounts,
    /// By workspace.
    pub(super) workspace_token: FacetCounts,
    /// How long the stretches of time in `created_at` are: `day`, `week` or `month`.
    pub(super) interval: &'static str,
    /// By time, the oldest first; stretches without an audit log are left out.
    pub(super) created_at: Vec<IntervalCount>,
}

/// How many audit logs have each value of a field.
#[derive(Serialize, ToSchema)]
pub(super) struct FacetCounts {
    /// The most frequent first.
    pub(super) values: Vec<ValueCount>,
    /// How many have other values, beyond `limit`.
    pub(super) other: u64,
    /// How many have none.
    pub(super) none: u64,
}

/// A value and how many audit logs have it.
#[derive(Serialize, ToSchema)]
pub(super) struct ValueCount {
    /// As a filter takes it.
    pub(super) value: String,
    pub(super) count: u64,
}

/// A stretch of time and how many audit logs are in it.
#[derive(Serialize, ToSchema)]
pub(super) struct IntervalCount {
    /// Its first day, in UTC.
    #[schema(format = Date, example = "2026-03-01")]
    pub(super) start: String,
    pub(super) count: u64,
}

/// A date or an RFC 3339 instant.
fn day_or_instant() -> Schema {
    let text = |format| {
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format)))
    };
    AnyOfBuilder::new().item(text(KnownFormat::Date)).item(text(KnownFormat::DateTime)).into()
}

/// How to record.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct RecordParameters {
    /// Makes a retry of the whole request safe; kept for 7 days unless configured otherwise.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    idempotency_key: Option<String>,
    /// `return=minimal` answers tokens and indexes only.
    #[param(rename = "Prefer", example = "return=minimal")]
    prefer: Option<String>,
}

/// The answer to a ping.
#[derive(Serialize, ToSchema)]
pub(super) struct Ping {
    #[schema(example = "pong")]
    pub(super) ping: &'static str,
}

/// The account, as the access token sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct Me {
    /// The workspace of events that name none.
    #[schema(required)]
    pub(super) default_workspace_token: Option<String>,
    pub(super) workspaces: Vec<Workspace>,
    pub(super) bearer_token: BearerToken,
}

/// The access token that the request came with.
#[derive(Serialize, ToSchema)]
pub(super) struct BearerToken {
    pub(super) description: String,
    #[schema(format = DateTime)]
    pub(super) created_at: String,
    /// `read`, `write`, `import`.
    pub(super) scope: Vec<&'static str>,
}

/// Which workspaces.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WorkspaceParameters {
    /// Page of results.
    #[param(minimum = 1, default = 1)]
    page: Option<u64>,
    /// Results a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
    /// Only workspaces whose name contains this, in any case.
    q: Option<String>,
}

/// One page of workspaces.
#[derive(Serialize, ToSchema)]
pub(super) struct Workspaces {
    pub(super) links: Links,
    pub(super) workspaces: Vec<Workspace>,
}

/// A part of the account. The currency fields are there for clients of Vantage's API, which expect them.
#[derive(Serialize, ToSchema)]
pub(super) struct Workspace {
    token: String,
    name: String,
    #[schema(format = DateTime)]
    created_at: String,
    enable_currency_conversion: bool,
    currency: &'static str,
    exchange_rate_date: &'static str,
}

impl Workspace {
    pub(super) fn of(stored: &StoredWorkspace) -> Self {
        Self {
            token: stored.token.clone(),
            name: stored.name.clone(),
            created_at: stored.created_at.to_string(),
            enable_currency_conversion: false,
            currency: "USD",
            exchange_rate_date: "daily_rate",
        }
    }
}

/// A request for a token (RFC 6749 §4.4.2). The client may also authenticate by HTTP Basic.
#[derive(ToSchema)]
pub(super) struct GrantBody {
    #[schema(pattern = "^client_credentials$", example = "client_credentials")]
    grant_type: String,
    /// The id of a service token.
    #[schema(example = "tkn_0a1b2c3d4e5f6071")]
    client_id: Option<String>,
    /// The service token.
    client_secret: Option<String>,
    /// Scopes separated by spaces; all that the service token has when it is missing.
    scope: Option<String>,
}

/// A token for an hour.
#[derive(Serialize, ToSchema)]
pub(super) struct Grant {
    pub(super) access_token: String,
    #[schema(example = "Bearer")]
    pub(super) token_type: &'static str,
    /// Seconds.
    pub(super) expires_in: i64,
    /// Scopes separated by spaces.
    pub(super) scope: String,
}
