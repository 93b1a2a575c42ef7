//! What can go wrong, told apart by what is known about the request.

use std::{error::Error as StdError, fmt, time::Duration};

use serde::Deserialize;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The call cannot be made with what was given; nothing was sent.
    #[error("{0}")]
    Invalid(String),
    /// The server refused the request.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// No connection to the server; nothing was sent.
    #[error("cannot reach {url}")]
    Unreachable {
        /// The server.
        url: String,
        /// What the network said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The connection broke, or time ran out, before the answer was complete. Whether the server did what it was asked
    /// is not known.
    #[error("the answer of {url} was lost on the way")]
    Lost {
        /// The server.
        url: String,
        /// What the network said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The server answered with success, but not what this API answers. The request was carried out.
    #[error("the answer of {url} cannot be read: is it an annals server?")]
    Answer {
        /// The server.
        url: String,
        /// What is wrong with the answer.
        source: serde_json::Error,
    },
    /// A value that was given, or an object that was served, is not the JSON that it has to be.
    #[error("not the JSON it has to be")]
    Json(#[from] serde_json::Error),
}

/// An answer that refuses a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, a sentence each; never empty.
    pub errors: Vec<String>,
    /// How long the server asks to wait before the next try.
    pub retry_after: Option<Duration>,
}

/// How many sentences of a refusal are shown; a batch may have one for each event.
const SENTENCES_SHOWN_MAX: usize = 3;

/// The first sentences and the status; all of them are in [`ApiError::errors`].
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.errors.len().min(SENTENCES_SHOWN_MAX);
        f.write_str(&self.errors[..shown].join("; "))?;
        match self.errors.len() - shown {
            0 => {}
            1 => f.write_str("; and another")?,
            more => write!(f, "; and {more} more")?,
        }
        write!(f, " (HTTP {})", self.status)
    }
}

impl StdError for ApiError {}

impl ApiError {
    /// Reads a refusal: the sentences of `{"errors": […]}`, or of a body that is not ours (a proxy's page) the
    /// status line.
    pub(crate) fn read(status: reqwest::StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Body {
            errors: Vec<String>,
        }

        let errors = serde_json::from_slice::<Body>(body).map(|body| body.errors).unwrap_or_default();
        let errors = if errors.is_empty() { vec![status.to_string()] } else { errors };
        Self { status: status.as_u16(), errors, retry_after }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    #[test]
    fn a_flood_of_sentences_is_cut() {
        let refusal = |count: usize| ApiError {
            status: 422,
            errors: (1..=count).map(|n| n.to_string()).collect(),
            retry_after: None,
        };
        assert_eq!(refusal(3).to_string(), "1; 2; 3 (HTTP 422)");
        assert_eq!(refusal(4).to_string(), "1; 2; 3; and another (HTTP 422)");
        assert_eq!(refusal(101).to_string(), "1; 2; 3; and 98 more (HTTP 422)");
    }

    #[test]
    fn sentences_are_kept_and_a_foreign_body_becomes_the_status() {
        let ours = ApiError::read(
            StatusCode::UNPROCESSABLE_ENTITY,
            None,
            br#"{"errors":["object_type is missing","user_id is no integer"]}"#,
        );
        assert_eq!(ours.to_string(), "object_type is missing; user_id is no integer (HTTP 422)");
        for body in [&b"<html>"[..], b"", br#"{"errors":[]}"#, br#"{"error":"x"}"#] {
            let foreign = ApiError::read(StatusCode::BAD_GATEWAY, None, body);
            assert_eq!(foreign.errors, ["502 Bad Gateway"]);
        }
    }
}
