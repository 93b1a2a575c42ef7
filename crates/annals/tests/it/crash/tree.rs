//! The stored tree against the stored rows, read from the catalog of a server that has ended.

use std::{path::Path, sync::Arc};

use annals::{data_dir, segments::Segments};
use annals_format::Row;
use annals_store::Catalog as _;
use annals_tlog::{Edge, Hash};

/// Recomputes every leaf from its row and every log's edge from its leaves.
pub(crate) async fn check(data_dir: &Path) {
    let catalog = data_dir::open_catalog(data_dir).expect("the catalog opens");
    let segments = Arc::new(Segments::new(data_dir::open_blobs(data_dir).expect("the blobs open"), 0));
    let mut sealed_somewhere = 0;
    for account in catalog.accounts().await.expect("accounts") {
        let tree = catalog.tree(account.id).await.expect("a tree");
        let size = tree.edge.size();
        let mut edge = Edge::new();
        let mut add = |index: u64, row: &[u8], leaf: Option<Hash>| {
            let row = Row::decode(row).expect("a row");
            assert!(leaf.is_none_or(|leaf| leaf == row.leaf_hash()), "the leaf of entry {index} is another");
            assert_eq!(index, edge.size());
            assert!(
                row.created_at() <= tree.clock || row.created_at().us() % 1_000_000 == 0,
                "the clock ran back"
            );
            edge.push(row.leaf_hash());
        };
        for info in catalog.segments(account.id).await.expect("segments") {
            let sealed = segments.open(account.id, info).await.expect("a segment");
            let read = move || {
                let mut rows = Vec::new();
                sealed.each_row(|index, row| rows.push((index, row)))?;
                rows.sort_unstable();
                Ok(rows)
            };
            let rows = segments.run(read).await.expect("rows");
            sealed_somewhere += rows.len();
            for (index, row) in rows {
                add(index, &row, None);
            }
        }
        let head = catalog.entries(account.id, 0..size, usize::MAX).await.expect("entries");
        for entry in head {
            add(entry.index, &entry.row, Some(entry.leaf));
        }
        assert_eq!(edge, tree.edge, "the tree of {} does not follow from its leaves", account.token);
        let beyond = catalog.entries(account.id, size..u64::MAX >> 24, 1).await.expect("entries");
        assert!(beyond.is_empty(), "entries beyond the end of the log");
    }
    super::say(&format!("{sealed_somewhere} of the entries were sealed"));
}
