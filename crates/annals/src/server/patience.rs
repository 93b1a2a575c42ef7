//! How long the peer of a connection is waited for, by what it is expected to do.
//!
//! hyper has one timeout for all the time before the headers are there, however much of it was silence. Clients keep
//! connections for their next request, so silence has to be borne for longer than headers that arrive byte by byte.

use std::{sync::Arc, time::Duration};

use axum::http::Version;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::limits;

/// The longest time before [`Patience::end`] has to be looked at again.
pub(super) const LONGEST: Duration = Duration::from_secs(limits::IDLE_SECONDS_MAX);

const HEADERS: Duration = Duration::from_secs(limits::HEADER_SECONDS_MAX);

/// What a connection is doing, as the stream and the requests on it report.
pub(super) struct Patience(Mutex<State>);

/// A request that is being handled, until this is dropped.
pub(super) struct Handler(Arc<Patience>);

impl Patience {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Bytes arrived.
    pub(super) fn received(&self) {
        self.0.lock().received();
    }

    /// The peer took bytes.
    pub(super) fn sent(&self) {
        self.0.lock().sent();
    }

    /// The headers of a request are complete.
    pub(super) fn start_request(self: &Arc<Self>, version: Version) -> Handler {
        self.0.lock().started(version);
        Handler(Arc::clone(self))
    }

    /// When the connection, which waits for its peer at `now`, is to be given up if nothing happens; `None` while it is our turn.
    pub(super) fn end(&self, now: Instant) -> Option<Instant> {
        self.0.lock().end(now)
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.0.0.lock().finished();
    }
}

/// Only waiting takes time, so the clock is looked at when it begins and not at each event before.
#[derive(Default)]
struct State {
    /// Requests whose handler has not answered yet. While there is one the peer waits for us, and bodies have a limit of
    /// their own.
    handlers: u32,
    /// Whether it is known to be HTTP/2, where bytes that belong to no request are common.
    http2: bool,
    /// Whether bytes came of headers that are not complete.
    within_headers: bool,
    /// Since when the rest of them has been waited for.
    headers_since: Option<Instant>,
    /// Since when anything has been waited for, after something was last sent or answered.
    quiet_since: Option<Instant>,
}

impl State {
    fn received(&mut self) {
        self.within_headers |= self.handlers == 0 && !self.http2;
    }

    fn sent(&mut self) {
        (self.within_headers, self.headers_since, self.quiet_since) = (false, None, None);
    }

    fn started(&mut self, version: Version) {
        self.handlers += 1;
        self.http2 = version == Version::HTTP_2;
        (self.within_headers, self.headers_since) = (false, None);
    }

    fn finished(&mut self) {
        self.handlers -= 1;
        self.quiet_since = None;
    }

    fn end(&mut self, now: Instant) -> Option<Instant> {
        if self.handlers > 0 {
            return None;
        }
        let idle = *self.quiet_since.get_or_insert(now) + LONGEST;
        let headers = self.within_headers.then(|| *self.headers_since.get_or_insert(now) + HEADERS);
        Some(headers.map_or(idle, |headers| idle.min(headers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_borne_longer_than_slow_headers() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut state = State::default();
        assert_eq!(state.end(at(0)), Some(at(0) + LONGEST));
        state.received();
        assert_eq!(state.end(at(1)), Some(at(1) + HEADERS));
        state.received();
        assert_eq!(state.end(at(6)), Some(at(1) + HEADERS), "the first byte counts");

        state.started(Version::HTTP_11);
        state.received();
        assert_eq!(state.end(at(7)), None, "it is our turn");
        state.finished();
        assert_eq!(state.end(at(100)), Some(at(100) + LONGEST));
        assert_eq!(state.end(at(101)), Some(at(100) + LONGEST), "the answer is not taken");

        state.received();
        assert_eq!(state.end(at(101)), Some(at(101) + HEADERS));
        state.sent();
        assert_eq!(state.end(at(102)), Some(at(102) + LONGEST));
    }

    #[test]
    fn requests_of_http2_overlap_and_have_company() {
        let start = Instant::now();
        let mut state = State::default();
        state.started(Version::HTTP_2);
        state.started(Version::HTTP_2);
        state.finished();
        assert_eq!(state.end(start), None);
        state.finished();
        state.received();
        assert_eq!(state.end(start), Some(start + LONGEST), "a window update is no header");
    }
}
