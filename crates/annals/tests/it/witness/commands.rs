//! The commands of a witness, what they leave on the disk, and how they fail.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Output};

use annals_tlog::note::VerifierKey;
use serde_json::{Value, json};

use super::{
    cosigned,
    log::TestLog,
    server::{WitnessServer, run, try_run},
};

fn stdout(output: Output) -> String {
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What a command that failed said: what is wrong and what to do.
#[track_caller]
fn failed(dir: &Path, arguments: &[&str], code: i32) -> String {
    let output = try_run(dir, arguments);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{said}");
    assert!(said.starts_with("error: ") && said.contains("\nhint: "), "{said}");
    said
}

fn listed(dir: &Path) -> Vec<Value> {
    let text = stdout(run(dir, &["log", "list", "--json"]));
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn keys_are_made_once_and_for_their_owner_alone() {
    let scratch = tempfile::tempdir().expect("a directory");
    let dir = scratch.path().join("a/witness");
    assert!(failed(&dir, &["keys"], 1).contains("there is no witness in"));
    assert!(failed(&dir, &["log", "list"], 1).contains("there is no witness in"));
    assert!(failed(&dir, &["init", "--name", "a name"], 2).contains("`a name` cannot be the name"));
    assert!(!dir.exists(), "what fails leaves nothing behind");

    let made = stdout(run(&dir, &["init", "--name", "example.com/w1"]));
    assert_eq!(made.lines().filter(|line| line.parse::<VerifierKey>().is_ok()).count(), 2);
    assert_eq!(made.lines().count(), 2);
    assert_eq!(stdout(run(&dir, &["keys"])), made);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&dir.join("keys"))), (0o700, 0o600));

    assert!(failed(&dir, &["init", "--name", "example.com/w1"], 1).contains("there is a witness in"));
    assert_eq!(stdout(run(&dir, &["keys"])), made);
    // What is left without its keys is not for other keys to go on with.
    run(&dir, &["log", "add", &TestLog::new("example.org/log", 0).vkey()]);
    fs::remove_file(dir.join("keys")).expect("the keys are there");
    assert!(failed(&dir, &["init", "--name", "example.com/w1"], 1).contains("there is a witness in"));
}

#[tokio::test]
async fn logs_come_and_go_but_are_not_forgotten() {
    let log = TestLog::new("example.org/log", 30);
    let renamed = TestLog::new("example.org/key", 0);
    let server = WitnessServer::start("example.com/w1").await;
    let dir = server.dir.as_path();
    assert_eq!(listed(dir), [] as [Value; 0]);
    server.add(&log);
    server.add(&log);
    run(dir, &["log", "add", &renamed.vkey(), "--origin", "example.org/log"]);
    run(dir, &["log", "add", &renamed.vkey(), "--origin", "Größe / \u{202e}2"]);
    cosigned(&log, 20, 0, &server.client()).await;
    assert_eq!(
        listed(dir),
        [
            json!({"origin": "Größe / \u{202e}2", "size": 0, "keys": [renamed.vkey()]}),
            json!({"origin": "example.org/log", "size": 20, "keys": [log.vkey(), renamed.vkey()]}),
        ]
    );
    let table = stdout(run(dir, &["log", "list"]));
    assert!(table.contains("example.org/log") && table.contains("\\u{202e}2"), "{table}");
    // Either key will do.
    let by_other = log.checkpoint_by(25, &renamed.key);
    let request =
        annals_tlog::witness::AddCheckpoint::new(20, log.prove(20, 25), by_other).expect("a request");
    assert_eq!(server.post(request.to_string()).await.status, 200);

    run(dir, &["log", "remove", "example.org/log"]);
    assert_eq!(listed(dir).len(), 1);
    assert_eq!(server.post(log.request(25, 30)).await.status, 404);
    assert!(failed(dir, &["log", "remove", "example.org/log"], 1).contains("example.org/log"));
    server.add(&log);
    assert_eq!(server.post(log.request(0, 30)).await.text(), "25\n");
    assert_eq!(server.post(request.to_string()).await.status, 403, "its other key is gone");

    assert!(failed(dir, &["log", "add", &log.vkey(), "--origin", ""], 2).contains("cannot be the origin"));
    let output = try_run(dir, &["log", "add", "example.org/log"]);
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn a_directory_is_served_once_and_to_an_orderly_end() {
    let log = TestLog::new("example.org/log", 30);
    let mut server = WitnessServer::start("example.com/w1").await;
    let said =
        String::from_utf8(try_run(&server.dir, &["serve", "--listen", "127.0.0.1:0"]).stderr).expect("UTF-8");
    assert!(said.contains("error: another server (process ") && said.contains("--dir"), "{said}");
    server.add(&log);

    let page = server.page().await;
    assert!(page.starts_with("This is a witness") && page.ends_with("\n0 example.org/log\n"), "{page}");
    assert!(server.keys.iter().all(|key| page.contains(&key.to_string())), "{page}");
    assert_eq!(server.get("/healthz").await.text(), "ok\n");
    assert!(server.stop(), "an orderly end");
    server.kill_and_restart().await;
}

/// A witness that cannot read what it cosigned does not begin anew.
#[tokio::test]
async fn what_was_changed_on_the_disk_is_not_believed() {
    let log = TestLog::new("example.org/log", 30);
    let mut server = WitnessServer::start("example.com/w1").await;
    server.add(&log);
    cosigned(&log, 20, 0, &server.client()).await;
    let mut files =
        fs::read_dir(server.dir.join("logs")).expect("a directory").map(|file| file.expect("a file").path());
    let path =
        files.find(|path| path.extension().is_some_and(|is| is == "checkpoint")).expect("a checkpoint");
    let text = fs::read_to_string(&path).expect("a checkpoint");
    let change = |to: &str| {
        let file = fs::OpenOptions::new().write(true).truncate(true).open(&path);
        std::io::Write::write_all(&mut file.expect("it is there"), to.as_bytes()).expect("it can be changed");
    };
    for changed in ["", "example.org/log\n", &text.replace("\n20\n", "\n2\n"), &text[..text.len() / 2]] {
        change(changed);
        for request in [log.request(0, 30), log.request(2, 30), log.request(20, 30)] {
            let answer = server.post(request).await;
            assert_eq!(answer.status, 500, "{answer:?}");
        }
    }
    assert!(failed(&server.dir, &["log", "list"], 1).contains("is not as a witness writes it"));
    change(&text);
    server.kill_and_restart().await;
    cosigned(&log, 30, 20, &server.client()).await;
}
