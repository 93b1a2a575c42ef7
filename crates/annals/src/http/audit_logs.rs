//! `/v2/audit_logs`: list, get, record.

use std::sync::Arc;

use annals_format::{ListQuery, LogToken, Row, event::BodyForm};
use annals_store::{ReadError, Role, Scope};
use axum::{
    extract::{self, Path, RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::{
    App,
    auth::Caller,
    error::ApiError,
    etag::ETag,
    links::{self, Here},
    schema,
};
use crate::{
    append::Recorded,
    engine::{Answer, Found, Page, RecordRequest},
    limits,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Bytes of a token and an index in an answer, about.
const MINIMAL_BYTES: usize = 64;

/// Lists audit logs, the newest first.
///
/// All filters combine with AND. The total is exact, so `last` is the real last page. The links carry `as_of`: whoever
/// follows them walks one snapshot and sees every entry exactly once while others are being recorded.
#[utoipa::path(
    get,
    path = "/v2/audit_logs",
    operation_id = "listAuditLogs",
    tag = "Audit logs",
    params(schema::PageParameters, schema::FilterParameters),
    responses(
        (status = 200, body = schema::AuditLogs, description = "One page", headers(
            ("etag" = String, description = "Weak; send it as If-None-Match to poll cheaply"),
        )),
        (status = 304, description = "Nothing has changed since the answer with that ETag"),
        schema::Failures,
    ),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    here: Here,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.needs_scope(Scope::Read)?;
    caller.needs_role(Role::Owner)?;
    let query = ListQuery::parse(query.as_deref().unwrap_or_default())
        .map_err(|faults| ApiError::of(StatusCode::BAD_REQUEST, faults))?;
    let view = app.engine.view(caller.account()).await?;
    let tag =
        ETag::of(caller.account(), view.size(), &[here.base(), here.target(), &view.pruned().to_string()]);
    if tag.matches(&headers) {
        return Ok(tag.not_modified());
    }
    let page = app.engine.list(&view, &query).await?;
    let body = write_page(&page, &query, &here, &uri)?;
    Ok((tag.headers(), json(body)).into_response())
}

/// Returns one audit log.
#[utoipa::path(
    get,
    path = "/v2/audit_logs/{audit_log_token}",
    operation_id = "getAuditLog",
    tag = "Audit logs",
    params(("audit_log_token" = String, Path, description = "The token of the audit log", example = "adt_lg_7c1f0a93be52d846")),
    responses(
        (status = 200, body = schema::AuditLog, description = "The audit log", headers(
            ("etag" = String, description = "Weak; send it as If-None-Match to poll cheaply"),
        )),
        (status = 304, description = "The audit log is as it was in the answer with that ETag"),
        (status = 404, body = schema::Errors, description = "The account has no audit log with this token"),
        schema::Failures,
    ),
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.needs_scope(Scope::Read)?;
    caller.needs_role(Role::Owner)?;
    no_parameters(query.as_deref())?;
    let found = find(&app, &caller, &token).await?;
    let mut body = String::new();
    write_entry(&found.row, found.index, &mut body)?;
    let tag = ETag::of(caller.account(), found.index, &[&body]);
    if tag.matches(&headers) {
        return Ok(tag.not_modified());
    }
    Ok((tag.headers(), json(body)).into_response())
}

/// The audit log that the caller's account has under this token.
pub(super) async fn find(app: &App, caller: &Caller, token: &str) -> Result<Found, ApiError> {
    let found = match LogToken::parse(token) {
        Some(token) => app.engine.get(caller.account(), token).await?,
        None => None,
    };
    found.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, format!("AuditLog {token} not found.")))
}

/// Records events.
///
/// The body is one event, `{"audit_logs": […]}` with at most 1,000, or NDJSON with at most 10,000 lines. 201 means that
/// all of them are durable and readable by the next request; with any other answer none was recorded, unless a 503 says
/// that this is not known.
#[utoipa::path(
    post,
    path = "/v2/audit_logs",
    operation_id = "recordAuditLogs",
    tag = "Audit logs",
    params(schema::RecordParameters),
    request_body(content(
        (schema::RecordBody = "application/json"),
        (String = "application/x-ndjson"),
    )),
    responses(
        (status = 201, body = schema::RecordAnswer, description = "Recorded", headers(
            ("idempotency-replayed" = String, description = "`true` when nothing is new: this is the first answer again"),
            ("location" = String, description = "Where the audit log of a single event can be read"),
        )),
        (status = 408, body = schema::Errors, description = "The body did not arrive in time"),
        (status = 409, body = schema::Errors, description = "A key or token was used before for other content"),
        (status = 413, body = schema::Errors, description = "The body or an event is too large"),
        (status = 415, body = schema::Errors, description = "The body is of another type or encoding"),
        (status = 422, body = schema::Errors, description = "Events have faults, one sentence each"),
        schema::Failures,
    ),
)]
pub(super) async fn record(
    State(app): State<Arc<App>>,
    caller: Caller,
    here: Here,
    request: extract::Request,
) -> Result<Response, ApiError> {
    caller.needs_scope(Scope::Write)?;
    caller.needs_role(Role::Editor)?;
    let (parts, body) = request.into_parts();
    no_parameters(parts.uri.query())?;
    let form = body_form(&parts.headers)?;
    let idempotency_key = idempotency_key(&parts.headers)?;
    let minimal = prefers_minimal(&parts.headers);
    let body = app.bodies.read(body, limits::REQUEST_BYTES_MAX).await?;
    let request = RecordRequest { body, form, idempotency_key, rows_wanted: !minimal };
    let answer = app.engine.record(&caller.0, request).await?;

    let mut response = (StatusCode::CREATED, json(write_answer(&answer, minimal)?)).into_response();
    let headers = response.headers_mut();
    if minimal {
        headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static("return=minimal"));
    }
    if answer.recorded.iter().all(|recorded| recorded.replayed) {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    if answer.single
        && let Some(recorded) = answer.recorded.first()
        && let Ok(location) = location(&here, recorded.token).try_into()
    {
        headers.insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The link to an audit log.
fn location(here: &Here, token: LogToken) -> String {
    let mut path = String::from("/v2/audit_logs/");
    token.push_to(&mut path);
    here.link(&path)
}

fn json(body: String) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body)
}

fn write_entry(row: &[u8], index: u64, out: &mut String) -> Result<(), ApiError> {
    let row = Row::decode(row).map_err(|error| ReadError::Corrupt(error.to_string()))?;
    row.write_audit_log(index, out);
    Ok(())
}

fn write_page(page: &Page, query: &ListQuery, here: &Here, uri: &Uri) -> Result<String, ApiError> {
    let last = page.total.div_ceil(query.limit.get());
    let this = query.page.get();
    let link = |number: Option<u64>| {
        let link = number.map(|number| here.link(&links::target(uri, &query.link(number, page.as_of))));
        serde_json::to_string(&link).unwrap_or_default()
    };
    let self_link = serde_json::to_string(&here.itself()).unwrap_or_default();
    let mut body =
        String::with_capacity(page.entries.iter().map(|found| found.row.len() * 2).sum::<usize>() + 1_024);
    body.extend(["{\"links\":{\"self\":", &self_link]);
    body.extend([",\"first\":", &link(Some(1))]);
    body.extend([",\"next\":", &link((this < last).then(|| this + 1))]);
    body.extend([",\"last\":", &link((last > 0).then_some(last))]);
    body.extend([",\"prev\":", &link((this > 1 && last > 0).then(|| (this - 1).min(last)))]);
    body.push_str("},\"audit_logs\":[");
    for (at, found) in page.entries.iter().enumerate() {
        if at > 0 {
            body.push(',');
        }
        write_entry(&found.row, found.index, &mut body)?;
    }
    body.push_str("]}");
    Ok(body)
}

fn write_answer(answer: &Answer, minimal: bool) -> Result<String, ApiError> {
    let write_one = |recorded: &Recorded, out: &mut String| -> Result<(), ApiError> {
        if !minimal {
            return write_entry(&recorded.row, recorded.index, out);
        }
        out.push_str("{\"token\":\"");
        recorded.token.push_to(out);
        out.extend(["\",\"index\":", itoa::Buffer::new().format(recorded.index)]);
        out.push_str(if recorded.replayed { ",\"replayed\":true}" } else { "}" });
        Ok(())
    };
    let mut body = String::with_capacity(answer.recorded.len() * MINIMAL_BYTES);
    match answer.recorded.as_slice() {
        [only] if answer.single => write_one(only, &mut body)?,
        all => {
            body.push_str("{\"audit_logs\":[");
            for (at, recorded) in all.iter().enumerate() {
                if at > 0 {
                    body.push(',');
                }
                write_one(recorded, &mut body)?;
            }
            body.push_str("]}");
        }
    }
    Ok(body)
}

/// Refuses parameters where there are none: one that is silently ignored lets the caller believe it did something.
pub(super) fn no_parameters(query: Option<&str>) -> Result<(), ApiError> {
    match query {
        None | Some("") => Ok(()),
        Some(query) => Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            format!("there are no parameters here, but {query:?} was sent"),
        )),
    }
}

pub(super) fn body_form(headers: &HeaderMap) -> Result<BodyForm, ApiError> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(BodyForm::Json) };
    let essence = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let forms = [("application/json", BodyForm::Json), ("application/x-ndjson", BodyForm::Ndjson)];
    let form = forms.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(essence));
    form.map(|(_, form)| form).ok_or_else(|| {
        ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("the Content-Type must be application/json or application/x-ndjson, not {kind:?}"),
        )
    })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=limits::IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()));
    match key {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            format!(
                "Idempotency-Key must be 1 to {} visible ASCII characters",
                limits::IDEMPOTENCY_KEY_BYTES_MAX
            ),
        )),
    }
}

/// Whether the caller asked for tokens and indexes only (RFC 7240).
fn prefers_minimal(headers: &HeaderMap) -> bool {
    let is_minimal = |preference: &str| {
        let preference = preference.split_once('=');
        preference.is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("return")
                && value.trim().trim_matches('"').eq_ignore_ascii_case("minimal")
        })
    };
    // Most say no more than this, which is then not taken apart.
    let says = |value: &str| value == "return=minimal" || value.split([',', ';']).any(is_minimal);
    headers.get_all(PREFER).iter().any(|value| value.to_str().is_ok_and(says))
}
