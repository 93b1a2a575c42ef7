//! Three accounts under random interleaved traffic: no answer of one ever holds a byte of another's.
//!
//! Everything that an account sends is marked with its own word, in every field there is, and everything that the server
//! gives it (tokens of entries, workspaces, accounts, access tokens) is noted. Then every answer to the others, headers
//! and bodies, is searched for both; only what the caller itself has just sent may be echoed.
//!
//! One run again: `ANNALS_SEED=42 cargo test -p annals --test it isolation`.

mod marks;
mod random;
mod traffic;

use std::{path::Path, time::SystemTime};

use serde_json::Value;

use crate::support::{Server, annals};
use marks::{Belongings, MARKS, Party};
use random::Random;
use traffic::Traffic;

/// Rounds of requests; those of a round are in flight together.
const ROUNDS: usize = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_holds_anything_of_another_account() {
    let seed = seed();
    println!("ANNALS_SEED={seed}");
    let dir = tempfile::tempdir().expect("a directory");
    let parties: Vec<Party> = MARKS.iter().map(|mark| party(dir.path(), mark)).collect();
    let mut server = Server::start_in(dir.path(), &[]).await;
    let mut traffic = Traffic::new(&server, parties, Random::new(seed));
    traffic.tags_are_of_one_account().await;
    for round in 0..ROUNDS {
        if round % 50 == 25 {
            traffic.administer(dir.path());
        }
        traffic.round().await;
    }
    traffic.operations_hold_nothing().await;
    traffic.every_log_is_whole().await;
    println!("{} answers, {} of them errors", traffic.answers, traffic.errors);
    let secrets: Vec<String> = traffic.parties().iter().flat_map(|party| party.secrets.clone()).collect();
    let (status, said) = server.stop().await;
    assert!(status.success(), "{said}");
    for secret in &secrets {
        assert!(!said.contains(secret.as_str()), "an access token is in the server's log");
    }
}

/// The seed that is asked for, or another one each time.
fn seed() -> u64 {
    match std::env::var("ANNALS_SEED") {
        Ok(seed) => seed.parse().expect("ANNALS_SEED is a number"),
        Err(_) => SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970").subsec_nanos().into(),
    }
}

/// An account with its mark in every name, a user, and tokens that may do all, and less.
fn party(data_dir: &Path, mark: &'static str) -> Party {
    let account = annals(data_dir, &["account", "create", &format!("{mark} Corp")]);
    let of_account = |arguments: &[&str]| annals(data_dir, &[arguments, &["--account", &account]].concat());
    let workspaces: Vec<String> =
        (0..2).map(|at| of_account(&["workspace", "create", &format!("{mark} space {at}")])).collect();
    let user = of_account(&["user", "create", &format!("{mark} Lovelace"), "--role", "owner"]);
    let name = format!("{mark} token");
    let create = |more: &[&str]| of_account(&[&["token", "create", &name], more].concat());
    let secrets = vec![
        create(&["--scope", "read,write,import", "--role", "owner"]),
        create(&["--scope", "read,write", "--role", "owner"]),
        create(&["--scope", "read", "--user", &user]),
    ];
    let listed = of_account(&["token", "list", "--json"]);
    let tokens: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let id = |token: &Value| token["id"].as_str().expect("an id").to_owned();
    let client = tokens.iter().find(|token| token["kind"] == "service").expect("the first service token");
    let client_ids: Vec<String> = tokens.iter().map(id).collect();
    let mut belongings = Belongings::default();
    for belonging in [&account].into_iter().chain(&workspaces).chain(&secrets).chain(&client_ids) {
        belongings.add(belonging);
    }
    Party { mark, workspaces, secrets, client_id: id(client), belongings, ..Party::default() }
}
