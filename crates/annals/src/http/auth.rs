//! Who calls, what they may do, and how much of it is left to them this hour.

use std::{convert::Infallible, sync::Arc};

use annals_format::Timestamp;
use annals_store::{AccountId, Identity, Role, Scope};
use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use super::{
    App,
    around::{Inner, Surround},
    error::ApiError,
    rate_limit::Quota,
    routes::needs_token,
};

const LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

/// The bearer of a valid access token.
#[derive(Debug, Clone)]
pub(super) struct Caller(pub(super) Arc<Identity>);

impl Caller {
    /// The caller's account; everything they do stays in it.
    pub(super) fn account(&self) -> AccountId {
        self.0.account
    }

    /// Refuses a caller whose token lacks the scope.
    pub(super) fn needs_scope(&self, scope: Scope) -> Result<(), ApiError> {
        if self.0.token.scopes.has(scope) {
            return Ok(());
        }
        Err(forbidden(&format!(
            "the access token needs the scope {}, and has {}",
            scope.as_str(),
            self.0.token.scopes
        )))
    }

    /// Refuses a caller whose role is less than `role`.
    pub(super) fn needs_role(&self, role: Role) -> Result<(), ApiError> {
        if self.0.token.role >= role {
            return Ok(());
        }
        let has = self.0.token.role.as_str();
        Err(forbidden(&format!(
            "the role {} is needed, and the access token has the role {has}",
            role.as_str()
        )))
    }
}

fn forbidden(sentence: &str) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, sentence)
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"insufficient_scope\""))
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or_else(missing)
    }
}

/// Lets only bearers of valid tokens through to what [needs](needs_token) one, counts their requests and says what is left.
#[derive(Clone)]
pub(super) struct Authenticate(pub(super) Arc<App>);

impl Surround for Authenticate {
    async fn answer(self, mut request: Request, mut inner: impl Inner) -> Result<Response, Infallible> {
        if !needs_token(request.uri().path()) {
            return inner.call(request).await;
        }
        let app = &self.0;
        let now = app.engine.clock.now();
        let identity = match identify(app, request.headers(), now).await {
            Ok(Caller(identity)) => identity,
            Err(error) => return Ok(error.into_response()),
        };
        let writes = request.method() == Method::POST;
        let quota = app.rate_limits.take(identity.account, &identity.token.id, writes, now);
        let mut response = match quota.filter(|quota| quota.exceeded) {
            Some(quota) => used_up(quota, now).into_response(),
            None => {
                request.extensions_mut().insert(Caller(identity));
                inner.call(request).await?
            }
        };
        if let Some(quota) = quota {
            let headers = response.headers_mut();
            headers.insert(LIMIT, HeaderValue::from(quota.limit));
            headers.insert(REMAINING, HeaderValue::from(quota.remaining));
            headers.insert(RESET, HeaderValue::from(quota.reset));
        }
        Ok(response)
    }
}

/// 429: nothing is left of this hour.
fn used_up(quota: Quota, now: Timestamp) -> ApiError {
    let seconds = (quota.reset - now.us() / 1_000_000).max(1);
    let sentence =
        format!("the access token has used up its requests for this hour; try again in {seconds} seconds");
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, sentence).retry_after(seconds)
}

/// The bearer of the access token among these headers; their request is not counted.
pub(super) async fn identify(app: &App, headers: &HeaderMap, now: Timestamp) -> Result<Caller, ApiError> {
    Ok(Caller(app.engine.identities.identify(bearer(headers)?, now).await?))
}

/// The token of an `Authorization: Bearer` header (RFC 6750).
fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        // A proxy in front may have looked at the other one.
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "the header Authorization is given more than once",
        ));
    }
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

fn missing() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "an access token is needed: send the header Authorization: Bearer TOKEN",
    )
    .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
