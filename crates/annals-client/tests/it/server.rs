//! A server in a hundred lines: keeps what it is sent, answers by idempotency key, and fails on demand.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

/// What to do with the next request, in place of answering it.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Refuse it with this status, `Retry-After` and body; do nothing.
    Refuse(u16, Option<u32>, &'static str),
    /// Do what it says, then break the connection.
    LoseAnswer,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[derive(Default)]
struct Log {
    faults: VecDeque<Fault>,
    seen: Vec<Seen>,
    /// Idempotency key, if any, and body of every write that was done.
    done: Vec<(Option<String>, String)>,
    /// Answers to reads, in order.
    pages: VecDeque<String>,
}

/// The server; it runs until the runtime of its test ends.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Log>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let server = Self { address, log: Arc::default() };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.lock().faults.push_back(fault);
    }

    pub(crate) fn page(&self, json: impl Into<String>) {
        self.lock().pages.push_back(json.into());
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    /// The bodies of the writes that were done, each once.
    pub(crate) fn done(&self) -> Vec<String> {
        self.lock().done.iter().map(|(_, body)| body.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut log = server.lock();
    let seen =
        Seen { method, uri: uri.to_string(), headers, body: String::from_utf8_lossy(&body).into_owned() };
    log.seen.push(seen.clone());
    match log.faults.pop_front() {
        Some(Fault::Refuse(status, retry_after, body)) => refuse(status, retry_after, body),
        Some(Fault::LoseAnswer) => {
            perform(&mut log, &seen);
            drop(log);
            // The connection's task dies before a byte of the answer is written.
            panic!("the answer is lost")
        }
        None => (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], perform(&mut log, &seen))
            .into_response(),
    }
}

fn refuse(status: u16, retry_after: Option<u32>, body: &'static str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let mut response = (status, body).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn perform(log: &mut Log, request: &Seen) -> String {
    if request.method == Method::GET {
        return log.pages.pop_front().unwrap_or_default();
    }
    let key = request.header("idempotency-key").map(str::to_owned);
    let by_event = request.body.contains("idempotency_key");
    let replayed = log
        .done
        .iter()
        .position(|(done, body)| (key.is_some() && *done == key) || (by_event && *body == request.body));
    let index = replayed.unwrap_or(log.done.len());
    if replayed.is_none() {
        log.done.push((key, request.body.clone()));
    }
    if request.header("prefer") == Some("return=minimal") {
        let replayed = if replayed.is_some() && by_event { r#","replayed":true"# } else { "" };
        format!(r#"{{"audit_logs":[{{"token":"adt_lg_{index:016x}","index":{index}{replayed}}}]}}"#)
    } else {
        audit_log(index)
    }
}

/// An audit log as a server would serve it.
pub(crate) fn audit_log(index: usize) -> String {
    format!(
        r#"{{"token":"adt_lg_{index:016x}","object_token":null,"object_type":"Report","object_title":"Ünïcode","event":"record_updated","source":"api","user":"Ada","workspace_title":null,"workspace_token":null,"created_at":"2026-03-04T09:30:00Z","changed_values":{{"limit":[18446744073709551616,1.10]}},"unchanged_values":{{}},"object_changes":{{"limit":[18446744073709551616,1.10]}},"user_id":null,"user_role":null,"context":{{}},"metadata":{{}},"index":{index}}}"#
    )
}
