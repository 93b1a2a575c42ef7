//! Administration on every engine: what it leaves in the log, what it refuses, and who gets in its way.

mod concurrency;
mod entries;
mod faults;
mod refusals;

use std::sync::Arc;

use annals_format::{Row, Timestamp};
use annals_store::{AccountId, Catalog, Memory, Role, Scope, Sqlite, SqliteOptions};
use annals_tlog::Edge;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;

/// Always the same moment.
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

/// A clock that stands at half past nine.
fn clock() -> Still {
    Still(at("2026-03-04T09:30:00.5Z"))
}

fn ada<'a>(catalog: &'a dyn Catalog, clock: &'a dyn Clock) -> Admin<'a> {
    Admin { catalog, clock, who: "ada@build-1", source: "cli" }
}

fn sqlite() -> (Arc<dyn Catalog>, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let catalog =
        Sqlite::open(&directory.path().join("catalog.db"), SqliteOptions::default()).expect("a catalog");
    (Arc::new(catalog), directory)
}

/// An empty catalog of each engine, with what has to live as long.
fn engines() -> [(Arc<dyn Catalog>, Option<TempDir>); 2] {
    let (sqlite, directory) = sqlite();
    [(Arc::new(Memory::new()), None), (sqlite, Some(directory))]
}

fn service(name: &str, role: Role) -> TokenRequest {
    TokenRequest {
        name: name.to_owned(),
        scopes: Scope::ALL.into_iter().collect(),
        role: Some(role),
        user_id: None,
        expires_at: None,
    }
}

fn personal(name: &str, user_id: i64) -> TokenRequest {
    TokenRequest { role: None, user_id: Some(user_id), ..service(name, Role::Viewer) }
}

/// The whole log of an account as readers see it, after checking that it hangs together.
async fn log(catalog: &dyn Catalog, account: AccountId) -> Vec<Value> {
    let tree = catalog.tree(account).await.expect("a tree");
    let entries = catalog.entries(account, 0..u64::MAX, usize::MAX).await.expect("entries");
    let (mut edge, mut clock, mut logs) = (Edge::new(), Timestamp::MIN, Vec::new());
    for entry in entries {
        let row = Row::decode(&entry.row).expect("a sound row");
        assert_eq!(row.leaf_hash(), entry.leaf);
        assert!(row.created_at() >= clock, "time runs backwards at {}", entry.index);
        row.keys().expect("keys to find it by");
        clock = row.created_at();
        edge.push(entry.leaf);
        let mut text = String::new();
        row.write_audit_log(entry.index, &mut text);
        logs.push(serde_json::from_str(&text).expect("JSON"));
    }
    assert_eq!((tree.edge, tree.clock), (edge, clock));
    logs
}
