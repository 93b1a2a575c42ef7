//! What surrounds every request: its id, its span, its count, and an answer even if a handler panics.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, Method},
    response::Response,
};
use futures_util::FutureExt as _;
use tracing::{Instrument as _, debug, debug_span, warn};

use super::{
    App,
    around::{Inner, Surround},
    error,
};
use crate::random;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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

/// The route of a path, as one of [`ROUTES`] names it.
fn route_of(path: &str) -> &'static str {
    ROUTES.into_iter().find(|route| matches(route, path)).unwrap_or("other")
}

/// Whether a path is one of a route: `{name}` stands for anything without a slash, `{*name}` for all of the rest.
fn matches(route: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(rest), Some(_)) if rest.starts_with("{*") => return true,
            (Some(any), Some(segment)) if any.starts_with('{') && !segment.is_empty() => {}
            (Some(name), Some(segment)) if name == segment => {}
            _ => return false,
        }
    }
}

/// Gives the request an id, which the answer carries and the log names, and counts it.
#[derive(Clone)]
pub(super) struct Wrap(pub(super) Arc<App>);

impl Surround for Wrap {
    async fn answer(self, request: Request, mut inner: impl Inner) -> Response {
        let started = Instant::now();
        let id = request.headers().get(REQUEST_ID).filter(|id| is_sound(id)).cloned().unwrap_or_else(new_id);
        let route = route_of(request.uri().path());
        let writes = request.method() == Method::POST;
        let span = debug_span!(
            "request",
            id = id.to_str().unwrap_or_default(),
            http.request.method = %request.method(),
            http.route = route,
            http.response.status_code = tracing::field::Empty,
        );
        // Nothing that a handler shares with others is left half-done by a panic: what it holds is its own, or behind locks that
        // are not held while anything can panic.
        let answered = AssertUnwindSafe(async { inner.call(request).await }).catch_unwind();
        let answered = answered.instrument(span.clone()).await;
        let mut response = match answered {
            Ok(Ok(response)) => error::in_json(response),
            Err(panic) => error::panicked(panic),
        };
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
        self.0.engine.metrics.request(route, status, took);
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
}

/// Whether a client's id may go into logs and answers.
fn is_sound(id: &HeaderValue) -> bool {
    (1..=128).contains(&id.len())
        && id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte))
}

fn new_id() -> HeaderValue {
    HeaderValue::try_from(random::name("req_")).unwrap_or_else(|_| HeaderValue::from_static("req"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_counts_for_the_route_that_serves_it() {
        for (path, route) in [
            ("/", "/"),
            ("/v2/audit_logs", "/v2/audit_logs"),
            ("/v2/audit_logs/stats", "/v2/audit_logs/stats"),
            ("/v2/audit_logs/adt_lg_7c1f0a93be52d846", "/v2/audit_logs/{audit_log_token}"),
            ("/v2/audit_logs/adt_lg_7c1f0a93be52d846/proof", "/v2/audit_logs/{audit_log_token}/proof"),
            ("/tlog/acnt_1/tile/entries/x001/067", "/tlog/{account}/tile/{*path}"),
            ("/v2/audit_logs/", "other"),
            ("/v2/audit_logs/a/b", "other"),
            ("/v2", "other"),
            ("", "other"),
        ] {
            assert_eq!(route_of(path), route, "{path}");
        }
    }
}
