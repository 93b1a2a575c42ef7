//! The administration of accounts: who may use the server, and as what.
//!
//! Each administration is one commit that holds the change and exactly one entry of the account's own log, which says
//! who did what: nobody gains access without leaving a trace. It needs nothing but the catalog, so that it works from
//! another process while a server runs.

mod account;
mod error;
mod keep;
mod operator;
mod record;
mod step;
mod token;
mod user;
mod workspace;

#[cfg(test)]
mod tests;

pub use account::{create_account, find_account, publish_log, rename_account};
pub use error::AdministerError;
pub use keep::{announce_pruning, place_hold, release_hold, set_retention};
pub use operator::operator;
pub use token::{TokenRequest, create_token, find_secret, revoke_token};
pub use user::{create_user, remove_user};
pub use workspace::{create_workspace, rename_workspace};

use annals_store::Catalog;

use crate::{clock::Clock, limits};

/// Somebody who administers the accounts of a catalog.
#[derive(Clone, Copy)]
pub struct Admin<'a> {
    /// What they administer.
    pub catalog: &'a dyn Catalog,
    /// The present.
    pub clock: &'a dyn Clock,
    /// Who they are, as people know them: the `user` of the entries. [`operator`] tells who runs the process.
    pub who: &'a str,
    /// Where they are, the `source` of the entries: `cli`, or `server` for what it does by itself.
    pub source: &'a str,
}

/// Refuses a title or name that nobody could read or that a field of an entry cannot hold.
fn check_text(what: &'static str, text: &str) -> Result<(), AdministerError> {
    let (bytes, max) = (text.len(), limits::TITLE_BYTES_MAX);
    if text.trim().is_empty() {
        Err(AdministerError::Empty { what })
    } else if bytes > max {
        Err(AdministerError::TooLong { what, bytes, max })
    } else {
        Ok(())
    }
}
