//! HTTP for witnesses: a request to cosign, and a page that says who cosigns what. All of it is plain text.

mod answer;
mod body;

use std::{fmt::Write as _, sync::Arc, time::Instant};

use annals_tlog::witness::format_signatures;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{debug, error};

use self::{answer::Answer, body::Budget};
use super::cosigner::{CosignError, Cosigner};
use crate::limits;

/// What handlers share.
struct App {
    cosigner: Arc<Cosigner>,
    bodies: Budget,
}

/// Every route of a witness.
pub fn router(cosigner: Arc<Cosigner>) -> Router {
    let bodies = Budget::new(limits::WITNESS_BODIES_BYTES_MAX);
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/", get(page))
        .route("/healthz", get(async || "ok\n"))
        .fallback(async || Answer::error(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Answer::error(StatusCode::METHOD_NOT_ALLOWED, "the path does not take this method")
        })
        .layer(middleware::from_fn(log))
        .layer(CatchPanicLayer::custom(|_| {
            error!("a handler panicked; this is a bug");
            Answer::failed().into_response()
        }))
        .with_state(Arc::new(App { cosigner, bodies }))
}

/// `POST /add-checkpoint`: 200 with cosignatures, or the status that the specification has for the reason not to.
async fn add_checkpoint(State(app): State<Arc<App>>, body: Body) -> Result<String, Answer> {
    let (body, share) = app.bodies.read(body).await?;
    let cosigned = app.cosigner.add_checkpoint(&body).await;
    drop(share);
    match cosigned {
        Ok(signatures) => Ok(format_signatures(&signatures)),
        Err(error) => Err(error.into()),
    }
}

/// `GET /`: what this is, its verifier keys, and the logs it witnesses with the sizes that it cosigned last.
async fn page(State(app): State<Arc<App>>) -> Result<String, Answer> {
    let cosigner = Arc::clone(&app.cosigner);
    let logs = tokio::task::spawn_blocking(move || cosigner.logs()).await;
    let logs = logs.map_err(|_| CosignError::Interrupted)?.map_err(CosignError::from)?;
    let mut text =
        "This is a witness: it cosigns the checkpoints of the logs below, by POST /add-checkpoint as in \
                    https://c2sp.org/tlog-witness.\n\nVerifier keys:\n\n"
            .to_owned();
    // Writing to a string does not fail.
    for key in app.cosigner.keys() {
        let _ = writeln!(text, "{key}");
    }
    text.push_str("\nLogs, each with the size that was cosigned last:\n\n");
    for (origin, size) in logs {
        let _ = writeln!(text, "{size} {origin}");
    }
    Ok(text)
}

/// Logs what was asked and answered.
async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let (status, took_ms) = (response.status().as_u16(), started.elapsed().as_secs_f64() * 1_000.0);
    debug!(%method, path, status, took_ms, "request answered");
    response
}
