//! Absolute links: clients of this API throw on relative ones.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{
        HeaderName, StatusCode, Uri, header,
        request::Parts,
        uri::{Authority, PathAndQuery},
    },
};

use super::{App, error::ApiError};
use crate::server::Remote;

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The URL under which the caller reached the server, without a slash at its end, and what they asked for there.
#[derive(Debug, Clone)]
pub(super) struct Here {
    base: String,
    target: Option<PathAndQuery>,
}

impl Here {
    /// The link to a path (with its query) on this server.
    pub(super) fn link(&self, target: &str) -> String {
        [self.base.as_str(), target].concat()
    }

    /// The link to what was asked for.
    pub(super) fn itself(&self) -> String {
        self.link(self.target())
    }

    /// The request's path and query as they were sent.
    pub(super) fn target(&self) -> &str {
        self.target.as_ref().map_or("/", PathAndQuery::as_str)
    }

    /// The URL that the server is known by to the caller.
    pub(super) fn base(&self) -> &str {
        &self.base
    }
}

impl FromRequestParts<Arc<App>> for Here {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let uri = &parts.uri;
        let target = uri.path_and_query().cloned();
        if let Some(base) = &app.config.public_url {
            return Ok(Self { base: base.trim_end_matches('/').to_owned(), target });
        }
        let trusted = match parts.extensions.get() {
            Some(ConnectInfo(Remote::Address(peer))) => app.config.trusts_proxy(peer.ip()),
            // A program of this machine, for which the socket was made.
            Some(ConnectInfo(Remote::Socket)) => true,
            None => false,
        };
        let header = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let forwarded = if trusted { Forwarded::read(header) } else { Forwarded::default() };
        let own_scheme = if app.config.tls.is_some() { "https" } else { "http" };
        let scheme = forwarded.scheme.unwrap_or(own_scheme);
        let host = forwarded
            .host
            .or_else(|| header(header::HOST))
            .or_else(|| uri.authority().map(Authority::as_str))
            .map_or_else(|| Cow::Owned(app.config.listen.to_string()), Cow::Borrowed);
        let sound = host.parse::<Authority>().is_ok_and(|authority| !authority.as_str().contains('@'));
        if !sound {
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                format!("{host:?} is no host to build links with"),
            ));
        }
        Ok(Self { base: [scheme, "://", &host].concat(), target })
    }
}

/// What a trusted proxy says about the request it passed on: RFC 7239 first, then the older headers.
#[derive(Default)]
struct Forwarded<'a> {
    scheme: Option<&'static str>,
    host: Option<&'a str>,
}

impl<'a> Forwarded<'a> {
    fn read(header: impl Fn(HeaderName) -> Option<&'a str>) -> Self {
        // The element that the nearest proxy added is the last one.
        let last = |value: &'a str| value.rsplit(',').next().unwrap_or_default().trim();
        let element = header(header::FORWARDED).map(last).unwrap_or_default();
        let parameter = |name: &str| {
            element.split(';').filter_map(|pair| pair.split_once('=')).find_map(|(key, value)| {
                key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
            })
        };
        let older = |name| header(name).map(last);
        let known =
            |scheme: &str| ["http", "https"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme));
        Self {
            scheme: parameter("proto").or_else(|| older(X_FORWARDED_PROTO)).and_then(known),
            host: parameter("host").or_else(|| older(X_FORWARDED_HOST)),
        }
    }
}

/// The path and query of a link.
pub(super) fn target(uri: &Uri, query: &str) -> String {
    format!("{}?{query}", uri.path())
}
