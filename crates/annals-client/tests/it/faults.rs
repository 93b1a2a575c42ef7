//! Both kinds of failure, refused and done-but-the-answer-lost: nothing is lost and nothing is doubled.

use std::time::{Duration, Instant};

use annals_client::{Action, Client, Error, Idempotency, ListFilters, NewEvent, RetryPolicy};

use crate::server::{Fault, Server};

fn client(server: &Server) -> Client {
    let quick = RetryPolicy {
        attempts: 3,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_secs(2),
    };
    Client::builder(&server.url(), "secret").retry(quick).build().expect("a URL")
}

fn event() -> NewEvent {
    NewEvent::new("cost_report", Action::Create)
}

#[tokio::test]
async fn an_event_is_recorded_once_whatever_failed_before() {
    let busy = || Fault::Refuse(503, Some(0), r#"{"errors":["too busy"]}"#);
    let faults: [&[Fault]; 6] = [
        &[busy()],
        &[Fault::LoseAnswer],
        &[busy(), Fault::LoseAnswer],
        &[Fault::LoseAnswer, busy()],
        &[Fault::LoseAnswer, Fault::LoseAnswer],
        &[Fault::Refuse(502, None, "<html>"), Fault::Refuse(429, Some(0), "")],
    ];
    for faults in faults {
        let server = Server::start().await;
        faults.iter().cloned().for_each(|fault| server.fail(fault));
        let log = client(&server).record(&event()).await.expect("recorded");
        assert_eq!(log.index, Some(0), "{faults:?}");
        assert_eq!(server.done().len(), 1, "{faults:?}");
        assert_eq!(server.seen().len(), faults.len() + 1, "{faults:?}");
    }
}

#[tokio::test]
async fn a_batch_that_may_not_be_repeated_is_not_sent_again_when_it_may_be_done() {
    for fault in [Fault::LoseAnswer, Fault::Refuse(503, Some(0), ""), Fault::Refuse(502, None, "")] {
        let server = Server::start().await;
        server.fail(fault.clone());
        let error = client(&server).record_ndjson("{}", Idempotency::None).await.expect_err("unknown");
        assert_eq!(matches!(error, Error::Lost { .. }), matches!(fault, Fault::LoseAnswer), "{error:?}");
        assert_eq!(server.seen().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_batch_that_may_not_be_repeated_is_sent_again_when_nothing_was_done() {
    let server = Server::start().await;
    server.fail(Fault::Refuse(429, Some(0), ""));
    let batch = client(&server).record_ndjson("{}", Idempotency::None).await.expect("recorded");
    assert!(!batch.resent);
    assert_eq!(server.done().len(), 1);
}

#[tokio::test]
async fn a_batch_sent_again_after_a_lost_answer_says_so() {
    let server = Server::start().await;
    server.fail(Fault::LoseAnswer);
    let line = r#"{"idempotency_key":"a"}"#;
    let batch = client(&server).record_ndjson(line, Idempotency::Events).await.expect("recorded");
    assert!(batch.resent);
    assert!(batch.audit_logs[0].replayed);
    assert_eq!(server.done().len(), 1);
}

#[tokio::test]
async fn tries_are_bounded_and_the_last_error_is_told() {
    let server = Server::start().await;
    for _ in 0..9 {
        server.fail(Fault::Refuse(503, Some(0), r#"{"errors":["shutting down"]}"#));
    }
    let error = client(&server).record(&event()).await.expect_err("refused");
    assert_eq!(error.to_string(), "shutting down (HTTP 503)");
    assert_eq!(server.seen().len(), 3);
    let keys: Vec<_> =
        server.seen().iter().map(|seen| seen.header("idempotency-key").map(str::to_owned)).collect();
    assert!(keys[0].is_some() && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[tokio::test]
async fn retry_after_is_waited_for_and_a_long_one_is_passed_on() {
    let server = Server::start().await;
    server.fail(Fault::Refuse(429, Some(1), ""));
    let began = Instant::now();
    client(&server).record(&event()).await.expect("recorded");
    assert!(began.elapsed() >= Duration::from_secs(1));

    server.fail(Fault::Refuse(429, Some(3600), ""));
    let Err(Error::Api(refusal)) = client(&server).record(&event()).await else { panic!("refused") };
    assert_eq!(refusal.retry_after, Some(Duration::from_hours(1)));
}

#[tokio::test]
async fn other_refusals_are_not_repeated() {
    for status in [400, 401, 403, 404, 409, 413, 422, 500] {
        let server = Server::start().await;
        server.fail(Fault::Refuse(status, None, ""));
        client(&server).list(&ListFilters::default()).await.expect_err("refused");
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let url = format!("http://{}", nobody.expect("a free port"));
    let client = Client::builder(&url, "secret").retry(RetryPolicy::NEVER).build().expect("a URL");
    let error = client.record(&event()).await.expect_err("nobody there");
    assert!(matches!(&error, Error::Unreachable { url: named, .. } if *named == url), "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_times_out() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("a bound socket"));
    let client = Client::builder(&url, "secret")
        .retry(RetryPolicy::NEVER)
        .timeout(Duration::from_millis(100))
        .build()
        .expect("a URL");
    let error = client.list(&ListFilters::default()).await.expect_err("silence");
    assert!(matches!(error, Error::Lost { .. }), "{error:?}");
}
