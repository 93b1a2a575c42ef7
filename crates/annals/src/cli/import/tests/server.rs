//! A server that keeps events by token or idempotency key, as the real one does, and fails on demand.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

/// What to do with a request in place of answering it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// Do nothing and be busy.
    Refuse,
    /// Do what it says, then break the connection.
    LoseAnswer,
    /// Do nothing and answer this.
    Answer(u16, &'static str),
}

#[derive(Default)]
struct Log {
    /// The events, without their idempotency keys.
    events: Vec<String>,
    /// Token or key → place in `events`.
    known: HashMap<String, usize>,
    requests: usize,
    fault: Option<(usize, Fault)>,
    bytes_max: Option<usize>,
}

#[derive(Clone)]
pub(super) struct Server {
    address: SocketAddr,
    log: Arc<Mutex<Log>>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Self { address: listener.local_addr().expect("a bound socket"), log: Arc::default() };
        let router = Router::new()
            .route("/v2/audit_logs", post(record))
            .layer(DefaultBodyLimit::disable())
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets the request with this number, from 0, fail.
    pub(super) fn fail_at(&self, request: usize, fault: Fault) {
        self.lock().fault = Some((request, fault));
    }

    pub(super) fn take_at_most(&self, bytes: usize) {
        self.lock().bytes_max = Some(bytes);
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.lock().events.clone()
    }

    pub(super) fn requests(&self) -> usize {
        self.lock().requests
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn record(State(server): State<Server>, body: String) -> Response {
    let mut log = server.lock();
    let request = log.requests;
    log.requests += 1;
    match log.fault.filter(|(place, _)| *place == request) {
        Some((_, Fault::Refuse)) => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "0")]).into_response(),
        Some((_, Fault::Answer(status, error))) => refusal(status, &[error.to_owned()]),
        Some((_, Fault::LoseAnswer)) => {
            log.append(&body);
            drop(log);
            // The connection's task ends before a byte of the answer is written.
            panic!("the answer is lost")
        }
        None => log.append(&body),
    }
}

impl Log {
    /// All or nothing, like the real one; and like it, it names at most so many faults.
    fn append(&mut self, body: &str) -> Response {
        if self.bytes_max.is_some_and(|max| body.len() > max) {
            return refusal(413, &["the body is too large".to_owned()]);
        }
        let events: Vec<(String, String)> = body.lines().map(take_key).collect();
        let mut faults = Vec::new();
        let mut conflict = false;
        for (place, (key, event)) in events.iter().enumerate() {
            if event.contains("\"bad\"") {
                faults.push(format!("audit_logs[{place}].bad is not wanted"));
            } else if self.known.get(key).is_some_and(|known| self.events[*known] != *event) {
                conflict = true;
                faults
                    .push(format!("audit_logs[{place}].token {key} was already recorded with other content"));
            }
        }
        if !faults.is_empty() {
            let untold = faults.len().saturating_sub(100);
            faults.truncate(100);
            if untold > 0 {
                faults.push(format!("and {untold} more"));
            }
            return refusal(if conflict { 409 } else { 422 }, &faults);
        }
        let recorded: Vec<Value> =
            events.into_iter().map(|(key, event)| self.append_one(&key, event)).collect();
        (StatusCode::CREATED, json!({ "audit_logs": recorded }).to_string()).into_response()
    }

    fn append_one(&mut self, key: &str, event: String) -> Value {
        if let Some(index) = self.known.get(key) {
            return json!({"token": key, "index": index, "replayed": true});
        }
        let index = self.events.len();
        self.known.insert(key.to_owned(), index);
        self.events.push(event);
        json!({"token": key, "index": index})
    }
}

/// An event's identity, and its text without an idempotency key.
fn take_key(line: &str) -> (String, String) {
    let event: Value = serde_json::from_str(line).expect("an importer sends JSON");
    let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
    match (text("token"), text("idempotency_key")) {
        (Some(token), None) => (token, line.to_owned()),
        (None, Some(key)) => {
            let event = line.replace(&format!("\"idempotency_key\":\"{key}\","), "");
            (key, event)
        }
        _ => panic!("an importer sends a token or a key: {line}"),
    }
}

fn refusal(status: u16, errors: &[String]) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, json!({ "errors": errors }).to_string()).into_response()
}
