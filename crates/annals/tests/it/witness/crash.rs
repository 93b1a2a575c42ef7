//! What a witness has said holds, whatever happened to it since.

use std::process::Command;

use super::{cosigned, log::TestLog, server::WitnessServer};
use crate::support::{ANNALS, Answer};

/// Killed at any moment, the witness knows at least what it has told, and nothing of any other tree.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_witness_remembers() {
    const ROUNDS: u64 = 12;
    const STEP: u64 = 40;
    let log = TestLog::new("example.org/log", ROUNDS * STEP);
    let mut server = WitnessServer::start("example.com/w1").await;
    server.add(&log);
    let mut told = 0;
    for round in 0..ROUNDS {
        let end = (round + 1) * STEP;
        let requests: Vec<String> = (told..end).map(|size| log.request(size, size + 1)).collect();
        let url = format!("{}/add-checkpoint", server.url);
        let sender = tokio::spawn(async move {
            let http = reqwest::Client::builder().no_proxy().build().expect("HTTP client");
            let mut cosigned = 0;
            for request in requests {
                match http.post(&url).body(request).send().await {
                    Ok(answer) if answer.status() == 200 => cosigned += 1,
                    Ok(answer) => panic!("{}", answer.status()),
                    Err(_) => break,
                }
            }
            cosigned
        });
        tokio::time::sleep(std::time::Duration::from_millis(10 * round)).await;
        server.kill_and_restart().await;
        told += sender.await.expect("no refusals");

        let fork = TestLog::forked("example.org/log", end + 1, told.saturating_sub(1), 7);
        // A witness that knows nothing yet cosigns this.
        let known: u64 = server.post(log.request(0, end)).await.text().trim().parse().unwrap_or(end);
        assert!((told..=told + 1).contains(&known) || told == 0, "{told} were cosigned, {known} are known");
        let answer = server.post(fork.request(known, end + 1)).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        cosigned(&log, end, known, &server.client()).await;
        told = end;
    }
}

/// A witness on a disk on which some of the calls of fsync fail, counted for each thread.
async fn start_failing(when: &str) -> WitnessServer {
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e"]);
    strace.arg(format!("inject=fsync:error=EIO{when}")).arg(ANNALS);
    WitnessServer::start_with("example.com/w1", strace).await
}

#[tokio::test]
async fn nothing_is_told_that_is_not_durable() {
    let log = TestLog::new("example.org/log", 30);
    let fork = TestLog::forked("example.org/log", 30, 10, 1);
    // First that of the new file, then that of the directory.
    for when in ["", ":when=2"] {
        let mut server = start_failing(when).await;
        server.add(&log);
        let answer = server.post(log.request(0, 20)).await;
        assert_eq!(answer.status, 500, "{answer:?}");
        assert!(answer.text().contains("cannot cosign") && !answer.text().contains('—'), "{answer:?}");
        server.kill_and_restart().await;
        // It may have gone on, which the log is told, or not.
        let answer = server.post(fork.request(0, 30)).await;
        if when.is_empty() {
            assert_eq!(answer.status, 200, "{answer:?}");
        } else {
            check_conflict(&answer, 20);
            cosigned(&log, 30, 0, &server.client()).await;
        }
    }
}

#[track_caller]
fn check_conflict(answer: &Answer, size: u64) {
    assert_eq!((answer.status.as_u16(), answer.text()), (409, format!("{size}\n")));
}
