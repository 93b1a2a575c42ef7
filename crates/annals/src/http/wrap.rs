//! What surrounds every request: its id, its span, its count, and an answer even if a handler panics.

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Instant};

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
    routes::route_of,
};
use crate::random;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id, which the answer carries and the log names, and counts it.
#[derive(Clone)]
pub(super) struct Wrap(pub(super) Arc<App>);

impl Surround for Wrap {
    async fn answer(self, request: Request, mut inner: impl Inner) -> Result<Response, Infallible> {
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
        Ok(response)
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
