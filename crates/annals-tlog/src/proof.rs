//! Proofs that a tree has a leaf, and that a tree goes on where an older one ended: RFC 6962 §2.1.1 and §2.1.2.
//!
//! Both are built from [tiles](crate::tile) in two steps, so that reading tiles stays outside: a [`Plan`] says
//! which tiles it needs, and makes the proof of what they hold. A plan for [`Plan::root`] or [`Plan::edge`] gets
//! a root, or all that a log needs to go on, in the same way.
//!
//! ```
//! use std::collections::HashMap;
//!
//! use annals_tlog::{Edge, Hash, leaf_hash};
//! use annals_tlog::proof::{Plan, verify_consistency, verify_inclusion};
//! use annals_tlog::tile::Tile;
//!
//! // A log keeps the hashes of each level …
//! let mut edge = Edge::new();
//! let mut levels = [Vec::new(), Vec::new()];
//! let mut old_root = Hash::EMPTY_ROOT;
//! for entry in 0..600_u32 {
//!     if entry == 400 {
//!         old_root = edge.root();
//!     }
//!     let leaf = leaf_hash(&entry.to_be_bytes());
//!     levels[0].push(leaf);
//!     edge.push_tiled(leaf, |level, _, hash| levels[usize::from(level)].push(hash));
//! }
//! // … and publishes them as tiles.
//! let mut tiles = HashMap::new();
//! for (level, hashes) in (0..).zip(&levels) {
//!     for (tile, hashes) in Tile::added(level, 0, 600).zip(hashes.chunks(256)) {
//!         let bytes: Vec<u8> = hashes.iter().flat_map(Hash::as_bytes).copied().collect();
//!         tiles.insert(tile, bytes);
//!     }
//! }
//!
//! let plan = Plan::inclusion(300, 600)?;
//! let paths: Vec<String> = plan.tiles().iter().map(Tile::to_string).collect();
//! assert_eq!(paths, ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]);
//! let proof = plan.build(|tile| tiles.get(&tile))?;
//! verify_inclusion(leaf_hash(&300_u32.to_be_bytes()), 300, 600, edge.root(), &proof)?;
//!
//! let proof = Plan::consistency(400, 600)?.build(|tile| tiles.get(&tile))?;
//! verify_consistency(400, old_root, 600, edge.root(), &proof)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod plan;
mod verify;

use std::fmt;

pub use plan::{BuildError, Plan};
pub use verify::{VerifyError, verify_consistency, verify_inclusion};

use crate::edge::Edge;

/// Sizes and indexes for which there is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SizeError {
    /// The tree is larger than [`Edge::SIZE_MAX`].
    TooLarge {
        /// Number of leaves that was asked for.
        size: u64,
    },
    /// The tree has no leaf at this index.
    NoLeaf {
        /// Index of the leaf.
        index: u64,
        /// Number of leaves of the tree.
        size: u64,
    },
    /// The tree has no perfect subtree at this place, or not yet all of its leaves.
    NoSubtree {
        /// Height of the subtree: it has 2^`height` leaves.
        height: u8,
        /// How many subtrees of this height are to its left.
        index: u64,
        /// Number of leaves of the tree.
        size: u64,
    },
    /// The newer of two trees is the smaller one.
    Shrinks {
        /// Number of leaves of the older tree.
        old: u64,
        /// Number of leaves of the newer tree.
        new: u64,
    },
}

impl SizeError {
    fn check_size(size: u64) -> Result<(), SizeError> {
        if size > Edge::SIZE_MAX { Err(SizeError::TooLarge { size }) } else { Ok(()) }
    }

    fn check_leaf(index: u64, size: u64) -> Result<(), SizeError> {
        SizeError::check_size(size)?;
        if index < size { Ok(()) } else { Err(SizeError::NoLeaf { index, size }) }
    }

    fn check_growth(old: u64, new: u64) -> Result<(), SizeError> {
        SizeError::check_size(new)?;
        if old <= new { Ok(()) } else { Err(SizeError::Shrinks { old, new }) }
    }
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SizeError::TooLarge { size } => {
                write!(f, "a tree has at most {} leaves, not {size}", Edge::SIZE_MAX)
            }
            SizeError::NoLeaf { index, size } => write!(f, "a tree of {size} leaves has no leaf {index}"),
            SizeError::NoSubtree { height, index, size } => {
                write!(f, "a tree of {size} leaves has no whole subtree {index} of height {height}")
            }
            SizeError::Shrinks { old, new } => {
                write!(f, "a tree of {old} leaves cannot become one of {new} leaves")
            }
        }
    }
}

impl std::error::Error for SizeError {}
