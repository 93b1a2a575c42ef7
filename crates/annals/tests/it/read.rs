//! The read API: filters, order, pages, links, snapshots, caching.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server, Tenant};

/// Whether an entry of the history should be found.
type Matches = Box<dyn Fn(&Value) -> bool>;

const WORKSPACES: [&str; 2] = ["wrkspc_aaaaaaaaaaaaaaaa", "wrkspc_bbbbbbbbbbbbbbbb"];
const TYPES: [(&str, &str); 4] = [
    ("cost_report", "Report"),
    ("virtual_tag", "VirtualTag"),
    ("segment", "Segment"),
    ("recommendation_commitment", "RecommendationCommitment"),
];
const ACTIONS: [(&str, &str); 3] =
    [("create", "record_created"), ("update", "record_updated"), ("delete", "record_destroyed")];
const SOURCES: [&str; 3] = ["console", "api", "finops_agent"];
const TITLES: [&str; 4] = ["Cloud spend", "Größe & mehr", "日本語 page=7", "a+b%20c"];

/// Entries as an import brings them: not in the order of their times, with ties, over several years.
pub(crate) fn history(count: u64) -> Vec<Value> {
    (0..count)
        .map(|n| {
            let scattered = n.wrapping_mul(2_654_435_761) % 997;
            let (month, day) = (scattered % 12 + 1, scattered % 28 + 1);
            json!({
                "token": format!("adt_lg_{n:016x}"),
                "object_type": TYPES[(n % 4) as usize].1,
                "event": ACTIONS[(n % 3) as usize].1,
                "object_token": if n % 7 == 0 { Value::Null } else { json!(format!("obj_{}", n % 11)) },
                "object_title": if n % 5 == 0 { Value::Null } else { json!(TITLES[(n % 4) as usize]) },
                "source": SOURCES[(n % 3) as usize],
                "user": format!("User {}", n % 6),
                "user_id": n % 6,
                "workspace_token": WORKSPACES[(n % 2) as usize],
                "workspace_title": format!("Workspace {}", n % 2),
                "created_at": format!("{}-{month:02}-{day:02}T12:00:{:02}Z", 2023 + scattered % 3, n % 3),
                "changed_values": {"n": [n, n + 1]},
                "unchanged_values": {},
            })
        })
        .collect()
}

/// A server whose main tenant has `count` imported entries besides those of its creation.
async fn server_with(count: u64) -> (Server, Tenant, Vec<Value>) {
    let (server, tenant) = Server::start().await;
    let history = history(count);
    for lines in history.chunks(500) {
        server.post_lines(&tenant.token, lines).await.ok();
    }
    (server, tenant, history)
}

/// What readers may expect in reading order.
fn expected(history: &[Value], matches: impl Fn(&Value) -> bool) -> Vec<&str> {
    let mut found: Vec<(&str, usize, &str)> = history
        .iter()
        .enumerate()
        .filter(|(_, entry)| matches(entry))
        .map(|(at, entry)| (text(entry, "created_at"), at, text(entry, "token")))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, _, token)| token).collect()
}

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry[field].as_str().expect("a string")
}

fn tokens(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| text(entry, "token")).collect()
}

#[tokio::test]
async fn every_filter_finds_exactly_what_matches() {
    let (server, tenant, history) = server_with(400).await;
    // Entries of the account's creation are newer than the history.
    let past = "end_date=2025-12-31";
    let same = |field: &'static str, value: Value| move |entry: &Value| entry[field] == value;
    let cases: Vec<(String, Matches)> = vec![
        (String::new(), Box::new(|_| true)),
        ("user=3".into(), Box::new(same("user_id", json!(3)))),
        ("user=99".into(), Box::new(|_| false)),
        (
            format!("workspace_token={}", WORKSPACES[1]),
            Box::new(same("workspace_token", json!(WORKSPACES[1]))),
        ),
        ("action=update".into(), Box::new(same("event", json!("record_updated")))),
        ("source=finops_agent".into(), Box::new(same("source", json!("finops_agent")))),
        ("source=developer".into(), Box::new(|_| false)),
        ("object_type=cost_report".into(), Box::new(same("object_type", json!("Report")))),
        ("object_type=virtual_tag".into(), Box::new(same("object_type", json!("VirtualTag")))),
        ("object_name=Gr%C3%B6%C3%9Fe+%26%20mehr".into(), Box::new(same("object_title", json!(TITLES[1])))),
        (
            "object_name=%E6%97%A5%E6%9C%AC%E8%AA%9E%20page%3D7".into(),
            Box::new(same("object_title", json!(TITLES[2]))),
        ),
        ("object_name=a%2Bb%2520c".into(), Box::new(same("object_title", json!(TITLES[3])))),
        ("token=adt_lg_0000000000000010".into(), Box::new(same("token", json!("adt_lg_0000000000000010")))),
        ("token=nonsense".into(), Box::new(|_| false)),
        ("object_token=obj_4".into(), Box::new(same("object_token", json!("obj_4")))),
        (
            "start_date=2025-03-05&end_date=2025-03-05".into(),
            Box::new(|entry| entry["created_at"].as_str().unwrap().starts_with("2025-03-05")),
        ),
        (
            "start_date=2025-01-01T12:00:01Z".into(),
            Box::new(|entry| entry["created_at"].as_str().unwrap() >= "2025-01-01T12:00:01Z"),
        ),
        ("start_date=2026-01-01&end_date=2025-01-01".into(), Box::new(|_| false)),
        ("changed=n".into(), Box::new(|_| true)),
        ("changed=m".into(), Box::new(|_| false)),
        ("q=GROSSE".into(), Box::new(same("object_title", json!(TITLES[1])))),
        (
            "q=cl*+user+3".into(),
            Box::new(|entry| {
                let has = |text: &str| {
                    entry["user"] == "User 3" || entry["changed_values"]["n"].to_string().contains(text)
                };
                entry["object_title"] == TITLES[0] && (has("[3,") || has(",3]"))
            }),
        ),
        ("q=nowhere".into(), Box::new(|_| false)),
        (
            "user=1&source=api&action=update&object_type=virtual_tag".into(),
            Box::new(|entry| {
                entry["user_id"] == 1
                    && entry["source"] == "api"
                    && entry["event"] == "record_updated"
                    && entry["object_type"] == "VirtualTag"
            }),
        ),
    ];
    for (query, matches) in cases {
        let until = if query.contains("end_date") { "" } else { past };
        let found = server.walk(&tenant.token, &format!("{query}&{until}")).await;
        assert_eq!(tokens(&found), expected(&history, matches), "{query}");
    }
}

#[tokio::test]
async fn pages_and_links_are_exact() {
    let (server, tenant, history) = server_with(250).await;
    let expected = expected(&history, |entry| entry["object_type"] == "Report");
    assert_eq!(expected.len(), 63);
    let base = format!("{}/v2/audit_logs", server.url);
    let query = "object_type=cost_report&object_name=&limit=10";
    let all = server.get(&tenant.token, &format!("{base}?{query}")).await.ok();
    assert_eq!(all["links"]["last"], Value::Null, "nothing has an empty title");

    let query = "object_type=cost_report&limit=10";
    let mut seen = Vec::new();
    for page in 1..=8_u64 {
        let sent = format!("{base}?page={page}&{query}");
        let answer = server.get(&tenant.token, &sent).await.ok();
        let size = answer["links"]["first"].as_str().unwrap().split("as_of=").nth(1).unwrap();
        let size = size.split('&').next().unwrap();
        let link = |page: u64| json!(format!("{base}?{query}&as_of={size}&page={page}"));
        let links = &answer["links"];
        assert_eq!(links["self"], sent);
        assert_eq!(links["first"], link(1));
        assert_eq!(links["last"], link(7));
        assert_eq!(links["next"], if page < 7 { link(page + 1) } else { Value::Null });
        assert_eq!(links["prev"], if page > 1 { link((page - 1).min(7)) } else { Value::Null });
        seen.extend(tokens(answer["audit_logs"].as_array().unwrap()).into_iter().map(str::to_owned));
    }
    assert_eq!(seen, expected);
    let far = server.get(&tenant.token, &format!("{base}?page=9223372036854775807&limit=5000")).await.ok();
    assert_eq!(far["audit_logs"], json!([]));
    assert_eq!(far["links"]["next"], Value::Null);
    assert_eq!(far["links"]["prev"], far["links"]["last"]);
}

#[tokio::test]
async fn links_survive_values_that_look_like_parameters() {
    let (server, tenant, _) = server_with(50).await;
    let page = server
        .get(&tenant.token, "/v2/audit_logs?page=1&limit=2&object_name=%E6%97%A5%E6%9C%AC%E8%AA%9E+page%3D7")
        .await
        .ok();
    let next = page["links"]["next"].as_str().unwrap();
    assert_eq!(next.matches("page=").count(), 1);
    assert_eq!(next.split("page=").nth(1).unwrap().parse::<u64>(), Ok(2));
    let second = server.get(&tenant.token, next).await.ok();
    assert_eq!(second["audit_logs"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn following_links_walks_one_snapshot() {
    let (server, tenant, _) = server_with(120).await;
    let before =
        tokens(&server.walk(&tenant.token, "").await).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut seen = Vec::new();
    let mut next = Some("/v2/audit_logs?limit=13".to_owned());
    let mut late = 0;
    while let Some(link) = next {
        let page = server.get(&tenant.token, &link).await.ok();
        seen.extend(tokens(page["audit_logs"].as_array().unwrap()).into_iter().map(str::to_owned));
        next = page["links"]["next"].as_str().map(str::to_owned);
        late += 1;
        // Newer than everything, and in the middle of everything.
        let event = |at: &str| json!({"object_type": "segment", "action": "create", "created_at": at});
        server.post(&tenant.token, &json!({"object_type": "segment", "action": "create"})).await.ok();
        server.post(&tenant.token, &event(&format!("2025-06-15T00:00:{late:02}Z"))).await.ok();
    }
    assert_eq!(seen, before);
    let now = server.walk(&tenant.token, "").await;
    assert_eq!(now.len(), before.len() + 2 * late);
}

#[tokio::test]
async fn an_audit_log_has_every_field_in_every_answer() {
    let (server, tenant) = Server::start().await;
    let sent = json!({"object_type": "virtual_tag", "action": "create"});
    let recorded = server.post(&tenant.token, &sent).await;
    assert_eq!(recorded.status, 201);
    let recorded = recorded.ok();
    let token = recorded["token"].as_str().unwrap();
    assert_eq!(
        recorded.as_object().unwrap().keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
        [
            "changed_values",
            "context",
            "created_at",
            "event",
            "index",
            "metadata",
            "object_changes",
            "object_title",
            "object_token",
            "object_type",
            "source",
            "token",
            "unchanged_values",
            "user",
            "user_id",
            "user_role",
            "workspace_title",
            "workspace_token"
        ]
        .into()
    );
    for (field, value) in [
        ("object_title", json!(null)),
        ("context", json!({})),
        ("metadata", json!({})),
        ("changed_values", json!({})),
        ("object_changes", json!({})),
        ("source", json!("api")),
        ("object_type", json!("VirtualTag")),
        ("event", json!("record_created")),
        ("workspace_title", json!("Main")),
    ] {
        assert_eq!(recorded[field], value, "{field}");
    }
    assert_eq!(server.get(&tenant.token, &format!("/v2/audit_logs/{token}")).await.ok(), recorded);
    assert_eq!(
        server.get(&tenant.token, "/v2/audit_logs?limit=1").await.ok()["audit_logs"],
        json!([recorded])
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (server, tenant) = Server::start().await;
    for token in ["adt_lg_ffffffffffffffff", "nonsense", "a%2Fb", "%F0%9F%92%A9"] {
        let errors = server.get(&tenant.token, &format!("/v2/audit_logs/{token}")).await.errors(404);
        assert!(errors[0].starts_with("AuditLog ") && errors[0].ends_with(" not found."), "{errors:?}");
    }
    for path in ["/v2/audit_logs/", "/v2/nothing", "/nothing", "/v2/audit_logs/a/b"] {
        server.get(&tenant.token, path).await.errors(404);
    }
    server.get(&tenant.token, "/v2/audit_logs/%ff").await.errors(400);
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let (server, tenant) = Server::start().await;
    for (query, names) in [
        ("page=0", "page"),
        ("limit=5001", "limit"),
        ("user=ada", "user"),
        ("usr=1", "did you mean user"),
        ("start_date=yesterday", "start_date"),
        ("action=record_created", "action"),
        ("page=undefined", "page"),
    ] {
        let errors = server.get(&tenant.token, &format!("/v2/audit_logs?{query}")).await.errors(400);
        assert!(errors[0].contains(names), "{query}: {errors:?}");
    }
    server.get(&tenant.token, "/v2/me?x=1").await.errors(400);
    server.get(&tenant.token, "/v2/ping?x=1").await.errors(400);
}

#[tokio::test]
async fn polling_an_unchanged_list_costs_nothing() {
    let (server, tenant) = Server::start().await;
    let poll = |path: &str, tag: Option<&str>| {
        let mut request = server.request(Method::GET, path, &tenant.token);
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        Answer::of(request)
    };
    let recorded =
        server.post(&tenant.token, &json!({"object_type": "segment", "action": "create"})).await.ok();
    let one = format!("/v2/audit_logs/{}", recorded["token"].as_str().unwrap());
    for path in ["/v2/audit_logs?limit=5", one.as_str()] {
        let first = poll(path, None).await;
        let tag = first.header("etag").expect("an ETag").to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        let again = poll(path, Some(&tag)).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        assert_eq!(poll(path, Some("W/\"other\"")).await.status, 200);
        assert_eq!(poll(path, Some(&format!("\"x\", {tag}"))).await.status, 304);
    }
    let tag = poll("/v2/audit_logs", None).await.header("etag").unwrap().to_owned();
    assert_eq!(poll("/v2/audit_logs?limit=99", Some(&tag)).await.status, 200);
    server.post(&tenant.token, &json!({"object_type": "segment", "action": "delete"})).await.ok();
    assert_eq!(poll("/v2/audit_logs", Some(&tag)).await.status, 200);
}

#[tokio::test]
async fn head_options_and_other_methods() {
    let (server, tenant) = Server::start().await;
    let head = Answer::of(server.request(Method::HEAD, "/v2/audit_logs", &tenant.token)).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert!(head.header("etag").is_some());
    let wrong = Answer::of(server.request(Method::DELETE, "/v2/audit_logs", &tenant.token)).await;
    wrong.errors(405);
    let allow = wrong.header("allow").expect("Allow").to_owned();
    assert!(["GET", "HEAD", "POST"].iter().all(|method| allow.contains(method)), "{allow}");
    Answer::of(server.request(Method::POST, "/v2/ping", &tenant.token)).await.errors(405);

    let preflight = server
        .request(Method::OPTIONS, "/v2/audit_logs", "")
        .header("origin", "https://example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,idempotency-key");
    let preflight = Answer::of(preflight).await;
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
    let request =
        server.request(Method::GET, "/v2/ping", &tenant.token).header("origin", "https://example.com");
    assert_eq!(Answer::of(request).await.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn answers_are_compressed_when_asked_for() {
    let (server, tenant, _) = server_with(200).await;
    for (encoding, magic) in [("gzip", &[0x1f, 0x8b][..]), ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]), ("br", &[])] {
        let request =
            server.request(Method::GET, "/v2/audit_logs", &tenant.token).header("accept-encoding", encoding);
        let answer = Answer::of(request).await;
        assert_eq!(answer.header("content-encoding"), Some(encoding));
        assert!(
            answer.body.starts_with(magic) && answer.body.len() < 20_000,
            "{encoding}: {}",
            answer.body.len()
        );
    }
}

#[tokio::test]
async fn the_account_is_described() {
    let (server, tenant) = Server::start().await;
    assert_eq!(server.get(&tenant.token, "/v2/ping").await.ok(), json!({"ping": "pong"}));
    let me = server.get(&tenant.token, "/v2/me").await.ok();
    assert_eq!(me["default_workspace_token"], tenant.workspace.as_str());
    assert_eq!(me["bearer_token"]["description"], "tests");
    assert_eq!(me["bearer_token"]["scope"], json!(["read", "write", "import"]));
    let workspace = server.get(&tenant.token, &format!("/v2/workspaces/{}", tenant.workspace)).await.ok();
    assert_eq!(workspace["name"], "Main");
    assert_eq!(workspace["currency"], "USD");
    assert_eq!(me["workspaces"], json!([workspace]));
    let list = server.get(&tenant.token, "/v2/workspaces?q=mAi&limit=1").await.ok();
    assert_eq!(list["workspaces"], json!([workspace]));
    assert_eq!(server.get(&tenant.token, "/v2/workspaces?q=zzz").await.ok()["workspaces"], json!([]));
    server.get(&tenant.token, "/v2/workspaces/wrkspc_none").await.errors(404);
    server.get(&tenant.token, "/v2/workspaces?limit=1001").await.errors(400);
}

#[tokio::test]
async fn links_are_built_from_what_the_operator_trusts() {
    let (server, tenant) = Server::start().await;
    let self_link = |answer: &Value| answer["links"]["self"].as_str().unwrap().to_owned();
    let spoofed = server
        .request(Method::GET, "/v2/audit_logs", &tenant.token)
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "evil.example");
    assert!(self_link(&Answer::of(spoofed).await.ok()).starts_with(&server.url));
    let host =
        server.request(Method::GET, "/v2/audit_logs", &tenant.token).header("host", "logs.example:8443");
    assert_eq!(self_link(&Answer::of(host).await.ok()), "http://logs.example:8443/v2/audit_logs");
    let bad = server.request(Method::GET, "/v2/audit_logs", &tenant.token).header("host", "user@evil/\"x");
    assert_eq!(Answer::of(bad).await.status, 400);

    let dir = tempfile::tempdir().unwrap();
    let tenant = Tenant::create(dir.path(), "Links");
    let public = Server::start_in(dir.path(), &["--public-url", "https://audit.example"]).await;
    let answer = public.get(&tenant.token, "/v2/audit_logs?limit=3").await.ok();
    assert_eq!(self_link(&answer), "https://audit.example/v2/audit_logs?limit=3");
    assert!(
        answer["links"]["first"]
            .as_str()
            .unwrap()
            .starts_with("https://audit.example/v2/audit_logs?limit=3&as_of=")
    );
}
