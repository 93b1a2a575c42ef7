//! One call: what is sent, how often, and what came of it.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
};

use super::Client;
use crate::{ApiError, Error, Idempotency};

/// A request that can be sent any number of times.
pub(super) struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    /// Doing it twice is doing it once.
    repeatable: bool,
}

/// The answer to a call that succeeded.
pub(super) struct Answer {
    pub(super) body: Bytes,
    /// A try before this one may have been carried out too.
    pub(super) resent: bool,
}

impl Call {
    pub(super) fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new(), repeatable: true }
    }

    pub(super) fn post(
        url: Url,
        content_type: &'static str,
        body: Bytes,
        idempotency: Idempotency,
    ) -> Result<Self, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let repeatable = idempotency != Idempotency::None;
        if let Idempotency::Key(key) = idempotency {
            let value = HeaderValue::try_from(key.as_str())
                .map_err(|_| Error::Invalid(format!("`{key}` cannot be an idempotency key")))?;
            headers.insert(HeaderName::from_static("idempotency-key"), value);
        }
        Ok(Self { method: Method::POST, url, headers, body, repeatable })
    }

    /// Asks for tokens and indexes only.
    pub(super) fn minimal(mut self) -> Self {
        self.headers.insert(HeaderName::from_static("prefer"), HeaderValue::from_static("return=minimal"));
        self
    }
}

impl Client {
    /// Sends a call until it is answered, within the limits of the retry policy.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, Error> {
        let mut failures = 0;
        let mut resent = false;
        loop {
            let error = match self.send_once(call).await {
                Ok(body) => return Ok(Answer { body, resent }),
                Err(error) => error,
            };
            failures += 1;
            resent |= may_have_been_done(&error);
            match self.retry.wait(&error, failures, call.repeatable, random_fraction()) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    async fn send_once(&self, call: &Call) -> Result<Bytes, Error> {
        let response = self
            .http
            .request(call.method.clone(), call.url.clone())
            .headers(call.headers.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .body(call.body.clone())
            .send()
            .await
            .map_err(|error| self.network_error(error))?;
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
        let body = response.bytes().await;
        if status.is_success() {
            body.map_err(|error| self.network_error(error))
        } else {
            // The status says enough if the sentences are lost.
            Err(ApiError::read(status, retry_after, &body.unwrap_or_default()).into())
        }
    }

    fn network_error(&self, error: reqwest::Error) -> Error {
        let url = self.shown_url();
        let never_sent = error.is_connect() || error.is_builder();
        let source = Box::new(error.without_url());
        if never_sent { Error::Unreachable { url, source } } else { Error::Lost { url, source } }
    }
}

/// Whether the server may have carried out a request that failed with `error`.
fn may_have_been_done(error: &Error) -> bool {
    match error {
        Error::Lost { .. } => true,
        Error::Api(refusal) => refusal.status != 429,
        _ => false,
    }
}

/// `Retry-After` in seconds; its other form, a date, is not used by annals and is taken for absent.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// A number in 0..1. Without a source of randomness, all clients wait equally long: no reason to fail.
fn random_fraction() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / 2_f64.powi(32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_seconds_only() {
        let read = |text: &'static str| seconds(&HeaderValue::from_static(text));
        assert_eq!(read("120"), Some(Duration::from_mins(2)));
        assert_eq!(read(" 0 "), Some(Duration::ZERO));
        for other in ["", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn fractions_are_fractions() {
        assert!((0..1000).map(|_| random_fraction()).all(|fraction| (0.0..1.0).contains(&fraction)));
    }
}
