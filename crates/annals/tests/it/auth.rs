//! Who may do what: tokens, scopes, roles, expiry, revocation, grants, limits.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server, Tenant, annals, run};

fn token(server: &Server, tenant: &Tenant, more: &[&str]) -> String {
    let arguments = [&["token", "create", "another", "--account", &tenant.account], more].concat();
    annals(&server.data_dir, &arguments)
}

/// The instant so many seconds from now.
#[expect(clippy::disallowed_methods, reason = "the server under test has the system's clock")]
fn in_seconds(seconds: u64) -> String {
    (jiff::Timestamp::now() + std::time::Duration::from_secs(seconds)).to_string()
}

/// The id of the newest token, which is also its client id.
fn newest_id(server: &Server, tenant: &Tenant) -> String {
    let listed = annals(&server.data_dir, &["token", "list", "--account", &tenant.account, "--json"]);
    let newest: Value = serde_json::from_str(listed.lines().last().expect("a token")).expect("JSON");
    newest["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn strangers_stay_out() {
    let (server, tenant) = Server::start().await;
    let mut typo = tenant.token.clone();
    typo.replace_range(20..21, if &typo[20..21] == "x" { "y" } else { "x" });
    for token in ["", "nonsense", typo.as_str()] {
        for path in [
            "/v2/audit_logs",
            "/v2/audit_logs/adt_lg_0000000000000000",
            "/v2/me",
            "/v2/ping",
            "/v2/workspaces",
        ] {
            let answer = server.get(token, path).await;
            answer.errors(401);
            assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"), "{path}");
        }
    }
    let answer = Answer::of(reqwest::Client::new().get(format!("{}/v2/me", server.url))).await;
    answer.errors(401);
    let basic =
        reqwest::Client::new().get(format!("{}/v2/me", server.url)).basic_auth("a", Some(&tenant.token));
    Answer::of(basic).await.errors(401);
    server.post("", &json!({})).await.errors(401);
    let twice = server.request(Method::GET, "/v2/me", &tenant.token).header("authorization", "Bearer other");
    Answer::of(twice).await.errors(400);
}

#[tokio::test]
async fn scopes_and_roles_are_needed() {
    let (server, tenant) = Server::start().await;
    let event = json!({"object_type": "segment", "action": "create"});
    let reader = token(&server, &tenant, &["--scope", "read", "--role", "owner"]);
    let errors = server.post(&reader, &event).await.errors(403);
    assert!(errors[0].contains("write"), "{errors:?}");
    server.get(&reader, "/v2/audit_logs").await.ok();
    let editor = token(&server, &tenant, &["--scope", "read,write", "--role", "editor"]);
    server.post(&editor, &event).await.ok();
    let errors = server.get(&editor, "/v2/audit_logs").await.errors(403);
    assert!(errors[0].contains("owner"), "{errors:?}");
    server.get(&editor, "/v2/workspaces").await.ok();
    let viewer = token(&server, &tenant, &["--scope", "read,write", "--role", "viewer"]);
    server.post(&viewer, &event).await.errors(403);
    let writer = token(&server, &tenant, &["--scope", "write", "--role", "owner"]);
    server.get(&writer, "/v2/audit_logs").await.errors(403);
    server.get(&writer, "/v2/me").await.ok();
}

#[tokio::test]
async fn revoked_and_expired_tokens_end() {
    let (server, tenant) = Server::start().await;
    let soon = in_seconds(3);
    let short = token(&server, &tenant, &["--scope", "read", "--role", "owner", "--expires", &soon]);
    server.get(&short, "/v2/me").await.ok();
    let other = token(&server, &tenant, &["--scope", "read", "--role", "owner"]);
    let id = newest_id(&server, &tenant);
    server.get(&other, "/v2/me").await.ok();
    assert!(run(&server.data_dir, &["token", "revoke", &id, "--account", &tenant.account]).status.success());
    tokio::time::sleep(std::time::Duration::from_millis(3_100)).await;
    let errors = server.get(&other, "/v2/me").await.errors(401);
    assert!(errors[0].contains("revoked"), "{errors:?}");
    let errors = server.get(&short, "/v2/me").await.errors(401);
    assert!(errors[0].contains("expired"), "{errors:?}");
    let listed = annals(&server.data_dir, &["token", "list", "--account", &tenant.account, "--json"]);
    assert!(!listed.contains(&other) && !listed.contains("hash"), "a list shows no secrets");
}

#[tokio::test]
async fn administration_is_recorded() {
    let (server, tenant) = Server::start().await;
    let secret = token(&server, &tenant, &["--scope", "read", "--role", "viewer"]);
    let entries = server.walk(&tenant.token, "object_type=access_token").await;
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert_eq!(entries[0]["event"], "record_created");
    assert_eq!(entries[0]["object_title"], "another");
    assert!(!format!("{entries:?}").contains(&secret));
    annals(
        &server.data_dir,
        &["token", "revoke", &newest_id(&server, &tenant), "--account", &tenant.account],
    );
    let entries = server.walk(&tenant.token, "object_type=access_token").await;
    assert_eq!(entries.len(), 3);
}

#[tokio::test]
async fn a_service_token_is_an_oauth_client() {
    let (server, tenant) = Server::start().await;
    let secret = token(&server, &tenant, &["--scope", "read,write", "--role", "owner"]);
    let id = newest_id(&server, &tenant);
    let post = |form: Vec<(&str, &str)>, basic: Option<(&str, &str)>| {
        let form: Vec<String> = form.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = reqwest::Client::new()
            .post(format!("{}/oauth/token", server.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.join("&"));
        if let Some((id, secret)) = basic {
            request = request.basic_auth(id, Some(secret));
        }
        Answer::of(request)
    };
    let grant_type = ("grant_type", "client_credentials");
    let answer = post(vec![grant_type, ("client_id", &id), ("client_secret", &secret)], None).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let grant = answer.ok();
    assert_eq!(
        (&grant["token_type"], &grant["expires_in"], &grant["scope"]),
        (&json!("Bearer"), &json!(3600), &json!("read write"))
    );
    let access = grant["access_token"].as_str().unwrap();
    server.get(access, "/v2/audit_logs").await.ok();
    server.post(access, &json!({"object_type": "segment", "action": "create"})).await.ok();

    let narrow = post(vec![grant_type, ("scope", "read")], Some((&id, &secret))).await.ok();
    let narrow = narrow["access_token"].as_str().unwrap();
    server.post(narrow, &json!({"object_type": "segment", "action": "create"})).await.errors(403);

    for (form, basic, status, code) in [
        (vec![grant_type], None, 401, "invalid_client"),
        (vec![grant_type, ("client_id", &id), ("client_secret", "wrong")], None, 401, "invalid_client"),
        (vec![grant_type, ("client_id", "tkn_0"), ("client_secret", &secret)], None, 401, "invalid_client"),
        (vec![grant_type, ("client_id", &id), ("client_secret", access)], None, 401, "invalid_client"),
        (
            vec![("grant_type", "password")],
            Some((id.as_str(), secret.as_str())),
            400,
            "unsupported_grant_type",
        ),
        (vec![], Some((&id, &secret)), 400, "invalid_request"),
        (vec![grant_type, grant_type], Some((&id, &secret)), 400, "invalid_request"),
        (vec![grant_type, ("scope", "import")], Some((&id, &secret)), 400, "invalid_scope"),
    ] {
        let answer = post(form, basic).await;
        answer.errors(status);
        assert_eq!(answer.json()["error"], code);
    }
    // Grants end with the token they were issued for.
    annals(&server.data_dir, &["token", "revoke", &id, "--account", &tenant.account]);
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    server.get(access, "/v2/me").await.errors(401);
    post(vec![grant_type, ("client_id", &id), ("client_secret", &secret)], None).await.errors(401);
}

#[tokio::test]
async fn each_token_has_its_hour() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = Tenant::create(dir.path(), "Limits");
    let mut command = std::process::Command::new(crate::support::ANNALS);
    command.env("ANNALS_RATE_LIMIT_WRITES", "2");
    let server = Server::start_with(command, dir.path(), &[]).await;
    let event = json!({"object_type": "segment", "action": "create"});
    for remaining in ["1", "0"] {
        let answer = server.post(&tenant.token, &event).await;
        answer.ok();
        assert_eq!(answer.header("x-rate-limit-limit"), Some("2"));
        assert_eq!(answer.header("x-rate-limit-remaining"), Some(remaining));
        assert!(answer.header("x-rate-limit-reset").unwrap().parse::<u64>().unwrap() > 1_700_000_000);
    }
    let refused = server.post(&tenant.token, &event).await;
    refused.errors(429);
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() <= 3_600);
    assert_eq!(refused.header("x-rate-limit-remaining"), Some("0"));
    server.request(Method::GET, "/v2/ping", &tenant.token).send().await.unwrap();
    server.get(&tenant.token, "/v2/ping").await.ok();
}
