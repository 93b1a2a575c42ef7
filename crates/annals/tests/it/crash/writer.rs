//! A writer: sends random requests, one after the other, and notes what became of each.

use serde_json::{Value, json};

use super::random::Random;
use crate::support::{Answer, Server, Tenant};

/// Tenants that are written for.
pub(crate) const TENANTS: u32 = 2;

/// How a request holds its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Single,
    Batch,
    Lines,
}

/// A request, ready to be sent, and sent again.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Whose log; the number of a tenant.
    pub(crate) tenant: usize,
    pub(crate) form: Form,
    /// The key of the whole request.
    pub(crate) key: Option<String>,
    /// Whether each event has a key of its own.
    pub(crate) events_keyed: bool,
    /// Whether only tokens and indexes are wanted in answer.
    pub(crate) minimal: bool,
    /// The events. `metadata.sent` names each of them, uniquely in a run.
    pub(crate) events: Vec<Value>,
}

/// What the writer knows of a request.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// 201: the entries, or their tokens and indexes, in order.
    Acknowledged(Vec<Value>),
    /// The answer says that nothing was recorded.
    Refused,
    /// There is no answer, or it says that nobody knows.
    Unknown,
}

impl Request {
    /// A random request for one of the [tenants](TENANTS). `name` is unique in a run.
    pub(crate) fn random(random: &mut Random, name: &str) -> Self {
        let form = [Form::Single, Form::Single, Form::Batch, Form::Lines][random.below(4) as usize];
        let count = match form {
            Form::Single => 1,
            Form::Batch => 1 + random.below(12),
            Form::Lines => 1 + random.below(24),
        };
        let key = random.one_in(3).then(|| format!("request {name}"));
        let events_keyed = random.one_in(4);
        let events = (0..count)
            .map(|number| {
                let sent = format!("{name}.{number}");
                let mut event = event(random, &sent);
                if events_keyed {
                    event["idempotency_key"] = json!(format!("event {sent}"));
                }
                event
            })
            .collect();
        let tenant = random.below(TENANTS) as usize;
        Self { tenant, form, key, events_keyed, minimal: random.one_in(3), events }
    }

    /// One event, sent by itself.
    pub(crate) fn single(event: Value) -> Self {
        let (tenant, form) = (0, Form::Single);
        Self { tenant, form, key: None, events_keyed: false, minimal: false, events: vec![event] }
    }

    /// Whether it can be sent again without being recorded again.
    pub(crate) fn is_retriable(&self) -> bool {
        self.key.is_some() || self.events_keyed
    }

    /// Sends it and waits for its fate. Any answer but 201 and 503 is a fault of the server.
    pub(crate) async fn send(&self, server: &Sender) -> Fate {
        let Some(answer) = server.send(self).await else { return Fate::Unknown };
        if answer.status == 503 {
            assert!(answer.header("retry-after").is_some(), "503 says when to try again");
            let errors = answer.errors(503);
            let nothing_done = errors.iter().all(|error| error.contains("nothing was recorded"));
            return if nothing_done { Fate::Refused } else { Fate::Unknown };
        }
        assert_eq!(answer.status, 201, "{}", answer.text());
        let answer = answer.json();
        let entries = match self.form {
            Form::Single => vec![answer],
            Form::Batch | Form::Lines => answer["audit_logs"].as_array().expect("a list").clone(),
        };
        assert_eq!(entries.len(), self.events.len(), "an entry for each event");
        Fate::Acknowledged(entries)
    }
}

/// An event like those of applications, live or from the past, where many share an instant.
fn event(random: &mut Random, sent: &str) -> Value {
    let object_type = ["cost_report", "virtual_tag", "Segment"][random.below(3) as usize];
    let padding = "é".repeat(random.below(400) as usize);
    let mut event = json!({
        "event": "record_updated",
        "object_type": object_type,
        "object_token": format!("rprt_{}", random.below(50)),
        "object_title": format!("Report {}", random.below(50)),
        "user": "Ada Lovelace",
        "user_id": random.below(10),
        "object_changes": {"title": ["old", sent], "size": [random.next(), random.next()]},
        "unchanged_values": {"interval": "last_month"},
        "metadata": {"sent": sent, "padding": padding},
    });
    if random.one_in(3) {
        event["created_at"] = json!(format!("2026-01-0{}T00:00:0{}Z", 1 + random.below(9), random.below(9)));
    }
    event
}

/// What writers need of a server, also while it is killed.
#[derive(Clone)]
pub(crate) struct Sender {
    client: reqwest::Client,
    url: String,
    tenants: Vec<Tenant>,
}

impl Sender {
    /// Sends to this server on behalf of these tenants.
    pub(crate) fn new(server: &Server, tenants: &[Tenant]) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("HTTP client");
        Self { client, url: format!("{}/v2/audit_logs", server.url), tenants: tenants.to_vec() }
    }

    /// The answer; `None` when the connection broke before all of it was there.
    async fn send(&self, request: &Request) -> Option<Answer> {
        let mut sending = self.client.post(&self.url).bearer_auth(&self.tenants[request.tenant].token);
        if let Some(key) = &request.key {
            sending = sending.header("idempotency-key", key);
        }
        if request.minimal {
            sending = sending.header("prefer", "return=minimal");
        }
        let sending = match request.form {
            Form::Single => sending.json(&request.events[0]),
            Form::Batch => sending.json(&json!({ "audit_logs": request.events })),
            Form::Lines => {
                let lines: Vec<_> = request.events.iter().map(|event| format!("{event}\n")).collect();
                sending.header("content-type", "application/x-ndjson").body(lines.concat())
            }
        };
        let answer = sending.send().await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.ok()?.to_vec();
        Some(Answer { status, headers, body })
    }

    /// Sends random requests until one gets no answer, or `requests_max` are through.
    pub(crate) async fn write(
        self,
        mut random: Random,
        name: String,
        requests_max: u64,
    ) -> Vec<(Request, Fate)> {
        let mut sent = Vec::new();
        for number in 0..requests_max {
            let request = Request::random(&mut random, &format!("{name}.{number}"));
            let fate = request.send(&self).await;
            let over = matches!(fate, Fate::Unknown);
            sent.push((request, fate));
            if over {
                break;
            }
        }
        sent
    }
}
