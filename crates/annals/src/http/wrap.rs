//! What surrounds every request: its id, its span, its count.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument as _, debug, debug_span, warn};

use super::App;
use crate::random;

const REQUEST_ID: &str = "x-request-id";

/// Routes by which requests are counted; whatever else is asked for counts as `other`, so that nobody can make up series.
const ROUTES: [&str; 17] = [
    "/v2/audit_logs",
    "/v2/audit_logs/stats",
    "/v2/audit_logs/{audit_log_token}",
    "/v2/audit_logs/{audit_log_token}/proof",
    "/tlog/{account}/checkpoint",
    "/tlog/{account}/tile/{*path}",
    "/v2/ping",
    "/v2/me",
    "/v2/workspaces",
    "/v2/workspaces/{workspace_token}",
    "/oauth/token",
    "/",
    "/docs",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// Gives the request an id, which the answer carries and the log names, and counts it.
pub(super) async fn wrap(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request.headers().get(REQUEST_ID).filter(|id| is_sound(id)).cloned().unwrap_or_else(new_id);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .and_then(|matched| ROUTES.into_iter().find(|route| *route == matched.as_str()))
        .unwrap_or("other");
    let writes = request.method() == Method::POST;
    let span = debug_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        http.request.method = %request.method(),
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    );
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), started.elapsed());
    span.record("http.response.status_code", status);
    let took_ms = took.as_secs_f64() * 1_000.0;
    span.in_scope(|| {
        if status >= 500 {
            warn!(status, took_ms, route, writes, "request failed");
        } else {
            debug!(status, took_ms, "request answered");
        }
    });
    app.engine.metrics.request(route, status, took);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Whether a client's id may go into logs and answers.
fn is_sound(id: &HeaderValue) -> bool {
    (1..=128).contains(&id.len())
        && id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte))
}

fn new_id() -> HeaderValue {
    HeaderValue::from_str(&random::name("req_")).unwrap_or_else(|_| HeaderValue::from_static("req"))
}
