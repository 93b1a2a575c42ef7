//! Random requests of random accounts, and what is checked of each answer.

use std::path::Path;

use annals_format::query::encode_pair;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    marks::{Party, foreign},
    random::Random,
};
use crate::support::{Answer, Server, annals};

/// Requests that are in flight together at most.
const ROUND_MAX: usize = 8;

/// Everybody uses the same few keys and tokens, with other content each.
const SHARED: usize = 12;

pub(super) struct Traffic<'a> {
    server: &'a Server,
    parties: Vec<Party>,
    random: Random,
    counter: usize,
    pub(super) answers: usize,
    pub(super) errors: usize,
}

/// A request, who sends it, and all that they sent in it.
struct Sent {
    party: Option<usize>,
    what: What,
    request: RequestBuilder,
    text: String,
}

/// What an answer is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Write,
    List,
    /// Something of another account, which to the caller is not there.
    NotThere,
    Grant,
    /// Whoever asks is nobody.
    Stranger,
    /// Anything but a server error.
    Other,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(server: &'a Server, parties: Vec<Party>, random: Random) -> Self {
        Self { server, parties, random, counter: 0, answers: 0, errors: 0 }
    }

    pub(super) fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// Sends some requests at once and checks all answers.
    pub(super) async fn round(&mut self) {
        let mut flight = JoinSet::new();
        for _ in 0..=self.random.below(ROUND_MAX) {
            let Sent { party, what, request, text } = self.any_request();
            flight.spawn(async move { (party, what, text, Answer::of(request).await) });
        }
        let mut answers = Vec::new();
        while let Some(ended) = flight.join_next().await {
            answers.push(ended.expect("no panic"));
        }
        // What was recorded in this round is noted first: others might have got to see it.
        for (party, what, _, answer) in &answers {
            if let Some(party) = party {
                self.note(*party, *what, answer);
            }
        }
        for (party, what, text, answer) in answers {
            self.check(party, what, &text, &answer);
        }
    }

    /// Logs of the same size are told apart by their tags. To be called while all logs have the same size.
    pub(super) async fn tags_are_of_one_account(&mut self) {
        let target = "/v2/audit_logs?limit=3";
        let mut tags = Vec::new();
        for party in &self.parties {
            let answer = self.server.get(&party.secrets[0], target).await;
            tags.push(answer.header("etag").expect("a tag").to_owned());
        }
        for party in 0..self.parties.len() {
            for (other, tag) in tags.iter().enumerate() {
                let mut sent = self.send(party, 0, What::List, &Method::GET, target, "");
                sent.request = sent.request.header("if-none-match", tag);
                let answer = Answer::of(sent.request).await;
                assert_eq!(answer.status == StatusCode::NOT_MODIFIED, other == party, "{tag}");
            }
        }
    }

    /// Adds a workspace to an account while everything goes on.
    pub(super) fn administer(&mut self, data_dir: &Path) {
        for party in &mut self.parties {
            let accounts = annals(data_dir, &["account", "list", "--json"]);
            let account = accounts.lines().find(|line| line.contains(party.mark)).expect("the account");
            let account: Value = serde_json::from_str(account).expect("JSON");
            let account = account["token"].as_str().expect("a token");
            let name = format!("{} late", party.mark);
            let workspace = annals(data_dir, &["workspace", "create", &name, "--account", account]);
            party.belongings.add(&workspace);
            party.workspaces.push(workspace);
        }
    }

    /// What the server says about itself is about nobody.
    pub(super) async fn operations_hold_nothing(&mut self) {
        for path in ["/metrics", "/healthz", "/readyz", "/openapi.json", "/docs", "/", "/v2/nothing"] {
            let request = self.server.request(Method::GET, path, "");
            let answer = Answer::of(request).await;
            self.check(None, What::Other, path, &answer);
        }
    }

    /// At the end each log holds all that was acknowledged, and nothing but the account's own.
    pub(super) async fn every_log_is_whole(&mut self) {
        for party in &self.parties {
            let entries = self.server.walk(&party.secrets[0], "").await;
            for (index, token) in &party.entries {
                let entry =
                    entries.iter().find(|entry| entry["index"] == *index).expect("an acknowledged entry");
                assert_eq!(entry["token"], **token);
            }
            for entry in &entries {
                let token = entry["token"].as_str().expect("a token");
                let by_operator = entry["source"] == "cli";
                assert!(by_operator || party.belongings.has(token), "{entry}");
                assert!(entry.to_string().contains(party.mark), "{entry}");
                assert_eq!(foreign(&entry.to_string(), Some(party), &self.parties, ""), None, "{entry}");
            }
        }
    }

    fn any_request(&mut self) -> Sent {
        let me = self.random.below(self.parties.len());
        let other = (me + 1 + self.random.below(self.parties.len() - 1)) % self.parties.len();
        match self.random.below(20) {
            0..=6 => self.write(me, other),
            7..=11 => self.list(me, other),
            12..=13 => self.get(me, other),
            14 => self.workspaces(me, other),
            15 => self.grant(me, other),
            16 => self.wrong(me, other),
            17 => self.stranger(other),
            18 => self.own_entry(me),
            _ => self.conditional(me, other),
        }
    }

    /// A secret of this account that was never used before.
    fn marked(&mut self, party: usize) -> String {
        self.counter += 1;
        format!("{}{}", self.parties[party].mark, self.counter)
    }

    /// The token of some entry.
    fn entry(&mut self, party: usize) -> Option<String> {
        let tokens: Vec<&String> = self.parties[party].entries.values().collect();
        self.random.any(&tokens).map(|token| (*token).clone())
    }

    /// One that was used before, perhaps.
    fn known(&mut self, party: usize) -> String {
        format!("{}{}", self.parties[party].mark, self.random.below(self.counter + 1))
    }

    fn send(
        &mut self,
        party: usize,
        secret: usize,
        what: What,
        method: &Method,
        target: &str,
        body: &str,
    ) -> Sent {
        let secret = self.parties[party].secrets[secret].clone();
        let mut request = self.server.request(method.clone(), target, &secret);
        if method == Method::POST {
            // Only lines end with one.
            let kind = if body.ends_with('\n') { "x-ndjson" } else { "json" };
            request = request.header("content-type", format!("application/{kind}")).body(body.to_owned());
        }
        let target =
            annals_format::query::decode_pairs(target).map_or(String::new(), |pairs| format!("{pairs:?}"));
        Sent { party: Some(party), what, request, text: format!("{target} {secret} {body}") }
    }

    /// An event with a mark in every field; sometimes in a workspace of another account.
    fn event(&mut self, me: usize, other: usize, import: bool) -> Value {
        let mark = self.marked(me);
        let space = self.random.any(&self.parties[me].workspaces).cloned();
        let mut event = json!({
            "event": self.random.one_of(&["record_created", "record_updated", "record_destroyed"]),
            "object_type": format!("Thing_{mark}"),
            "object_token": format!("object_{mark}"),
            "object_title": format!("Title {mark} é"),
            "source": format!("source_{mark}"),
            "user": format!("User {mark}"),
            "user_id": self.random.below(5),
            "user_role": format!("role {mark}"),
            "workspace_token": space,
            "changed_values": { format!("key {mark}"): [null, mark] },
            "unchanged_values": { format!("same {mark}"): { "deep": [mark] } },
            "context": { "ip": format!("ip {mark}"), format!("context {mark}"): mark },
            "metadata": { format!("metadata {mark}"): mark },
        });
        match self.random.below(8) {
            0 => event["idempotency_key"] = format!("shared {}", self.random.below(SHARED)).into(),
            1 => event["idempotency_key"] = format!("key {mark}").into(),
            // An import may name any workspace, and then has one of its own with that token; the first of each account
            // stays the account's alone.
            2 => {
                let theirs = self.parties[other].workspaces[usize::from(import)].as_str();
                event["workspace_token"] = theirs.into();
            }
            _ => {}
        }
        if import {
            event["created_at"] = format!("2025-0{}-01T00:00:00Z", 1 + self.random.below(9)).into();
            if self.random.once_in(2) {
                event["token"] = format!("adt_lg_{:016x}", 0xfeed + self.random.below(SHARED)).into();
            }
            if self.random.once_in(3) {
                event["workspace_token"] =
                    format!("wrkspc_{:016x}", 0xbeef + self.random.below(SHARED)).into();
                event["workspace_title"] = format!("Space {mark}").into();
            }
            self.parties[me].belongings.add(event["workspace_token"].as_str().expect("a workspace"));
        }
        event
    }

    fn write(&mut self, me: usize, other: usize) -> Sent {
        let import = self.random.once_in(2);
        let count = 1 + self.random.below(4);
        let events: Vec<Value> = (0..count).map(|_| self.event(me, other, import)).collect();
        let body = match self.random.below(3) {
            0 => events[0].to_string(),
            1 => json!({ "audit_logs": events }).to_string(),
            _ => events.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n",
        };
        let granted = import && self.parties[me].secrets.len() > 3 && self.random.once_in(3);
        let secret = if granted { 2 } else { usize::from(!import) };
        let mut sent = self.send(me, secret, What::Write, &Method::POST, "/v2/audit_logs", &body);
        if self.random.once_in(3) {
            sent.request =
                sent.request.header("idempotency-key", format!("shared {}", self.random.below(SHARED)));
        }
        if self.random.once_in(4) {
            sent.request = sent.request.header("prefer", "return=minimal");
        }
        sent
    }

    /// A list with a few filters, often with values of the other account.
    fn list(&mut self, me: usize, other: usize) -> Sent {
        let mut query = String::new();
        let mut used = Vec::new();
        for _ in 0..self.random.below(3) {
            let whose = if self.random.once_in(2) { me } else { other };
            let mark = self.known(whose);
            let names = [
                "user",
                "workspace_token",
                "object_name",
                "source",
                "object_type",
                "token",
                "object_token",
                "action",
            ];
            let name = *self.random.any(&names).expect("a name");
            if used.contains(&name) {
                continue;
            }
            used.push(name);
            let value = match name {
                "user" => self.random.below(5).to_string(),
                "workspace_token" => self.random.any(&self.parties[whose].workspaces).expect("one").clone(),
                "object_name" => format!("Title {mark} é"),
                "source" => format!("source_{mark}"),
                "object_type" => format!("thing_{mark}"),
                "token" => self.entry(whose).unwrap_or(mark),
                "object_token" => format!("object_{mark}"),
                _ => "create".to_owned(),
            };
            encode_pair(&mut query, name, &value);
        }
        if self.random.once_in(2) {
            encode_pair(&mut query, "limit", &(1 + self.random.below(9)).to_string());
            encode_pair(&mut query, "page", &(1 + self.random.below(4)).to_string());
        }
        let secret = self.random.below(3);
        self.send(me, secret, What::List, &Method::GET, &format!("/v2/audit_logs?{query}"), "")
    }

    /// An entry of another account, or what might be one.
    fn get(&mut self, me: usize, other: usize) -> Sent {
        // Both may have chosen the same token, and then it is the caller's own.
        let foreign = self.entry(other).filter(|token| !self.parties[me].belongings.has(token));
        let token = foreign.unwrap_or_else(|| "adt_lg_0000000000000000".to_owned());
        let target = format!("/v2/audit_logs/{token}");
        let method = if self.random.once_in(4) { Method::HEAD } else { Method::GET };
        let mut sent = self.send(me, 0, What::NotThere, &method, &target, "");
        sent.text.push_str(&target);
        sent
    }

    fn own_entry(&mut self, me: usize) -> Sent {
        let token = self.entry(me).unwrap_or_default();
        self.send(me, 0, What::Other, &Method::GET, &format!("/v2/audit_logs/{token}"), "")
    }

    fn workspaces(&mut self, me: usize, other: usize) -> Sent {
        let theirs = self.parties[other].workspaces[0].clone();
        let mark = self.parties[other].mark;
        let (what, target) = match self.random.below(4) {
            0 => (What::Other, "/v2/me".to_owned()),
            1 => (What::Other, "/v2/workspaces".to_owned()),
            2 => (What::Other, format!("/v2/workspaces?q={mark}")),
            _ => (What::NotThere, format!("/v2/workspaces/{theirs}")),
        };
        let mut sent = self.send(me, 0, what, &Method::GET, &target, "");
        sent.text.push_str(&target);
        sent
    }

    /// A grant, or the attempt to get one with the id of another's client.
    fn grant(&mut self, me: usize, other: usize) -> Sent {
        let stolen = self.random.once_in(2);
        let client = self.parties[if stolen { other } else { me }].client_id.clone();
        let secret = self.parties[me].secrets[0].clone();
        let body = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
        let request = self.server.request(Method::POST, "/oauth/token", "");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.clone());
        let what = if stolen { What::Stranger } else { What::Grant };
        Sent { party: Some(me), what, request, text: body }
    }

    /// Mistakes of every kind, whose answers quote the caller.
    fn wrong(&mut self, me: usize, other: usize) -> Sent {
        let (mine, theirs) = (self.marked(me), self.known(other));
        let workspace = self.parties[other].workspaces[0].clone();
        match self.random.below(4) {
            0 => self.send(
                me,
                0,
                What::Other,
                &Method::GET,
                &format!("/v2/audit_logs?usr={mine}&as_of={theirs}"),
                "",
            ),
            1 => self.send(
                me,
                0,
                What::Other,
                &Method::POST,
                "/v2/audit_logs",
                &format!("{{\"{mine}\": {theirs}}}"),
            ),
            2 => {
                let event =
                    json!({ "event": theirs, "object_type": "x", "workspace_token": workspace, mine: 1 });
                self.send(me, 1, What::Other, &Method::POST, "/v2/audit_logs", &event.to_string())
            }
            _ => {
                let event =
                    json!({ "event": "record_created", "object_type": "x", "workspace_token": workspace });
                self.send(me, 1, What::NotThere, &Method::POST, "/v2/audit_logs", &event.to_string())
            }
        }
    }

    /// Somebody without an access token, or with one that is nearly another's.
    fn stranger(&mut self, other: usize) -> Sent {
        let mut secret = self.parties[other].secrets[0].clone();
        secret.pop();
        let secret = if self.random.once_in(2) { secret } else { String::new() };
        let target = format!("/v2/audit_logs?source=source_{}", self.known(other));
        let request = self.server.request(Method::GET, &target, &secret);
        Sent { party: None, what: What::Stranger, request, text: target }
    }

    /// A list, should it not have changed since another account saw it.
    fn conditional(&mut self, me: usize, other: usize) -> Sent {
        let tag =
            self.random.any(&self.parties[other].etags).cloned().unwrap_or_else(|| "\"none\"".to_owned());
        let mut sent = self.send(me, 0, What::List, &Method::GET, "/v2/audit_logs?limit=3", "");
        sent.request = sent.request.header("if-none-match", tag);
        sent
    }

    /// Notes what an answer gives to its caller.
    fn note(&mut self, party: usize, what: What, answer: &Answer) {
        let party = &mut self.parties[party];
        if !answer.status.is_success() {
            return;
        }
        match what {
            What::Write => {
                let body = answer.json();
                let single = [body.clone()];
                for entry in body["audit_logs"].as_array().map_or(&single[..], Vec::as_slice) {
                    let (index, token) = (entry["index"].as_u64(), entry["token"].as_str());
                    let (index, token) = (index.expect("an index"), token.expect("a token"));
                    party.belongings.add(token);
                    let other = party.entries.insert(index, token.to_owned());
                    assert!(other.is_none_or(|other| other == token), "two entries at {index}");
                }
            }
            What::Grant => {
                let secret = answer.json()["access_token"].as_str().expect("a grant").to_owned();
                party.belongings.add(&secret);
                // It takes the place of the token that may do all, so that it is used from now on.
                party.secrets.push(secret);
                let last = party.secrets.len() - 1;
                party.secrets.swap(2, last);
            }
            What::List => {
                party.etags.extend(answer.header("etag").map(str::to_owned));
                // Entries of the command line were never answered to a write.
                for entry in answer.json()["audit_logs"].as_array().expect("a list") {
                    if entry["source"] == "cli" {
                        party.belongings.add(entry["token"].as_str().expect("a token"));
                    }
                }
            }
            _ => {}
        }
    }

    fn check(&mut self, party: Option<usize>, what: What, sent: &str, answer: &Answer) {
        self.answers += 1;
        self.errors += usize::from(!answer.status.is_success());
        let headers = format!("{:?}", answer.headers);
        let own = party.map(|party| &self.parties[party]);
        for text in [headers.as_str(), &answer.text()] {
            if let Some(found) = foreign(&decoded(text), own, &self.parties, sent) {
                let mark = own.map_or("a stranger", |own| own.mark);
                panic!(
                    "{found} is in an answer to {mark}, who sent {sent}: {} {headers} {}",
                    answer.status,
                    answer.text()
                );
            }
        }
        let status = answer.status;
        assert!(
            !status.is_server_error() && status != StatusCode::NOT_MODIFIED,
            "{what:?} {sent}: {}",
            answer.text()
        );
        match what {
            What::NotThere => assert!(matches!(status.as_u16(), 404 | 422), "{sent}: {}", answer.text()),
            What::Stranger => assert_eq!(status, StatusCode::UNAUTHORIZED, "{sent}: {}", answer.text()),
            What::Grant => assert_eq!(status, StatusCode::OK, "{}", answer.text()),
            What::Write => {
                assert!(matches!(status.as_u16(), 201 | 409 | 422), "{sent}: {}", answer.text());
            }
            What::List => assert_eq!(status, StatusCode::OK, "{sent}: {}", answer.text()),
            What::Other => {}
        }
    }
}

/// Links as people read them: nothing of `%20kestrel` was sent by anyone.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = (*first == b'%').then(|| std::str::from_utf8(after.get(..2)?).ok()).flatten();
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
