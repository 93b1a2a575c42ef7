//! The right edge of a tree: all that a log must keep in order to grow and to know its root.

use std::fmt;

use crate::{
    hash::{Hash, node_hash},
    tile::TILE_HEIGHT,
};

/// The right edge of an RFC 6962 tree: its size, and the roots of its maximal perfect subtrees.
///
/// A tree of `size` leaves splits into one perfect subtree for each 1 in the binary form of `size`: 7 leaves
/// are subtrees of 4, 2 and 1. Their roots, at most 63, suffice to add leaves and to compute the root of the
/// whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// Roots of the maximal perfect subtrees, the largest subtree (the leftmost) first: `size.count_ones()`
    /// of them.
    roots: Vec<Hash>,
}

impl Edge {
    /// The largest size that [`Edge::from_bytes`] takes: 2⁶³ − 1.
    ///
    /// A size thus fits the signed integers of a database, and the size of an edge cannot overflow: from here
    /// it would take another 2⁶³ calls of [`Edge::push`].
    pub const SIZE_MAX: u64 = u64::MAX >> 1;

    /// The edge of a tree without leaves.
    pub const fn new() -> Edge {
        Edge { size: 0, roots: Vec::new() }
    }

    /// Number of leaves in the tree.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf at the right, given its [`leaf_hash`](crate::leaf_hash).
    ///
    /// Costs one node hash on average, and at most one for each root of the edge.
    pub fn push(&mut self, leaf: Hash) {
        self.push_tiled(leaf, |_, _, _| ());
    }

    /// Adds a leaf like [`Edge::push`], and hands out the hashes that this adds to [tiles](crate::tile) above
    /// level 0: one for each tile that the leaf makes full, with the level that the hash belongs to (1, 2 …) and
    /// its position among all hashes of that level.
    ///
    /// A log thus writes its tiles without reading those that are partial so far: the edge knows enough of them.
    pub fn push_tiled(&mut self, leaf: Hash, mut add: impl FnMut(u8, u64, Hash)) {
        // As in adding 1 to a binary number: each trailing 1 of the size is a perfect subtree that the new
        // one, equal in size by then, completes to a subtree twice as large.
        let completed = self.size.trailing_ones() as usize;
        let kept = self.roots.len() - completed;
        let mut root = leaf;
        for (height, left) in (1..).zip(self.roots.drain(kept..).rev()) {
            root = node_hash(&left, &root);
            if height % TILE_HEIGHT == 0 {
                add(height / TILE_HEIGHT, self.size >> height, root);
            }
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// The root of the tree; [`Hash::EMPTY_ROOT`] when it has no leaves.
    pub fn root(&self) -> Hash {
        let from_the_right = self.roots.iter().rev().copied();
        from_the_right.reduce(|right, left| node_hash(&left, &right)).unwrap_or(Hash::EMPTY_ROOT)
    }

    /// The roots of the maximal perfect subtrees, the largest subtree first, 32 bytes each. The size is not
    /// among the bytes: it is kept beside them.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.iter().flat_map(Hash::as_bytes).copied().collect()
    }

    /// The edge of a tree of `size` leaves from what [`Edge::to_bytes`] wrote. The hashes are taken as they
    /// are: compare [`Edge::root`] with a root that is trusted.
    ///
    /// # Errors
    ///
    /// `size` is beyond [`Edge::SIZE_MAX`], or `bytes` does not hold exactly one hash for each 1 in the binary
    /// form of `size`.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Edge, EdgeError> {
        if size > Edge::SIZE_MAX {
            return Err(EdgeError::TooLarge { size });
        }
        let expected = size.count_ones() as usize * Hash::LEN;
        if bytes.len() != expected {
            return Err(EdgeError::WrongLength { size, expected, actual: bytes.len() });
        }
        let (roots, _) = bytes.as_chunks();
        Ok(Edge::from_roots(size, roots.iter().copied().map(Hash::from_bytes).collect()))
    }

    /// The edge with these roots: `size.count_ones()` of them, the largest subtree first.
    pub(crate) fn from_roots(size: u64, roots: Vec<Hash>) -> Edge {
        debug_assert_eq!(roots.len(), size.count_ones() as usize);
        Edge { size, roots }
    }
}

/// Bytes that are not the edge of a tree of the given size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EdgeError {
    /// The size is beyond [`Edge::SIZE_MAX`].
    TooLarge {
        /// Number of leaves that was asked for.
        size: u64,
    },
    /// There are more or fewer bytes than the edge of a tree of this size has.
    WrongLength {
        /// Number of leaves of the tree.
        size: u64,
        /// Bytes in the edge of a tree of that size.
        expected: usize,
        /// Bytes that were given.
        actual: usize,
    },
}

impl fmt::Display for EdgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EdgeError::TooLarge { size } => {
                write!(f, "a tree has at most {} leaves, not {size}", Edge::SIZE_MAX)
            }
            EdgeError::WrongLength { size, expected, actual } => {
                write!(f, "the edge of a tree of {size} leaves is {expected} bytes long, not {actual}")
            }
        }
    }
}

impl std::error::Error for EdgeError {}
