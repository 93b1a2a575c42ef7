//! The one place where what went wrong becomes an answer: a status and `{"errors": ["sentence", …]}`.

use std::any::Any;

use annals_format::event::BodyError;
use annals_store::ReadError;
use axum::{
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use tracing::error;

use crate::{append::Refusal, engine::RecordError, identity::Denied};

/// An error as a client gets it.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    sentences: Vec<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// An error with one sentence.
    pub(super) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self::of(status, vec![sentence.into()])
    }

    /// An error with a sentence for each fault.
    pub(super) fn of(status: StatusCode, sentences: Vec<String>) -> Self {
        Self { status, sentences, headers: Vec::new() }
    }

    /// The same with another header.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// 503: try again after about a second.
    pub(super) fn unavailable(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, sentence).retry_after(1)
    }

    /// The same with the number of seconds after which to try again.
    pub(super) fn retry_after(self, seconds: i64) -> Self {
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "errors": self.sentences }).to_string();
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (self.status, json, body).into_response();
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        error!(%error, "a read failed");
        Self::unavailable("the server cannot read at the moment; try again shortly")
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unavailable(error) => error.into(),
            denied => Self::new(StatusCode::UNAUTHORIZED, denied.to_string())
                .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\"")),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict(sentences) => Self::of(StatusCode::CONFLICT, sentences),
            other => Self::unavailable(other.to_string()),
        }
    }
}

impl From<RecordError> for ApiError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Body(BodyError::Malformed(sentences)) => {
                Self::of(StatusCode::BAD_REQUEST, sentences)
            }
            RecordError::Body(BodyError::TooLarge(sentences)) => {
                Self::of(StatusCode::PAYLOAD_TOO_LARGE, sentences)
            }
            RecordError::Body(BodyError::Invalid(sentences)) | RecordError::Invalid(sentences) => {
                Self::of(StatusCode::UNPROCESSABLE_ENTITY, sentences)
            }
            RecordError::Refused(refusal) => refusal.into(),
            RecordError::Unavailable(error) => error.into(),
        }
    }
}

/// The answer on a path that does not exist.
pub(super) async fn not_found(uri: Uri) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        format!("there is nothing at {}; the API is described at /docs", uri.path()),
    )
}

/// The answer to a method that the path does not have; the router adds `Allow`.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} does not take {method}", uri.path()))
}

/// The answer when a handler panicked, which no input should bring about.
#[expect(clippy::needless_pass_by_value, reason = "whoever caught it has no more use for it")]
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    error!(message, "a handler panicked; this is a bug");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "the server made a mistake; its log says more")
        .into_response()
}

/// Gives errors that come from the layers below the handlers the shape of all others.
pub(super) fn in_json(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_error || is_json {
        return response;
    }
    let sentence = match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            format!("the body is too large: at most {} bytes are allowed", crate::limits::REQUEST_BYTES_MAX)
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "the Content-Encoding is not supported: use gzip, zstd or none".to_owned()
        }
        other => other.canonical_reason().unwrap_or("the request cannot be answered").to_owned(),
    };
    let mut answer = ApiError::new(status, sentence).into_response();
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}
