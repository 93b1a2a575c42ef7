//! The witness as logs and operators meet it: over HTTP, on the command line, and after being killed.

mod client;
mod commands;
mod crash;
mod log;
mod refusals;
pub(crate) mod server;

use std::{
    cell::RefCell,
    time::{SystemTime, UNIX_EPOCH},
};

use annals::witness::client::Witness;
use annals_tlog::note::{KeyType, Note, VerifierKey};

use self::{log::TestLog, server::WitnessServer};

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the server under test has the clock of the system, too")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Has the first `size` entries of the log cosigned, and returns the note with the cosignatures, which verify.
async fn cosigned(log: &TestLog, size: u64, old_size: u64, witness: &Witness) -> Note {
    let mut note = log.checkpoint(size);
    let http = annals::witness::client::http_client(std::slice::from_ref(witness)).expect("a client");
    let prove = async |old_size| Ok::<_, String>(log.prove(old_size, size));
    let signatures = witness.add_checkpoint(&http, &note, old_size, prove).await.expect("cosignatures");
    for signature in signatures {
        note.add(signature).expect("there is room");
    }
    let signed = note.verify(&witness.keys).expect("the witness cosigned");
    let keys: Vec<&VerifierKey> = signed.iter().map(annals_tlog::note::Signed::key).collect();
    assert_eq!(keys, witness.keys.iter().collect::<Vec<_>>(), "every key of the witness");
    note
}

#[tokio::test]
async fn a_log_is_cosigned_as_it_grows() {
    let log = TestLog::new("example.org/log", 1_200);
    let server = WitnessServer::start("example.com/w1").await;
    let types: Vec<KeyType> = server.keys.iter().map(VerifierKey::key_type).collect();
    assert_eq!(types, [KeyType::Ed25519Cosignature, KeyType::MlDsa44Cosignature]);
    assert!(server.keys.iter().all(|key| key.name() == "example.com/w1"));
    // The server runs already.
    server.add(&log);

    let witness = server.client();
    let mut old_size = 0;
    for size in [0, 1, 2, 3, 255, 256, 257, 257, 700, 1_024, 1_200] {
        let before = now();
        let note = cosigned(&log, size, old_size, &witness).await;
        let times = note.verify(&witness.keys).expect("cosigned");
        assert!(
            times.iter().all(|signed| signed.time().is_some_and(|time| (before..=now()).contains(&time)))
        );
        assert!(server.page().await.contains(&format!("\n{size} example.org/log\n")));
        old_size = size;
    }
}

#[tokio::test]
async fn a_log_that_does_not_know_the_size_is_told() {
    let log = TestLog::new("example.org/log", 300);
    let server = WitnessServer::start("example.com/w1").await;
    server.add(&log);
    let witness = server.client();
    cosigned(&log, 100, 0, &witness).await;
    // One that lost it, one that has another idea, and one that knows more than it asks for.
    cosigned(&log, 200, 0, &witness).await;
    cosigned(&log, 250, 100, &witness).await;
    cosigned(&log, 250, 300, &witness).await;

    let asked = RefCell::new(Vec::new());
    let prove = async |old_size| {
        asked.borrow_mut().push(old_size);
        Ok::<_, String>(log.prove(old_size, 300))
    };
    let http = annals::witness::client::http_client(std::slice::from_ref(&witness)).expect("a client");
    witness.add_checkpoint(&http, &log.checkpoint(300), 7, prove).await.expect("cosignatures");
    assert_eq!(asked.into_inner(), [7, 250]);
}

#[tokio::test]
async fn two_witnesses_cosign_one_checkpoint() {
    let log = TestLog::new("example.org/log", 50);
    let other = TestLog::new("example.org/other", 50);
    let (one, two) =
        (WitnessServer::start("example.com/w1").await, WitnessServer::start("example.net/w2").await);
    for server in [&one, &two] {
        server.add(&log);
        server.add(&other);
        // Logs are told apart by their origins.
        cosigned(&other, 20, 0, &server.client()).await;
    }
    let mut note = cosigned(&log, 30, 0, &one.client()).await;
    for signature in &cosigned(&log, 30, 0, &two.client()).await.signatures()[1..] {
        note.add(signature.clone()).expect("there is room");
    }
    let note = Note::parse(note.to_string().as_bytes()).expect("a note");
    let keys = [&one.keys[..], &two.keys, &[log.key.verifier().clone()]].concat();
    assert_eq!(note.verify(&keys).expect("all signed").len(), 5);
}

#[tokio::test]
async fn a_request_can_be_sent_from_any_task() {
    let log = std::sync::Arc::new(TestLog::new("example.org/log", 9));
    let server = WitnessServer::start("example.com/w1").await;
    server.add(&log);
    let witness = server.client();
    let http = annals::witness::client::http_client(&[]).expect("a client");
    for (old_size, size) in [(0, 4), (4, 9)] {
        let (witness, http, log) = (witness.clone(), http.clone(), std::sync::Arc::clone(&log));
        let asked = tokio::spawn(async move {
            let note = log.checkpoint(size);
            let prove = async |old_size| Ok::<_, String>(log.prove(old_size, size));
            witness.add_checkpoint(&http, &note, old_size, prove).await
        });
        assert_eq!(asked.await.expect("no panic").expect("cosignatures").len(), 2);
    }
}

#[tokio::test]
async fn extension_lines_are_cosigned_by_the_key_that_can() {
    let log = TestLog::new("example.org/log", 9);
    let server = WitnessServer::start("example.com/w1").await;
    server.add(&log);
    let checkpoint = log.plain_checkpoint(9).with_extension("for example").expect("an extension");
    let mut note = Note::new(checkpoint.to_string()).expect("a note");
    note.sign(&log.key).expect("the log signs");
    let answer = server.post(format!("old 0\n\n{note}")).await;
    assert_eq!((answer.status.as_u16(), answer.text().lines().count()), (200, 1), "{answer:?}");
    note.add(answer.text().trim_end().parse().expect("a signature")).expect("there is room");
    let signed = note.verify(&server.keys).expect("cosigned");
    assert_eq!(signed[0].key(), &server.keys[0]);
}
