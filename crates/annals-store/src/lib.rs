//! Where annals keeps what it must not lose: the catalog, with one trait, its engines, and the suite they all pass; and
//! blobs, which never change.
//!
//! - [`Catalog`] is the seam: one method for each whole, atomic step.
//! - [`Sqlite`] is the embedded engine.
//! - [`Blobs`] holds segments: the oldest entries of logs, which the catalog lists as [`SegmentInfo`].
//!
//! With the feature `test-util`, for tests:
//! - `Memory` answers the same way and forgets.
//! - `Faulty` wraps any engine, and any store of blobs, and breaks chosen calls, both before they are done and after.
//! - `contract` holds every engine and every wrapper to the same behaviour.

mod blobs;
mod catalog;
mod check;
mod model;
mod segment;

#[cfg(any(test, feature = "test-util"))]
pub mod contract;
#[cfg(any(test, feature = "test-util"))]
mod faulty;
#[cfg(any(test, feature = "test-util"))]
mod memory;
mod sqlite;

pub use blobs::{BlobError, BlobKey, BlobWriter, Blobs, Listed};
pub use catalog::{
    Append, Catalog, Cause, Change, Commit, CommitError, NewEntry, ReadError, Recall, RequestKey,
    SignedCheckpoint, StoredRow, TileHash, Tree, Use,
};
#[cfg(any(test, feature = "test-util"))]
pub use faulty::{Call, Fault, Faulty};
#[cfg(any(test, feature = "test-util"))]
pub use memory::Memory;
pub use model::{
    AccessToken, Account, AccountId, Hold, Identity, Role, Scope, Scopes, TokenHash, TokenKind, User,
    Workspace,
};
pub use segment::{Seal, SegmentInfo};
pub use sqlite::{OpenError, Sqlite, SqliteOptions};
