//! A day in the life of a server with two accounts, in a few dozen requests.

use annals::{
    administer::{Admin, create_workspace, rename_workspace},
    jobs,
};
use annals_format::{LogToken, Row};
use annals_store::Fault;
use serde_json::{Value, json};

use super::{
    client::{Answer, Client, Form, Refused, Write},
    outage::Weather,
    world::World,
};

/// Everything that a server does, in an order in which one thing meets the other.
pub(crate) async fn run(client: &mut Client<'_>) {
    everyday(client).await;
    client.tend().await;
    history(client).await;
    client.tend().await;
    another_process(client).await;
    client.list(0, "q=renamed").await;
    client.restart().await;
    after_a_restart(client).await;
    client.tend().await;
    client.list(0, "limit=4&page=2").await;
    client.record(&single(0, "o-50", "k-50")).await;
}

/// Single events, batches and lines, with keys of both kinds; the same keys in both accounts.
async fn everyday(client: &mut Client<'_>) {
    let first = client.record(&single(0, "o-1", "k-1")).await;
    client.record(&single(1, "o-1", "k-1")).await;
    client.record(&batch(0, &["o-2", "o-3", "o-4"], "k-2")).await;
    // Again, as a client does that lost the answer.
    let again = client.record(&single(0, "o-1", "k-1")).await;
    assert_eq!((again[0].index, again[0].replayed), (first[0].index, true));
    client.refuse(&single(0, "o-never", "k-1"), "the Idempotency-Key was used before").await;

    let mut several = lines(1, &["o-5", "o-6", "o-5", "o-7"]);
    client.record(&several).await;
    several.events.push(keyed("o-8"));
    client.record(&several).await;
    several.events[1]["object_title"] = "Something else".into();
    client.refuse(&several, "audit_logs[1].idempotency_key was used before").await;

    let mut strange = single(0, "o-never", "k-3");
    strange.events[0]["workspace_token"] = client.tenant(1).workspace.as_str().into();
    client.refuse(&strange, "is no workspace of this account").await;

    assert_eq!(client.get(1, first[0].token).await, None, "the entry is another account's");
    client.list(0, "").await;
    client.list(1, "object_token=o-5").await;
    let together =
        (0..6).map(|at| single(at % 2, ["o-10", "o-11", "o-12", "o-13", "o-14", "o-15"][at], KEYS[at]));
    client.record_together(together.collect()).await;
    // Retries meet what they repeat while that is being committed.
    let eager = [single(0, "o-18", "k-18"), lines(0, &["o-19", "o-21"]), lines(1, &["o-22"])];
    client.record_together(eager.iter().flat_map(|write| [write; 4]).cloned().collect()).await;
    client.record_carelessly(&Write { key: None, ..batch(1, &["o-16", "o-17"], "") }).await;
}

/// Histories that overlap, into workspaces that are new.
async fn history(client: &mut Client<'_>) {
    let all: Vec<Value> = (0..7).map(imported).collect();
    let import =
        |events: &[Value]| Write { import: true, key: None, events: events.to_vec(), ..lines(0, &[]) };
    client.record(&import(&all[..4])).await;
    client.record(&Write { rows: false, ..import(&all[2..6]) }).await;
    // So do the tokens and workspaces of another history, in part.
    let new: Vec<Value> = (20..25).map(imported).collect();
    client
        .record_together(vec![import(&new[..3]), import(&new[1..4]), import(&new[..3]), import(&new[3..])])
        .await;
    let mut other = all[3].clone();
    other["user"] = "Somebody else".into();
    client.refuse(&import(&[all[6].clone(), other]), "was already recorded with other content").await;
    // The same tokens in another account are other entries.
    client.record(&Write { tenant: 1, form: Form::Batch, ..import(&all) }).await;
    client.list(0, "workspace_token=wrkspc_old_1&end_date=2025-12-31").await;
    client.list(1, "limit=2&page=2&as_of=9&action=create").await;
    // Long enough to be read on a thread of its own.
    let long = (0..9).map(|at| json!({ "text": "x".repeat(4_000), "at": at }));
    let events = long.zip(0..).map(|(metadata, at)| {
        let mut event = keyed(&format!("o-long-{at}"));
        event["metadata"] = metadata;
        event
    });
    client.record(&Write { events: events.collect(), rows: false, ..lines(0, &[]) }).await;
}

/// The command line changes the accounts while the server runs.
async fn another_process(client: &mut Client<'_>) {
    let World { beside, clock, .. } = client.world;
    let admin = Admin { catalog: &**beside, clock: &**clock, who: "operator", source: "cli" };
    let account = client.tenant(0).account;
    let workspace = create_workspace(&admin, account, "Späť").await.expect("a workspace").token;
    let mut there = single(0, "o-20", "k-20");
    there.events[0]["workspace_token"] = workspace.as_str().into();
    client.record(&there).await;
    rename_workspace(&admin, account, &workspace, "Finance").await.expect("renamed");
    client.list(0, &format!("workspace_token={workspace}")).await;
    // What the command line recorded is there for a server that has read it, so importing it again adds nothing.
    let own = served_by_the_command_line(client).await;
    client.know(0, &own);
    let recorded = client.record(&Write { events: own, import: true, key: None, ..lines(0, &[]) }).await;
    assert!(recorded.iter().all(|recorded| recorded.replayed));
    jobs::flush_uses(client.engine()).await;
    jobs::forget(client.engine(), 7).await;
}

/// Everything is still there, keys included.
async fn after_a_restart(client: &mut Client<'_>) {
    let again = client.record(&batch(0, &["o-2", "o-3", "o-4"], "k-2")).await;
    assert!(again.iter().all(|recorded| recorded.replayed));
    client.record(&single(1, "o-30", "k-30")).await;
    let old =
        Write { events: vec![imported(5), imported(7)], import: true, key: Some("k-31"), ..lines(0, &[]) };
    client.record(&old).await;
    client.list(0, "limit=5&page=3").await;
    client.list(1, "source=console&user=7").await;
}

/// Reads, and requests that need no commit, while no commit succeeds; then commits again, without a restart.
pub(crate) async fn without_commits(client: &mut Client<'_>, fault: Fault) {
    everyday(client).await;
    let world = client.world;
    world.commits.set(Weather::Broken(fault));
    let expected: &[Refused] = match fault {
        Fault::Before => &[Refused::Unavailable],
        Fault::After | Fault::Lost => &[Refused::Unknown],
    };
    let late = [single(0, "o-40", "k-40"), batch(1, &["o-41", "o-42"], "k-41"), lines(0, &["o-43", "o-44"])];
    for _ in 0..2 {
        for write in &late {
            match client.attempt(write).await {
                Err(refused) => assert!(expected.contains(&refused), "{refused:?} after {fault:?}"),
                // It was done after all, and that has been found out.
                Ok(Answer::Recorded(recorded)) => {
                    assert!(fault == Fault::After && recorded.iter().all(|recorded| recorded.replayed));
                }
                Ok(other) => panic!("{other:?} to {write:?}"),
            }
            client.list(write.tenant, "limit=10").await;
        }
        let known = client.record(&single(0, "o-1", "k-1")).await;
        assert!(known[0].replayed, "a retry needs no commit");
    }
    world.commits.set(Weather::Fair);
    for write in &late {
        client.insist_after(write, expected.to_vec()).await;
    }
    client.record(&single(1, "o-45", "k-45")).await;
}

const KEYS: [&str; 6] = ["k-10", "k-11", "k-12", "k-13", "k-14", "k-15"];

/// A live event about an object of its own.
fn event(object: &str) -> Value {
    json!({
        "event": "record_updated",
        "object_type": "cost_report",
        "object_token": object,
        "object_title": "Größe — 日本",
        "source": "console",
        "user": "Ada Lovelace",
        "user_id": 7,
        "context": { "ip": "203.0.113.7" },
        "before": { "n": 18_446_744_073_709_551_615_u64, "same": [1.5] },
        "after": { "n": 1, "same": [1.5] },
    })
}

fn keyed(object: &str) -> Value {
    let mut event = event(object);
    event["idempotency_key"] = format!("key of {object}").into();
    event
}

/// One event with an Idempotency-Key for the request.
pub(crate) fn single(tenant: usize, object: &str, key: &'static str) -> Write {
    let events = vec![event(object)];
    Write { tenant, events, form: Form::Single, key: Some(key), import: false, rows: true }
}

/// Some events, every other one of last year.
fn batch(tenant: usize, objects: &[&str], key: &'static str) -> Write {
    let events = objects.iter().enumerate().map(|(at, object)| {
        let mut event = event(object);
        if at % 2 == 1 {
            event["created_at"] = "2025-06-01T12:00:00.25Z".into();
        }
        event
    });
    Write { tenant, events: events.collect(), form: Form::Batch, key: Some(key), import: false, rows: true }
}

/// Events with keys of their own.
fn lines(tenant: usize, objects: &[&str]) -> Write {
    let events = objects.iter().map(|object| keyed(object)).collect();
    Write { tenant, events, form: Form::Lines, key: None, import: false, rows: true }
}

/// An old entry, with its token, instant and workspace. Several share a second.
fn imported(at: usize) -> Value {
    let name = ["record_created", "record_updated", "record_destroyed"][at % 3];
    let kind = ["Report", "VirtualTag"][at % 2];
    json!({
        "token": LogToken(0xabcd_0000 + at as u64).to_string(),
        "event": name,
        "object_type": kind,
        "object_token": format!("o-old-{at}"),
        "object_title": null,
        "source": "finops_agent",
        "user": "Grace Hopper",
        "user_id": -3,
        "workspace_token": format!("wrkspc_old_{}", at / 3),
        "workspace_title": format!("Old {}", at / 3),
        "created_at": format!("2025-11-0{}T08:00:00.{:06}Z", 1 + at / 4, 900_000 - at * 1_000),
        "changed_values": { "state": [at, at + 1] },
        "unchanged_values": {},
    })
}

/// What the command line recorded in the first account, as the server serves it.
async fn served_by_the_command_line(client: &Client<'_>) -> Vec<Value> {
    let account = client.tenant(0).account;
    let entries = client.world.beside.entries(account, 0..u64::MAX, usize::MAX).await.expect("entries");
    let served = entries.iter().map(|entry| {
        let mut text = String::new();
        Row::decode(&entry.row).expect("a row").write_audit_log(entry.index, &mut text);
        serde_json::from_str::<Value>(&text).expect("JSON")
    });
    served.filter(|entry| entry["source"] == "cli").collect()
}
