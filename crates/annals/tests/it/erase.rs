//! What is erased is nowhere any more, and everything that was proven still is.

use std::{fs, path::Path};

use annals_format::segment::{Field, Segment};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    support::{ANNALS, Answer, InMemory, Server, Tenant, run},
    tlog::Mirror,
};

/// What one person left in every section; nobody else has any of it.
const SECRETS: [&str; 5] = [
    "Erika Mustermann-Ωβγ",
    "Kündigung Hauptstraße 17",
    "eilig-vertraulich-4401",
    "198.51.100.217-heim",
    "Gehaltsgruppe-E15",
];

const PERSON: i64 = 481_516_234;

fn event(n: u64, personal: bool) -> Value {
    let [name, title, value, ip, role] =
        if personal { SECRETS } else { ["Somebody Else", "Cloud spend", "plain", "192.0.2.1", "Owner"] };
    json!({
        "object_type": "cost_report", "event": "record_updated", "object_token": format!("rprt_{n:04}"), "object_title": title,
        "user": name, "user_id": if personal { PERSON } else { 7 }, "user_role": role,
        "changed_values": {"note": [value, n]}, "unchanged_values": {"owner": name},
        "context": {"ip": ip}, "metadata": {"ticket": format!("T-{n}")},
    })
}

fn is_personal(n: u64) -> bool {
    n % 5 == 1
}

/// The bytes of every file below a directory, and of segments also what is compressed in them.
fn everything(dir: &Path, out: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            everything(&path, out);
            continue;
        }
        // A running server may have removed it since.
        let Ok(bytes) = fs::read(&path) else { continue };
        if let Ok(segment) = Segment::open(&bytes, bytes.len() as u64) {
            let parts = InMemory(bytes.clone());
            out.extend(segment.all_rows(&parts).map(|row| row.expect("a row")));
            for field in Field::ALL {
                let each = |term: &[u8], _| {
                    out.push(term.to_vec());
                    std::ops::ControlFlow::Continue(())
                };
                segment.terms_with_prefix(&parts, field, "", each).expect("terms");
            }
        }
        out.push(bytes);
    }
}

/// How often a text is found anywhere in a data directory, as it is or as searches see it.
fn found(dir: &Path, text: &str) -> usize {
    let mut all = Vec::new();
    everything(dir, &mut all);
    let has = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    let mut words = vec![text.to_owned()];
    annals_format::search::words(text, |word| words.push(word.to_owned()));
    let telling = words.iter().filter(|word| word.len() > 8);
    telling.map(|word| all.iter().filter(|bytes| has(bytes, word.as_bytes())).count()).sum()
}

async fn erase(server: &Server, token: &str, query: &str, body: &Value) -> Answer {
    Answer::of(server.request(Method::POST, &format!("/v2/audit_logs/erase?{query}"), token).json(body)).await
}

#[tokio::test]
async fn what_is_erased_is_nowhere_and_all_proofs_hold() {
    let (mut server, tenant) = Server::start().await;
    let admin = tenant.token(&server.data_dir, "read,write,admin");
    let events: Vec<Value> = (0..1_300).map(|n| event(n, is_personal(n))).collect();
    for events in events.chunks(260) {
        server.post_lines(&tenant.token, events).await.ok();
    }
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(1_300).await;
    let before = server.walk(&tenant.token, "object_type=cost_report").await;
    let leaves = mirror.everything().await;
    for secret in SECRETS {
        assert!(found(&server.data_dir, secret) > 1, "{secret} is there before");
    }

    let whole =
        json!({"sections": ["actor", "object", "change", "context"], "reason": "Art. 17 GDPR, ticket 4711"});
    let erased = erase(&server, &admin, &format!("user={PERSON}"), &whole).await.ok();
    assert_eq!(erased["entries"], json!(260));

    // Nowhere, also while the server runs.
    for secret in SECRETS {
        assert_eq!(found(&server.data_dir, secret), 0, "{secret} is still somewhere");
    }
    assert_eq!(found(&server.data_dir, &PERSON.to_string()), 0);

    // Lists show what is left, and nothing is found by what is gone.
    let after = server.walk(&tenant.token, "object_type=cost_report").await;
    assert_eq!(after.len(), before.len());
    for (before, after) in before.iter().zip(&after) {
        let mut expected = before.clone();
        if before["user_id"] == json!(PERSON) {
            for field in [
                "user",
                "user_id",
                "user_role",
                "object_title",
                "changed_values",
                "unchanged_values",
                "object_changes",
                "context",
                "metadata",
                "workspace_title",
            ] {
                expected[field] = Value::Null;
            }
            expected["erased"] = json!(["actor", "object", "change", "context"]);
        }
        assert_eq!(*after, expected);
    }
    for query in [
        format!("user={PERSON}"),
        "q=Mustermann".to_owned(),
        "object_name=K%C3%BCndigung%20Hauptstra%C3%9Fe%2017".to_owned(),
    ] {
        assert!(server.walk(&tenant.token, &query).await.is_empty(), "{query}");
    }

    // The erasure is told of, without what was erased.
    let told = server.walk(&tenant.token, "object_type=erasure").await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["object_token"], erased["token"]);
    assert_eq!(told[0]["changed_values"]["state"], json!(["begun", "done"]));
    assert_eq!(told[1]["changed_values"]["entries"], json!([null, 260]));
    assert_eq!(told[1]["changed_values"]["filtered_by"], json!([null, ["user"]]));
    assert_eq!(told[1]["user"], json!("tests"));

    // Every leaf and every tile is as it was, and the log goes on from there.
    mirror.follow(1_302).await;
    mirror.verify_all().await;
    let now = mirror.everything().await;
    let leaf = |bytes: &[u8]| bytes.windows(12).filter(|window| window == b"\"rprt_0001\",").count();
    assert_eq!(leaf(&now), leaf(&leaves));
    let verified = run(&server.data_dir, &["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));

    // A restart and more sealing bring nothing back.
    for events in
        events.iter().filter(|event| event["user_id"] == json!(7)).cloned().collect::<Vec<_>>().chunks(300)
    {
        server.post_lines(&tenant.token, events).await.ok();
    }
    assert!(server.stop().await.0.success());
    let server = Server::start_in(&server.data_dir, &[]).await;
    assert!(server.walk(&tenant.token, &format!("user={PERSON}")).await.is_empty());
    for secret in SECRETS {
        assert_eq!(found(&server.data_dir, secret), 0, "{secret} came back");
    }
    let again = erase(&server, &admin, &format!("user={PERSON}"), &whole).await.ok();
    assert_eq!(again["entries"], json!(0));
    let verified = run(&server.data_dir, &["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[tokio::test]
async fn a_section_of_one_entry_is_erased() {
    let (server, tenant) = Server::start().await;
    let admin = tenant.token(&server.data_dir, "admin");
    let recorded = server.post(&tenant.token, &event(1, true)).await.ok();
    let token = recorded["token"].as_str().expect("a token");
    let body = json!({"sections": ["context"], "reason": "an address"});
    let erased = erase(&server, &admin, &format!("token={token}"), &body).await.ok();
    assert_eq!(erased["entries"], json!(1));
    let entry = server.get(&tenant.token, &format!("/v2/audit_logs/{token}")).await.ok();
    assert_eq!(entry["erased"], json!(["context"]));
    assert_eq!((&entry["context"], &entry["metadata"]), (&Value::Null, &Value::Null));
    assert_eq!(entry["user"], json!(SECRETS[0]));
    assert_eq!(found(&server.data_dir, SECRETS[3]), 0);
    assert!(found(&server.data_dir, SECRETS[0]) > 0, "what was not asked for stays");
}

#[tokio::test]
async fn an_erasure_that_is_not_understood_erases_nothing() {
    let (server, tenant) = Server::start().await;
    let admin = tenant.token(&server.data_dir, "admin");
    server.post(&tenant.token, &event(1, true)).await.ok();
    let all = json!({"sections": ["actor"], "reason": "why"});
    assert_eq!(erase(&server, &tenant.token, "user=1", &all).await.errors(403).len(), 1);
    for query in ["", "page=1", "user=1&limit=5", "usr=1", "user=x"] {
        erase(&server, &admin, query, &all).await.errors(400);
    }
    for body in [
        json!({"sections": [], "reason": "why"}),
        json!({"sections": ["envelope"], "reason": "why"}),
        json!({"sections": ["actor"], "reason": " "}),
        json!({"sections": ["actor"], "reason": "x".repeat(1_025)}),
        json!({"sections": ["actor"]}),
        json!({"sections": ["actor"], "reason": "why", "more": 1}),
        json!([]),
    ] {
        erase(&server, &admin, &format!("user={PERSON}"), &body).await.errors(422);
    }
    assert_eq!(server.walk(&tenant.token, &format!("user={PERSON}")).await.len(), 1);
    assert!(server.walk(&tenant.token, "object_type=erasure").await.is_empty());
}

#[tokio::test]
async fn accounts_are_apart() {
    let (server, tenant) = Server::start().await;
    let other = Tenant::create(&server.data_dir, "Others");
    let admin = tenant.token(&server.data_dir, "admin");
    server.post(&other.token, &event(1, true)).await.ok();
    let body = json!({"sections": ["actor"], "reason": "why"});
    let erased = erase(&server, &admin, &format!("user={PERSON}"), &body).await.ok();
    assert_eq!(erased["entries"], json!(0));
    assert_eq!(server.walk(&other.token, &format!("user={PERSON}")).await.len(), 1);
}

#[tokio::test]
async fn it_is_erased_on_the_command_line() {
    let (server, tenant) = Server::start().await;
    let admin = tenant.token(&server.data_dir, "read,admin");
    server.post_lines(&tenant.token, &[event(1, true), event(6, true), event(2, false)]).await.ok();
    let erase = |more: &[&str]| {
        let user = PERSON.to_string();
        let mut arguments = vec![
            "erase",
            "--url",
            &server.url,
            "--token",
            &admin,
            "--section",
            "actor,context",
            "--reason",
            "why",
        ];
        arguments.extend(["--user", &user]);
        arguments.extend(more);
        let output = std::process::Command::new(ANNALS).args(arguments).output().expect("annals runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(erase(&[]), "2 audit logs match. Nothing was erased: --yes does it.\n");
    assert_eq!(server.walk(&tenant.token, &format!("user={PERSON}")).await.len(), 2);
    assert!(erase(&["--yes"]).starts_with("Erased from 2 audit logs."));
    assert_eq!(found(&server.data_dir, SECRETS[0]), 2, "in unchanged values, which were not asked for");
    assert_eq!(found(&server.data_dir, SECRETS[3]), 0);
    assert_eq!(erase(&[]), "0 audit logs match. Nothing was erased: --yes does it.\n");
}
