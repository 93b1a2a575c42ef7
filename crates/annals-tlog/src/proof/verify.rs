//! Verifying proofs: all that a reader of a log needs who does not trust it.

use std::fmt;

use super::SizeError;
use crate::hash::{Hash, node_hash};

/// Checks that leaf `index` of the tree with `size` leaves and this `root` has the hash `leaf`.
///
/// # Errors
///
/// The tree has no such leaf, the proof does not have exactly the hashes that it takes, or it leads to another
/// root.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    proof: &[Hash],
) -> Result<(), VerifyError> {
    SizeError::check_leaf(index, size)?;
    let path = Path::new(index, size - 1);
    check_length(path.len(), proof)?;
    check_root(path.root(leaf, proof), root)
}

/// Checks that the tree with `new_size` leaves and the root `new_root` begins with all leaves of the tree with
/// `old_size` leaves and the root `old_root`.
///
/// Every tree begins with the empty one, without proof: nothing is then known of `new_root`.
///
/// # Errors
///
/// The tree would have shrunk, the proof does not have exactly the hashes that it takes, or it leads to another
/// root for one of the two trees.
pub fn verify_consistency(
    old_size: u64,
    old_root: Hash,
    new_size: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), VerifyError> {
    SizeError::check_growth(old_size, new_size)?;
    if old_size == 0 {
        check_old_root(Hash::EMPTY_ROOT, old_root)?;
    }
    if old_size == 0 || old_size == new_size {
        check_length(0, proof)?;
        return if old_size == new_size { check_root(old_root, new_root) } else { Ok(()) };
    }
    // The way up begins at the last of the old tree's maximal perfect subtrees. If that is all of the old tree,
    // its hash is known; otherwise it is in front of the proof.
    let height = old_size.trailing_zeros();
    let path = Path::new((old_size - 1) >> height, (new_size - 1) >> height);
    let (start, siblings) = match proof.split_first() {
        Some((first, siblings)) if !old_size.is_power_of_two() => (*first, siblings),
        _ => (old_root, proof),
    };
    check_length(path.len() + usize::from(!old_size.is_power_of_two()), proof)?;
    check_old_root(path.old_root(start, siblings), old_root)?;
    check_root(path.root(start, siblings), new_root)
}

/// The way up from a perfect subtree to the root of the tree: a sibling is hashed in at each step.
struct Path {
    /// How many subtrees of the same height are to the left of the one it starts from.
    index: u64,
    /// Steps to the right edge of the tree, where the ancestors of the last subtree of this height are.
    to_edge: usize,
    /// Steps along the right edge.
    along_edge: usize,
}

impl Path {
    /// The way from subtree `index`, if `last` is the index of the last one of its height, whole or not. Neither
    /// is above [`Edge::SIZE_MAX`](crate::Edge::SIZE_MAX).
    fn new(index: u64, last: u64) -> Path {
        // From the highest bit on in which they differ, the ancestors of both are the same nodes.
        let to_edge = u64::BITS - (index ^ last).leading_zeros();
        // On the right edge, a 1 stands for a right child. A 0 would be a left child, but there is nothing to its
        // right, and so no node to step to.
        let along_edge = (index >> to_edge).count_ones();
        Path { index, to_edge: to_edge as usize, along_edge: along_edge as usize }
    }

    /// Number of siblings on the way.
    fn len(&self) -> usize {
        self.to_edge + self.along_edge
    }

    fn is_left_sibling(&self, step: usize) -> bool {
        step >= self.to_edge || self.index >> step & 1 == 1
    }

    /// The root of the tree, if `hash` is that of the subtree.
    fn root(&self, hash: Hash, siblings: &[Hash]) -> Hash {
        siblings.iter().enumerate().fold(hash, |hash, (step, sibling)| {
            if self.is_left_sibling(step) { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) }
        })
    }

    /// The root of the tree that ended with the subtree, if `hash` is that of the subtree.
    fn old_root(&self, hash: Hash, siblings: &[Hash]) -> Hash {
        let left = siblings.iter().enumerate().filter(|(step, _)| self.is_left_sibling(*step));
        left.fold(hash, |hash, (_, sibling)| node_hash(sibling, &hash))
    }
}

fn check_length(expected: usize, proof: &[Hash]) -> Result<(), VerifyError> {
    let actual = proof.len();
    if actual == expected { Ok(()) } else { Err(VerifyError::WrongLength { expected, actual }) }
}

fn check_root(computed: Hash, root: Hash) -> Result<(), VerifyError> {
    if computed == root { Ok(()) } else { Err(VerifyError::WrongRoot { computed }) }
}

fn check_old_root(computed: Hash, root: Hash) -> Result<(), VerifyError> {
    if computed == root { Ok(()) } else { Err(VerifyError::WrongOldRoot { computed }) }
}

/// A proof that does not prove what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// No proof could prove it.
    Size(SizeError),
    /// The proof has more or fewer hashes than it takes.
    WrongLength {
        /// Hashes in a proof for these sizes.
        expected: usize,
        /// Hashes that were given.
        actual: usize,
    },
    /// The proof leads to another root of the tree (the newer one, of two).
    WrongRoot {
        /// The root that it leads to.
        computed: Hash,
    },
    /// The proof leads to another root of the older tree.
    WrongOldRoot {
        /// The root that it leads to.
        computed: Hash,
    },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::Size(_) => f.write_str("there is no proof of this"),
            VerifyError::WrongLength { expected, actual } => {
                write!(f, "the proof has {expected} hashes, not {actual}")
            }
            VerifyError::WrongRoot { computed } => write!(f, "the proof leads to another root: {computed}"),
            VerifyError::WrongOldRoot { computed } => {
                write!(f, "the proof leads to another root of the older tree: {computed}")
            }
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            VerifyError::Size(error) => Some(error),
            _ => None,
        }
    }
}

impl From<SizeError> for VerifyError {
    fn from(error: SizeError) -> VerifyError {
        VerifyError::Size(error)
    }
}
