//! What an account no longer keeps is gone, and everything else is still proven.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    time::Duration,
};

use annals_format::segment::{Field, Segment};
use serde_json::{Value, json};

use crate::{
    support::{ANNALS, InMemory, Server, Tenant, annals, run},
    tlog::Mirror,
};

/// In every entry that is older than is kept, and in no other.
const OLD: &str = "Kündigung Hauptstraße 17";

fn event(n: u64, old: bool) -> Value {
    let mut event = json!({
        "object_type": "cost_report", "event": "record_updated", "object_token": format!("rprt_{n:04}"),
        "object_title": if old { OLD } else { "Cloud spend" }, "user": "Ada", "user_id": if n.is_multiple_of(10) { 5 } else { 7 },
        "changed_values": {"note": ["plain", n]},
    });
    if old {
        event["created_at"] = json!(format!("2019-{:02}-{:02}T10:00:00Z", n % 12 + 1, n % 28 + 1));
    }
    event
}

/// Every row and every term of every segment.
fn sealed(dir: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(sealed(&path));
            continue;
        }
        // A running server may have removed it since, or be writing it.
        let Ok(bytes) = fs::read(&path) else { continue };
        let Ok(segment) = Segment::open(&bytes, bytes.len() as u64) else { continue };
        let parts = InMemory(bytes);
        all.extend(segment.all_rows(&parts).map(|row| row.expect("a row")));
        for field in Field::ALL {
            let each = |term: &[u8], _| {
                all.push(term.to_vec());
                std::ops::ControlFlow::Continue(())
            };
            segment.terms_with_prefix(&parts, field, "", each).expect("terms");
        }
    }
    all
}

/// How many rows and terms say what only old entries say.
fn old(server: &Server) -> usize {
    let rows = sealed(&server.data_dir.join("blobs"));
    rows.iter().filter(|row| row.windows(OLD.len()).any(|window| window == OLD.as_bytes())).count()
}

/// Waits until so many cost reports are listed.
async fn listed(server: &Server, tenant: &Tenant, count: usize) {
    for _ in 0..100 {
        let total = server.get(&tenant.token, "/v2/audit_logs/stats?object_type=cost_report").await.ok();
        if total["total"] == json!(count) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("there are never {count}");
}

/// Starts the server again: what it does each hour, it does first then.
async fn restart(mut server: Server) -> Server {
    assert!(server.stop().await.0.success());
    Server::start_in(&server.data_dir, &[]).await
}

fn proof(server: &Server, tenant: &Tenant, entry: &Value, file: &Path) {
    let token = entry["token"].as_str().expect("a token");
    let output = std::process::Command::new(ANNALS)
        .args(["proof", token, "--url", &server.url, "--token", &tenant.token])
        .output()
        .expect("annals runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = File::create(file).and_then(|mut file| file.write_all(&output.stdout));
    written.expect("written");
}

#[tokio::test]
async fn what_is_older_than_is_kept_is_gone_and_the_rest_is_proven() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "Acme");
    let server = Server::start_in(dir.path(), &[]).await;
    let importer = tenant.token(&server.data_dir, "read,write,import,admin");
    // Old and young ones in the same segments, and in the head.
    for chunk in 0..7 {
        let events: Vec<Value> = (0..200).map(|n| event(chunk * 200 + n, n.is_multiple_of(2))).collect();
        server.post_lines(&importer, &events).await.ok();
    }
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(1_400).await;
    let size = mirror.size();
    let tiles = mirror.get("tile/0/000").await.body;
    let before = server.walk(&tenant.token, "object_type=cost_report").await;
    let is_old = |entry: &&Value| entry["object_title"] == json!(OLD);
    let (an_old, a_young) =
        (before.iter().find(is_old).expect("one"), before.iter().find(|entry| !is_old(entry)).expect("one"));
    let files = tempfile::tempdir().expect("a directory");
    let [proof_of_old, proof_of_young] = ["old", "young"].map(|name| files.path().join(name));
    proof(&server, &tenant, an_old, &proof_of_old);
    let remembered = mirror.give();

    // A hold on what somebody may ask for.
    let account = tenant.account.clone();
    let hold = ["--account", &account];
    let placed = annals(
        &server.data_dir,
        &[&["hold", "place", "--user", "5", "--end-date", "2019-12-31", "--reason", "a lawsuit"][..], &hold]
            .concat(),
    );
    let placed = placed.trim().to_owned();
    annals(&server.data_dir, &["account", "retain", &account, "24 months"]);
    let server = restart(server).await;
    let held = before.iter().filter(|entry| is_old(entry) && entry["user_id"] == json!(5)).count();
    let young = before.iter().filter(|entry| !is_old(entry)).count();
    assert_eq!((held, young), (140, 700));
    listed(&server, &tenant, held + young).await;
    assert_eq!(server.walk(&tenant.token, "q=Hauptstra*").await.len(), held);
    assert_eq!(
        server.walk(&tenant.token, "user=5&start_date=2019-01-01&end_date=2019-12-31").await.len(),
        held
    );

    // Neither does an erasure touch what is held.
    let erased = server
        .request(reqwest::Method::POST, "/v2/audit_logs/erase?user=5", &importer)
        .json(&json!({"sections": ["object"], "reason": "why"}));
    let erased = crate::support::Answer::of(erased).await.ok();
    assert_eq!((&erased["entries"], &erased["held"]), (&json!(0), &json!(held)));

    // Released, it goes like the rest.
    annals(&server.data_dir, &[&["hold", "release", &placed][..], &hold].concat());
    let server = restart(server).await;
    listed(&server, &tenant, young).await;
    assert!(server.walk(&tenant.token, "q=Hauptstra*").await.is_empty());
    let of = |entry: &Value| format!("/v2/audit_logs/{}", entry["token"].as_str().expect("a token"));
    server.get(&tenant.token, &of(an_old)).await.errors(404);
    server.get(&tenant.token, &format!("{}/proof", of(an_old))).await.errors(404);
    assert_eq!(server.get(&tenant.token, &of(a_young)).await.ok(), *a_young);
    // The old files go a moment after the lists.
    for _ in 0..50 {
        if old(&server) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(old(&server), 0);

    // The tree is what it was: every tile, the proof that was given away, and one of today.
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.take(Some(remembered));
    mirror.follow(size + 1).await;
    assert_eq!(mirror.get("tile/0/000").await.body, tiles);
    let gone = mirror.get("tile/entries/000").await;
    assert_eq!(gone.status, 410);
    proof(&server, &tenant, a_young, &proof_of_young);
    let key = annals(&server.data_dir, &["key", "show", "--account", &account]);
    for file in [&proof_of_old, &proof_of_young] {
        let verified =
            std::process::Command::new(ANNALS).arg("verify").arg(file).args(["--key", &key]).output();
        let verified = verified.expect("annals runs");
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }

    // Both ways of verifying say so.
    let url = format!("{}/tlog/{account}", server.url);
    let verified = std::process::Command::new(ANNALS)
        .args(["verify", "--url", &url, "--token", &tenant.token, "--key", &key])
        .output()
        .expect("annals runs");
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success() && said.contains("only hashes"), "{said}");
    let verified = run(&server.data_dir, &["verify"]);
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success() && said.contains("no longer kept"), "{said}");

    // What was done is recorded.
    let told = server.walk(&tenant.token, "object_type=pruning").await;
    let pruned: u64 =
        told.iter().map(|entry| entry["changed_values"]["entries"][1].as_u64().expect("a number")).sum();
    assert_eq!(pruned, 700);
    assert_eq!((&told[0]["source"], &told[0]["user"]), (&json!("server"), &json!("annals")));
    let holds = server.walk(&tenant.token, "object_type=legal_hold").await;
    assert_eq!(holds.len(), 2);
    assert_eq!(holds[1]["changed_values"]["filter"], json!([null, "user=5&end_date=2019-12-31"]));
}

#[tokio::test]
async fn what_is_kept_and_held_is_said_on_the_command_line() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "Acme");
    let fails = |arguments: &[&str]| {
        let output = run(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let listed = || annals(dir.path(), &["account", "list", "--json"]);
    assert!(listed().contains(r#""retention":null"#), "{}", listed());
    annals(dir.path(), &["account", "retain", "Acme", "7 years"]);
    assert!(listed().contains(r#""retention":"84 months""#), "{}", listed());
    assert!(annals(dir.path(), &["account", "list"]).contains("84 months"));
    assert!(fails(&["account", "retain", "Acme", "7 weeks"]).contains("24 months"));
    annals(dir.path(), &["account", "retain", "Acme", "forever"]);
    assert!(listed().contains(r#""retention":null"#), "{}", listed());

    for nothing in [
        &["hold", "place", "--reason", "why"][..],
        &["hold", "place", "--everything", "--user", "5", "--reason", "why"],
    ] {
        fails(nothing);
    }
    assert!(fails(&["hold", "place", "--start-date", "yesterday", "--reason", "why"]).contains("start_date"));
    let placed = annals(dir.path(), &["hold", "place", "--everything", "--reason", "Tax audit 2026"]);
    let token = placed.trim();
    assert!(token.starts_with("hold_"), "{token}");
    let holds = annals(dir.path(), &["hold", "list"]);
    assert!(holds.contains("Tax audit 2026") && holds.contains("everything"), "{holds}");
    annals(dir.path(), &["hold", "release", token, "--account", &tenant.account]);
    annals(dir.path(), &["hold", "release", token]);
    let holds = annals(dir.path(), &["hold", "list", "--json"]);
    assert!(!holds.contains(r#""released_at":null"#), "{holds}");
    assert_eq!(run(dir.path(), &["hold", "release", "hold_none"]).status.code(), Some(1));
}
