//! The write API: forms, validation, exactness of values, idempotency, durability of what was acknowledged.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server, annals};

#[tokio::test]
async fn before_and_after_become_what_changed() {
    let (server, tenant) = Server::start().await;
    let event = json!({
        "object_type": "cost_report", "action": "update", "object_token": "rprt_1", "object_title": "Größe 日本",
        "source": "console", "user": "Ada", "user_id": 7, "user_role": "Owner", "created_at": "2025-01-02T03:04:05.678901+01:00",
        "before": {"title": "a", "same": [1, {"x": 1.0}], "gone": true},
        "after": {"title": "b", "same": [1, {"x": 1}], "added": null, "new": {"k": "v"}},
        "context": {"ip": "203.0.113.7"}, "metadata": {"why": "because"},
    });
    let recorded = server.post(&tenant.token, &event).await.ok();
    assert_eq!(
        recorded["changed_values"],
        json!({"title": ["a", "b"], "gone": [true, null], "new": [null, {"k": "v"}]})
    );
    assert_eq!(recorded["unchanged_values"], json!({"same": [1, {"x": 1}], "added": null}));
    assert_eq!(recorded["object_changes"], recorded["changed_values"]);
    assert_eq!(recorded["created_at"], "2025-01-02T02:04:05Z");
    assert_eq!(recorded["object_type"], "Report");
    assert_eq!(recorded["context"], json!({"ip": "203.0.113.7"}));
    assert_eq!((&recorded["user_id"], &recorded["user_role"]), (&json!(7), &json!("Owner")));
}

#[tokio::test]
async fn numbers_and_strings_come_back_as_they_were_sent() {
    let (server, tenant) = Server::start().await;
    let values = r#"{"a":[9007199254740993,18446744073709551616],"b":[1.10,-0.0],"c":[1e300,123456789012345678901234567890],"d":["{\"k\": [1]}","\u0000\ud83d\ude00"]}"#;
    let body = format!(r#"{{"object_type":"segment","action":"update","changed_values":{values}}}"#);
    let request = server.request(Method::POST, "/v2/audit_logs", &tenant.token);
    let recorded = Answer::of(request.header("content-type", "application/json").body(body)).await;
    assert_eq!(recorded.status, 201);
    let token = recorded.text().split('"').nth(3).unwrap().to_owned();
    let served = server.get(&tenant.token, &format!("/v2/audit_logs/{token}")).await.text();
    let expected = values.replace("\\ud83d\\ude00", "😀");
    assert!(served.contains(&format!("\"changed_values\":{expected}")), "{served}");
    assert_eq!(served, recorded.text());
}

#[tokio::test]
async fn a_batch_is_recorded_wholly_or_not_at_all() {
    let (server, tenant) = Server::start().await;
    let count = async || server.walk(&tenant.token, "object_type=segment").await.len();
    let event =
        |n: usize| json!({"object_type": "segment", "action": "create", "object_token": format!("o{n}")});
    let mut events: Vec<Value> = (0..1_000).map(event).collect();
    events[3].as_object_mut().unwrap().remove("object_type");
    events[7]["actoin"] = json!("x");
    events[9]["before"] = json!({});
    let errors = server.post(&tenant.token, &json!({"audit_logs": events})).await.errors(422);
    assert_eq!(
        errors,
        [
            "audit_logs[3].object_type is missing",
            "audit_logs[7].actoin is no field of an event; did you mean action?",
            "audit_logs[9].before may not be given for a create: nothing was there before",
        ]
    );
    assert_eq!(count().await, 0);

    let events: Vec<Value> = (0..1_000).map(event).collect();
    let recorded = server.post(&tenant.token, &json!({"audit_logs": events})).await.ok();
    let indexes: Vec<u64> = recorded["audit_logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["index"].as_u64().unwrap())
        .collect();
    assert!(indexes.windows(2).all(|pair| pair[1] == pair[0] + 1), "indexes are consecutive");
    assert_eq!(count().await, 1_000);
    server
        .post(&tenant.token, &json!({"audit_logs": (0..1_001).map(event).collect::<Vec<_>>()}))
        .await
        .errors(413);
    server.post(&tenant.token, &json!({"audit_logs": []})).await.errors(422);
    server.post(&tenant.token, &json!({"audit_logs": [], "x": 1})).await.errors(422);

    let lines: Vec<Value> = (0..10_000).map(event).collect();
    server.post_lines(&tenant.token, &lines).await.ok();
    assert_eq!(count().await, 11_000);
    let more: Vec<Value> = (0..10_001).map(event).collect();
    server.post_lines(&tenant.token, &more).await.errors(413);
    assert_eq!(count().await, 11_000);
}

#[tokio::test]
async fn every_fault_is_one_clear_sentence() {
    let (server, tenant) = Server::start().await;
    let mut report = String::new();
    let (update, create) = (
        json!({"object_type": "segment", "action": "update"}),
        json!({"object_type": "segment", "action": "create"}),
    );
    let with = |base: &Value, fields: Value| {
        let mut event = base.clone();
        for (field, value) in fields.as_object().unwrap() {
            event[field] = value.clone();
        }
        event
    };
    for event in [
        json!({}),
        json!([]),
        json!("x"),
        json!({"object_type": "Cost Report", "event": "created"}),
        with(&create, json!({"event": "record_updated"})),
        with(&update, json!({"after": {}})),
        with(&update, json!({"before": {}})),
        with(&update, json!({"before": [], "after": 1})),
        with(&update, json!({"before": {}, "after": {}, "changed_values": {}})),
        with(&update, json!({"object_changes": {"a": 1}})),
        with(&update, json!({"changed_values": {"a": [1, 2, 3]}})),
        with(&update, json!({"object_changes": {}, "changed_values": {"a": [1, 2]}, "token": "adt_lg_0"})),
        with(&create, json!({"user_id": "7", "user": 7, "source": "API", "context": [], "metadata": "x"})),
        with(&create, json!({"user_id": 1.5})),
        with(&create, json!({"created_at": "2999-01-01T00:00:00Z"})),
        with(&create, json!({"created_at": "yesterday", "object_token": "x".repeat(256)})),
        with(&create, json!({"idempotency_key": ""})),
        with(&create, json!({"colour": "red"})),
    ] {
        let errors = server.post(&tenant.token, &event).await.errors(422);
        let short = event.to_string();
        report.extend(short.chars().take(120).chain(['\n']));
        for error in errors {
            let now = error.find("here it is").unwrap_or(error.len());
            report.extend(["    ", &error[..now], "\n"]);
        }
    }
    insta::assert_snapshot!(report);
}

#[tokio::test]
async fn only_importers_choose_tokens_and_workspaces() {
    let (server, tenant) = Server::start().await;
    let writer = annals(
        &server.data_dir,
        &["token", "create", "writer", "--account", &tenant.account, "--scope", "write", "--role", "editor"],
    );
    let event = json!({"object_type": "segment", "action": "create", "token": "adt_lg_0000000000000001", "workspace_title": "New"});
    let errors = server.post(&writer, &event).await.errors(422);
    assert!(errors.iter().all(|error| error.contains("scope import")) && errors.len() == 2, "{errors:?}");
    let elsewhere = json!({"object_type": "segment", "action": "create", "workspace_token": "wrkspc_new"});
    let errors = server.post(&writer, &elsewhere).await.errors(422);
    assert_eq!(errors, ["workspace_token \"wrkspc_new\" is no workspace of this account"]);

    let mut event = event;
    event["workspace_token"] = json!("wrkspc_new");
    let recorded = server.post(&tenant.token, &event).await.ok();
    assert_eq!(recorded["token"], "adt_lg_0000000000000001");
    assert_eq!(recorded["workspace_title"], "New");
    assert_eq!(server.get(&tenant.token, "/v2/workspaces/wrkspc_new").await.ok()["name"], "New");
    server.post(&writer, &elsewhere).await.ok();
    let nowhere = json!({"object_type": "segment", "action": "create", "workspace_token": null});
    assert_eq!(server.post(&writer, &nowhere).await.ok()["workspace_token"], Value::Null);

    // The same again is a replay; the same token with other content is a conflict.
    let again = server.post(&tenant.token, &event).await;
    let mut without_time = event.clone();
    without_time["created_at"] = recorded["created_at"].clone();
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.ok(), recorded);
    assert_eq!(server.post(&tenant.token, &without_time).await.ok(), recorded);
    event["user"] = json!("Eve");
    let errors = server.post(&tenant.token, &event).await.errors(409);
    assert_eq!(errors, ["token adt_lg_0000000000000001 was already recorded with other content"]);
}

#[tokio::test]
async fn retries_are_safe() {
    let (server, tenant) = Server::start().await;
    let send = |key: &str, body: Value, minimal: bool| {
        let mut request = server
            .request(Method::POST, "/v2/audit_logs", &tenant.token)
            .json(&body)
            .header("idempotency-key", key);
        if minimal {
            request = request.header("prefer", "return=minimal");
        }
        Answer::of(request)
    };
    let batch = json!({"audit_logs": [{"object_type": "segment", "action": "create"}, {"object_type": "segment", "action": "delete"}]});
    let first = send("k1", batch.clone(), false).await;
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = send("k1", batch.clone(), false).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.ok(), first.ok());
    let minimal = send("k1", batch.clone(), true).await;
    assert_eq!(minimal.header("preference-applied"), Some("return=minimal"));
    let entries = minimal.ok()["audit_logs"].clone();
    assert_eq!(
        entries[0],
        json!({"token": first.ok()["audit_logs"][0]["token"], "index": first.ok()["audit_logs"][0]["index"], "replayed": true})
    );
    send("k1", json!({"object_type": "segment", "action": "create"}), false).await.errors(409);
    send("", batch.clone(), false).await.errors(400);

    // Keys of events, also twice in one request, also beside new events.
    let event = |key: &str, title: &str| json!({"object_type": "segment", "action": "create", "object_title": title, "idempotency_key": key});
    let single = server.post(&tenant.token, &event("e1", "one")).await.ok();
    let mixed = json!({"audit_logs": [event("e1", "one"), event("e2", "two"), event("e2", "two")]});
    let mixed = server.post(&tenant.token, &mixed).await;
    assert_eq!(mixed.header("idempotency-replayed"), None);
    let mixed = mixed.ok();
    assert_eq!(mixed["audit_logs"][0], single);
    assert_eq!(mixed["audit_logs"][1], mixed["audit_logs"][2]);
    let errors = server.post(&tenant.token, &event("e1", "other")).await.errors(409);
    assert!(errors[0].contains("idempotency_key"), "{errors:?}");
    assert_eq!(server.walk(&tenant.token, "object_type=segment").await.len(), 4);
}

#[tokio::test]
async fn concurrent_retries_record_once() {
    let (server, tenant) = Server::start().await;
    let sends = (0..32).map(|n| {
        let body =
            json!({"object_type": "segment", "action": "create", "object_token": format!("o{}", n % 4)});
        Answer::of(
            server
                .request(Method::POST, "/v2/audit_logs", &tenant.token)
                .json(&body)
                .header("idempotency-key", format!("k{}", n % 4)),
        )
    });
    let answers = futures_join(sends).await;
    for answer in &answers {
        answer.ok();
    }
    let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_some()).count();
    assert_eq!(replayed, 28);
    assert_eq!(server.walk(&tenant.token, "object_type=segment").await.len(), 4);
}

async fn futures_join<F: Future<Output = Answer> + Send>(futures: impl Iterator<Item = F>) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut pending: Vec<std::pin::Pin<Box<F>>> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        pending.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}

#[tokio::test]
async fn bodies_of_other_kinds_are_refused() {
    let (server, tenant) = Server::start().await;
    let send = |kind: &str, body: Vec<u8>| {
        Answer::of(
            server
                .request(Method::POST, "/v2/audit_logs", &tenant.token)
                .header("content-type", kind)
                .body(body),
        )
    };
    let event = br#"{"object_type":"segment","action":"create"}"#.to_vec();
    send("text/plain", event.clone()).await.errors(415);
    send("application/x-www-form-urlencoded", event.clone()).await.errors(415);
    assert_eq!(send("application/json; charset=utf-8", event.clone()).await.status, 201);
    assert_eq!(send("application/x-ndjson", event.clone()).await.status, 201);
    for broken in [
        &b""[..],
        b"{",
        b"nonsense",
        b"\xff{}",
        b"{\"a\":1,\"a\":2}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":01}",
        b"{\"a\":1e400}",
        b"{}{}",
    ] {
        send("application/json", broken.to_vec()).await.errors(400);
    }
    let errors =
        send("application/x-ndjson", [event.as_slice(), b"\n\n{\n", &event].concat()).await.errors(422);
    assert!(errors[0].starts_with("audit_logs[1] is not acceptable JSON"), "{errors:?}");
    let large =
        json!({"object_type": "segment", "action": "create", "metadata": {"x": "y".repeat(256 * 1024)}});
    let writer = tenant.token(&server.data_dir, "write");
    let errors = server.post(&writer, &large).await.errors(413);
    assert!(errors[0].contains("262144"), "{errors:?}");
    send("application/json", vec![b' '; 16 * 1024 * 1024 + 1]).await.errors(413);
    let encoded = server
        .request(Method::POST, "/v2/audit_logs", &tenant.token)
        .header("content-type", "application/json");
    Answer::of(encoded.header("content-encoding", "br").body(event)).await.errors(415);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = crate::support::Tenant::create(dir.path(), "Restarts");
    let mut before = Vec::new();
    for round in 0..3 {
        let mut server = Server::start_in(dir.path(), &[]).await;
        let now = server.walk(&tenant.token, "").await;
        assert!(round == 0 || now == before, "what was there is there, in the same order");
        for n in 0..20 {
            let at = format!("2025-01-{:02}T00:00:00Z", 28 - n);
            server
                .post(&tenant.token, &json!({"object_type": "segment", "action": "create", "created_at": at}))
                .await
                .ok();
        }
        before = server.walk(&tenant.token, "").await;
        let (status, said) = server.stop().await;
        assert!(status.success(), "{said}");
    }
}
