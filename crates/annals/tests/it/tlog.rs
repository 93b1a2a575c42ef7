//! The verifiable log as those see it who verify it: checkpoints, tiles, and what they must never show.

pub(crate) mod mirror;
mod proofs;
pub(crate) mod rollback;
mod witnessed;

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    read::history,
    support::{Answer, Server, Tenant, annals, run},
};
pub(crate) use mirror::Mirror;
pub(crate) use rollback::copy;

/// Text that stands for something personal, in every section and twice in a change.
const SECRET: &str = "ärgerlich-geheim-7781";

#[tokio::test]
async fn a_mirror_verifies_the_log_as_it_grows() {
    let (server, tenant) = Server::start().await;
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(1).await;
    // Within a tile, to its end, beyond it, and far beyond, while all but the newest move into segments.
    let mut size = mirror.size();
    let history = history(1_400);
    let mut rest = &history[..];
    for count in [3, 255 - usize::try_from(size).expect("small") - 3, 1, 1, 700, 440] {
        let (lines, later) = rest.split_at(count);
        rest = later;
        for lines in lines.chunks(500) {
            server.post_lines(&tenant.token, lines).await.ok();
        }
        size += count as u64;
        mirror.follow(size).await;
    }
    mirror.verify_all().await;
}

#[tokio::test]
async fn leaves_hold_nothing_personal() {
    let (server, tenant) = Server::start().await;
    let events: Vec<Value> = (0..300)
        .map(|n| {
            json!({
                "object_type": "cost_report", "event": "record_updated", "object_token": format!("rprt_{n}"),
                "object_title": SECRET, "user": SECRET, "user_id": 778_112_345 + n, "user_role": SECRET,
                "changed_values": {SECRET: [SECRET, n]}, "unchanged_values": {"note": SECRET},
                "context": {"ip": SECRET}, "metadata": {"more": SECRET},
            })
        })
        .collect();
    server.post_lines(&tenant.token, &events).await.ok();
    let listed = server.get(&tenant.token, "/v2/audit_logs?limit=1").await;
    assert!(listed.text().contains(SECRET), "what is looked for would be found");
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(300).await;
    mirror.verify_all().await;
    let published = mirror.everything().await;
    for secret in [SECRET, "778112345", "user_id\":"] {
        let found = published.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is in what is published");
    }
    // What anybody may know is there.
    assert!(published.windows(9).any(|window| window == b"rprt_299\""));
}

#[tokio::test]
async fn a_log_is_private_until_it_is_published() {
    let (server, tenant) = Server::start().await;
    let other = Tenant::create(&server.data_dir, "Others");
    let reader = tenant.token(&server.data_dir, "read");
    let writer = tenant.token(&server.data_dir, "write");
    Mirror::of(&server, &tenant).follow(1).await;
    let paths = ["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"];
    let anybody = reqwest::Client::builder().no_proxy().build().expect("HTTP client");
    let open = async |path: &str| {
        let url = format!("{}/tlog/{}/{path}", server.url, tenant.account);
        Answer::of(anybody.get(url)).await
    };
    for path in paths {
        let path_of_log = format!("/tlog/{}/{path}", tenant.account);
        assert_eq!(open(path).await.errors(401).len(), 1);
        assert_eq!(server.get(&writer, &path_of_log).await.errors(403).len(), 1);
        assert_eq!(
            server.get(&other.token, &path_of_log).await.errors(404),
            [format!("Log {} not found.", tenant.account)]
        );
        let answer = server.get(&reader, &path_of_log).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        assert!(answer.header("cache-control").is_some_and(|how| how.starts_with("private, ")));
    }
    annals(&server.data_dir, &["account", "publish", &tenant.account]);
    let mut published = open("checkpoint").await;
    for _ in 0..100 {
        if published.status == StatusCode::OK {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        published = open("checkpoint").await;
    }
    assert_eq!(published.header("cache-control"), Some("public, no-cache"));
    assert_eq!(published.header("content-type"), Some("text/plain; charset=utf-8"));
    for path in &paths[1..] {
        let answer = open(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    }
    // The setting is recorded as every other administration is.
    let newest = server.get(&tenant.token, "/v2/audit_logs?limit=1").await.ok();
    assert_eq!(newest["audit_logs"][0]["changed_values"], json!({"log_public": [false, true]}));
    annals(&server.data_dir, &["account", "unpublish", &tenant.account]);
}

#[tokio::test]
async fn what_is_no_tile_of_the_signed_tree_is_not_found() {
    let (server, tenant) = Server::start().await;
    let history = history(300);
    server.post_lines(&tenant.token, &history).await.ok();
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(300).await;
    let size = mirror.size();
    for path in
        ["tile/0/000", "tile/entries/000", "tile/0/001.p/1", "tile/entries/001.p/30", "tile/1/000.p/1"]
    {
        let answer = server.get(&tenant.token, &format!("/tlog/{}/{path}", tenant.account)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        let head = Answer::of(server.request(
            Method::HEAD,
            &format!("/tlog/{}/{path}", tenant.account),
            &tenant.token,
        ));
        assert_eq!(head.await.status, StatusCode::OK);
    }
    for path in [
        "tile/0/001",
        "tile/0/001.p/255",
        "tile/0/002.p/1",
        "tile/1/000",
        "tile/1/000.p/2",
        "tile/2/000.p/1",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/0",
        "tile/00/000",
        "tile/x/000",
        "tile/8/200/000",
        "tile/entries/x001/000.p/0",
        "tile/63/x036/x028/x797/x018/963/967",
        "tile/%ff/000",
        "tile/0/..%2f..%2fcatalog.sqlite",
    ] {
        let answer = server.get(&tenant.token, &format!("/tlog/{}/{path}", tenant.account)).await;
        assert!(
            matches!(answer.status.as_u16(), 400 | 404),
            "{path} of {size}: {} {}",
            answer.status,
            answer.text()
        );
        assert_eq!(answer.json()["errors"].as_array().map(Vec::len), Some(1));
    }
    let nobody = server.get(&tenant.token, "/tlog/acct_0000000000000000/checkpoint").await;
    assert_eq!(nobody.errors(404), ["Log acct_0000000000000000 not found."]);
}

#[tokio::test]
async fn keys_are_rotated_while_both_sign() {
    let (server, tenant) = Server::start().await;
    let mut mirror = Mirror::of(&server, &tenant);
    mirror.follow(1).await;
    let [old] = &mirror.keys[..] else { panic!("one key") };
    let old = old.clone();

    let new_id = annals(&server.data_dir, &["key", "rotate"]);
    let ids = annals(&server.data_dir, &["key", "list"]);
    let [listed, old_id] = ids.lines().collect::<Vec<_>>()[..] else { panic!("two keys: {ids}") };
    assert_eq!(listed, new_id);
    server.post_lines(&tenant.token, &history(3)).await.ok();
    mirror.follow(mirror.size() + 3).await;
    let both = Mirror::of(&server, &tenant).keys;
    assert_eq!(both.len(), 2);
    assert!(both.contains(&old));
    assert_eq!(mirror.signers(&both), 2);

    annals(&server.data_dir, &["key", "retire", old_id]);
    server.post_lines(&tenant.token, &history(4)).await.ok();
    let mut later = Mirror::of(&server, &tenant);
    later.take(Some(mirror.give()));
    assert!(!later.keys.contains(&old));
    later.follow(later.size() + 1).await;
    assert_eq!(later.signers(&both), 1);
    let last = run(&server.data_dir, &["key", "retire", &new_id]);
    assert!(String::from_utf8_lossy(&last.stderr).contains("is the only signing key"));
}

#[tokio::test]
async fn a_restart_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tenant = Tenant::create(dir.path(), "Tests");
    let mut server = Server::start_in(dir.path(), &[]).await;
    let mut tree = None;
    for (round, lines) in history(900).chunks(300).enumerate() {
        server.post_lines(&tenant.token, lines).await.ok();
        let mut mirror = Mirror::of(&server, &tenant);
        mirror.take(tree.take());
        mirror.follow(300 * (round as u64 + 1)).await;
        tree = Some(mirror.give());
        if round == 0 {
            let (status, _) = server.stop().await;
            assert!(status.success());
        } else {
            server.kill();
        }
        server = Server::start_in(dir.path(), &[]).await;
        // What was shown before is shown again at once, or something newer.
        let mut mirror = Mirror::of(&server, &tenant);
        mirror.take(tree.take());
        mirror.look().await;
        mirror.verify_all().await;
        tree = Some(mirror.give());
    }
}
