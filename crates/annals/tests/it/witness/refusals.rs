//! Each reason not to cosign, with its status and its body.

use annals_tlog::{
    note::{KeyType, SignerKey},
    witness::AddCheckpoint,
};

use super::{cosigned, log::TestLog, server::WitnessServer};
use crate::support::Answer;

const ORIGIN: &str = "example.org/log";

#[track_caller]
fn check(answer: &Answer, status: u16, said: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    let kind = if status == 409 { "text/x.tlog.size" } else { "text/plain; charset=utf-8" };
    assert_eq!(answer.header("content-type"), Some(kind));
    let text = answer.text();
    assert!(
        if status == 409 { text == said } else { text.contains(said) && text.ends_with('\n') },
        "{text:?}"
    );
}

#[tokio::test]
async fn every_refusal_has_its_status_and_changes_nothing() {
    let log = TestLog::new(ORIGIN, 400);
    let fork = TestLog::forked(ORIGIN, 400, 150, 1);
    let unknown = TestLog::new("example.org/unknown", 10);
    let server = WitnessServer::start("example.com/w1").await;
    server.add(&log);
    check(&server.post(fork.request(0, 0).replace("old 0", "old 1")).await, 400, "old size is larger");
    cosigned(&log, 200, 0, &server.client()).await;

    let another = SignerKey::new(ORIGIN, KeyType::Ed25519, &[9; 32]).expect("a key");
    let by_another = AddCheckpoint::new(200, log.prove(200, 300), log.checkpoint_by(300, &another));
    let by_another = by_another.expect("a request").to_string();
    let wrong_signature = log.request(200, 300).replace("\n300\n", "\n301\n");
    let no_proof = AddCheckpoint::new(200, Vec::new(), log.checkpoint(300)).expect("a request").to_string();
    let needless_proof = AddCheckpoint::new(200, log.prove(100, 200), log.checkpoint(200));
    let needless_proof = needless_proof.expect("a request").to_string();
    let of_another_size = log.request(100, 300).replacen("old 100", "old 200", 1);
    let cases = [
        (String::new(), 400, "the request is not understood: an empty line"),
        ("old 200\n\nexample.org/log\n".to_owned(), 400, "a signed note follows"),
        (log.request(200, 300).replacen("old 200", "old 0200", 1), 400, "the first line is"),
        (log.request(200, 300).replacen("old 200", "old 301", 1), 400, "the old size is larger"),
        (by_another, 403, "not signed by a trusted key"),
        (wrong_signature, 403, "not signed by a trusted key"),
        (unknown.request(0, 10), 404, "origin of the checkpoint is not known"),
        (log.request(0, 300), 409, "200\n"),
        (log.request(199, 300), 409, "200\n"),
        (log.request(100, 100), 409, "200\n"),
        (log.request(250, 300), 409, "200\n"),
        (no_proof, 422, "the consistency proof is wrong"),
        (needless_proof, 422, "the consistency proof is wrong"),
        (of_another_size, 422, "the consistency proof is wrong"),
        (fork.request(200, 300), 422, "the consistency proof is wrong"),
        (fork.request(200, 200), 422, "another root at the same size"),
        ("x".repeat(65_537), 413, "at most 65536 bytes"),
        ("x".repeat(800_000), 413, "at most 65536 bytes"),
        ("x".repeat(65_536), 400, "an empty line"),
    ];
    for (body, status, said) in cases {
        check(&server.post(body).await, status, said);
        check(&server.post(log.request(0, 300)).await, 409, "200\n");
    }
    check(&server.post(vec![0xff; 100]).await, 400, "the request is not understood");
    check(&server.get("/add-checkpoint").await, 405, "does not take this method");
    check(&server.get("/checkpoint").await, 404, "nothing at this path");
    // It is none the worse for it.
    cosigned(&log, 300, 200, &server.client()).await;
    check(&server.post(fork.request(200, 300)).await, 409, "300\n");
}

#[tokio::test]
async fn an_empty_log_has_one_root() {
    let log = TestLog::new(ORIGIN, 3);
    let server = WitnessServer::start("example.com/w1").await;
    server.add(&log);
    let wrong = log.request(0, 1).replace("\n1\n", "\n0\n");
    check(&server.post(wrong).await, 403, "not signed");
    let checkpoint =
        annals_tlog::checkpoint::Checkpoint::new(ORIGIN, 0, annals_tlog::leaf_hash(b"")).expect("sound");
    let mut note = annals_tlog::note::Note::new(checkpoint.to_string()).expect("a note");
    note.sign(&log.key).expect("the log signs");
    check(&server.post(format!("old 0\n\n{note}")).await, 422, "another root at the same size");
    cosigned(&log, 0, 0, &server.client()).await;
    cosigned(&log, 3, 0, &server.client()).await;
}

/// Of forks from the same size, all signed by the log, one wins and the others hear of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_requests_at_the_same_time_one_wins() {
    const FORKS: u64 = 6;
    let server = WitnessServer::start("example.com/w1").await;
    for round in 0..8 {
        let origin = format!("example.org/log{round}");
        let logs: Vec<TestLog> =
            (0..FORKS).map(|branch| TestLog::forked(&origin, 50 + branch % 2, 20, branch + 1)).collect();
        server.add(&logs[0]);
        cosigned(&logs[0], 20, 0, &server.client()).await;
        let answers = logs.iter().map(|log| {
            let (url, body) = (server.url.clone(), log.request(20, log.size()));
            tokio::spawn(async move {
                let http = reqwest::Client::builder().no_proxy().build().expect("HTTP client");
                Answer::of(http.post(format!("{url}/add-checkpoint")).body(body)).await
            })
        });
        let answers: Vec<_> = answers.collect();
        let mut winners = Vec::new();
        let mut sizes = Vec::new();
        for (log, answer) in logs.iter().zip(answers) {
            let answer = answer.await.expect("no panic");
            match answer.status.as_u16() {
                200 => winners.push(log),
                409 => sizes.push(answer.text()),
                _ => panic!("{answer:?}"),
            }
        }
        let [winner] = winners[..] else { panic!("{} forks were cosigned", winners.len()) };
        assert!(sizes.iter().all(|size| *size == format!("{}\n", winner.size())), "{sizes:?}");
        cosigned(winner, winner.size(), winner.size(), &server.client()).await;
    }
}
