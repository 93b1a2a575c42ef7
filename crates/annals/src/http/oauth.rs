//! `POST /oauth/token`: the OAuth 2.0 client-credentials grant (RFC 6749 §4.4).
//!
//! Every service token is a client: its id is the client id and the token itself the secret. The grant is a token for
//! an hour with the same rights or fewer, so that a secret that lasts need not travel with every request.

use std::sync::Arc;

use annals_format::query::decode_pairs;
use annals_store::{AccessToken, CommitError, Identity, Scope, Scopes, TokenKind};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::Engine as _;
use tracing::warn;

use super::{App, error::ApiError, schema};
use crate::{
    identity::{Denied, Secret},
    limits,
};

/// Exchanges a service token for a token that is valid for an hour.
#[utoipa::path(
    post,
    path = "/oauth/token",
    operation_id = "createGrant",
    tag = "Account",
    security(()),
    request_body(content = schema::GrantBody, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = schema::Grant, description = "A token for an hour"),
        (status = 400, body = schema::OAuthErrors, description = "The request cannot be understood or asks for too much"),
        (status = 401, body = schema::OAuthErrors, description = "The client is unknown or its secret is wrong"),
        (status = 413, body = schema::Errors, description = "The body is too large"),
        (status = 415, body = schema::Errors, description = "The body is of another type"),
        (status = 503, body = schema::Errors, description = "The server cannot issue tokens now"),
    ),
)]
pub(super) async fn token(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        let sentence = "the Content-Type must be application/x-www-form-urlencoded";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence));
    }
    let body = app.bodies.read(body, limits::FORM_BYTES_MAX).await?;
    let form = match Form::read(&body, &headers) {
        Ok(form) => form,
        Err(failure) => return Ok(failure.into_response()),
    };
    let now = app.engine.clock.now();
    let parent = match app.engine.identities.identify(&form.client_secret, now).await {
        Ok(identity) if identity.token.id == form.client_id && identity.token.kind == TokenKind::Service => {
            identity
        }
        Err(Denied::Unavailable(error)) => return Err(error.into()),
        Ok(_) | Err(_) => {
            return Ok(Failure::client("the client is unknown or its secret is wrong").into_response());
        }
    };
    let scopes = match form.scopes(&parent) {
        Ok(scopes) => scopes,
        Err(failure) => return Ok(failure.into_response()),
    };
    let secret = Secret::mint(TokenKind::Grant);
    let lasts = now.plus_us(limits::GRANT_SECONDS * 1_000_000);
    let expires_at = parent.token.expires_at.map_or(lasts, |end| end.min(lasts));
    let grant = AccessToken {
        kind: TokenKind::Grant,
        hash: secret.hash(),
        scopes,
        created_at: now,
        expires_at: Some(expires_at),
        last_used_at: None,
        ..parent.token.clone()
    };
    app.engine.catalog.grant(parent.account, grant).await.map_err(|error| not_issued(&error))?;
    let grant = schema::Grant {
        access_token: secret.reveal().to_owned(),
        token_type: "Bearer",
        expires_in: (expires_at.us() - now.us()) / 1_000_000,
        scope: scopes.to_string(),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(grant)).into_response())
}

fn not_issued(error: &CommitError) -> ApiError {
    warn!(%error, "a grant was not issued");
    ApiError::unavailable("the server cannot issue tokens at the moment; try again shortly")
}

/// A token request.
struct Form {
    client_id: String,
    client_secret: String,
    scope: Option<String>,
}

impl Form {
    fn read(body: &[u8], headers: &HeaderMap) -> Result<Self, Failure> {
        let malformed = |sentence: &str| Failure::new("invalid_request", sentence);
        let text = std::str::from_utf8(body).map_err(|_| malformed("the body is not UTF-8"))?;
        let pairs = decode_pairs(text).map_err(|fault| malformed(&fault))?;
        let field = |name: &str| -> Result<Option<String>, Failure> {
            let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone());
            match (values.next(), values.next()) {
                (_, Some(_)) => Err(malformed(&format!("{name} is given more than once"))),
                (first, None) => Ok(first.filter(|value| !value.is_empty())),
            }
        };
        match field("grant_type")?.as_deref() {
            Some("client_credentials") => {}
            Some(_) => {
                return Err(Failure::new("unsupported_grant_type", "grant_type must be client_credentials"));
            }
            None => return Err(malformed("grant_type is missing: send client_credentials")),
        }
        let (client_id, client_secret) = match (basic(headers), field("client_id")?, field("client_secret")?)
        {
            (Some(_), _, Some(_)) => {
                return Err(malformed("send the client's secret in the header or in the body, not in both"));
            }
            (Some(credentials), ..) => credentials,
            (None, Some(id), Some(secret)) => (id, secret),
            (None, ..) => {
                return Err(Failure::client(
                    "client_id and client_secret are needed, in the body or by HTTP Basic",
                ));
            }
        };
        Ok(Self { client_id, client_secret, scope: field("scope")? })
    }

    /// The scopes that are asked for, or all that the client has.
    fn scopes(&self, parent: &Identity) -> Result<Scopes, Failure> {
        let Some(scope) = &self.scope else { return Ok(parent.token.scopes) };
        let scopes: Option<Scopes> = scope.split_ascii_whitespace().map(Scope::parse).collect();
        scopes.filter(|scopes| scopes.within(parent.token.scopes)).ok_or_else(|| {
            Failure::new("invalid_scope", &format!("scope may be any of: {}", parent.token.scopes))
        })
    }
}

/// Credentials of HTTP Basic, form-encoded inside as RFC 6749 §2.3.1 wants it.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let decode =
        |text: &str| decode_pairs(&format!("v={text}")).ok()?.into_iter().next().map(|(_, value)| value);
    Some((decode(id)?, decode(secret)?))
}

/// An error in the form of RFC 6749 §5.2, which also has the form of all our errors.
struct Failure {
    status: StatusCode,
    code: &'static str,
    sentence: String,
}

impl Failure {
    fn new(code: &'static str, sentence: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, sentence: sentence.to_owned() }
    }

    fn client(sentence: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, ..Self::new("invalid_client", sentence) }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = schema::OAuthErrors {
            error: self.code,
            error_description: self.sentence.clone(),
            errors: vec![self.sentence],
        };
        let mut response = (self.status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"annals\""));
        }
        response
    }
}
