//! Access tokens as `annals token list` shows them: everything but what lets anybody in.

use annals_format::Timestamp;
use annals_store::{AccessToken, Scope, TokenKind, User};
use serde::Serialize;

use crate::cli::administration::{List, day, minute};

#[derive(Serialize)]
struct Listed {
    id: String,
    number: i64,
    kind: &'static str,
    name: String,
    scopes: Vec<&'static str>,
    role: &'static str,
    user_id: Option<i64>,
    user: Option<String>,
    created_at: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
    state: &'static str,
}

/// Prints access tokens as they are `now`; `users` are those of the account.
pub(super) fn print(
    json: bool,
    tokens: &[AccessToken],
    users: &[User],
    now: Timestamp,
) -> anyhow::Result<()> {
    let listed = |token: &AccessToken| {
        let user = user_id(token).and_then(|id| users.iter().find(|user| user.id == id));
        Listed {
            id: token.id.clone(),
            number: token.number,
            kind: kind(token),
            name: token.name.clone(),
            scopes: token.scopes.iter().map(Scope::as_str).collect(),
            role: token.role.as_str(),
            user_id: user_id(token),
            user: user.map(|user| user.name.clone()),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
            revoked_at: token.revoked_at.map(|at| at.to_string()),
            state: state(token, now),
        }
    };
    let cells = |token: &AccessToken| {
        let Listed { id, number, kind, name, scopes, role, user, state, .. } = listed(token);
        vec![
            id,
            number.to_string(),
            kind.to_owned(),
            name,
            scopes.join(" "),
            role.to_owned(),
            user.unwrap_or_default(),
            day(token.created_at),
            day(token.expires_at),
            minute(token.last_used_at),
            state.to_owned(),
        ]
    };
    let headings = &[
        "ID",
        "NUMBER",
        "KIND",
        "NAME",
        "SCOPES",
        "ROLE",
        "USER",
        "CREATED",
        "EXPIRES",
        "LAST USED (UTC)",
        "STATE",
    ];
    List { json, object: &listed, headings, whole: 0, cells: &cells }.print(tokens)
}

fn user_id(token: &AccessToken) -> Option<i64> {
    match token.kind {
        TokenKind::Personal { user_id } => Some(user_id),
        TokenKind::Service | TokenKind::Grant => None,
    }
}

fn kind(token: &AccessToken) -> &'static str {
    match token.kind {
        TokenKind::Personal { .. } => "personal",
        TokenKind::Service => "service",
        TokenKind::Grant => "grant",
    }
}

fn state(token: &AccessToken, now: Timestamp) -> &'static str {
    if token.revoked_at.is_some() {
        "revoked"
    } else if token.expires_at.is_some_and(|at| at <= now) {
        "expired"
    } else {
        "active"
    }
}
