//! What the server counts about itself, for Prometheus.

use std::{sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// The server's metrics. No label ever holds an account, a token or a path parameter.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram>,
    events: Counter,
    commits: Counter,
    commit_seconds: Histogram,
    commit_events: Histogram,
    sealed: Counter,
    compacted: Counter,
    pruned: Counter,
    witness_answers: Family<WitnessLabels, Counter>,
    /// Bytes of request bodies that are held in memory.
    pub body_bytes: Gauge,
    /// Seconds since the epoch at which the process started.
    started: Gauge<f64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WitnessLabels {
    witness: String,
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics that have counted nothing yet.
    pub fn new() -> Self {
        let latency =
            || Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0]);
        let metrics = Self {
            registry: Registry::with_prefix("annals"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(latency),
            events: Counter::default(),
            commits: Counter::default(),
            commit_seconds: latency(),
            commit_events: Histogram::new([1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0]),
            sealed: Counter::default(),
            compacted: Counter::default(),
            pruned: Counter::default(),
            witness_answers: Family::default(),
            body_bytes: Gauge::default(),
            started: Gauge::default(),
        };
        let Self { mut registry, .. } = metrics;
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's headers to its answer's",
            Unit::Seconds,
            metrics.request_seconds.clone(),
        );
        registry.register("events_sequenced", "Events that went through commits", metrics.events.clone());
        registry.register("commits", "Commits tried", metrics.commits.clone());
        registry.register_with_unit(
            "commit_duration",
            "Time of a commit, from its first event to the last one readable",
            Unit::Seconds,
            metrics.commit_seconds.clone(),
        );
        registry.register("commit_events", "Events in one commit", metrics.commit_events.clone());
        registry.register(
            "entries_pruned",
            "Entries that are no longer kept, but for their hashes",
            metrics.pruned.clone(),
        );
        registry.register("entries_sealed", "Entries that were moved into segments", metrics.sealed.clone());
        registry.register(
            "segments_compacted",
            "Segments that others took the place of",
            metrics.compacted.clone(),
        );
        registry.register(
            "witness_answers",
            "What came of asking witnesses to cosign a checkpoint",
            metrics.witness_answers.clone(),
        );
        registry.register_with_unit(
            "request_bodies",
            "Request bodies held in memory",
            Unit::Bytes,
            metrics.body_bytes.clone(),
        );
        registry.register_with_unit(
            "start_time",
            "When the process started, since the Unix epoch",
            Unit::Seconds,
            metrics.started.clone(),
        );
        Self { registry, ..metrics }
    }

    /// Notes when the process started, in seconds since the epoch.
    pub fn started(&self, seconds: f64) {
        self.started.set(seconds);
    }

    /// Counts a commit and its events.
    #[expect(clippy::cast_precision_loss, reason = "a commit has far fewer than 2^52 events")]
    pub fn commit(&self, events: usize, took: Duration) {
        self.commits.inc();
        self.events.inc_by(events as u64);
        self.commit_seconds.observe(took.as_secs_f64());
        self.commit_events.observe(events as f64);
    }

    /// Counts entries that were moved into a segment.
    pub fn sealed(&self, entries: u64) {
        self.sealed.inc_by(entries);
    }

    /// Counts entries that were pruned.
    pub fn pruned(&self, entries: u64) {
        self.pruned.inc_by(entries);
    }

    /// Counts segments that one took the place of.
    pub fn compacted(&self, segments: usize) {
        self.compacted.inc_by(segments as u64);
    }

    /// Counts what came of asking a witness, which the configuration names, to cosign a checkpoint.
    pub fn witness_answer(&self, witness: &str, outcome: &'static str) {
        self.witness_answers.get_or_create(&WitnessLabels { witness: witness.to_owned(), outcome }).inc();
    }

    /// Counts an answered request.
    pub fn request(&self, route: &'static str, status: u16, took: Duration) {
        self.requests.get_or_create(&RequestLabels { route, status }).inc();
        self.request_seconds.get_or_create(&RouteLabels { route }).observe(took.as_secs_f64());
    }

    /// All metrics in the text format of OpenMetrics.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
