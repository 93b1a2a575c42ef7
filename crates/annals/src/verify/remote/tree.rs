//! The tree of a checkpoint, in tiles of which each is checked before anything is made of it.

use std::collections::HashMap;

use annals_tlog::{
    Hash, leaf_hash,
    proof::Plan,
    tile::{Bundle, Tile, tile_root},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{PARALLEL, RemoteError, Unchecked, Wrong, fetch::Fetch, trust::Seen};

/// The tiles of one tree.
///
/// The partial tiles, at the right edge, lead to the signed root; every full tile has a hash in the tile above it. Checked
/// from the root downwards, the first tile that is wrong is known for certain, and what is above it is right. Kept are the
/// partial tiles and the last full one of each level: a reader that goes from left to right reads each tile once.
pub(super) struct Tree<'a> {
    fetch: &'a Fetch,
    size: u64,
    ends: HashMap<Tile, Vec<Hash>>,
    recent: HashMap<u8, (Tile, Vec<Hash>)>,
}

impl<'a> Tree<'a> {
    /// Reads the right edge of a checkpoint's tree.
    pub(super) async fn open(fetch: &'a Fetch, seen: &Seen) -> Result<Self, RemoteError> {
        let (size, expected) = (seen.size(), seen.checkpoint().root());
        let plan = Plan::root(size).map_err(|error| impossible(&error))?;
        let read = |tile: &Tile| {
            let tile = *tile;
            async move { Ok::<_, RemoteError>((tile, fetch.tile(tile).await?)) }
        };
        let ends: HashMap<Tile, Vec<Hash>> =
            stream::iter(plan.tiles().iter().map(read)).buffered(PARALLEL).try_collect().await?;
        let found = build(&plan, &ends)?;
        if found != expected {
            return Err(match culprit(fetch, &plan, &ends, expected).await {
                Some(tile) => Wrong::End { tile, size, expected, found },
                None => Wrong::Root { size, expected, found },
            }
            .into());
        }
        Ok(Self { fetch, size, ends, recent: HashMap::new() })
    }

    /// The root of the first `size` entries: what a checkpoint of that size has to have had.
    pub(super) async fn root_of_first(&mut self, size: u64) -> Result<Hash, RemoteError> {
        let plan = Plan::root(size).map_err(|error| impossible(&error))?;
        let mut tiles = HashMap::new();
        for tile in plan.tiles() {
            // It may have grown since; its first hashes are the same.
            let grown = Tile::in_tree(tile.level(), tile.index(), self.size)
                .ok_or_else(|| impossible(&format!("{tile} is not in a tree of {} entries", self.size)))?;
            tiles.insert(*tile, self.tile(grown).await?.to_vec());
        }
        build(&plan, &tiles)
    }

    /// The hashes of a tile, which is read if it has to be, after those above it.
    pub(super) async fn tile(&mut self, tile: Tile) -> Result<&[Hash], RemoteError> {
        let mut missing = Vec::new();
        let mut at = tile;
        while self.known(at).is_none() {
            missing.push(at);
            at = self.above(at)?;
        }
        for tile in missing.into_iter().rev() {
            let hashes = self.fetch.tile(tile).await?;
            self.check(tile, &hashes)?;
            self.recent.insert(tile.level(), (tile, hashes));
        }
        self.known(tile).ok_or_else(|| impossible(&format!("{tile} was read, and is gone")))
    }

    /// Checks a full tile that was read ahead, and keeps it, so that [`Tree::tile`] has it.
    pub(super) async fn take(&mut self, tile: Tile, hashes: Vec<Hash>) -> Result<(), RemoteError> {
        let above = self.above(tile)?;
        self.tile(above).await?;
        self.check(tile, &hashes)?;
        self.recent.insert(tile.level(), (tile, hashes));
        Ok(())
    }

    fn known(&self, tile: Tile) -> Option<&[Hash]> {
        let recent =
            || self.recent.get(&tile.level()).filter(|recent| recent.0 == tile).map(|recent| &recent.1);
        self.ends.get(&tile).or_else(recent).map(Vec::as_slice)
    }

    /// The tile above a full one, which is in every tree that has the full one.
    fn above(&self, tile: Tile) -> Result<Tile, RemoteError> {
        let level = tile.level().saturating_add(1);
        Tile::in_tree(level, tile.index() / u64::from(Tile::WIDTH_MAX), self.size)
            .ok_or_else(|| impossible(&format!("nothing is above {tile} in a tree of {} entries", self.size)))
    }

    /// Compares a full tile with its hash in the tile above it, which has to be known.
    fn check(&self, tile: Tile, hashes: &[Hash]) -> Result<(), RemoteError> {
        let above = self.above(tile)?;
        let place = usize::try_from(tile.index() % u64::from(Tile::WIDTH_MAX)).unwrap_or(usize::MAX);
        let expected = self.known(above).and_then(|hashes| hashes.get(place)).copied();
        let found = hashes.try_into().ok().map(tile_root);
        match (expected, found) {
            (Some(expected), Some(found)) if expected == found => Ok(()),
            (Some(expected), Some(found)) => Err(Wrong::Tile { tile, above, expected, found }.into()),
            _ => Err(impossible(&format!("{tile} cannot be compared with {above}"))),
        }
    }
}

/// Which of the partial tiles is wrong, if what is below one of them makes another tile, and that one leads to the signed
/// root.
async fn culprit(
    fetch: &Fetch,
    plan: &Plan<Hash>,
    ends: &HashMap<Tile, Vec<Hash>>,
    expected: Hash,
) -> Option<Tile> {
    for tile in plan.tiles() {
        let Ok(hashes) = made_of_below(fetch, *tile).await else { continue };
        let mut mended = ends.clone();
        mended.insert(*tile, hashes);
        if build(plan, &mended).is_ok_and(|root| root == expected) {
            return Some(*tile);
        }
    }
    None
}

/// A tile, made of the tiles or the entries below it.
async fn made_of_below(fetch: &Fetch, tile: Tile) -> Result<Vec<Hash>, RemoteError> {
    let Some(level) = tile.level().checked_sub(1) else {
        let bundle = Bundle::new(tile.index(), tile.width()).ok_or_else(|| impossible(&tile))?;
        let pruned = || impossible(&format!("{bundle} is no longer kept"));
        let (served, bytes) = fetch.bundle(bundle).await?.ok_or_else(pruned)?;
        let entries = served.decode(&bytes).map_err(|source| Wrong::Bundle { bundle: served, source })?;
        return Ok(entries.into_iter().take(usize::from(tile.width())).map(leaf_hash).collect());
    };
    let below = tile.positions().map(|index| async move {
        let below = Tile::new(level, index, Tile::WIDTH_MAX).ok_or_else(|| impossible(&tile))?;
        let hashes = fetch.tile(below).await?;
        hashes.as_slice().try_into().map(tile_root).map_err(|_| impossible(&below))
    });
    stream::iter(below).buffered(PARALLEL).try_collect().await
}

/// What a plan makes of these tiles.
fn build(plan: &Plan<Hash>, tiles: &HashMap<Tile, Vec<Hash>>) -> Result<Hash, RemoteError> {
    let bytes = |tile: Tile| -> Option<Vec<u8>> {
        Some(tiles.get(&tile)?.iter().flat_map(Hash::as_bytes).copied().collect())
    };
    plan.build(bytes).map_err(|error| impossible(&error))
}

/// What the sizes of trees and tiles rule out; should they not, nothing was learnt about the log.
fn impossible(what: &dyn std::fmt::Display) -> RemoteError {
    Unchecked::Invalid(format!("the tree of the log cannot be read: {what}")).into()
}
