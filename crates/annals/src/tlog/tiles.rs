//! The tree of a log, read in tiles.

use std::{collections::HashMap, sync::Arc};

use annals_format::Row;
use annals_store::{AccountId, Append, Catalog, Commit, CommitError, ReadError, TileHash};
use annals_tlog::{
    Edge, Hash,
    proof::Plan,
    tile::{Bundle, Tile},
};

use crate::append::Logs;

/// Entries whose leaves are read at a time when tiles are made that are missing.
const STEP: u64 = 4_096;

/// The trees of all logs.
pub struct Tiles {
    catalog: Arc<dyn Catalog>,
    logs: Arc<Logs>,
}

impl Tiles {
    /// Reads the trees of these logs.
    pub fn new(catalog: Arc<dyn Catalog>, logs: Arc<Logs>) -> Self {
        Self { catalog, logs }
    }

    /// A tile, which has to be in the tree.
    pub async fn tile(&self, account: AccountId, tile: Tile) -> Result<Vec<u8>, ReadError> {
        let hashes = if tile.level() == 0 {
            self.leaves(account, tile.positions()).await?.iter().map(|leaf| leaf.1).collect()
        } else {
            self.catalog.tile_hashes(account, tile.level(), tile.positions()).await?
        };
        if hashes.len() != usize::from(tile.width()) {
            return Err(missing(&tile));
        }
        Ok(hashes.iter().flat_map(Hash::as_bytes).copied().collect())
    }

    /// A bundle of leaves, which have to be in the tree.
    pub async fn entries(&self, account: AccountId, bundle: Bundle) -> Result<Vec<u8>, ReadError> {
        let leaves = self.leaves(account, bundle.tile().positions()).await?;
        bundle
            .encode(leaves.iter().map(|(leaf, _)| leaf.as_bytes()))
            .map_err(|error| ReadError::Corrupt(error.to_string()))
    }

    /// What a plan makes of the tree: a proof, a root.
    pub async fn build<T>(&self, account: AccountId, plan: &Plan<T>) -> Result<T, ReadError> {
        let mut tiles = HashMap::new();
        for tile in plan.tiles() {
            tiles.insert(*tile, self.tile(account, *tile).await?);
        }
        plan.build(|tile| tiles.get(&tile)).map_err(|error| ReadError::Corrupt(error.to_string()))
    }

    /// Leaves with their hashes, made of the rows at these indexes.
    async fn leaves(
        &self,
        account: AccountId,
        indexes: std::ops::Range<u64>,
    ) -> Result<Vec<(String, Hash)>, ReadError> {
        let indexes: Vec<u64> = indexes.collect();
        let rows = self.logs.read_rows(account, &indexes).await?;
        let leaf = |row: &Vec<u8>| {
            let row = Row::decode(row).map_err(|error| ReadError::Corrupt(error.to_string()))?;
            let leaf = row.leaf();
            let hash = annals_tlog::leaf_hash(leaf.as_bytes());
            Ok((leaf, hash))
        };
        rows.iter().map(leaf).collect()
    }

    /// Makes the hashes of tiles that an older version has not kept. Nobody may write meanwhile.
    pub async fn complete(&self, account: AccountId) -> Result<(), CommitError> {
        let read = |error: ReadError| CommitError::Unavailable(error.into());
        let tree = self.catalog.tree(account).await.map_err(read)?;
        let size = tree.edge.size();
        if size < u64::from(Tile::WIDTH_MAX) {
            return Ok(());
        }
        // They are added in order, so that all are there if the first one is.
        if !self.catalog.tile_hashes(account, 1, 0..1).await.map_err(read)?.is_empty() {
            return Ok(());
        }
        tracing::info!(entries = size, "the tree of a log is made, which an older version has not kept");
        let (mut edge, mut tile_hashes) = (Edge::new(), Vec::new());
        while edge.size() < size {
            let end = size.min(edge.size() + STEP);
            for (_, leaf) in self.leaves(account, edge.size()..end).await.map_err(read)? {
                edge.push_tiled(leaf, |level, position, hash| {
                    tile_hashes.push(TileHash { level, position, hash });
                });
            }
        }
        if edge != tree.edge {
            let what = "the entries of a log do not make the tree that was committed";
            return Err(CommitError::Unavailable(what.into()));
        }
        let append =
            Append { account, expected_size: size, entries: Vec::new(), tree, tile_hashes, keys: Vec::new() };
        self.catalog.commit(Arc::new(Commit { appends: vec![append], changes: Vec::new() })).await
    }
}

fn missing(tile: &Tile) -> ReadError {
    ReadError::Corrupt(format!("{tile} of a log's tree is not there"))
}
