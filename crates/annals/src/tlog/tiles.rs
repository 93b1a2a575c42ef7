//! The tree of a log, read in tiles.

use std::{collections::HashMap, num::NonZero, ops::Range, sync::Arc, thread};

use annals_format::{Row, entry::CorruptRow};
use annals_store::{AccountId, Append, Catalog, Commit, CommitError, ReadError, TileHash};
use annals_tlog::{
    Edge, Hash,
    proof::Plan,
    tile::{Bundle, Tile},
};

use tokio::sync::Semaphore;

use crate::append::{Logs, Stored};

/// Entries whose leaves are read at a time when tiles are made that are missing.
const STEP: u64 = 256;

/// The trees of all logs.
pub struct Tiles {
    catalog: Arc<dyn Catalog>,
    logs: Arc<Logs>,
    /// For those who make leaves of rows, which may be a hundred megabytes: one for each processor.
    turns: Semaphore,
}

impl Tiles {
    /// Reads the trees of these logs.
    pub fn new(catalog: Arc<dyn Catalog>, logs: Arc<Logs>) -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self { catalog, logs, turns: Semaphore::new(processors) }
    }

    /// A tile, which has to be in the tree.
    pub async fn tile(&self, account: AccountId, tile: Tile) -> Result<Vec<u8>, ReadError> {
        let hashes = if tile.level() == 0 {
            self.made(account, tile.positions(), hash_of).await?
        } else {
            self.catalog.tile_hashes(account, tile.level(), tile.positions()).await?
        };
        if hashes.len() != usize::from(tile.width()) {
            return Err(missing(&tile));
        }
        Ok(hashes.iter().flat_map(Hash::as_bytes).copied().collect())
    }

    /// A bundle of leaves, which have to be in the tree; `None` if one of them is no longer kept.
    pub async fn entries(&self, account: AccountId, bundle: Bundle) -> Result<Option<Vec<u8>>, ReadError> {
        let leaves = self.made(account, bundle.tile().positions(), leaf_of).await?;
        let Some(leaves) = leaves.into_iter().collect::<Option<Vec<String>>>() else { return Ok(None) };
        bundle.encode(leaves).map(Some).map_err(|error| ReadError::Corrupt(error.to_string()))
    }

    /// What a plan makes of the tree: a proof, a root.
    pub async fn build<T>(&self, account: AccountId, plan: &Plan<T>) -> Result<T, ReadError> {
        let mut tiles = HashMap::new();
        for tile in plan.tiles() {
            tiles.insert(*tile, self.tile(account, *tile).await?);
        }
        plan.build(|tile| tiles.get(&tile)).map_err(|error| ReadError::Corrupt(error.to_string()))
    }

    /// The leaves at these indexes, or their hashes, made of what is left of the entries.
    async fn made<T: Send + 'static>(
        &self,
        account: AccountId,
        indexes: Range<u64>,
        make: fn(&Stored) -> Result<T, CorruptRow>,
    ) -> Result<Vec<T>, ReadError> {
        // Neither the semaphore nor the runtime ends before those who read.
        let ended = || ReadError::Unavailable("the server is stopping".into());
        let _turn = self.turns.acquire().await.map_err(|_| ended())?;
        let indexes: Vec<u64> = indexes.collect();
        let stored = self.logs.read(account, &indexes).await?;
        let made = move || stored.iter().map(make).collect();
        let made: Result<_, CorruptRow> = tokio::task::spawn_blocking(made).await.map_err(|_| ended())?;
        made.map_err(|error| ReadError::Corrupt(error.to_string()))
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
            for leaf in self.made(account, edge.size()..end, hash_of).await.map_err(read)? {
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

fn leaf_of(stored: &Stored) -> Result<Option<String>, CorruptRow> {
    match stored {
        Stored::Row(row) => Row::decode(row).map(|row| Some(row.leaf())),
        Stored::Pruned(_) => Ok(None),
    }
}

fn hash_of(stored: &Stored) -> Result<Hash, CorruptRow> {
    match stored {
        Stored::Row(row) => Row::decode(row).map(|row| row.leaf_hash()),
        Stored::Pruned(hash) => Ok(*hash),
    }
}

fn missing(tile: &Tile) -> ReadError {
    ReadError::Corrupt(format!("{tile} of a log's tree is not there"))
}
