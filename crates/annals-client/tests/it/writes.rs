//! Recording one event and batches.

use annals_client::{Action, Client, Error, Idempotency, NewEvent, Recorded};

use crate::server::{Fault, Server};

#[tokio::test]
async fn an_event_is_sent_with_a_key_of_its_own() {
    let server = Server::start().await;
    let client = Client::new(&server.url(), "secret").expect("a URL");
    let event = NewEvent::new("cost_report", Action::Create)
        .object("rprt_1", "Spend")
        .after(&serde_json::json!({"title": "Spend"}))
        .expect("an object");
    let log = client.record(&event).await.expect("recorded");
    client.record(&event).await.expect("recorded again, as an event of its own");
    assert_eq!(log.index, Some(0));
    let keys: Vec<String> =
        server.seen().iter().filter_map(|seen| seen.header("idempotency-key").map(str::to_owned)).collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
    assert_eq!(server.done().len(), 2);
    assert_eq!(server.seen()[0].header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn an_event_with_a_key_is_sent_with_that_alone() {
    let server = Server::start().await;
    let client = Client::new(&server.url(), "secret").expect("a URL");
    let event = NewEvent::new("cost_report", Action::Create).idempotency_key("mine");
    client.record(&event).await.expect("recorded");
    assert_eq!(server.seen()[0].header("idempotency-key"), None);
    assert!(server.seen()[0].body.contains(r#""idempotency_key":"mine""#));
}

#[tokio::test]
async fn a_batch_asks_for_tokens_and_indexes_only() {
    let server = Server::start().await;
    let client = Client::new(&server.url(), "secret").expect("a URL");
    let batch =
        client.record_ndjson("{}\n", Idempotency::Key("one batch".to_owned())).await.expect("recorded");
    let token = "adt_lg_0000000000000000".to_owned();
    assert_eq!(batch.audit_logs, [Recorded { token, index: 0, replayed: false }]);
    assert!(!batch.resent);
    let seen = &server.seen()[0];
    assert_eq!(seen.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(seen.header("prefer"), Some("return=minimal"));
    assert_eq!(seen.header("idempotency-key"), Some("one batch"));
}

#[tokio::test]
async fn a_refusal_tells_every_sentence() {
    let server = Server::start().await;
    server.fail(Fault::Refuse(
        422,
        None,
        r#"{"errors":["audit_logs[0].event is missing","audit_logs[2].user_id must be a whole number"]}"#,
    ));
    let client = Client::new(&server.url(), "secret").expect("a URL");
    let error = client.record_ndjson("{}\n", Idempotency::None).await.expect_err("refused");
    let Error::Api(refusal) = error else { panic!("{error:?}") };
    assert_eq!(refusal.status, 422);
    assert_eq!(refusal.errors.len(), 2);
    assert!(server.done().is_empty());
}
