//! What is read of a log over HTTP: bounded in time and in bytes, whatever answers.

use std::{borrow::Cow, time::Duration};

use annals_tlog::{
    Hash,
    tile::{Bundle, Tile},
};
use reqwest::{
    Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue, RETRY_AFTER},
    redirect,
};
use serde::Deserialize;

use super::{RemoteError, Unchecked, Wrong};

/// Longest checkpoint, in bytes: one with all the signatures that a note may have.
const CHECKPOINT_BYTES_MAX: usize = 64 * 1024;

/// Longest bundle, in bytes: 256 of the longest entries, each after its length; 16 MiB and a little.
const BUNDLE_BYTES_MAX: usize = Tile::WIDTH_MAX as usize * (Bundle::ENTRY_BYTES_MAX + 2);

/// How much is read of what a server says when it refuses, in bytes.
const REFUSAL_BYTES_MAX: usize = 4 * 1024;

/// How often something is asked for when the network or the server fails.
const ATTEMPTS: u32 = 4;

/// The wait after the first failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The longest wait that a server may ask for; past it the verification is given up.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The files of one log.
pub(super) struct Fetch {
    http: reqwest::Client,
    /// Without a slash at its end.
    root: String,
    authorization: Option<HeaderValue>,
    timeout: Duration,
}

/// Why one request did not succeed.
enum Failure {
    /// It may succeed when it is sent again, after as long as the server asks to wait.
    Passing(Unchecked, Option<Duration>),
    /// There is no such thing.
    Missing(Unchecked),
    /// It was there, and is no longer kept.
    Gone(Unchecked),
    /// It will not succeed.
    Lasting(Unchecked),
}

impl Failure {
    fn why(self) -> Unchecked {
        match self {
            Self::Missing(why) | Self::Gone(why) | Self::Lasting(why) | Self::Passing(why, _) => why,
        }
    }
}

impl Fetch {
    /// Reads the log at `url`. Nothing is sent yet.
    pub(super) fn new(url: &str, token: Option<&str>, timeout: Duration) -> Result<Self, Unchecked> {
        let invalid = |why: &str| Unchecked::Invalid(format!("`{url}` is no address of a log: {why}"));
        let root = Url::parse(url.trim()).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(root.scheme(), "http" | "https") {
            return Err(invalid("it has to start with http:// or https://"));
        }
        if !root.username().is_empty() || root.password().is_some() {
            return Err(Unchecked::Invalid(
                "the address of a log holds no user name or password: give an access token".to_owned(),
            ));
        }
        if root.query().is_some() || root.fragment().is_some() {
            return Err(invalid("it has no ? and no #"));
        }
        let authorization = token.map(|token| HeaderValue::try_from(format!("Bearer {token}"))).transpose();
        let mut authorization = authorization.map_err(|_| {
            Unchecked::Invalid("the access token holds characters that no token has".to_owned())
        })?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("annals/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect could carry the token to a server that nobody named.
            .redirect(redirect::Policy::none());
        if root.scheme() == "http" {
            // Without TLS the system's certificates are not needed; a slim container may have none.
            http = http.tls_certs_only([]);
        }
        let http = http
            .build()
            .map_err(|error| Unchecked::Invalid(format!("cannot set up HTTP: {}", innermost(&error))))?;
        let root = root.as_str().trim_end_matches('/').to_owned();
        Ok(Self { http, root, authorization, timeout })
    }

    /// Where something of the log is.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    /// The checkpoint, as it is served.
    pub(super) async fn checkpoint(&self) -> Result<String, Unchecked> {
        let bytes = self.get("checkpoint", CHECKPOINT_BYTES_MAX).await?;
        String::from_utf8(bytes).map_err(|_| Unchecked::NoNote {
            url: self.url("checkpoint"),
            source: annals_tlog::note::NoteError::NotUtf8,
        })
    }

    /// The hashes of a tile. A partial tile is taken from the full one if it is there no more.
    pub(super) async fn tile(&self, tile: Tile) -> Result<Vec<Hash>, RemoteError> {
        let full = Tile::new(tile.level(), tile.index(), Tile::WIDTH_MAX).unwrap_or(tile);
        let found = self.partial_or_full(tile, full, Tile::BYTES_MAX).await;
        let (bytes, served) = found.map_err(Failure::why)?;
        if bytes.len() != served.bytes() {
            return Err(Wrong::TileLength { tile: served, bytes: bytes.len() }.into());
        }
        let (hashes, _) = bytes.as_chunks();
        Ok(hashes.iter().copied().map(Hash::from_bytes).take(usize::from(tile.width())).collect())
    }

    /// The bytes of a bundle, and which one they are of: the full one, if the partial one is there no more. `None` if some of
    /// its entries are no longer kept.
    pub(super) async fn bundle(&self, bundle: Bundle) -> Result<Option<(Bundle, Vec<u8>)>, Unchecked> {
        let full = Bundle::new(bundle.tile().index(), Tile::WIDTH_MAX).unwrap_or(bundle);
        match self.partial_or_full(bundle, full, BUNDLE_BYTES_MAX).await {
            Ok((bytes, served)) => Ok(Some((served, bytes))),
            Err(Failure::Gone(_)) => Ok(None),
            Err(failure) => Err(failure.why()),
        }
    }

    async fn partial_or_full<T: Copy + PartialEq + std::fmt::Display>(
        &self,
        wanted: T,
        full: T,
        max: usize,
    ) -> Result<(Vec<u8>, T), Failure> {
        let failure = match self.try_get(&wanted.to_string(), max).await {
            Err(failure @ Failure::Missing(_)) if wanted != full => failure,
            whole => return Ok((whole?, wanted)),
        };
        match self.try_get(&full.to_string(), max).await {
            Ok(bytes) => Ok((bytes, full)),
            Err(Failure::Missing(_)) => Err(failure),
            Err(other) => Err(other),
        }
    }

    async fn get(&self, path: &str, max: usize) -> Result<Vec<u8>, Unchecked> {
        self.try_get(path, max).await.map_err(Failure::why)
    }

    /// Asks until there is an answer, as often as makes sense.
    async fn try_get(&self, path: &str, max: usize) -> Result<Vec<u8>, Failure> {
        let url = self.url(path);
        let mut failures = 0;
        loop {
            let failure = match self.get_once(&url, max).await {
                Err(failure @ Failure::Passing(..)) => failure,
                other => return other,
            };
            let backoff = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failures));
            failures += 1;
            let asked = if let Failure::Passing(_, asked) = &failure { *asked } else { None };
            let wait = asked.map_or(backoff, |asked| asked.max(backoff));
            if failures >= ATTEMPTS || wait > LONGEST_WAIT {
                return Err(failure);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn get_once(&self, url: &str, max: usize) -> Result<Vec<u8>, Failure> {
        let mut request = self.http.get(url);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let mut answer = request.send().await.map_err(|error| self.lost(url, &error))?;
        if answer.status() == StatusCode::OK {
            let whole = self.read(url, &mut answer, max).await?;
            return whole.ok_or_else(|| Failure::Lasting(Unchecked::TooLong { url: url.to_owned(), max }));
        }
        let status = answer.status();
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = self.read(url, &mut answer, REFUSAL_BYTES_MAX).await.ok().flatten().unwrap_or_default();
        let refused = Unchecked::Refused {
            url: url.to_owned(),
            status: status.as_u16(),
            sentence: sentence(status, &body),
        };
        Err(match status.as_u16() {
            404 => Failure::Missing(refused),
            410 => Failure::Gone(refused),
            429 | 500 | 502..=504 => Failure::Passing(refused, asked.map(Duration::from_secs)),
            _ => Failure::Lasting(refused),
        })
    }

    /// The body of an answer; `None` if it is longer than `max`.
    async fn read(&self, url: &str, answer: &mut Response, max: usize) -> Result<Option<Vec<u8>>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.lost(url, &error))? {
            if chunk.len() > max.saturating_sub(body.len()) {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(body))
    }

    fn lost(&self, url: &str, error: &reqwest::Error) -> Failure {
        let url = url.to_owned();
        if error.is_timeout() && !error.is_connect() {
            // It was given time enough: whatever is that slow is not asked four times.
            return Failure::Lasting(Unchecked::Slow { url, seconds: self.timeout.as_secs() });
        }
        Failure::Passing(Unchecked::Unreachable { url, why: innermost(error) }, None)
    }
}

/// What a server says when it refuses; of a body that is not annals' the status.
fn sentence(status: StatusCode, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        errors: Vec<Cow<'a, str>>,
    }

    let sentences = serde_json::from_slice::<Body>(body).map(|body| body.errors).unwrap_or_default();
    match sentences.first() {
        Some(sentence) => sentence.clone().into_owned(),
        None => status.canonical_reason().unwrap_or("the server refuses").to_lowercase(),
    }
}

/// What happened; the errors around it say where.
fn innermost(error: &reqwest::Error) -> String {
    anyhow::Chain::new(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_found_at_a_plain_address_only() {
        let fetch = |url: &str| Fetch::new(url, Some("ann_secret"), Duration::from_secs(1));
        for url in ["https://audit.example.com/tlog/acct_1", " https://audit.example.com/tlog/acct_1/ "] {
            assert_eq!(
                fetch(url).expect("sound").url("checkpoint"),
                "https://audit.example.com/tlog/acct_1/checkpoint"
            );
        }
        for wrong in
            ["", "localhost:1/x", "ftp://a/b", "http://a:b@example.com/", "http://a/?b", "http://a/#b"]
        {
            assert!(matches!(fetch(wrong), Err(Unchecked::Invalid(_))), "{wrong}");
        }
        assert!(Fetch::new("http://a/", Some("new\nline"), Duration::from_secs(1)).is_err());
    }
}
