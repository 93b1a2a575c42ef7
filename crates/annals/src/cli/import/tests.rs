//! Importing into a small server that can be told to fail.

mod server;

use std::{io::Cursor, path::Path};

use annals_client::{Client, RetryPolicy};

use super::{Importer, Progress, Source, Tally, import};
use server::{Fault, Server};

/// An import as the command does it, with a client that does not wait long.
async fn run(server: &Server, input: &str, tally: &mut Tally) -> anyhow::Result<()> {
    let quick =
        RetryPolicy { attempts: 4, first_wait: std::time::Duration::from_millis(1), ..RetryPolicy::PATIENT };
    let client = Client::builder(&server.url(), "secret").retry(quick).build()?;
    let reader = Box::new(Cursor::new(input.to_owned()));
    let source = Source { name: "the test".to_owned(), bytes: None, reader };
    import(source, &mut Importer::new(client), tally, &Progress::new(None)).await
}

fn tally() -> Tally {
    Tally::new(None, Path::new("-")).expect("no file")
}

/// Events that are told apart by `n` and carry a token.
fn events(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers.map(|n| format!(r#"{{"token":"adt_lg_{n:016x}","n":{n}}}"#)).collect()
}

fn counts(tally: &Tally) -> (u64, u64, u64, u64) {
    (tally.imported, tally.duplicates, tally.refused, tally.last_line)
}

#[tokio::test]
async fn a_history_is_recorded_in_order_and_once_however_often_it_is_imported() {
    let server = Server::start().await;
    let events = events(0..2500);
    let mut first = tally();
    run(&server, &events.join("\n"), &mut first).await.expect("imported");
    assert_eq!(counts(&first), (2500, 0, 0, 2500));
    let mut second = tally();
    run(&server, &events.join("\r\n"), &mut second).await.expect("imported");
    assert_eq!(counts(&second), (0, 2500, 0, 2500));
    assert_eq!(server.log(), events);
    assert_eq!(server.requests(), 6);
}

#[tokio::test]
async fn equal_lines_without_tokens_are_events_of_their_own_and_known_again() {
    let server = Server::start().await;
    let input = "{\"n\":1}\n{\"n\":2}\n{\"n\":1}\n";
    let mut first = tally();
    run(&server, input, &mut first).await.expect("imported");
    let mut second = tally();
    run(&server, &format!("{input}{{\"n\":1}}\n"), &mut second).await.expect("imported");
    assert_eq!((counts(&first), counts(&second)), ((3, 0, 0, 3), (1, 3, 0, 4)));
    assert_eq!(server.log().len(), 4);
}

#[tokio::test]
async fn lines_that_are_refused_are_told_and_written_out_and_the_others_imported() {
    let server = Server::start().await;
    let mut lines = events(0..1200);
    lines[3] = "{\"bad\":3}".to_owned();
    lines[7] = "nonsense".to_owned();
    lines[1100] = "{\"bad\": 1100, \"token\":\"adt_lg_x\"}".to_owned();
    // Was recorded before, with other content.
    run(&server, r#"{"token":"adt_lg_0000000000000005","n":"other"}"#, &mut tally()).await.expect("imported");

    let directory = tempfile::tempdir().expect("a directory");
    let refused = directory.path().join("refused.ndjson");
    let mut tally = Tally::new(Some(&refused), Path::new("-")).expect("a file");
    run(&server, &lines.join("\n"), &mut tally).await.expect("imported");
    tally.close().expect("written");

    assert_eq!(counts(&tally), (1196, 0, 4, 1200));
    let reasons: Vec<_> = tally.reasons().collect();
    assert_eq!(
        reasons,
        [
            (4, "bad is not wanted"),
            (6, "token adt_lg_0000000000000005 was already recorded with other content"),
            (8, "is no JSON object"),
            (1101, "bad is not wanted"),
        ]
    );
    let written = std::fs::read_to_string(refused).expect("the file");
    assert_eq!(written, [&*lines[3], &lines[5], &lines[7], &lines[1100], ""].join("\n"));
}

#[tokio::test]
async fn a_batch_of_nothing_but_refused_lines_is_no_failure() {
    let server = Server::start().await;
    let mut tally = tally();
    run(&server, &"{\"bad\":1}\n".repeat(1500), &mut tally).await.expect("gone through");
    assert_eq!(counts(&tally), (0, 0, 1500, 1500));
}

#[tokio::test]
async fn whatever_fails_on_the_way_every_event_is_there_once_and_in_order() {
    let mut lines = events(0..2500);
    lines[10] = "{\"bad\":10}".to_owned();
    let expected: Vec<_> = lines.iter().filter(|line| !line.contains("bad")).cloned().collect();
    let clean = Server::start().await;
    run(&clean, &lines.join("\n"), &mut tally()).await.expect("imported");
    assert_eq!((clean.requests(), clean.log()), (4, expected.clone()));

    for request in 0..clean.requests() {
        for fault in [Fault::Refuse, Fault::LoseAnswer] {
            let server = Server::start().await;
            server.fail_at(request, fault);
            let mut tally = tally();
            run(&server, &lines.join("\n"), &mut tally).await.expect("imported");
            assert_eq!(server.log(), expected, "{fault:?} at {request}");
            assert_eq!(
                (tally.imported + tally.duplicates, tally.refused),
                (2499, 1),
                "{fault:?} at {request}"
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_takes_less_gets_less_at_a_time() {
    let server = Server::start().await;
    let mut lines = events(0..300);
    lines[40] = format!("{{\"token\":\"adt_lg_x\",\"n\":\"{}\"}}", "x".repeat(5000));
    server.take_at_most(4000);
    let mut tally = tally();
    run(&server, &lines.join("\n"), &mut tally).await.expect("imported");
    assert_eq!(counts(&tally), (299, 0, 1, 300));
    let refused = lines.remove(40);
    assert!(refused.len() > 4000);
    assert_eq!(server.log(), lines);
    assert_eq!(tally.reasons().collect::<Vec<_>>(), [(41, "the body is too large")]);
}

#[tokio::test]
async fn a_refusal_that_names_no_line_stops_with_the_servers_words() {
    for errors in ["the log is closed", "audit_logs[1000].n is wrong"] {
        let server = Server::start().await;
        server.fail_at(1, Fault::Answer(422, errors));
        let mut tally = tally();
        let error = run(&server, &events(0..2500).join("\n"), &mut tally).await.expect_err("refused");
        assert_eq!(error.to_string(), format!("{errors} (HTTP 422)"));
        // What was imported before stays counted, and says where to look.
        assert_eq!(counts(&tally), (1000, 0, 0, 1000));
    }
}

#[tokio::test]
async fn a_token_without_the_scope_is_told_once_and_not_for_each_line() {
    let server = Server::start().await;
    let sentence = "audit_logs[0].token may only be given with an access token of the scope import";
    server.fail_at(0, Fault::Answer(422, sentence));
    let mut tally = tally();
    let error = run(&server, &events(0..10).join("\n"), &mut tally).await.expect_err("refused");
    assert!(error.to_string().starts_with("the access token lacks the scope import"), "{error}");
    assert_eq!(counts(&tally), (0, 0, 0, 0));
    assert_eq!(server.requests(), 1);
}
