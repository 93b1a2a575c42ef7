//! The client: one method a call of the API, on top of one loop that sends and retries.

mod builder;
mod call;
mod pages;

use bytes::Bytes;
use reqwest::{Url, header};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    AuditLog, AuditLogs, Erased, Error, Idempotency, ListFilters, NewEvent, Recorded, RecordedBatch,
    RetryPolicy, Served,
};
use call::Call;

pub use builder::ClientBuilder;
pub use pages::Pages;

/// A client of one server with one access token. Cheap to clone; clones share their connections.
///
/// Its `Debug` output does not show the token.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    /// The root of the API: ends with `/v2`.
    api: Url,
    /// Sent with every request; marked sensitive, so that `Debug` hides it.
    authorization: header::HeaderValue,
    retry: RetryPolicy,
}

impl Client {
    /// A client with default timeouts and retries.
    ///
    /// `url` is where the server is, `https://audit.example.com`, with or without `/v2` at its end.
    pub fn new(url: &str, token: &str) -> Result<Self, Error> {
        Self::builder(url, token).build()
    }

    /// A client with timeouts and retries of one's own.
    pub fn builder(url: &str, token: &str) -> ClientBuilder {
        ClientBuilder::new(url, token)
    }

    /// The same client, on the same connections, with other retries.
    pub fn with_retry(&self, retry: RetryPolicy) -> Self {
        Self { retry, ..self.clone() }
    }

    /// One page of the audit logs that `filters` select, newest first.
    pub async fn list(&self, filters: &ListFilters) -> Result<AuditLogs, Error> {
        let mut url = self.url("audit_logs")?;
        for (name, value) in filters.parameters() {
            url.query_pairs_mut().append_pair(name, &value);
        }
        self.read(url).await
    }

    /// The page that a link of another page points to.
    ///
    /// Only the query of the link is used: the request goes to this client's server, wherever the link may point, so a
    /// server behind a tunnel works and the token never goes elsewhere.
    pub async fn follow(&self, link: &str) -> Result<AuditLogs, Error> {
        let link = Url::parse(link).map_err(|_| Error::Invalid(format!("`{link}` is no link to a page")))?;
        let mut url = self.url("audit_logs")?;
        url.set_query(link.query());
        self.read(url).await
    }

    /// All pages from `filters.page` on, one after the other.
    ///
    /// They are one consistent snapshot, each audit log once, even while more are recorded.
    pub fn pages(&self, filters: &ListFilters) -> Pages {
        Pages::new(self.clone(), filters.clone())
    }

    /// The audit log with this token; [`Error::Api`] with status 404 if there is none.
    pub async fn get(&self, token: &str) -> Result<Served<AuditLog>, Error> {
        let url = self.audit_log_url(token)?;
        self.read(url).await
    }

    /// The proof file of the audit log with this token, as it is served: a file for `annals verify` and whoever else reads
    /// c2sp.org/tlog-proof. The sections in `withhold` are left out: `actor`, `object`, `change`, `context`.
    ///
    /// For an audit log that was just recorded it takes about a second, until the log is signed.
    pub async fn proof(&self, token: &str, withhold: &[&str]) -> Result<Bytes, Error> {
        let mut url = self.audit_log_url(token)?;
        url.path_segments_mut()
            .map_err(|()| Error::Invalid("not a URL of a server".to_owned()))?
            .push("proof");
        if !withhold.is_empty() {
            url.query_pairs_mut().append_pair("withhold", &withhold.join(","));
        }
        Ok(self.send(&Call::get(url)).await?.body)
    }

    /// Erases sections (`actor`, `object`, `change`, `context`) of all audit logs that match, for good. The access token needs
    /// the scope `admin`. It is safe to send again: what is erased already stays so.
    pub async fn erase(
        &self,
        filters: &ListFilters,
        sections: &[&str],
        reason: &str,
    ) -> Result<Erased, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            sections: &'a [&'a str],
            reason: &'a str,
        }

        let mut url = self.url("audit_logs/erase")?;
        url.query_pairs_mut().extend_pairs(filters.parameters());
        let body = serde_json::to_vec(&Body { sections, reason })?;
        let answer = self.send(&Call::post(url, "application/json", body.into(), Idempotency::None)?).await?;
        Ok(serde_json::from_slice(&answer.body)?)
    }

    fn audit_log_url(&self, token: &str) -> Result<Url, Error> {
        // A token is one path segment, and `..` is none.
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return Err(Error::Invalid(format!("`{token}` is no audit log token: it looks like adt_lg_…")));
        }
        self.url(&format!("audit_logs/{token}"))
    }

    /// Records one event and answers its audit log, as it will be served. It is durable and readable then.
    ///
    /// The request carries an `Idempotency-Key` of its own unless the event has a key, so it is safe to retry.
    pub async fn record(&self, event: &NewEvent) -> Result<Served<AuditLog>, Error> {
        let body = serde_json::to_vec(event)?;
        let idempotency = match event.idempotency_key {
            Some(_) => Idempotency::Events,
            None => Idempotency::Key(random_key()?),
        };
        let call = Call::post(self.url("audit_logs")?, "application/json", body.into(), idempotency)?;
        let answer = self.send(&call).await?;
        self.parse(&answer.body)
    }

    /// Records a batch, all of it or nothing: one event a line, at most 10,000 lines and 16 MiB.
    ///
    /// A refusal names the events it is about by their place in the batch, from 0: `audit_logs[3].object_type is missing`.
    /// `idempotency` says what makes it safe to send the batch again when an answer is lost.
    pub async fn record_ndjson(
        &self,
        lines: impl Into<Bytes>,
        idempotency: Idempotency,
    ) -> Result<RecordedBatch, Error> {
        #[derive(Deserialize)]
        struct Body {
            audit_logs: Vec<Recorded>,
        }

        let url = self.url("audit_logs")?;
        let call = Call::post(url, "application/x-ndjson", lines.into(), idempotency)?.minimal();
        let answer = self.send(&call).await?;
        let Body { audit_logs } = self.parse(&answer.body)?;
        Ok(RecordedBatch { audit_logs, resent: answer.resent })
    }

    async fn read<T: DeserializeOwned>(&self, url: Url) -> Result<T, Error> {
        let answer = self.send(&Call::get(url)).await?;
        self.parse(&answer.body)
    }

    fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|source| Error::Answer { url: self.shown_url(), source })
    }

    /// `path` below the root of the API.
    fn url(&self, path: &str) -> Result<Url, Error> {
        let url = format!("{}/{path}", self.api);
        Url::parse(&url).map_err(|error| Error::Invalid(format!("`{url}` is no URL: {error}")))
    }

    /// The server, as named in errors.
    fn shown_url(&self) -> String {
        self.api.origin().ascii_serialization()
    }
}

/// 128 random bits in hexadecimal.
#[expect(clippy::disallowed_methods, reason = "the one place of this crate that draws randomness")]
fn random_key() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Invalid(format!("the system has no random numbers: {error}")))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
