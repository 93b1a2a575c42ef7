//! Proof files as the server gives them, checked by `annals verify`, which does not ask the server.

use annals_tlog::proof_file::ProofFile;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    cli::{Ran, command},
    read::history,
    support::{Answer, Server, Tenant, annals},
};

/// Text that stands for something personal.
const SECRET: &str = "ärgerlich-geheim-4711";

/// The keys of a tenant's log, as `--key` takes them.
pub(super) fn keys(server: &Server, tenant: &Tenant) -> Vec<String> {
    let keys = annals(&server.data_dir, &["key", "show", "--account", &tenant.account]);
    keys.lines().flat_map(|key| ["--key".to_owned(), key.to_owned()]).collect()
}

/// Verifies a proof, and returns what was proven.
pub(super) fn verify(proof: &str, arguments: &[String]) -> Value {
    let arguments: Vec<&str> =
        ["verify", "-", "--json"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
    serde_json::from_str(Ran::of(command(&arguments), Some(proof)).ok()).expect("JSON")
}

pub(super) async fn proof(server: &Server, tenant: &Tenant, token: &str) -> String {
    let answer = server.get(&tenant.token, &format!("/v2/audit_logs/{token}/proof")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.text()
}

fn token(entry: &Value) -> &str {
    entry["token"].as_str().expect("a token")
}

#[tokio::test]
async fn every_entry_is_proven_as_it_is_served() {
    let (server, tenant) = Server::start().await;
    let keys = keys(&server, &tenant);
    server.post_lines(&tenant.token, &history(12)).await.ok();
    // Nobody waited for a checkpoint.
    for entry in server.walk(&tenant.token, "").await {
        let proven = verify(&proof(&server, &tenant, token(&entry)).await, &keys);
        assert_eq!((&proven["audit_log"], &proven["withheld"]), (&entry, &json!([])));
    }
    // Segments and a head, at their ends and around the ends of tiles.
    server.post_lines(&tenant.token, &history(700)[12..]).await.ok();
    let entries = server.walk(&tenant.token, "").await;
    let last = entries.len() as u64 - 1;
    for index in [0, 1, 2, 254, 255, 256, 257, 511, 512, last - 1, last] {
        let entry = entries.iter().find(|entry| entry["index"] == index).expect("an entry");
        let file = proof(&server, &tenant, token(entry)).await;
        let proven = verify(&file, &keys);
        assert_eq!(&proven["audit_log"], entry);
        assert!(proven["size"].as_u64() > Some(index), "{proven}");
    }
}

#[tokio::test]
async fn a_proof_is_there_right_after_recording() {
    let (server, tenant) = Server::start().await;
    let keys = keys(&server, &tenant);
    for number in 0..3 {
        let recorded = server.post(&tenant.token, &history(3)[number]).await.ok();
        let path = format!("/v2/audit_logs/{}/proof", token(&recorded));
        let answer = server.get(&tenant.token, &path).await;
        assert_eq!(verify(&answer.text(), &keys)["audit_log"], recorded);
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        let name = format!("attachment; filename=\"{}.tlog-proof\"", token(&recorded));
        assert_eq!(answer.header("content-disposition"), Some(name.as_str()));
        // Nothing was signed since.
        let tag = answer.header("etag").expect("an ETag");
        let again = server.request(Method::GET, &path, &tenant.token).header("if-none-match", tag);
        assert_eq!(Answer::of(again).await.status, StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn what_is_withheld_is_nowhere_in_the_bytes() {
    let (server, tenant) = Server::start().await;
    let keys = keys(&server, &tenant);
    let recorded = server
        .post(
            &tenant.token,
            &json!({
                "object_type": "cost_report", "event": "record_updated", "object_token": "rprt_1",
                "object_title": format!("{SECRET}-object"), "user": format!("{SECRET}-actor"), "user_id": 778_112_345,
                "changed_values": {format!("{SECRET}-change"): [1, SECRET]}, "unchanged_values": {},
                "context": {"ip": format!("{SECRET}-context")}, "metadata": {"more": SECRET},
            }),
        )
        .await
        .ok();
    let path = format!("/v2/audit_logs/{}/proof", token(&recorded));
    for withheld in [
        &["actor"][..],
        &["actor", "context"],
        &["change", "object"],
        &["actor", "object", "change", "context"],
    ] {
        let answer = server.get(&tenant.token, &format!("{path}?withhold={}", withheld.join(","))).await;
        let file = ProofFile::parse(&answer.body).expect("a proof file");
        let bytes =
            [answer.text(), String::from_utf8_lossy(file.extra().expect("an entry")).into_owned()].concat();
        for section in ["actor", "object", "change", "context"] {
            let shown = bytes.contains(&format!("{SECRET}-{section}"));
            assert_eq!(shown, !withheld.contains(&section), "{section} without {withheld:?}");
        }
        assert_eq!(bytes.contains("778112345"), !withheld.contains(&"actor"));
        assert_eq!(bytes.contains(SECRET), withheld.len() < 4);
        let proven = verify(&answer.text(), &keys);
        let named: Vec<&str> =
            proven["withheld"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
        assert!(
            named.len() == withheld.len() && withheld.iter().all(|name| named.contains(name)),
            "{proven}"
        );
    }
    for query in [
        "withhold=user",
        "withhold=",
        "withhold=actor,",
        "withold=actor",
        "withhold=actor&withhold=context",
        "page=1",
    ] {
        let sentences = server.get(&tenant.token, &format!("{path}?{query}")).await.errors(400);
        assert!(sentences.iter().all(|sentence| sentence.contains("withh")), "{query}: {sentences:?}");
    }
}

#[tokio::test]
async fn who_may_not_read_gets_no_proof() {
    let (server, tenant) = Server::start().await;
    let other = Tenant::create(&server.data_dir, "Others");
    let recorded = server.post(&tenant.token, &history(1)[0]).await.ok();
    let path = format!("/v2/audit_logs/{}/proof", token(&recorded));
    let unknown = [format!("AuditLog {} not found.", token(&recorded))];
    assert_eq!(server.get(&other.token, &path).await.errors(404), unknown);
    for none in ["adt_lg_0000000000000fff", "adt_lg_x", "stats", "%ff"] {
        let answer = server.get(&tenant.token, &format!("/v2/audit_logs/{none}/proof")).await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{none}: {}", answer.text());
    }
    let writer = tenant.token(&server.data_dir, "write");
    assert_eq!(server.get(&writer, &path).await.errors(403).len(), 1);
    assert_eq!(server.get("ann_service_wrong", &path).await.errors(401).len(), 1);
    let posted = Answer::of(server.request(Method::POST, &path, &tenant.token)).await;
    assert_eq!(posted.errors(405).len(), 1);
}

#[tokio::test]
async fn the_command_line_gets_what_the_command_line_verifies() {
    let (server, tenant) = Server::start().await;
    let recorded = server.post(&tenant.token, &history(1)[0]).await.ok();
    let run = |arguments: &[&str]| {
        let mut command = command(arguments);
        command.env("ANNALS_URL", &server.url).env("ANNALS_TOKEN", &tenant.token);
        Ran::of(command, None)
    };
    let keys = keys(&server, &tenant);
    let printed = run(&["proof", token(&recorded)]);
    assert_eq!(verify(printed.ok(), &keys)["audit_log"], recorded);

    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("event.tlog-proof");
    let file = file.to_str().expect("UTF-8");
    let written = run(&["proof", token(&recorded), "--withhold", "actor,context", "--out", file]);
    assert_eq!(written.ok(), "");
    let proof = std::fs::read_to_string(file).expect("a file");
    assert_eq!(verify(&proof, &keys)["withheld"], json!(["actor", "context"]));
    let shown = Ran::of(command(&["verify", file, &keys[0], &keys[1]]), None);
    assert!(shown.ok().contains("\nProven:\n"), "{shown:?}");

    run(&["proof", token(&recorded), "--withhold", "user"]).failed(2);
    run(&["proof", "adt_lg_0000000000000fff"]).failed(1);
    let nowhere = dir.path().join("no/such/file");
    let failed = run(&["proof", token(&recorded), "--out", nowhere.to_str().expect("UTF-8")]);
    assert!(failed.failed(1).contains("hint: "), "{failed:?}");
}
