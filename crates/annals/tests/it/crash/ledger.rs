//! What must be in the logs, from all that was sent and answered, and the comparison with what is in them.

use std::collections::HashMap;

use serde_json::Value;

use super::writer::{Fate, Request, Sender};
use crate::support::{Server, Tenant};

/// All that was sent to a server, over all of its lives.
pub(crate) struct Ledger {
    tenants: Vec<Tenant>,
    /// The entries of each tenant from before anything was sent: the account's own making.
    before: Vec<Vec<Value>>,
    sent: Vec<Line>,
}

struct Line {
    request: Request,
    fate: Fate,
    /// The entries as they were first read, once it is settled whether there are any.
    settled: Option<Vec<Value>>,
}

impl Ledger {
    /// Starts with what is in the logs of these tenants now.
    pub(crate) async fn open(server: &Server, tenants: &[Tenant]) -> Self {
        let mut before = Vec::new();
        for tenant in tenants {
            before.push(server.walk(&tenant.token, "").await);
        }
        Self { tenants: tenants.to_vec(), before, sent: Vec::new() }
    }

    /// Takes note of requests and what came of them.
    pub(crate) fn note(&mut self, sent: Vec<(Request, Fate)>) {
        self.sent.extend(sent.into_iter().map(|(request, fate)| Line { request, fate, settled: None }));
    }

    /// Events that were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        let acknowledged = self.sent.iter().filter(|line| matches!(line.fate, Fate::Acknowledged(_)));
        acknowledged.map(|line| line.request.events.len()).sum()
    }

    /// Requests that were refused, and those of which nobody knows.
    pub(crate) fn failed(&self) -> usize {
        self.sent.iter().filter(|line| !matches!(line.fate, Fate::Acknowledged(_))).count()
    }

    /// Sends again what has a key: all that is not known to be recorded, and some of what is.
    pub(crate) async fn retry(&mut self, server: &Server) {
        let sender = Sender::new(server, &self.tenants);
        let mut repeats = 0;
        for line in self.sent.iter_mut().rev().filter(|line| line.request.is_retriable()) {
            match &line.fate {
                Fate::Acknowledged(first) if repeats < 3 => {
                    repeats += 1;
                    let Fate::Acknowledged(again) = line.request.send(&sender).await else {
                        panic!("a retry was not acknowledged: {:?}", line.request);
                    };
                    assert_eq!(places(&again), places(first), "a retry is answered as the first time");
                }
                Fate::Acknowledged(_) => {}
                Fate::Refused | Fate::Unknown => {
                    line.fate = line.request.send(&sender).await;
                    assert!(matches!(line.fate, Fate::Acknowledged(_)), "a retry was not acknowledged");
                    // What was not there before is there now.
                    line.settled = line.settled.take().filter(|entries| !entries.is_empty());
                }
            }
        }
    }

    /// Compares every log with what must be in it. Nothing may be in progress.
    pub(crate) async fn check(&mut self, server: &Server) {
        for tenant in 0..self.tenants.len() {
            let entries = server.walk(&self.tenants[tenant].token, "").await;
            self.check_log(tenant, &entries);
        }
    }

    fn check_log(&mut self, tenant: usize, entries: &[Value]) {
        check_order(entries);
        let mut found: HashMap<&str, &Value> = HashMap::new();
        let mut before = 0;
        for entry in entries {
            match entry["metadata"]["sent"].as_str() {
                Some(sent) => assert!(found.insert(sent, entry).is_none(), "{sent} is there twice"),
                None => {
                    assert!(self.before[tenant].contains(entry), "nobody sent {entry}");
                    before += 1;
                }
            }
        }
        assert_eq!(before, self.before[tenant].len(), "entries from before are missing");
        for line in self.sent.iter_mut().filter(|line| line.request.tenant == tenant) {
            let there: Vec<Value> =
                line.request.events.iter().filter_map(|event| found.remove(name(event)).cloned()).collect();
            line.check(there);
        }
        assert!(found.is_empty(), "nobody sent {:?}", found.keys());
    }
}

impl Line {
    /// Compares the entries of this request with its fate.
    fn check(&mut self, there: Vec<Value>) {
        let Self { request, fate, settled } = self;
        let expected = match fate {
            Fate::Acknowledged(_) => request.events.len(),
            Fate::Refused => 0,
            Fate::Unknown => {
                if there.is_empty() {
                    0
                } else {
                    request.events.len()
                }
            }
        };
        assert_eq!(there.len(), expected, "{fate:?}, but {} are there of {request:?}", there.len());
        for (event, entry) in request.events.iter().zip(&there) {
            check_content(event, entry);
        }
        for pair in there.windows(2) {
            let [a, b] = [&pair[0], &pair[1]].map(|entry| entry["index"].as_u64().expect("an index"));
            assert_eq!(a + 1, b, "the events of a request follow each other");
        }
        if let Fate::Acknowledged(answered) = fate {
            assert_eq!(places(answered), places(&there), "entries moved since they were acknowledged");
            if !request.minimal {
                assert_eq!(*answered, there, "entries changed since they were acknowledged");
            }
        }
        match settled {
            Some(settled) => assert_eq!(*settled, there, "entries changed since they were read"),
            None => *settled = Some(there),
        }
    }
}

/// Where entries are: token and index.
fn places(entries: &[Value]) -> Vec<(&Value, &Value)> {
    entries.iter().map(|entry| (&entry["token"], &entry["index"])).collect()
}

fn name(event: &Value) -> &str {
    event["metadata"]["sent"].as_str().expect("every event has a name")
}

/// Checks that an entry says what the event said.
fn check_content(event: &Value, entry: &Value) {
    for field in ["event", "object_token", "object_title", "user", "user_id", "unchanged_values", "metadata"]
    {
        assert_eq!(entry[field], event[field], "{field} of {entry}");
    }
    assert_eq!(entry["changed_values"], event["object_changes"]);
    if event.get("created_at").is_some() {
        assert_eq!(entry["created_at"], event["created_at"]);
    }
}

/// Checks that a whole log is in order, the newest first, and has every index once.
fn check_order(entries: &[Value]) {
    let order = |entry: &Value| {
        let created_at = entry["created_at"].as_str().expect("a time").to_owned();
        (created_at, entry["index"].as_u64().expect("an index"))
    };
    let places: Vec<_> = entries.iter().map(order).collect();
    for pair in places.windows(2) {
        assert!(pair[0] > pair[1], "{:?} stands before {:?}", pair[0], pair[1]);
    }
    let mut indexes: Vec<u64> = places.into_iter().map(|(_, index)| index).collect();
    indexes.sort_unstable();
    assert!(indexes.iter().copied().eq(0..indexes.len() as u64), "indexes with holes: {indexes:?}");
}
