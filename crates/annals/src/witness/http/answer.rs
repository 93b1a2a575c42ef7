//! The one place where what went wrong becomes an answer of a witness: a status and a sentence.

use std::error::Error;

use annals_tlog::witness::{Refusal, SIZE_CONTENT_TYPE, format_size};
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tracing::error;

use crate::witness::cosigner::CosignError;

const TEXT: &str = "text/plain; charset=utf-8";

/// An answer other than 200.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    kind: &'static str,
    body: String,
    header: Option<(&'static str, &'static str)>,
}

impl Answer {
    /// An answer with one sentence.
    pub(super) fn error(status: StatusCode, sentence: impl Into<String>) -> Self {
        let mut body = sentence.into();
        body.push('\n');
        Self { status, kind: TEXT, body, header: None }
    }

    /// 500: the reason is in the log.
    pub(super) fn failed() -> Self {
        Self::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the witness cannot cosign at the moment; its log says why",
        )
    }

    /// 503: try again after a second.
    pub(super) fn busy(sentence: &str) -> Self {
        Self::error(StatusCode::SERVICE_UNAVAILABLE, sentence).with("retry-after", "1")
    }

    /// The same with this header.
    pub(super) fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, [(header::CONTENT_TYPE, self.kind)], self.body).into_response();
        let header =
            self.header.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        response.headers_mut().extend(header);
        response
    }
}

impl From<CosignError> for Answer {
    fn from(error: CosignError) -> Self {
        match &error {
            CosignError::Request(_) => Self::error(StatusCode::BAD_REQUEST, sentence(&error)),
            CosignError::Refused(Refusal::Conflict { size }) => Self {
                kind: SIZE_CONTENT_TYPE,
                body: format_size(*size),
                ..Self::error(StatusCode::CONFLICT, "")
            },
            CosignError::Refused(refusal) => {
                let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN);
                Self::error(status, sentence(refusal))
            }
            CosignError::Interrupted => Self::busy("the witness is ending; try again shortly"),
            CosignError::Directory(_) | CosignError::Note(_) | CosignError::Sign(_) => {
                error!(error = sentence(&error), "a checkpoint was not cosigned");
                Self::failed()
            }
        }
    }
}

/// An error with its causes, each said once.
fn sentence(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
