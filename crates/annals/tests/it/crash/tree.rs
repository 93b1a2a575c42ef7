//! The stored tree against the stored rows, read from the catalog of a server that has ended.

use std::path::Path;

use annals_format::Row;
use annals_store::{Catalog as _, Sqlite, SqliteOptions};
use annals_tlog::Edge;

/// Recomputes every leaf from its row and every log's edge from its leaves.
pub(crate) async fn check(data_dir: &Path) {
    let catalog =
        Sqlite::open(&data_dir.join("catalog.sqlite"), SqliteOptions::default()).expect("the catalog opens");
    for account in catalog.accounts().await.expect("accounts") {
        let tree = catalog.tree(account.id).await.expect("a tree");
        let size = tree.edge.size();
        let mut edge = Edge::new();
        while edge.size() < size {
            let stored = catalog.entries(account.id, edge.size()..size, 4 << 20).await.expect("entries");
            assert!(!stored.is_empty(), "{} has {} entries, its tree {size}", account.token, edge.size());
            for entry in stored {
                let row = Row::decode(&entry.row).expect("a row");
                assert_eq!(row.leaf_hash(), entry.leaf, "the leaf of entry {} is another", entry.index);
                assert_eq!(entry.index, edge.size());
                assert!(
                    row.created_at() <= tree.clock || row.created_at().us() % 1_000_000 == 0,
                    "the clock ran back"
                );
                edge.push(entry.leaf);
            }
        }
        assert_eq!(edge, tree.edge, "the tree of {} does not follow from its leaves", account.token);
        let beyond = catalog.entries(account.id, size..u64::MAX >> 24, 1).await.expect("entries");
        assert!(beyond.is_empty(), "entries beyond the end of the log");
    }
}
