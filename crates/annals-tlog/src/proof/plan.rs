//! Plans: which tiles hold what a proof needs, and the proof of their bytes.

use std::{collections::BTreeMap, fmt, iter, ops::Range};

use super::SizeError;
use crate::{
    edge::Edge,
    hash::{Hash, node_hash},
    tile::{TILE_HEIGHT, Tile, perfect_root},
};

/// How to make a `T` of the tiles of a tree: a proof (`Vec<Hash>`), the hash of a tree or a subtree (`Hash`), or
/// a tree's right edge ([`Edge`]).
///
/// A plan names the [tiles](Plan::tiles) that it needs; once they are read, [`Plan::build`] makes the rest.
#[derive(Clone, Debug)]
pub struct Plan<T> {
    size: u64,
    /// In order, each once.
    tiles: Vec<Tile>,
    /// The perfect subtrees that each hash is made of, from left to right.
    hashes: Vec<Vec<Subtree>>,
    /// Makes the answer of the tree's size and the hashes.
    finish: fn(u64, Vec<Hash>) -> T,
}

impl Plan<Vec<Hash>> {
    /// The proof that leaf `index` is in the tree of `size` leaves, for
    /// [`verify_inclusion`](super::verify_inclusion): the audit path of RFC 6962 §2.1.1.
    ///
    /// # Errors
    ///
    /// `index` is not below `size`, or `size` is beyond [`Edge::SIZE_MAX`].
    pub fn inclusion(index: u64, size: u64) -> Result<Self, SizeError> {
        SizeError::check_leaf(index, size)?;
        let mut ranges = Vec::new();
        let mut within = 0..size;
        while within.end - within.start > 1 {
            let middle = middle(&within);
            if index < middle {
                ranges.push(middle..within.end);
                within.end = middle;
            } else {
                ranges.push(within.start..middle);
                within.start = middle;
            }
        }
        // A proof begins beside the leaf and ends below the root.
        ranges.reverse();
        Ok(Plan::new(size, ranges, |_, hashes| hashes))
    }

    /// The proof that the tree of `new` leaves begins with all leaves of the tree of `old` leaves, for
    /// [`verify_consistency`](super::verify_consistency): RFC 6962 §2.1.2. It is empty if `old` is 0, which the
    /// RFC leaves open, or equal to `new`.
    ///
    /// # Errors
    ///
    /// `old` is larger than `new`, or `new` is beyond [`Edge::SIZE_MAX`].
    pub fn consistency(old: u64, new: u64) -> Result<Self, SizeError> {
        SizeError::check_growth(old, new)?;
        let mut ranges = Vec::new();
        let mut within = 0..new;
        while old > 0 && within.end != old {
            let middle = middle(&within);
            if old <= middle {
                ranges.push(middle..within.end);
                within.end = middle;
            } else {
                ranges.push(within.start..middle);
                within.start = middle;
            }
        }
        // The subtree in which the old tree ends is part of the proof, unless it is all of the old tree, whose
        // root the verifier knows.
        if old > 0 && within.start > 0 {
            ranges.push(within);
        }
        ranges.reverse();
        Ok(Plan::new(new, ranges, |_, hashes| hashes))
    }
}

impl Plan<Hash> {
    /// The root of the tree of `size` leaves.
    ///
    /// # Errors
    ///
    /// `size` is beyond [`Edge::SIZE_MAX`].
    pub fn root(size: u64) -> Result<Self, SizeError> {
        SizeError::check_size(size)?;
        Ok(Plan::new(size, iter::once(0..size), first_hash))
    }

    /// The hash of a perfect subtree in the tree of `size` leaves: the one of 2^`height` leaves that has `index`
    /// others of its height to its left.
    ///
    /// # Errors
    ///
    /// The subtree is not within the first `size` leaves, or `size` is beyond [`Edge::SIZE_MAX`].
    pub fn subtree(height: u8, index: u64, size: u64) -> Result<Self, SizeError> {
        SizeError::check_size(size)?;
        let subtrees = size.checked_shr(u32::from(height)).unwrap_or(0);
        if index >= subtrees {
            return Err(SizeError::NoSubtree { height, index, size });
        }
        let leaves = index << height..(index + 1) << height;
        Ok(Plan::new(size, iter::once(leaves), first_hash))
    }
}

impl Plan<Edge> {
    /// The right edge of the tree of `size` leaves, from which a log goes on.
    ///
    /// # Errors
    ///
    /// `size` is beyond [`Edge::SIZE_MAX`].
    pub fn edge(size: u64) -> Result<Self, SizeError> {
        SizeError::check_size(size)?;
        Ok(Plan::new(size, perfect_ranges(0..size), Edge::from_roots))
    }
}

impl<T> Plan<T> {
    /// A plan for the hash of each of these ranges of leaves. A range begins at a multiple of some power of two
    /// that is not smaller than its length.
    fn new(
        size: u64,
        ranges: impl IntoIterator<Item = Range<u64>>,
        finish: fn(u64, Vec<Hash>) -> T,
    ) -> Plan<T> {
        let subtrees =
            |range| perfect_ranges(range).filter_map(|leaves| Subtree::new(&leaves, size)).collect();
        let hashes: Vec<Vec<Subtree>> = ranges.into_iter().map(subtrees).collect();
        let mut tiles: Vec<Tile> = hashes.iter().flatten().map(|subtree| subtree.tile).collect();
        tiles.sort_unstable();
        tiles.dedup();
        Plan { size, tiles, hashes, finish }
    }

    /// The tiles that have to be read: each once, by level and index, and as wide as in the tree that the plan
    /// is about.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// Makes what was planned, given the bytes of each tile in [`Plan::tiles`], asked for once and in their
    /// order. A tile that has grown since will do: its first hashes are the same.
    ///
    /// The hashes are taken as they are: a proof or a root of wrong tiles is wrong.
    ///
    /// # Errors
    ///
    /// `read` has no bytes for a tile, or too few, or bytes that are no tile at all. What it has for the tiles
    /// that come after is not looked at.
    pub fn build<B: AsRef<[u8]>>(&self, mut read: impl FnMut(Tile) -> Option<B>) -> Result<T, BuildError> {
        let mut tiles = BTreeMap::new();
        for tile in &self.tiles {
            let bytes = read(*tile).ok_or(BuildError::Missing { tile: *tile })?;
            check_length(*tile, bytes.as_ref().len())?;
            tiles.insert(*tile, bytes);
        }
        let hash_of = |subtree: &Subtree| match tiles.get(&subtree.tile) {
            Some(bytes) => Ok(subtree.hash(bytes.as_ref())),
            None => Err(BuildError::Missing { tile: subtree.tile }),
        };
        let mut hashes = Vec::with_capacity(self.hashes.len());
        for subtrees in &self.hashes {
            let roots = subtrees.iter().map(hash_of).collect::<Result<Vec<Hash>, _>>()?;
            let from_the_right = roots.into_iter().rev();
            let hash = from_the_right.reduce(|right, left| node_hash(&left, &right));
            hashes.push(hash.unwrap_or(Hash::EMPTY_ROOT));
        }
        Ok((self.finish)(self.size, hashes))
    }
}

/// A perfect subtree: the tile that has its root or, if that is between two levels of tiles, the hashes below
/// its root.
#[derive(Clone, Debug)]
struct Subtree {
    tile: Tile,
    /// Places of the hashes in the tile.
    first: usize,
    hashes: usize,
}

impl Subtree {
    /// The subtree over `leaves`, one of [`perfect_ranges`], in a tree of `size` leaves; none if it is not there.
    fn new(leaves: &Range<u64>, size: u64) -> Option<Subtree> {
        let height = (leaves.end - leaves.start).checked_ilog2()?;
        let level = u8::try_from(height).ok()? / TILE_HEIGHT;
        let hash_height = level * TILE_HEIGHT;
        let position = leaves.start >> hash_height;
        let tile = Tile::in_tree(level, position >> TILE_HEIGHT, size)?;
        let first = usize::try_from(position - tile.positions().start).ok()?;
        Some(Subtree { tile, first, hashes: 1 << (height - u32::from(hash_height)) })
    }

    /// The root of the subtree, given the bytes of its tile.
    fn hash(&self, tile: &[u8]) -> Hash {
        let (hashes, _) = tile.as_chunks();
        perfect_root(hashes.iter().skip(self.first).take(self.hashes).copied().map(Hash::from_bytes))
    }
}

/// The leaves of each maximal perfect subtree of a range, the largest (the leftmost) first.
fn perfect_ranges(leaves: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let mut start = leaves.start;
    iter::from_fn(move || {
        let height = (leaves.end - start).checked_ilog2()?;
        let subtree = start..start + (1 << height);
        start = subtree.end;
        Some(subtree)
    })
}

/// Where RFC 6962 splits a tree of two or more leaves: the left part is the largest perfect subtree that leaves
/// something for the right.
fn middle(leaves: &Range<u64>) -> u64 {
    leaves.start + (1 << (leaves.end - leaves.start - 1).ilog2())
}

/// What a plan for one hash makes of it.
fn first_hash(_size: u64, hashes: Vec<Hash>) -> Hash {
    hashes.into_iter().next().unwrap_or(Hash::EMPTY_ROOT)
}

/// Whether these are the bytes of a tile, and at least as many as it had when it was planned with.
fn check_length(tile: Tile, bytes: usize) -> Result<(), BuildError> {
    let fits = bytes.is_multiple_of(Hash::LEN) && (tile.bytes()..=Tile::BYTES_MAX).contains(&bytes);
    if fits { Ok(()) } else { Err(BuildError::WrongLength { tile, bytes }) }
}

/// A tile that a plan needs is not there, or is not as long as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// There are no bytes for a tile.
    Missing {
        /// The tile.
        tile: Tile,
    },
    /// The bytes for a tile are not a number of whole hashes, or are too few or too many of them.
    WrongLength {
        /// The tile.
        tile: Tile,
        /// Bytes that were given.
        bytes: usize,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Missing { tile } => write!(f, "{tile} is missing"),
            BuildError::WrongLength { tile, bytes } => {
                write!(f, "{tile} is {} bytes long, or longer once it has grown, not {bytes}", tile.bytes())
            }
        }
    }
}

impl std::error::Error for BuildError {}
