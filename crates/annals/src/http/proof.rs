//! `/v2/audit_logs/{token}/proof`: that an audit log is in the account's log, to be checked without this server.

use std::sync::Arc;

use annals_format::ProofQuery;
use annals_store::{Role, Scope};
use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{App, audit_logs::find, auth::Caller, error::ApiError, etag::ETag, schema};
use crate::tlog::ProofError;

/// Proves that an audit log is in the account's log.
///
/// The answer is a file that `annals verify` checks with the log's key, offline: the audit log, an inclusion proof, and the last
/// signed checkpoint with the cosignatures of witnesses. A proof for an audit log that was just recorded takes a second, as it
/// waits for a checkpoint.
#[utoipa::path(
    get,
    path = "/v2/audit_logs/{audit_log_token}/proof",
    operation_id = "proveAuditLog",
    tag = "Audit logs",
    params(
        ("audit_log_token" = String, Path, description = "The token of the audit log", example = "adt_lg_7c1f0a93be52d846"),
        schema::ProofParameters,
    ),
    responses(
        (status = 200, body = String, content_type = "text/plain; charset=utf-8", description = "The proof (c2sp.org/tlog-proof)", headers(
            ("etag" = String, description = "Weak; changes with each checkpoint"),
            ("content-disposition" = String, description = "The token as a file name"),
        )),
        (status = 304, description = "The proof is as it was in the answer with that ETag"),
        (status = 404, body = schema::Errors, description = "The account has no audit log with this token"),
        schema::Failures,
    ),
)]
pub(super) async fn prove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.needs_scope(Scope::Read)?;
    caller.needs_role(Role::Owner)?;
    let query = ProofQuery::parse(query.as_deref().unwrap_or_default())
        .map_err(|faults| ApiError::of(StatusCode::BAD_REQUEST, faults))?;
    let found = find(&app, &caller, &token).await?;
    let proof = app.signer.prove(caller.account(), found.index, &found.row, &query.withhold).await?;

    let tag = ETag::of(caller.account(), found.index, &[&proof]);
    if tag.matches(&headers) {
        return Ok(tag.not_modified());
    }
    let kind = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{token}.tlog-proof\"")),
    ];
    Ok((tag.headers(), kind, proof).into_response())
}

impl From<ProofError> for ApiError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Read(error) => error.into(),
            ProofError::NotSigned => Self::unavailable(error.to_string()),
            ProofError::Refused => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).retry_after(60)
            }
        }
    }
}
