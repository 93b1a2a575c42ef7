//! The parameters of a list: reading them strictly, and writing them back into links.

mod interval;
mod matching;
mod parameters;
mod percent;
mod proof;

pub use interval::Interval;
pub use parameters::{ListQuery, StatsQuery};
pub use percent::{decode_pairs, encode_pair};
pub use proof::ProofQuery;

use crate::{Action, Timestamp, search::Word};

/// Which entries a list holds: those that match everything that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The number of the user or service token that acted.
    pub user_id: Option<i64>,
    /// The workspace's token.
    pub workspace_token: Option<String>,
    /// What was done.
    pub action: Option<Action>,
    /// The object's title, exactly.
    pub object_title: Option<String>,
    /// Where the change was made.
    pub source: Option<String>,
    /// The key of the object's type.
    pub object_type: Option<String>,
    /// The entry's own token, as it was asked for; one that cannot be a token matches nothing.
    pub token: Option<String>,
    /// The object's token.
    pub object_token: Option<String>,
    /// A field that was changed.
    pub changed: Option<String>,
    /// Words that all are found.
    pub words: Vec<Word>,
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub before: Option<Timestamp>,
    /// Only entries with a smaller index.
    pub as_of: Option<u64>,
}
