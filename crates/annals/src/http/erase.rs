//! `/v2/audit_logs/erase`: what is personal goes.

use std::sync::Arc;

use annals_format::{ListQuery, entry::Section, event::BodyForm, query::decode_pairs};
use annals_store::{Role, Scope};
use axum::{
    Json,
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tracing::error;

use super::{
    App,
    audit_logs::body_form,
    auth::Caller,
    error::ApiError,
    schema::{self, ErasureAnswer},
};
use crate::engine::{EraseError, Erasure, ErasureRequest};

/// Bytes of a body at most.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a reason at most.
const REASON_BYTES_MAX: usize = 1_024;

/// What is to go, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    sections: Vec<String>,
    reason: String,
}

/// Erases sections of all audit logs that match.
///
/// Takes the same filters as the list, at least one of them. The texts go for good, from everywhere: lists show `null` and name
/// the section in `erased`; what a hold is on stays. Their digests stay, so that every proof still verifies. Two audit logs of the type `Erasure` say who
/// did it, why, and of how many: one from before, and one from after. If it fails in between, the same request does what is left.
#[utoipa::path(
    post,
    path = "/v2/audit_logs/erase",
    operation_id = "eraseAuditLogs",
    tag = "Audit logs",
    params(schema::FilterParameters),
    request_body = schema::ErasureBody,
    responses(
        (status = 200, body = ErasureAnswer, description = "Erased"),
        (status = 413, body = schema::Errors, description = "The body is too large"),
        (status = 415, body = schema::Errors, description = "The body is of another type or encoding"),
        (status = 422, body = schema::Errors, description = "The body has faults, one sentence each"),
        schema::Failures,
    ),
)]
pub(super) async fn erase(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.needs_scope(Scope::Admin)?;
    caller.needs_role(Role::Owner)?;
    let query = query.as_deref().unwrap_or_default();
    let list = ListQuery::parse(query).map_err(|faults| ApiError::of(StatusCode::BAD_REQUEST, faults))?;
    let pairs = decode_pairs(query).map_err(|fault| ApiError::new(StatusCode::BAD_REQUEST, fault))?;
    let filtered_by: Vec<String> = pairs.into_iter().map(|(name, _)| name).collect();
    let pages = |name: &String| name == "page" || name == "limit";
    if filtered_by.iter().any(pages) || filtered_by.is_empty() {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "say what is to be erased with the filters of the list, such as user=1815 or token=adt_lg_…; page and limit are \
             none",
        ));
    }
    if body_form(&headers)? != BodyForm::Json {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "what is to be erased is said in application/json",
        ));
    }
    let body = app.bodies.read(body, BODY_BYTES_MAX).await?;
    let Wanted { sections, reason } = serde_json::from_slice(&body).map_err(|error| {
        ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("the body must be {{\"sections\": […], \"reason\": \"…\"}}: {error}"),
        )
    })?;
    let request =
        ErasureRequest { filter: list.filter, filtered_by, sections: read_sections(&sections)?, reason };
    if request.reason.trim().is_empty() || request.reason.len() > REASON_BYTES_MAX {
        let sentence = format!("reason must say why, in 1 to {REASON_BYTES_MAX} bytes");
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, sentence));
    }
    // Goes on even if the caller goes away.
    let work = {
        let (app, who) = (Arc::clone(&app), Arc::clone(&caller.0));
        async move { app.engine.erase(&who, request).await }
    };
    let erased = tokio::spawn(work).await.unwrap_or_else(|_| {
        Err(EraseError::Read(annals_store::ReadError::Unavailable("the erasure ended early".into())))
    });
    match erased {
        Ok(erasure) => {
            let Erasure { token, entries, held } = erasure;
            Ok(Json(ErasureAnswer { token, entries, held }).into_response())
        }
        Err(EraseError::Record(error)) => Err(error.into()),
        Err(error) => {
            error!(%error, "an erasure was not done to its end");
            Err(ApiError::unavailable(
                "the erasure was not done to its end; send the same request again to do what is left",
            ))
        }
    }
}

fn read_sections(names: &[String]) -> Result<Vec<Section>, ApiError> {
    let sections: Option<Vec<Section>> = names.iter().map(|name| Section::parse(name)).collect();
    sections.filter(|sections| !sections.is_empty()).ok_or_else(|| {
        let all: Vec<&str> = Section::ALL.iter().map(|section| section.as_str()).collect();
        let sentence = format!("sections must name one or more of {}", all.join(", "));
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
    })
}
