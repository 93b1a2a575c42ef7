//! Settings of a client.

use std::time::Duration;

use reqwest::{Url, header::HeaderValue, redirect};

use super::Client;
use crate::{Error, RetryPolicy};

/// Settings of a [`Client`]; made by [`Client::builder`].
#[must_use]
pub struct ClientBuilder {
    url: String,
    token: String,
    timeout: Duration,
    connect_timeout: Duration,
    retry: RetryPolicy,
    user_agent: String,
}

impl ClientBuilder {
    pub(super) fn new(url: &str, token: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: token.to_owned(),
            timeout: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(5),
            retry: RetryPolicy::default(),
            user_agent: concat!("annals-client/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// How long one try may take, from the connection to the last byte of the answer. Default: a minute.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long one try may take to connect. Default: 5 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often to try.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// What to send as `User-Agent`. Default: `annals-client/` and the version.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// Makes the client. Nothing is sent yet.
    pub fn build(self) -> Result<Client, Error> {
        let api = api_root(&self.url)?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", self.token))
            .map_err(|_| Error::Invalid("the access token holds characters that no token has".to_owned()))?;
        authorization.set_sensitive(true);

        let mut http = reqwest::Client::builder()
            .user_agent(self.user_agent)
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            // A redirect could carry an event, or the token, to a server that nobody named.
            .redirect(redirect::Policy::none());
        if api.scheme() == "http" {
            // Without TLS the system's certificates are not needed; a slim container may have none.
            http = http.tls_certs_only([]);
        }
        let http = http
            .build()
            .map_err(|error| Error::Invalid(format!("cannot set up HTTP: {}", root_cause(&error))))?;
        Ok(Client { http, api, authorization, retry: self.retry })
    }
}

/// `https://host/prefix/v2` for `https://host/prefix`, whether or not it ends with `/` or `/v2`.
fn api_root(url: &str) -> Result<Url, Error> {
    let invalid = |why: &str| Error::Invalid(format!("`{url}` is no server URL: {why}"));
    let mut root = Url::parse(url.trim()).map_err(|error| invalid(&error.to_string()))?;
    if !matches!(root.scheme(), "http" | "https") {
        return Err(invalid("it has to start with http:// or https://"));
    }
    if !root.username().is_empty() || root.password().is_some() {
        return Err(Error::Invalid(
            "a server URL holds no user name or password: give an access token".to_owned(),
        ));
    }
    let path = root.path().trim_end_matches('/');
    let prefix = path.strip_suffix("/v2").unwrap_or(path).to_owned();
    root.set_path(&format!("{prefix}/v2"));
    root.set_query(None);
    root.set_fragment(None);
    Ok(root)
}

/// The innermost error, which says what happened; those around it say where.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_found_below_every_form_of_the_url() {
        for (given, root) in [
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787/v2"),
            ("http://127.0.0.1:8787/", "http://127.0.0.1:8787/v2"),
            ("https://audit.example.com/v2", "https://audit.example.com/v2"),
            ("https://example.com/audit/v2/?x=1#y", "https://example.com/audit/v2"),
            (" https://example.com/audit ", "https://example.com/audit/v2"),
        ] {
            assert_eq!(api_root(given).expect("sound").as_str(), root);
        }
        for wrong in
            ["", "127.0.0.1:8787", "localhost:8787", "ftp://example.com", "http://", "http://a:b@example.com"]
        {
            assert!(matches!(api_root(wrong), Err(Error::Invalid(_))), "{wrong}");
        }
    }

    #[test]
    fn the_token_is_not_shown() {
        let client = Client::new("http://127.0.0.1:1", "ann_secret").expect("sound");
        assert!(!format!("{client:?}").contains("secret"));
        assert!(Client::new("http://127.0.0.1:1", "new\nline").is_err());
    }
}
