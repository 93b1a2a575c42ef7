//! What the catalog knows of segments, and the step that changes it.

use std::ops::Range;

use crate::model::AccountId;

/// An immutable blob that holds the entries of a log in a range of indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Unique for ever, in all accounts; names the blob together with the account, see
    /// [`BlobKey`](crate::BlobKey::Segment). 1 to 128 of the characters `a-z0-9-.`, without a dot in front.
    pub name: String,
    /// Which entries it holds. Not empty.
    pub indexes: Range<u64>,
    /// The length of the blob.
    pub bytes: u64,
    /// The length of its end, which is read first.
    pub footer_bytes: u32,
}

/// One step of sealing or compacting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Whose log.
    pub account: AccountId,
    /// The segment to list.
    pub segment: SegmentInfo,
    /// The names of the segments whose place it takes, in any order: they are listed, neighbours, and together have
    /// exactly its range. If there are none it takes the place of the head's oldest entries: its range begins where the
    /// head starts and ends within the log.
    pub replaces: Vec<String>,
}

/// Whether a segment may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    // With a dot in front it could be `.` or `..`, or a file that others hide.
    (1..=128).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(allowed)
}
