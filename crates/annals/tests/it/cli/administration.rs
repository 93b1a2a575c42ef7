//! `account`, `workspace`, `user` and `token`: on a directory, and beside a server that runs.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{is_token, on};
use crate::support::{Server, Tenant};

/// A revocation has taken effect after so long.
const REVOKED_WITHIN: Duration = Duration::from_secs(2);

/// The fixed forms, on this directory.
struct Made {
    account: String,
    workspace: String,
    user: String,
    service: String,
    personal: String,
}

fn make_everything(dir: &Path) -> Made {
    let account = on(dir, &["account", "create", "Größe & Söhne"]).value();
    let of = |arguments: &[&str]| on(dir, &[arguments, &["--account", &account]].concat()).value();
    let workspace = of(&["workspace", "create", "Finance team"]);
    let user = of(&["user", "create", "Ada Lovelace", "--role", "owner"]);
    let service = of(&["token", "create", "my service", "--scope", "read,write,import", "--role", "owner"]);
    let personal =
        of(&["token", "create", "laptop", "--scope", "read,write", "--role", "owner", "--user", &user]);
    assert!(is_token(&account, "acct_") && is_token(&workspace, "wrkspc_"), "{account} {workspace}");
    assert!(user.parse::<u64>().is_ok_and(|id| id > 0), "{user}");
    assert!(
        service.starts_with("ann_service_") && personal.starts_with("ann_personal_"),
        "{service} {personal}"
    );
    Made { account, workspace, user, service, personal }
}

#[tokio::test]
async fn each_form_prints_the_new_value_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let made = make_everything(dir.path());
    // Only `token create` says more, to people: the secret is not shown again.
    let token = on(dir.path(), &["token", "create", "another", "--account", &made.account]);
    assert!(token.stderr.contains("tkn_") && !token.stderr.contains(token.value().as_str()), "{token:?}");
    let workspace = on(dir.path(), &["workspace", "create", "Sales", "--account", &made.account]);
    assert_eq!((is_token(&workspace.value(), "wrkspc_"), workspace.stderr.as_str()), (true, ""));
    // An account can be named by its title, or not at all when it is the only one.
    on(dir.path(), &["workspace", "create", "By title", "--account", "Größe & Söhne"]).value();
    on(dir.path(), &["workspace", "create", "The only one"]).value();
    let server = Server::start_in(dir.path(), &[]).await;
    let workspaces = server.get(&made.service, "/v2/workspaces").await.ok();
    let names: Vec<_> =
        workspaces["workspaces"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Finance team", "Sales", "By title", "The only one"]);
}

#[tokio::test]
async fn a_running_server_sees_everything_at_once() {
    let (server, tenant) = Server::start().await;
    let dir = server.data_dir.clone();
    let made = make_everything(&dir);
    for (token, who) in [(&made.service, "service"), (&made.personal, "personal")] {
        let me = server.get(token, "/v2/me").await.ok();
        assert_eq!(me["default_workspace_token"], made.workspace, "{who}");
    }
    // The list answered a moment ago, so that everything there is has been read.
    let before = list(&server, &made.service, "").await;
    let of = ["--account", &made.account];
    let late =
        on(&dir, &[&["token", "create", "late", "--scope", "read", "--role", "owner"], &of[..]].concat())
            .value();
    let after = list(&server, &late, "").await;
    assert_eq!(
        after.len(),
        before.len() + 1,
        "the new token works on the next request, which shows its own entry"
    );
    assert_eq!(after[1..], before);
    let entry = &after[0];
    assert_eq!(
        [&entry["event"], &entry["object_type"], &entry["object_title"], &entry["source"]],
        ["record_created", "AccessToken", "late", "cli"]
    );
    assert!(!entry.to_string().contains(&late) && !entry["user"].is_null(), "{entry}");
    let kinds: Vec<_> =
        before.iter().rev().map(|entry| entry["object_type"].as_str().expect("a type")).collect();
    assert_eq!(kinds, ["Account", "Workspace", "User", "AccessToken", "AccessToken"]);

    let space = on(&dir, &[&["workspace", "create", "Late"], &of[..]].concat()).value();
    let event = json!({ "event": "record_created", "object_type": "segment", "workspace_token": space });
    let recorded = server.post(&made.personal, &event).await.ok();
    assert_eq!([&recorded["workspace_title"], &recorded["workspace_token"]], ["Late", space.as_str()]);
    let filter = format!("workspace_token={space}");
    assert_eq!(list(&server, &late, &filter).await.len(), 2, "the workspace's own entry, and the event");
    assert_eq!(list(&server, &tenant.token, &filter).await.len(), 0, "nothing of it is in another account");
    assert_eq!(entry_of(&before, "User")["object_token"], format!("user_{}", made.user));
}

#[tokio::test]
async fn a_revocation_takes_effect_within_two_seconds() {
    let dir = tempfile::tempdir().expect("a directory");
    let Made { account, user, service, personal, .. } = make_everything(dir.path());
    let server = Server::start_in(dir.path(), &[]).await;
    let of = ["--account", account.as_str()];
    let tokens = on(dir.path(), &[&["token", "list", "--json"], &of[..]].concat()).lines();
    let client = tokens.iter().find(|token| token["kind"] == "service").expect("the service token");
    let id = client["id"].as_str().expect("an id");
    let grant = server
        .request(reqwest::Method::POST, "/oauth/token", "")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("grant_type=client_credentials&client_id={id}&client_secret={service}"));
    let grant =
        crate::support::Answer::of(grant).await.ok()["access_token"].as_str().expect("a grant").to_owned();
    for token in [&service, &personal, &grant] {
        server.get(token, "/v2/ping").await.ok();
    }

    on(dir.path(), &[&["token", "revoke", id], &of[..]].concat()).ok();
    ends(&server, &service).await;
    ends(&server, &grant).await;
    server.get(&personal, "/v2/ping").await.ok();
    on(dir.path(), &[&["user", "remove", &user], &of[..]].concat()).ok();
    ends(&server, &personal).await;

    // Of a token that leaked, only the secret may be known.
    let leaked =
        on(dir.path(), &[&["token", "create", "leaked", "--role", "owner"], &of[..]].concat()).value();
    let entries = list(&server, &leaked, "action=delete").await;
    let gone: Vec<_> = entries.iter().map(|entry| entry["object_title"].as_str().expect("a title")).collect();
    assert_eq!(gone, ["Ada Lovelace", "my service"], "each is recorded");
    on(dir.path(), &[&["token", "revoke", &leaked], &of[..]].concat()).ok();
    ends(&server, &leaked).await;
}

#[tokio::test]
async fn many_at_once_beside_a_busy_server_all_get_through() {
    let (server, tenant) = Server::start().await;
    let dir = server.data_dir.clone();
    let names: Vec<String> = (0..8).map(|at| format!("Space {at}")).collect();
    let commands = tokio::task::spawn_blocking(move || {
        std::thread::scope(|scope| {
            let create = |name: &str| on(&dir, &["workspace", "create", name]).value();
            let running: Vec<_> = names.iter().map(|name| scope.spawn(move || create(name))).collect();
            running.into_iter().map(|command| command.join().expect("no panic")).collect::<Vec<_>>()
        })
    });
    let mut recorded = 0;
    while !commands.is_finished() {
        let event = json!({ "event": "record_created", "object_type": "segment", "object_token": "busy" });
        server.post(&tenant.token, &event).await.ok();
        recorded += 1;
    }
    let mut created = commands.await.expect("no panic");
    let mut listed: Vec<String> =
        list(&server, &tenant.token, "object_type=workspace").await.iter().map(object_token).collect();
    created.push(tenant.workspace.clone());
    created.sort();
    listed.sort();
    assert_eq!(created, listed);
    assert_eq!(list(&server, &tenant.token, "object_token=busy").await.len(), recorded);
}

#[tokio::test]
async fn lists_show_what_there_is_but_no_secret() {
    let dir = tempfile::tempdir().expect("a directory");
    let made = make_everything(dir.path());
    let tenant = Tenant::create(dir.path(), "Other");
    let accounts = on(dir.path(), &["account", "list", "--json"]).lines();
    assert_eq!(
        accounts.iter().map(|account| &account["token"]).collect::<Vec<_>>(),
        [&made.account, &tenant.account]
    );
    let of = ["--account", made.account.as_str()];
    let listed = |what: &str| on(dir.path(), &[&[what, "list", "--json"], &of[..]].concat()).lines();
    assert_eq!(listed("workspace")[0]["token"], made.workspace);
    assert_eq!(listed("user")[0]["id"].to_string(), made.user);
    assert_eq!(listed("token").len(), 2);
    for what in ["workspace", "user", "token"] {
        for form in [&[what, "list"][..], &[what, "list", "--json"]] {
            let shown = on(dir.path(), &[form, &of[..]].concat());
            for secret in [&made.service, &made.personal] {
                assert!(!shown.ok().contains(secret.as_str()), "{what} list shows a secret");
            }
        }
    }
}

/// The token stops working in time.
async fn ends(server: &Server, token: &str) {
    let revoked = Instant::now();
    while server.get(token, "/v2/ping").await.status != 401 {
        assert!(revoked.elapsed() < REVOKED_WITHIN, "the token still works");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn list(server: &Server, token: &str, query: &str) -> Vec<Value> {
    server.walk(token, query).await
}

fn entry_of<'a>(entries: &'a [Value], object_type: &str) -> &'a Value {
    entries.iter().find(|entry| entry["object_type"] == object_type).expect("an entry")
}

fn object_token(entry: &Value) -> String {
    entry["object_token"].as_str().expect("a token").to_owned()
}
