//! RFC 6962 Merkle trees: the hashes of leaves and nodes, and the right edge from which a log grows; the
//! [tiles](tile) in which C2SP logs publish them, and [proofs](proof) made of tiles.
//!
//! A log signs its size and root as a [`checkpoint`], which is a [`note`] that a [`witness`] may cosign. A [`proof_file`]
//! shows to whoever has the keys that an entry is in the log. All are in the formats of <https://c2sp.org>.
//!
//! Nothing here does I/O or reads a clock, and keys are made of seeds that the caller gives; the dependencies are
//! cryptography and base64.
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

pub mod checkpoint;
mod cosignature;
mod edge;
mod hash;
pub mod note;
pub mod proof;
pub mod proof_file;
pub mod tile;
pub mod witness;

pub use edge::{Edge, EdgeError};
pub use hash::{Hash, ParseHashError, leaf_hash, node_hash};
