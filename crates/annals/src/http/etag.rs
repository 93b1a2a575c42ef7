//! Weak entity tags: polling an unchanged list costs neither rows nor bytes.

use annals_store::AccountId;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use sha2::{Digest as _, Sha256};

/// Changes when answers change their form without the log having grown.
const FORM: u8 = 1;

/// The tag of an answer (RFC 9110 §8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ETag(String);

impl ETag {
    /// The tag of what `parts` asks of an account's log while it has `size` entries. Entries never change but by another
    /// entry, so nothing else can change the answer, but for entries that are no longer kept: these the parts have to tell.
    pub(super) fn of(account: AccountId, size: u64, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update([FORM]);
        hash.update(account.0.to_le_bytes());
        hash.update(size.to_le_bytes());
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash.finalize());
        Self(format!("W/\"{digest}\""))
    }

    /// Whether the request already has this answer: `If-None-Match` names the tag or is `*`.
    pub(super) fn matches(&self, headers: &HeaderMap) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let mine = opaque(&self.0);
        headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|tag| tag.trim() == "*" || opaque(tag) == mine)
    }

    /// The headers that go with it: private, and to be asked about each time.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Ok(tag) = HeaderValue::from_str(&self.0) {
            headers.insert(header::ETAG, tag);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers
    }

    /// 304, for a request that has the answer.
    pub(super) fn not_modified(&self) -> Response {
        (StatusCode::NOT_MODIFIED, self.headers()).into_response()
    }
}
