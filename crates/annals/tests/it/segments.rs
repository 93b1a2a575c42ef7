//! Sealing as operators and readers see it: old entries move into segments, and nobody notices.

use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    read::history,
    support::{Server, Tenant, run},
};

/// Long enough for sealing a few hundred entries on any machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What `annals inspect` says of the only account.
fn inspect(data_dir: &Path) -> Value {
    let output = run(data_dir, &["inspect", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut survey: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    survey["accounts"][0].take()
}

/// Waits until as many entries are in segments as `segment_rows` allows, and returns what there is then.
async fn sealed(data_dir: &Path) -> Value {
    let started = Instant::now();
    loop {
        let account = inspect(data_dir);
        let segments = account["segments"].as_array().expect("segments");
        let sealed = segments.last().map_or(0, |last| last["end"].as_u64().expect("an index"));
        let entries = account["entries"].as_u64().expect("a number");
        if entries - sealed < 512 {
            return account;
        }
        assert!(started.elapsed() < PATIENCE, "{sealed} of {entries} entries were sealed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn import(server: &Server, tenant: &Tenant, history: &[Value]) {
    for lines in history.chunks(500) {
        server.post_lines(&tenant.token, lines).await.ok();
    }
}

fn indexes(entries: &[Value]) -> Vec<u64> {
    entries.iter().map(|entry| entry["index"].as_u64().expect("an index")).collect()
}

#[tokio::test]
async fn old_entries_move_into_segments_and_stay_as_they_were() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "Tests");
    let mut server = Server::start_in(dir.path(), &[]).await;
    let history = history(6_000);
    import(&server, &tenant, &history[..200]).await;
    let in_head = server.walk(&tenant.token, "").await;
    import(&server, &tenant, &history[200..]).await;
    let account = sealed(dir.path()).await;
    let segments = account["segments"].as_array().expect("segments");
    assert!(segments.len() < 20, "{} segments were not made into fewer", segments.len());
    let mut end = json!(0);
    for segment in segments {
        assert_eq!(segment["first"], end, "segments follow each other");
        end = segment["end"].clone();
    }

    // The same entries, byte for byte, wherever they are now.
    let as_of = in_head.len();
    let in_segments = server.walk(&tenant.token, &format!("as_of={as_of}")).await;
    assert_eq!(in_segments, in_head);
    let before = server.walk(&tenant.token, "").await;
    assert_eq!(before.len() as u64, account["entries"].as_u64().expect("a number"));
    for entry in before.iter().step_by(371) {
        let token = entry["token"].as_str().expect("a token");
        assert_eq!(server.get(&tenant.token, &format!("/v2/audit_logs/{token}")).await.ok(), *entry);
    }

    // A retry finds what was sealed long ago, and other content under an old token is a conflict.
    let again = server.post_lines(&tenant.token, &history[..500]).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(indexes(again.ok()["audit_logs"].as_array().expect("entries")).len(), 500);
    let mut other = history[3].clone();
    other["object_title"] = json!("Something else");
    server.post_lines(&tenant.token, &[other]).await.errors(409);

    let (status, _) = server.stop().await;
    assert!(status.success());
    let server = Server::start_in(dir.path(), &[]).await;
    assert_eq!(server.walk(&tenant.token, "").await, before);
}

#[tokio::test]
async fn counts_agree_with_the_list() {
    let (server, tenant) = Server::start().await;
    import(&server, &tenant, &history(1_500)).await;
    sealed(&server.data_dir).await;
    let all = server.walk(&tenant.token, "").await;
    let stats =
        async |query: &str| server.get(&tenant.token, &format!("/v2/audit_logs/stats?{query}")).await.ok();

    let answer = stats("interval=month&end_date=2025-12-31").await;
    let old: Vec<&Value> = all.iter().filter(|entry| text(entry, "created_at") < "2026").collect();
    assert_eq!(answer["total"], old.len());
    let updates = old.iter().filter(|entry| entry["event"] == "record_updated").count();
    let action = answer["action"]["values"].as_array().expect("values");
    assert!(action.contains(&json!({"value": "update", "count": updates})), "{action:?}");
    let january = old.iter().filter(|entry| text(entry, "created_at").starts_with("2023-01")).count();
    let months = answer["created_at"].as_array().expect("months");
    assert!(months.contains(&json!({"start": "2023-01-01", "count": january})), "{months:?}");
    let sum: u64 = months.iter().map(|month| month["count"].as_u64().expect("a count")).sum();
    assert_eq!(sum, old.len() as u64);

    // Filters and searches narrow all of it; values beyond the limit are counted together.
    let answer = stats("user=3&q=n&limit=1&end_date=2025-12-31").await;
    let of_user = old.iter().filter(|entry| entry["user_id"] == 3);
    assert_eq!(answer["total"], of_user.clone().count());
    assert_eq!(
        answer["user"],
        json!({"values": [{"value": "3", "count": answer["total"]}], "other": 0, "none": 0})
    );
    let types = &answer["object_type"];
    let first = types["values"][0]["count"].as_u64().expect("a count");
    assert_eq!(first + types["other"].as_u64().expect("a count"), of_user.count() as u64);

    let nothing = stats("user=404").await;
    assert_eq!((&nothing["total"], &nothing["created_at"]), (&json!(0), &json!([])));
    let faults = server.get(&tenant.token, "/v2/audit_logs/stats?interval=year&page=1&actoin=update").await;
    insta::assert_snapshot!(faults.errors(400).join("\n"));
}

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry[field].as_str().expect("a string")
}

#[tokio::test]
async fn damage_is_named_and_never_served() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "Tests");
    let mut server = Server::start_in(dir.path(), &[]).await;
    let history = history(1_000);
    import(&server, &tenant, &history).await;
    let account = sealed(dir.path()).await;
    let before = server.walk(&tenant.token, "as_of=200").await;
    let (status, _) = server.stop().await;
    assert!(status.success());

    // A bit in a block of rows of the first segment.
    let name = text(&account["segments"][0], "name").to_owned();
    let path = blob(dir.path(), &name);
    let file = fs::OpenOptions::new().read(true).write(true).open(&path).expect("a segment");
    let mut byte = [0];
    file.read_exact_at(&mut byte, 200).expect("a byte");
    file.write_all_at(&[byte[0] ^ 4], 200).expect("written");

    let mut server = Server::start_in(dir.path(), &[]).await;
    let answer = server.get(&tenant.token, "/v2/audit_logs?limit=1000&as_of=200").await;
    answer.errors(503);
    assert!(server.said().contains(&format!("segment {name}: ")), "{}", server.said());
    // What does not touch it is answered as ever.
    let late = format!("/v2/audit_logs/{}", text(&history[999], "token"));
    server.get(&tenant.token, &late).await.ok();

    file.write_all_at(&byte, 200).expect("written");
    assert_eq!(server.walk(&tenant.token, "as_of=200").await, before);
}

/// The file of a segment.
fn blob(data_dir: &Path, name: &str) -> PathBuf {
    let accounts = fs::read_dir(data_dir.join("blobs")).expect("blobs");
    let mut files = accounts.map(|account| account.expect("an account").path().join("segments").join(name));
    files.find(|file| file.exists()).expect("the segment's file")
}
