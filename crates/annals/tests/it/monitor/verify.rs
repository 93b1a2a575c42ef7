//! `annals verify --url`: the same verification, of everything and at once.

use std::fs;

use annals_tlog::note::{KeyType, SignerKey};
use serde_json::{Value, json};

use super::{
    Log, Reply, Server,
    altered::{SIZE, cases},
    fake::{ORIGIN, key, log_key, signed},
};
use crate::{
    cli::{Ran, command},
    read::history,
    support::{self, annals},
    tlog::Mirror,
};

fn vkey(key: &SignerKey) -> String {
    key.verifier().to_string()
}

/// The key as it is named in what is printed.
fn named(key: &SignerKey) -> String {
    let text = vkey(key);
    text.rsplit_once('+').expect("name, ID and key").0.to_owned()
}

/// Verifies the log of a server with the key of the test's log.
fn verify(server: &Server, arguments: &[&str]) -> Ran {
    let mut command = command(&["verify", "--url", &server.url(), "--key", &vkey(&log_key())]);
    command.args(arguments);
    Ran::of(command, None)
}

/// Where a checkpoint is kept.
#[expect(clippy::disallowed_methods, reason = "a file of a test need not last")]
fn kept(dir: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    fs::write(&path, text).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn a_log_of_any_size_is_intact() {
    let log = Log::of(66_000);
    let dir = tempfile::tempdir().expect("a directory");
    let by = named(&log_key());
    for (size, shown) in [(0, "0"), (1, "1"), (257, "257"), (66_000, "66,000")] {
        let server = Server::start(log.files(size));
        let ran = verify(&server, &[]);
        assert_eq!(
            ran.ok(),
            format!("{ORIGIN}: intact: {shown} entries; their checkpoint is signed by {by}\n")
        );
        assert_eq!(ran.stderr, "");
        // Every entry is read, whatever is remembered.
        server.asked();
        let old = kept(&dir, "old", &log.note(size / 2));
        let new = kept(&dir, "new", &log.note(size));
        let ran = verify(&server, &["--checkpoint", &old, "--checkpoint", &new, "--json"]);
        let printed: Value = serde_json::from_str(ran.ok()).expect("JSON");
        assert_eq!(
            printed,
            json!({
                "log": ORIGIN, "intact": true, "entries": size, "root": log.checkpoint(size).root().to_string(), "unread": 0,
                "signed_by": [&by], "cosigned_by": [], "remembered": [size / 2, size],
            })
        );
        let bundles = server.asked().iter().filter(|path| path.starts_with("tile/entries/")).count();
        assert_eq!(bundles, size.div_ceil(256));
    }
}

#[test]
fn every_alteration_is_found_and_told_from_what_cannot_be_learnt() {
    let log = Log::of(SIZE);
    let files = log.files(SIZE);
    let server = Server::start(files.clone());
    for (code, path, alter) in cases(&log) {
        let mut altered = files.clone();
        let Some(Reply::Bytes(bytes)) = altered.remove(path) else { panic!("no {path}") };
        altered.insert(path.to_owned(), alter(bytes));
        server.serve(altered);
        let ran = verify(&server, &[]);
        assert_eq!(ran.code, code, "{path}: {ran:?}");
        assert!(ran.stderr.contains("hint: "), "{path}: {ran:?}");
        // What is found is said of the log, and nothing is said of a log that could not be read.
        let found = ran.stdout.starts_with(&format!("{ORIGIN}: NOT INTACT: "));
        assert_eq!((found, ran.stdout.is_empty()), (code == 3, code == 1), "{path}: {ran:?}");
    }
    let mut altered = files.clone();
    altered.insert("tile/entries/009".to_owned(), Reply::Bytes(b"<html>".to_vec()));
    server.serve(altered);
    let ran = verify(&server, &["--json"]);
    let printed: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.code, &printed["log"], &printed["intact"]), (3, &json!(ORIGIN), &json!(false)));
    assert!(printed["finding"].as_str().expect("a text").contains("2304"), "{printed}");
    assert_eq!(printed.get("entries"), None);
}

#[test]
fn what_was_remembered_has_to_be_there() {
    let log = Log::of(600);
    let dir = tempfile::tempdir().expect("a directory");
    let [good, later] = [kept(&dir, "good", &log.note(300)), kept(&dir, "later", &log.note(600))];
    let server = Server::start(log.files(500));
    let ran = verify(&server, &["--checkpoint", &good]);
    assert!(ran.ok().ends_with("; it begins with the 300 entries it had\n"), "{ran:?}");
    for (log, files, finding) in [
        (&log, [&good, &later], "the log shrank: it had 600 entries, and now has 500"),
        (&log.altered(7), [&good, &good], "the log was rewritten: the root of its first 300 entries was"),
    ] {
        server.serve(log.files(500));
        let ran = verify(&server, &["--checkpoint", files[0], "--checkpoint", files[1]]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.stdout.contains(finding), "{ran:?}");
        // Without what is remembered nobody can tell.
        verify(&server, &[]).ok();
    }
    // What somebody else signed proves nothing against the log.
    server.asked();
    let other = key(ORIGIN, KeyType::Ed25519, 2);
    let forged = kept(&dir, "forged", &signed(&log.altered(7).checkpoint(300).to_string(), &[&other]));
    let gone = dir.path().join("gone").to_str().expect("UTF-8").to_owned();
    for (file, sentence) in [
        (forged, "is not signed by"),
        (kept(&dir, "none", "hello\n"), "holds no checkpoint of"),
        (gone, "cannot be read"),
    ] {
        let ran = verify(&server, &["--checkpoint", &file]);
        assert!(ran.failed(1).contains(sentence) && ran.stderr.contains(&file), "{ran:?}");
    }
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[test]
fn witnesses_are_asked_for_as_for_a_proof_file() {
    let log = Log::of(300);
    let witness = key("witness.example.com/w", KeyType::Ed25519Cosignature, 1);
    let absent = key("witness.example.com/x", KeyType::Ed25519Cosignature, 2);
    let mut files = log.files(300);
    let note = signed(&log.checkpoint(300).to_string(), &[&log_key(), &witness]);
    files.insert("checkpoint".to_owned(), Reply::Bytes(note.into_bytes()));
    let server = Server::start(files);
    let dir = tempfile::tempdir().expect("a directory");
    let both = format!("@{}", kept(&dir, "both", &format!("# two\n{}\n{}\n", vkey(&witness), vkey(&absent))));
    let ran = verify(&server, &["--witness", &both]);
    assert!(ran.failed(1).contains("is cosigned by 1 of the 2 witnesses"), "{ran:?}");
    let ran = verify(&server, &["--witness", &both, "--quorum", "1"]);
    assert!(ran.ok().ends_with(&format!(" and cosigned by {}\n", named(&witness))), "{ran:?}");
}

#[test]
fn a_call_that_makes_no_sense_ends_with_2() {
    let server = Server::start(Log::of(1).files(1));
    let url = server.url();
    let (log, other) = (vkey(&log_key()), vkey(&key("audit.example.com/acct_other", KeyType::Ed25519, 3)));
    for (arguments, sentence) in [
        (&["--url", &url][..], "with the key of the log, which was not given"),
        (&["--url", &url, "--key", &log, "--key", &other], "the keys are of different logs"),
        (&["--url", &url, "--key", &log, "entry.tlog-proof"], "cannot be used with"),
        (&["--url", &url, "--key", &log, "--account", "Acme Corp."], "is not the token of an account"),
        (&["--url", "ftp://audit.example.com", "--key", &log], "is no address of a log"),
        (&["--checkpoint", "kept"], "--account <ACCOUNT>|--url <URL>"),
        (&["--timeout", "3"], "--url"),
    ] {
        let ran = Ran::of(command(&[&["verify"], arguments].concat()), None);
        assert!(ran.failed(2).contains(sentence), "{arguments:?}: {ran:?}");
    }
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_is_verified_from_afar_and_on_its_disk() {
    let (server, tenant) = support::Server::start().await;
    server.post_lines(&tenant.token, &history(600)).await.ok();
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(600).await;
    let dir = tempfile::tempdir().expect("a directory");
    let keys = annals(&server.data_dir, &["key", "show", "--account", &tenant.account]);
    let keys = format!("@{}", kept(&dir, "keys", &keys));
    // What other commands read in the environment does not choose what is verified.
    let run = |arguments: &[&str]| {
        let mut command = command(&[&["verify"], arguments].concat());
        command.env("ANNALS_URL", &server.url).env("ANNALS_TOKEN", &tenant.token);
        command.env("ANNALS_DATA_DIR", &server.data_dir);
        Ran::of(command, None)
    };
    let of_account = ["--url", &server.url, "--account", &tenant.account, "--key", &keys];
    let ran = run(&of_account);
    assert!(ran.ok().contains(": intact: ") && ran.stderr.is_empty(), "{ran:?}");
    let local = run(&["--account", &tenant.account]);
    assert!(local.ok().contains("in the head); the checkpoint of"), "{local:?}");
}
