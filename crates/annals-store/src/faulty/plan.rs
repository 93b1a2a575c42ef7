//! Which calls are broken, and how.

use std::collections::BTreeMap;

#[cfg(doc)]
use crate::Catalog;

/// How a call fails. A call on blobs always reports `Unavailable`, which leaves open whether it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and `Unavailable` says so.
    Before,
    /// It is done, but reported as failed: `Unknown` for a write, `Unavailable` for a read.
    After,
    /// Nothing is done, but nobody can tell: `Unknown` for a write, `Unavailable` for a read.
    Lost,
}

/// A method of [`Catalog`], or what a store of blobs is asked to do, to count calls by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the method of the same name, but for those of blobs")]
pub enum Call {
    Commit,
    Accounts,
    Tree,
    Entries,
    Rows,
    TileHashes,
    Checkpoint,
    KeepCheckpoints,
    Segments,
    Seal,
    Acquire,
    Recall,
    Workspaces,
    Users,
    Holds,
    Tokens,
    Identify,
    Grant,
    Touch,
    Forget,
    ReplaceRows,
    Scrub,
    Check,
    /// A blob written in one piece.
    BlobPut,
    /// The beginning or the end of a blob written in parts; the parts themselves are not counted.
    BlobWrite,
    /// Any number of ranges of one blob, or its length.
    BlobRead,
    BlobList,
    BlobDelete,
}

#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) calls: u64,
    pub(super) by_kind: BTreeMap<Call, u64>,
    pub(super) at: BTreeMap<u64, Fault>,
    pub(super) from: Option<(u64, Fault)>,
}

impl Plan {
    /// Counts a call and says how it fails, if it does.
    pub(super) fn count(&mut self, kind: Call) -> Option<Fault> {
        let n = self.calls;
        self.calls += 1;
        *self.by_kind.entry(kind).or_default() += 1;
        self.at.remove(&n).or_else(|| self.from.filter(|(first, _)| n >= *first).map(|(_, fault)| fault))
    }
}
