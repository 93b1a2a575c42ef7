//! RFC 6962 Merkle trees: the hashes of leaves and nodes, and the right edge from which a log grows; the
//! [tiles](tile) in which C2SP logs publish them, and [proofs](proof) made of tiles.
//!
//! Nothing here does I/O or reads a clock; the one dependency is SHA-256.
//!
//! ```
//! use annals_tlog::{Edge, Hash, leaf_hash, node_hash};
//!
//! let mut edge = Edge::new();
//! assert_eq!(edge.root(), Hash::EMPTY_ROOT);
//!
//! edge.push(leaf_hash(b"first"));
//! edge.push(leaf_hash(b"second"));
//! assert_eq!(edge.root(), node_hash(&leaf_hash(b"first"), &leaf_hash(b"second")));
//!
//! // A log stores the edge beside its size, and goes on from there.
//! let stored = edge.to_bytes();
//! let reopened = Edge::from_bytes(2, &stored)?;
//! assert_eq!(reopened, edge);
//! # Ok::<(), annals_tlog::EdgeError>(())
//! ```

mod edge;
mod hash;
pub mod proof;
pub mod tile;

pub use edge::{Edge, EdgeError};
pub use hash::{Hash, ParseHashError, leaf_hash, node_hash};
