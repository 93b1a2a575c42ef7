//! The verifiable log: each account's entries as a Merkle tree, published in tiles and signed as checkpoints.
//!
//! [`Tiles`] reads the tree of a log: hashes above the leaves are in the catalog, leaves are made of rows, so that what is
//! proven is what is served. [`Signer`] signs the committed tree about once a second while it grows, with the
//! [`SigningKeys`], and never signs a tree that contradicts one that it has signed before. [`Witnessing`] has what is signed
//! cosigned by others, who also know when the keys do not that a log was set back.

mod backoff;
mod cosignatures;
mod keys;
mod proof;
mod signed;
mod signer;
mod tiles;
mod witnessing;

pub use keys::{KeysError, SigningKeys};
pub use proof::ProofError;
pub use signed::last_signed;
pub use signer::{SignError, Signer};
pub use tiles::Tiles;
pub use witnessing::Witnessing;
