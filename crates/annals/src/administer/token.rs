//! Access tokens: creating and revoking them.

use annals_format::{Action, Timestamp};
use annals_store::{AccessToken, AccountId, Change, Identity, Role, Scope, Scopes, TokenKind};

use super::{
    Admin, AdministerError, check_text,
    record::{Properties, Record, properties_of},
    step::{Decision, State, Whose, administer},
    user,
};
use crate::{identity::Secret, random};

/// The access token that somebody wants.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// What people will call it.
    pub name: String,
    /// What it may be used for; at least one.
    pub scopes: Scopes,
    /// What it may do at most. When nobody says, a personal token has the role of its user, and a service token the
    /// least that there is, [`Role::Viewer`].
    pub role: Option<Role>,
    /// The user it is for; without one it is a service token.
    pub user_id: Option<i64>,
    /// When it ends by itself, if ever.
    pub expires_at: Option<Timestamp>,
}

/// Creates an access token. Its secret is in the answer and nowhere else.
pub async fn create_token(
    admin: &Admin<'_>,
    account: AccountId,
    request: &TokenRequest,
) -> Result<(AccessToken, Secret), AdministerError> {
    check_text("name", &request.name)?;
    if request.scopes == Scopes::default() {
        return Err(AdministerError::NoScope);
    }
    administer(admin, Whose::Of(account), |state| {
        if let Some(at) = request.expires_at.filter(|at| *at <= state.at) {
            return Err(AdministerError::Expired { at });
        }
        let (kind, number, role) = match request.user_id {
            Some(user_id) => personal(state, user_id, request.role)?,
            None => (TokenKind::Service, state.next_number()?, request.role.unwrap_or(Role::Viewer)),
        };
        let secret = Secret::mint(kind);
        let token = AccessToken {
            id: random::name("tkn_"),
            number,
            kind,
            name: request.name.clone(),
            hash: secret.hash(),
            scopes: request.scopes,
            role,
            created_at: state.at,
            expires_at: request.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        let record = record(Action::Create, &token, Properties::new(), properties(&token));
        let change = Change::CreateToken { account, token: token.clone() };
        Ok(Decision::make(change, record, (token, secret)))
    })
    .await
}

/// Revokes an access token, and with it what was issued for it. Returns the token as revoked; one that was revoked
/// before stays as it was.
pub async fn revoke_token(
    admin: &Admin<'_>,
    account: AccountId,
    id: &str,
) -> Result<AccessToken, AdministerError> {
    administer(admin, Whose::Of(account), |state| {
        let token = state
            .tokens
            .iter()
            .find(|token| token.id == id)
            .ok_or_else(|| AdministerError::UnknownToken { id: id.to_owned() })?;
        if token.revoked_at.is_some() {
            return Ok(Decision::nothing(token.clone()));
        }
        let revoked = AccessToken { revoked_at: Some(state.at), ..token.clone() };
        let record = record(Action::Delete, token, properties(token), Properties::new());
        let change = Change::RevokeToken { account, id: revoked.id.clone(), at: state.at };
        Ok(Decision::make(change, record, revoked))
    })
    .await
}

/// Whose secret this is, to revoke a token of which only the secret is known because it leaked.
pub async fn find_secret(admin: &Admin<'_>, secret: &Secret) -> Result<Identity, AdministerError> {
    admin.catalog.identify(&secret.hash()).await?.ok_or(AdministerError::UnknownSecret)
}

/// Kind, number and role of a token for a user: it acts under the user's number and may do no more than the user.
fn personal(state: &State, id: i64, asked: Option<Role>) -> Result<(TokenKind, i64, Role), AdministerError> {
    let user = user::find(state, id)?;
    if let Some(at) = user.removed_at {
        return Err(AdministerError::UserRemoved { id, at });
    }
    match asked {
        Some(asked) if asked > user.role => Err(AdministerError::RoleTooHigh { id, most: user.role, asked }),
        asked => Ok((TokenKind::Personal { user_id: id }, id, asked.unwrap_or(user.role))),
    }
}

fn record(action: Action, token: &AccessToken, before: Properties, after: Properties) -> Record {
    Record {
        action,
        object_type: "AccessToken",
        object_token: token.id.clone(),
        object_title: token.name.clone(),
        workspace: None,
        before,
        after,
    }
}

fn properties(token: &AccessToken) -> Properties {
    let (kind, user_id) = match token.kind {
        TokenKind::Personal { user_id } => ("personal", Some(user_id)),
        TokenKind::Service => ("service", None),
        TokenKind::Grant => ("grant", None),
    };
    let scopes: Vec<&str> = token.scopes.iter().map(Scope::as_str).collect();
    properties_of([
        ("name", token.name.as_str().into()),
        ("number", token.number.into()),
        ("kind", kind.into()),
        ("user_id", user_id.into()),
        ("scopes", scopes.into()),
        ("role", token.role.as_str().into()),
        ("expires_at", token.expires_at.map(|at| at.to_string()).into()),
    ])
}
