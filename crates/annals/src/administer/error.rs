//! Why an administration did not take place, or why that is not known.

use annals_format::Timestamp;
use annals_store::{Cause, ReadError, Role};

/// Why an administration did not take place. But for [`OutcomeUnknown`](Self::OutcomeUnknown) nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AdministerError {
    /// A title or name holds nothing to read.
    #[error("the {what} is empty")]
    Empty {
        /// Which text.
        what: &'static str,
    },
    /// A title or name does not fit into an entry.
    #[error("the {what} is {bytes} bytes long; at most {max} are allowed")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// The catalog is new.
    #[error("there is no account yet")]
    NoAccount,
    /// Nobody said which account, and there are several.
    #[error("there is more than one account: {known}")]
    AccountNotNamed {
        /// Those that there are.
        known: String,
    },
    /// No account has this token or title.
    #[error("no account has the token or title {named:?}; there are {known}")]
    UnknownAccount {
        /// What was asked for.
        named: String,
        /// Those that there are.
        known: String,
    },
    /// Several accounts have this title.
    #[error("more than one account has the title {named:?}: {known}")]
    AmbiguousAccount {
        /// What was asked for.
        named: String,
        /// Those that have it.
        known: String,
    },
    /// The account has no such workspace.
    #[error("the account has no workspace {token:?}")]
    UnknownWorkspace {
        /// What was asked for.
        token: String,
    },
    /// The account never had such a user.
    #[error("the account has no user {id}")]
    UnknownUser {
        /// What was asked for.
        id: i64,
    },
    /// The account never had such an access token.
    #[error("the account has no access token {id:?}")]
    UnknownToken {
        /// What was asked for.
        id: String,
    },
    /// The account never had such a hold.
    #[error("the account has no hold {token:?}")]
    UnknownHold {
        /// What was asked for.
        token: String,
    },
    /// A hold is on what a list would hold, and this is no query of one.
    #[error("the filter says nothing that can be held: {faults}")]
    Filter {
        /// One sentence for each fault.
        faults: String,
    },
    /// No access token has this secret; it is not repeated here.
    #[error("no access token has this secret")]
    UnknownSecret,
    /// A removed user gets no access token.
    #[error("user {id} was removed at {at}")]
    UserRemoved {
        /// Who.
        id: i64,
        /// When.
        at: Timestamp,
    },
    /// A personal token may do no more than its user.
    #[error("a token of user {id} has at most the role {}, not {}", .most.as_str(), .asked.as_str())]
    RoleTooHigh {
        /// Who.
        id: i64,
        /// The user's role.
        most: Role,
        /// The role that was asked for.
        asked: Role,
    },
    /// A token without scopes is of no use.
    #[error("an access token needs at least one scope")]
    NoScope,
    /// The token would never work.
    #[error("the access token would have expired already at {at}")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// All ids are taken.
    #[error("there is no room for another {what}: all ids are taken")]
    Full {
        /// What the ids are of.
        what: &'static str,
    },
    /// Others wrote to the log each time before this could.
    #[error("the account's log changed again and again in the meantime; nothing was changed")]
    Busy,
    /// The catalog cannot write.
    #[error("the catalog cannot write, nothing was changed: {0}")]
    Unavailable(#[source] Cause),
    /// The catalog failed while it was writing.
    #[error("the catalog failed while it was writing, so the change may or may not have been made: {0}")]
    OutcomeUnknown(#[source] Cause),
    /// The catalog cannot be asked.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
}
