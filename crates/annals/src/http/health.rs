//! For whoever runs the server: is it alive, can it serve, what has it counted.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{App, error::ApiError};

/// 200 while the process answers at all.
pub(super) async fn live() -> Response {
    ok()
}

/// 200 while the catalog answers, 503 otherwise.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    app.engine.catalog.check().await?;
    Ok(ok())
}

/// The metrics, in the text format of OpenMetrics. 404 when the configuration switches them off.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    if !app.config.metrics {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "metrics are switched off in the configuration"));
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], app.engine.metrics.render()).into_response())
}

fn ok() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], "{\"status\":\"ok\"}").into_response()
}
