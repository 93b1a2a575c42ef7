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
        Self(Mutex::new(State::new(Instant::now())))
    }

    /// Bytes arrived.
    pub(super) fn received(&self) {
        self.0.lock().received(Instant::now());
    }

    /// The peer took bytes.
    pub(super) fn sent(&self) {
        self.0.lock().sent(Instant::now());
    }

    /// The headers of a request are complete.
    pub(super) fn start_request(self: &Arc<Self>, version: Version) -> Handler {
        self.0.lock().started(version);
        Handler(Arc::clone(self))
    }

    /// When the connection is to be given up if nothing happens; `None` while it is our turn.
    pub(super) fn end(&self) -> Option<Instant> {
        self.0.lock().end()
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.0.0.lock().finished(Instant::now());
    }
}

struct State {
    /// Requests whose handler has not answered yet. While there is one the peer waits for us, and bodies have a limit of
    /// their own.
    handlers: u32,
    /// Whether it is known to be HTTP/2, where bytes that belong to no request are common.
    http2: bool,
    /// When the first bytes came of headers that are not complete.
    headers_since: Option<Instant>,
    /// When something was last sent or answered.
    quiet_since: Instant,
}

impl State {
    fn new(now: Instant) -> Self {
        Self { handlers: 0, http2: false, headers_since: None, quiet_since: now }
    }

    fn received(&mut self, now: Instant) {
        if self.handlers == 0 && !self.http2 {
            self.headers_since.get_or_insert(now);
        }
    }

    fn sent(&mut self, now: Instant) {
        self.headers_since = None;
        self.quiet_since = now;
    }

    fn started(&mut self, version: Version) {
        self.handlers += 1;
        self.http2 = version == Version::HTTP_2;
        self.headers_since = None;
    }

    fn finished(&mut self, now: Instant) {
        self.handlers -= 1;
        self.quiet_since = now;
    }

    fn end(&self) -> Option<Instant> {
        if self.handlers > 0 {
            return None;
        }
        let idle = self.quiet_since + LONGEST;
        Some(self.headers_since.map_or(idle, |since| idle.min(since + HEADERS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_borne_longer_than_slow_headers() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut state = State::new(at(0));
        assert_eq!(state.end(), Some(at(0) + LONGEST));
        state.received(at(1));
        state.received(at(6));
        assert_eq!(state.end(), Some(at(1) + HEADERS), "the first byte counts");

        state.started(Version::HTTP_11);
        state.received(at(7));
        assert_eq!(state.end(), None, "it is our turn");
        state.finished(at(100));
        assert_eq!(state.end(), Some(at(100) + LONGEST));

        state.received(at(101));
        assert_eq!(state.end(), Some(at(101) + HEADERS));
        state.sent(at(102));
        assert_eq!(state.end(), Some(at(102) + LONGEST));
    }

    #[test]
    fn requests_of_http2_overlap_and_have_company() {
        let start = Instant::now();
        let mut state = State::new(start);
        state.started(Version::HTTP_2);
        state.started(Version::HTTP_2);
        state.finished(start);
        assert_eq!(state.end(), None);
        state.finished(start);
        state.received(start);
        assert_eq!(state.end(), Some(start + LONGEST), "a window update is no header");
    }
}
