//! Names of blobs.

use std::fmt;

use object_store::path::Path;

use super::BlobError;
use crate::model::AccountId;
use crate::segment;

/// Names a blob. Displayed, it is the path of the blob inside its store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlobKey {
    /// The oldest entries of a log, at `<account id, decimal>/segments/<name>`.
    Segment {
        /// Whose log.
        account: AccountId,
        /// The name that the catalog lists it by, see [`SegmentInfo::name`](crate::SegmentInfo::name).
        name: String,
    },
}

impl BlobKey {
    /// The key of the blob at a path inside a store, or none if this is not where a blob would be.
    pub fn parse(path: &str) -> Option<Self> {
        let (id, name) = path.split_once("/segments/")?;
        let account = parse_account(id)?;
        segment::is_name(name).then(|| Self::Segment { account, name: name.into() })
    }

    /// Where the blob is inside a store.
    pub(super) fn path(&self) -> Path {
        let Self::Segment { account, name } = self;
        Self::prefix(*account).join(name.as_str())
    }

    /// The same, if [`parse`](Self::parse) would find it there: what is stored elsewhere is never listed.
    pub(super) fn checked_path(&self) -> Result<Path, BlobError> {
        let path = self.path();
        if Self::parse(path.as_ref()).as_ref() == Some(self) {
            Ok(path)
        } else {
            Err(BlobError::unavailable(self, "no blob may have this name"))
        }
    }

    /// Where the blobs of an account are.
    pub(super) fn prefix(account: AccountId) -> Path {
        Path::from_iter([account.0.to_string().as_str(), "segments"])
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path().as_ref())
    }
}

/// An account's id in its only spelling.
pub(super) fn parse_account(text: &str) -> Option<AccountId> {
    let id = AccountId(text.parse().ok()?);
    (id <= AccountId::MAX && id.0.to_string() == text).then_some(id)
}
