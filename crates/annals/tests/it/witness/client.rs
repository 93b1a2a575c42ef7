//! What a log makes of witnesses that are not what they should be.

use std::{net::SocketAddr, time::Instant};

use annals::witness::client::{Witness, WitnessError, http_client};
use annals_tlog::{
    note::{KeyType, Note, NoteError, SignerKey, VerifyError},
    witness::format_signatures,
};
use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Redirect},
    routing::post,
};

use super::log::TestLog;

const TIME: u64 = 1_700_000_000;

fn witness_key(name: &str) -> SignerKey {
    SignerKey::new(name, KeyType::Ed25519Cosignature, &[5; 32]).expect("a key")
}

/// The body of an answer: cosignatures of this note by these keys.
fn cosignatures(note: &Note, keys: &[&SignerKey]) -> String {
    let mut cosigned = Note::new(note.text()).expect("a note");
    for key in keys {
        cosigned.cosign(key, TIME).expect("the key cosigns");
    }
    format_signatures(cosigned.signatures())
}

/// What comes of asking a witness that always answers this, about 20 entries after 10.
async fn ask<A>(answer: A) -> Result<usize, WitnessError>
where
    A: Fn() -> axum::response::Response + Clone + Send + Sync + 'static,
{
    let listener =
        tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let url = format!("http://{}/some/prefix/", listener.local_addr().expect("an address"));
    let router = Router::new().route("/some/prefix/add-checkpoint", post(async move || answer()));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let witness = Witness { url, keys: vec![witness_key("w").verifier().clone()] };
    let log = TestLog::new("example.org/log", 20);
    let http = http_client(std::slice::from_ref(&witness)).expect("a client");
    let prove = async |old_size| Ok::<_, String>(log.prove(old_size, 20));
    let asked = witness.add_checkpoint(&http, &log.checkpoint(20), 10, prove).await;
    server.abort();
    asked.map(|signatures| signatures.len())
}

fn size(size: u64) -> impl Fn() -> axum::response::Response + Clone {
    move || (StatusCode::CONFLICT, format!("{size}\n")).into_response()
}

#[tokio::test]
async fn only_cosignatures_of_the_witness_on_the_checkpoint_count() {
    let log = TestLog::new("example.org/log", 20);
    let (note, other) = (log.checkpoint(20), log.checkpoint(19));
    let (own, strange) = (witness_key("w"), witness_key("x"));
    let answers = |body: String| ask(move || body.clone().into_response());

    assert!(matches!(answers(cosignatures(&note, &[&own])).await, Ok(1)));
    assert!(matches!(answers(cosignatures(&note, &[&strange, &own])).await, Ok(1)), "others are left out");
    let none = answers(cosignatures(&note, &[&strange])).await;
    assert!(matches!(none, Err(WitnessError::Cosignature(VerifyError::NotSigned))), "{none:?}");
    let of_another = answers(cosignatures(&other, &[&own])).await;
    assert!(
        matches!(of_another, Err(WitnessError::Cosignature(VerifyError::WrongSignature { .. }))),
        "{of_another:?}"
    );
    for body in ["", "ok\n", "<html>"] {
        let said = answers(body.to_owned()).await;
        assert!(
            matches!(
                said,
                Err(WitnessError::Answer(
                    NoteError::NoSignatures | NoteError::Signature | NoteError::NoNewline
                ))
            ),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn a_witness_that_knows_another_size_is_asked_twice_at_most() {
    assert!(matches!(ask(size(21)).await, Err(WitnessError::Ahead { known: 21, size: 20 })));
    assert!(matches!(ask(size(u64::MAX)).await, Err(WitnessError::Ahead { .. })));
    // Whatever it is asked, it knows another.
    let sizes = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(11));
    let next = move || size(sizes.fetch_add(1, std::sync::atomic::Ordering::Relaxed))();
    assert!(matches!(ask(next).await, Err(WitnessError::Moving { size: 12 })));
    assert!(matches!(ask(size(10)).await, Err(WitnessError::OtherTree { size: 10 })));
    assert!(matches!(ask(|| (StatusCode::CONFLICT, "many").into_response()).await, Err(WitnessError::Size)));
    // The proof from 10 entries is right, so the witness has others.
    let proof_refused = ask(|| StatusCode::UNPROCESSABLE_ENTITY.into_response()).await;
    assert!(matches!(proof_refused, Err(WitnessError::OtherTree { size: 10 })), "{proof_refused:?}");
}

#[tokio::test]
async fn answers_of_strangers_are_bounded() {
    assert!(matches!(ask(|| "—".repeat(30_000).into_response()).await, Err(WitnessError::TooLong)));
    let refused = ask(|| (StatusCode::FORBIDDEN, "no ".repeat(1_000)).into_response()).await;
    assert!(
        matches!(&refused, Err(WitnessError::Refused { status: 403, said }) if said.len() == 200),
        "{refused:?}"
    );
    let elsewhere = ask(|| Redirect::temporary("/elsewhere").into_response()).await;
    assert!(matches!(elsewhere, Err(WitnessError::Refused { status: 307, .. })), "{elsewhere:?}");
    // One that takes a connection and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let witness =
        Witness { url: format!("http://{}", silent.local_addr().expect("an address")), keys: Vec::new() };
    let log = TestLog::new("example.org/log", 20);
    let started = Instant::now();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let asked = witness.add_checkpoint(&http, &log.checkpoint(20), 0, async |_| Err("not called")).await;
    assert!(matches!(&asked, Err(WitnessError::Http(error)) if error.is_timeout()), "{asked:?}");
    assert!(started.elapsed().as_secs() < 10);
}

#[tokio::test]
async fn a_proof_that_cannot_be_made_is_not_sent() {
    let log = TestLog::new("example.org/log", 20);
    let witness = Witness { url: "http://127.0.0.1:1".to_owned(), keys: Vec::new() };
    let http = http_client(&[]).expect("a client");
    let asked = witness.add_checkpoint(&http, &log.checkpoint(20), 3, async |_| Err("no tiles")).await;
    assert!(matches!(asked, Err(WitnessError::Proof(_))), "{asked:?}");
    let asked = witness.add_checkpoint(&http, &log.checkpoint(20), 0, async |_| Err("no tiles")).await;
    assert!(matches!(asked, Err(WitnessError::Http(_))), "{asked:?}");
    let note = Note::new("a text\n").expect("a note");
    let asked = witness.add_checkpoint(&http, &note, 0, async |_| Err("no tiles")).await;
    assert!(matches!(asked, Err(WitnessError::Checkpoint(_))), "{asked:?}");
}
