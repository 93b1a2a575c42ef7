//! `import`: a history from a file or a pipe, once and only once.

use std::{collections::BTreeMap, io::Write as _, path::PathBuf};

use serde_json::{Value, json};

use super::{at, on};
use crate::support::{Server, Tenant};

/// A history of so many entries: several share a second, some have no workspace, and one is as odd as can be.
fn history(count: usize) -> Vec<Value> {
    let entry = |n: usize| {
        let event = ["record_created", "record_updated", "record_destroyed"][n % 3];
        let object_type = ["Report", "VirtualTag", "SavedFilter"][n % 3];
        let workspace = (!n.is_multiple_of(5)).then_some(n % 2);
        json!({
            "token": format!("adt_lg_{n:016x}"),
            "object_token": format!("rprt_{}", n % 7),
            "object_type": object_type,
            "object_title": format!("Bericht № {n} \u{1f4c8}"),
            "event": event,
            "source": "console",
            "user": "Grace Hopper",
            "user_id": 1906,
            "user_role": "Owner",
            "workspace_token": workspace.map(|at| format!("wrkspc_old_{at}")),
            "workspace_title": workspace.map(|at| format!("Old {at}")),
            "created_at": format!("2024-02-29T23:59:{:02}.{:06}Z", n / 10 % 60, 999_999 - n % 10),
            "changed_values": { "n": [n, 18_446_744_073_709_551_615_u64] },
            "unchanged_values": { "text": "[\"a\",\"b\"]" },
            "context": { "ip": "2001:db8::1" },
            "metadata": {},
        })
    };
    (0..count).map(entry).collect()
}

fn ndjson(entries: &[Value]) -> String {
    let mut lines = String::new();
    for entry in entries {
        lines.push_str(&entry.to_string());
        lines.push('\n');
    }
    lines
}

fn file(server: &Server, name: &str, content: &str) -> PathBuf {
    let path = server.data_dir.join(name);
    let mut file = std::fs::File::create(&path).expect("a file");
    file.write_all(content.as_bytes()).expect("written");
    path
}

fn import(server: &Server, token: &str, from: &str, input: Option<&str>) -> Value {
    let ran = at(server, token, &["import", from, "--json"], input);
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let refused = summary["refused"] != 0;
    assert_eq!(ran.code, i32::from(refused), "{ran:?}");
    summary
}

fn counts(summary: &Value) -> [u64; 3] {
    ["imported", "duplicates", "refused"].map(|name| summary[name].as_u64().expect("a number"))
}

#[tokio::test]
async fn a_file_is_imported_once_however_often() {
    let (server, tenant) = Server::start().await;
    let history = history(2_345);
    let path = file(&server, "history.ndjson", &ndjson(&history));
    let path = path.to_str().expect("UTF-8");
    let url = ["--url", &server.url, "--token", &tenant.token];
    // The fixed form: FILE, --url and --token.
    let first = on_command_line(&[&["import", path], &url[..]].concat());
    assert_eq!(first.ok(), "2,345 imported, 0 skipped as duplicates, 0 refused\n");
    assert_eq!(counts(&import(&server, &tenant.token, path, None)), [0, 2_345, 0]);
    assert_eq!(counts(&import(&server, &tenant.token, "-", Some(&ndjson(&history[..100])))), [0, 100, 0]);

    let listed = server.walk(&tenant.token, "source=console").await;
    assert_eq!(listed.len(), history.len());
    let by_token: BTreeMap<_, _> = listed.iter().map(|entry| (text(&entry["token"]), entry)).collect();
    for sent in &history {
        let served = by_token[text(&sent["token"])];
        for (field, value) in sent.as_object().expect("an entry") {
            let expected = if field == "created_at" {
                Value::from(format!("{}Z", &text(value)[..19]))
            } else {
                value.clone()
            };
            assert_eq!(served[field], expected, "{field} of {served}");
        }
    }
    // Within a second, parts of it that nobody sees decide; the history has later entries at earlier parts.
    let seconds: Vec<_> = listed.iter().map(|entry| text(&entry["created_at"])).collect();
    assert!(seconds.is_sorted_by(|a, b| a >= b));
    let second: Vec<&str> = listed
        .iter()
        .filter(|entry| text(&entry["created_at"]).ends_with(":07Z"))
        .map(|entry| text(&entry["token"]))
        .collect();
    let mut expected: Vec<&Value> =
        history.iter().filter(|entry| text(&entry["created_at"]).contains(":07.")).collect();
    expected.sort_by_key(|entry| std::cmp::Reverse((text(&entry["created_at"]), entry["token"].to_string())));
    assert_eq!(second, expected.iter().map(|entry| text(&entry["token"])).collect::<Vec<_>>());
    let workspaces = server.get(&tenant.token, "/v2/workspaces").await.ok();
    let names: Vec<_> =
        workspaces["workspaces"].as_array().expect("a list").iter().map(|one| text(&one["name"])).collect();
    assert_eq!(names[0], "Main");
    assert_eq!(names[1..].iter().collect::<std::collections::BTreeSet<_>>().len(), 2, "{names:?}");
}

#[tokio::test]
async fn bad_lines_are_refused_and_the_others_imported() {
    let (server, tenant) = Server::start().await;
    let mut lines: Vec<String> = history(30).iter().map(Value::to_string).collect();
    lines[3] = "not JSON".to_owned();
    lines[7] = lines[7].replace("record_updated", "record_mended").replace("adt_lg_", "adt_lg_x");
    lines[11] = lines[10].replace("Grace", "Somebody");
    lines[12] = lines[10].clone();
    lines[20] = String::new();
    lines.push(
        json!({ "event": "record_created", "object_type": "segment", "object_title": "no token" })
            .to_string(),
    );
    lines.push(lines[30].clone());
    let input = lines.join("\n");
    let refused = server.data_dir.join("refused.ndjson");
    let arguments = ["import", "-", "--refused", refused.to_str().expect("UTF-8")];
    let ran = at(&server, &tenant.token, &arguments, Some(&input));
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (1, "27 imported, 1 skipped as duplicate, 3 refused\n"),
        "{ran:?}"
    );
    for line in ["refused: line 4:", "refused: line 8:", "refused: line 12:"] {
        assert!(ran.stderr.contains(line), "{ran:?}");
    }
    let kept = std::fs::read_to_string(&refused).expect("the refused lines");
    assert_eq!(kept.lines().collect::<Vec<_>>(), [&lines[3], &lines[7], &lines[11]]);
    let again = at(&server, &tenant.token, &["import", "-"], Some(&input));
    assert_eq!(again.stdout, "0 imported, 28 skipped as duplicates, 3 refused\n", "{again:?}");
    assert_eq!(
        server.walk(&tenant.token, "object_name=no%20token").await.len(),
        2,
        "equal lines are two events"
    );
}

#[tokio::test]
async fn what_is_exported_comes_out_equal_in_another_account() {
    let (server, from) = Server::start().await;
    let to = Tenant::create(&server.data_dir, "Target");
    on(&server.data_dir, &["workspace", "create", "Second", "--account", &from.account]).value();
    import(&server, &from.token, "-", Some(&ndjson(&history(300))));
    let live = json!({ "event": "record_updated", "object_type": "cost_report", "object_title": "live", "user": "Ada",
        "before": { "a": 1, "b": "x" }, "after": { "a": 2, "b": "x" } });
    for _ in 0..20 {
        server.post(&from.token, &live).await.ok();
    }
    // Oldest first, by lines; then the same again by whole pages as they are served.
    let exported = at(&server, &from.token, &["list", "--all", "--json", "--limit", "77"], None);
    let lines: Vec<&str> = exported.ok().lines().rev().collect();
    let count = lines.len() as u64;
    assert_eq!(counts(&import(&server, &to.token, "-", Some(&lines.join("\n")))), [count, 0, 0]);
    let page = server.get(&from.token, "/v2/audit_logs?limit=5000").await;
    assert_eq!(counts(&import(&server, &to.token, "-", Some(&page.text()))), [0, count, 0]);
    // And once more into the account that it comes from, where all of it is already.
    assert_eq!(counts(&import(&server, &from.token, "-", Some(&page.text()))), [0, count, 0]);

    let copies: BTreeMap<_, _> = server
        .walk(&to.token, "")
        .await
        .into_iter()
        .map(|entry| (text(&entry["token"]).to_owned(), entry))
        .collect();
    let originals = server.walk(&from.token, "").await;
    for original in &originals {
        let mut copy = copies[text(&original["token"])].clone();
        copy["index"] = original["index"].clone();
        assert_eq!(&copy, original, "only its place may differ");
    }
    // Beside the copies there are its own beginnings: the account, its workspace and its access token.
    assert_eq!(copies.len(), originals.len() + 3);
}

#[tokio::test]
async fn without_the_scope_nothing_is_imported_and_the_next_step_is_told() {
    let (server, tenant) = Server::start().await;
    let token = on(
        &server.data_dir,
        &[
            "token",
            "create",
            "writer",
            "--scope",
            "read,write",
            "--role",
            "owner",
            "--account",
            &tenant.account,
        ],
    );
    let ran = at(&server, &token.value(), &["import", "-"], Some(&ndjson(&history(5))));
    let (error, hint) = ran.failed(1).split_once("\nhint: ").expect("a next step");
    assert!(error.contains("scope import") && hint.contains("--scope read,write,import"), "{ran:?}");
    assert!(server.walk(&tenant.token, "source=console").await.is_empty());
    let missing = at(&server, &tenant.token, &["import", "/does/not/exist.ndjson"], None);
    assert!(missing.failed(1).contains("/does/not/exist.ndjson"), "{missing:?}");
}

fn on_command_line(arguments: &[&str]) -> super::Ran {
    super::Ran::of(super::command(arguments), None)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
