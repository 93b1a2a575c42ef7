//! `record`, `list`, `show`: for people, and with `--json` for programs.

use serde_json::Value;

use super::{at, is_token};
use crate::support::Server;

#[tokio::test]
async fn an_event_is_recorded_listed_and_shown() {
    let (server, tenant) = Server::start().await;
    let run = |arguments: &[&str]| at(&server, &tenant.token, arguments, None);
    let event = [
        "record",
        "--action",
        "update",
        "--object-type",
        "cost_report",
        "--object-token",
        "rprt_1",
        "--object-title",
        "Größe \u{1b}[31m",
        "--user",
        "Ada Lovelace",
        "--user-id",
        "1815",
        "--user-role",
        "Owner",
        "--source",
        "console",
        "--before",
        r#"{"n":1.10,"same":true}"#,
        "--after",
        r#"{"n":18446744073709551616,"same":true}"#,
        "--context",
        r#"{"ip":"203.0.113.7"}"#,
        "--metadata",
        r#"{"ticket":7}"#,
        "--created-at",
        "2026-03-04T09:30:00.5Z",
        "--idempotency-key",
        "once",
    ];
    let token = run(&event).value();
    assert!(is_token(&token, "adt_lg_"), "{token}");
    assert_eq!(run(&event).value(), token, "the key makes it safe to run again");

    let served = server.get(&tenant.token, &format!("/v2/audit_logs/{token}")).await;
    assert_eq!(run(&["show", &token, "--json"]).ok(), format!("{}\n", served.text()));
    assert!(
        served.text().contains(
            r#""changed_values":{"n":[1.10,18446744073709551616]},"unchanged_values":{"same":true}"#
        )
    );
    let shown = run(&["show", &token]);
    for part in ["Größe \\u{1b}[31m", "Ada Lovelace · id 1815 · Owner", "18446744073709551616", "ticket = 7"]
    {
        assert!(shown.ok().contains(part) && !shown.stdout.contains('\u{1b}'), "{part} in {shown:?}");
    }

    let listed = run(&["list", "--json", "--object-type", "cost_report", "--user", "1815"]).lines();
    assert_eq!(listed, [served.json()]);
    assert!(run(&["list", "--action", "update"]).ok().contains(&token));
    let nothing = run(&["list", "--object-name", "another"]);
    assert_eq!((nothing.ok(), nothing.stderr.as_str()), ("", "Nothing matches.\n"));
    // From a pipe, as JSON.
    let piped = at(
        &server,
        &tenant.token,
        &["record", "--event", "record_created", "--object-type", "Budget", "--after", "@-", "--json"],
        Some("{\"limit\":\n 100}"),
    );
    assert_eq!(piped.lines()[0]["changed_values"].to_string(), r#"{"limit":[null,100]}"#);
}

#[tokio::test]
async fn all_pages_are_one_list() {
    let (server, tenant) = Server::start().await;
    let event = |n| serde_json::json!({ "event": "record_created", "object_type": "segment", "object_title": format!("{n}") });
    server.post_lines(&tenant.token, &(0..25).map(event).collect::<Vec<_>>()).await.ok();
    let run = |arguments: &[&str]| at(&server, &tenant.token, arguments, None).lines();
    let all = run(&["list", "--all", "--json", "--limit", "4", "--object-type", "segment"]);
    let titles: Vec<_> =
        all.iter().map(|entry| entry["object_title"].as_str().expect("a title").to_owned()).collect();
    assert_eq!(titles, (0..25).rev().map(|n: u32| n.to_string()).collect::<Vec<_>>());
    let second: Vec<Value> =
        run(&["list", "--json", "--limit", "4", "--page", "2", "--object-type", "segment"]);
    assert_eq!(second, all[4..8]);
}
