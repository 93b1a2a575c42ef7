//! `/v2/ping`, `/v2/me` and `/v2/workspaces`.

use std::sync::Arc;

use annals_format::query::{decode_pairs, encode_pair};
use annals_store::{Scope, Workspace};
use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{StatusCode, Uri},
};

use super::{
    App,
    audit_logs::no_parameters,
    auth::Caller,
    error::ApiError,
    links::{self, Here},
    schema,
};
use crate::limits;

/// Answers when the access token is good.
#[utoipa::path(
    get,
    path = "/v2/ping",
    operation_id = "ping",
    tag = "Account",
    responses((status = 200, body = schema::Ping, description = "The server is there"), schema::Failures),
)]
pub(super) async fn ping(_: Caller, RawQuery(query): RawQuery) -> Result<Json<schema::Ping>, ApiError> {
    no_parameters(query.as_deref())?;
    Ok(Json(schema::Ping { ping: "pong" }))
}

/// Says whose the access token is and what it may be used for.
#[utoipa::path(
    get,
    path = "/v2/me",
    operation_id = "getMe",
    tag = "Account",
    responses((status = 200, body = schema::Me, description = "The account and the token"), schema::Failures),
)]
pub(super) async fn me(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<schema::Me>, ApiError> {
    no_parameters(query.as_deref())?;
    let workspaces = app.engine.workspaces(caller.account()).await?;
    let token = &caller.0.token;
    Ok(Json(schema::Me {
        default_workspace_token: workspaces.default.clone(),
        workspaces: workspaces.all.iter().map(schema::Workspace::of).collect(),
        bearer_token: schema::BearerToken {
            description: token.name.clone(),
            created_at: token.created_at.to_string(),
            scope: token.scopes.iter().map(Scope::as_str).collect(),
        },
    }))
}

/// Lists the account's workspaces, the oldest first.
#[utoipa::path(
    get,
    path = "/v2/workspaces",
    operation_id = "listWorkspaces",
    tag = "Account",
    params(schema::WorkspaceParameters),
    responses((status = 200, body = schema::Workspaces, description = "One page"), schema::Failures),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    here: Here,
    uri: Uri,
    RawQuery(query): RawQuery,
) -> Result<Json<schema::Workspaces>, ApiError> {
    caller.needs_scope(Scope::Read)?;
    let query = Query::parse(query.as_deref().unwrap_or_default())?;
    let workspaces = app.engine.workspaces(caller.account()).await?;
    let matching: Vec<&Workspace> =
        workspaces.all.iter().filter(|workspace| query.matches(workspace)).collect();
    let total = matching.len() as u64;
    let last = total.div_ceil(query.limit);
    let link = |page| Some(here.link(&links::target(&uri, &query.link(page))));
    let skip = usize::try_from((query.page - 1).saturating_mul(query.limit)).unwrap_or(usize::MAX);
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    Ok(Json(schema::Workspaces {
        links: schema::Links {
            this: here.itself(),
            first: link(1),
            next: if query.page < last { link(query.page + 1) } else { None },
            last: if last > 0 { link(last) } else { None },
            prev: if query.page > 1 && last > 0 { link((query.page - 1).min(last)) } else { None },
        },
        workspaces: matching.into_iter().skip(skip).take(limit).map(schema::Workspace::of).collect(),
    }))
}

/// Returns one workspace.
#[utoipa::path(
    get,
    path = "/v2/workspaces/{workspace_token}",
    operation_id = "getWorkspace",
    tag = "Account",
    params(("workspace_token" = String, Path, description = "The token of the workspace")),
    responses(
        (status = 200, body = schema::Workspace, description = "The workspace"),
        (status = 404, body = schema::Errors, description = "The account has no workspace with this token"),
        schema::Failures,
    ),
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<schema::Workspace>, ApiError> {
    caller.needs_scope(Scope::Read)?;
    no_parameters(query.as_deref())?;
    let workspaces = app.engine.workspaces(caller.account()).await?;
    match workspaces.get(&token) {
        Some(workspace) => Ok(Json(schema::Workspace::of(workspace))),
        None => Err(ApiError::new(StatusCode::NOT_FOUND, format!("Workspace {token} not found."))),
    }
}

/// The parameters of a list of workspaces.
struct Query {
    page: u64,
    limit: u64,
    q: Option<String>,
    carried: Vec<(String, String)>,
}

impl Query {
    fn parse(query: &str) -> Result<Self, ApiError> {
        let bad = |fault| ApiError::new(StatusCode::BAD_REQUEST, fault);
        let mut parsed = Self { page: 1, limit: limits::PAGE_ROWS_DEFAULT, q: None, carried: Vec::new() };
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in decode_pairs(query).map_err(bad)? {
            if seen.contains(&name) {
                return Err(bad(format!("{name} is given more than once")));
            }
            match name.as_str() {
                "page" => parsed.page = whole(&name, &value, i64::MAX as u64).map_err(bad)?,
                "limit" => parsed.limit = whole(&name, &value, limits::WORKSPACES_PAGE_MAX).map_err(bad)?,
                "q" => parsed.q = Some(value.to_lowercase()),
                _ => {
                    return Err(bad(format!(
                        "{name:?} is no parameter of this list; there are page, limit and q"
                    )));
                }
            }
            if name != "page" {
                parsed.carried.push((name.clone(), value));
            }
            seen.push(name);
        }
        Ok(parsed)
    }

    fn matches(&self, workspace: &Workspace) -> bool {
        self.q.as_ref().is_none_or(|q| workspace.name.to_lowercase().contains(q))
    }

    fn link(&self, page: u64) -> String {
        let mut query = String::new();
        for (name, value) in &self.carried {
            encode_pair(&mut query, name, value);
        }
        encode_pair(&mut query, "page", &page.to_string());
        query
    }
}

fn whole(name: &str, value: &str, max: u64) -> Result<u64, String> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|number| digits && (1..=max).contains(number)).ok_or_else(|| {
        let allowed = if max == i64::MAX as u64 { "from 1".to_owned() } else { format!("from 1 to {max}") };
        format!("{name} must be a whole number {allowed}, not {value:?}")
    })
}
