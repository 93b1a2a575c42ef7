//! What every engine and every wrapper must do: each case is written once and is a test by itself on each of them.
//!
//! ```text
//! mod memory {
//!     fn open() -> Opened {
//!         Opened::new(Memory::new())
//!     }
//!     annals_store::contract_tests!(open);
//! }
//! ```

#![expect(clippy::missing_panics_doc, reason = "a case is there to panic")]

use std::any::Any;
use std::sync::Arc;

use crate::catalog::Catalog;

mod append;
pub mod blobs;
mod compact;
mod concurrent;
mod erase;
mod keep;
mod lease;
mod names;
mod neighbours;
mod read;
mod recall;
mod seal;
mod support;
mod tlog;
mod token;

pub use append::*;
pub use compact::*;
pub use concurrent::*;
pub use erase::*;
pub use keep::*;
pub use lease::*;
pub use names::*;
pub use neighbours::*;
pub use read::*;
pub use recall::*;
pub use seal::*;
pub use tlog::*;
pub use token::*;

/// How a case ends: it panics or fails unless the engine keeps the contract.
pub type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// An empty catalog for one case.
pub struct Opened {
    // Dropped before what it needs.
    catalog: Arc<dyn Catalog>,
    _keep: Box<dyn Any + Send>,
}

impl Opened {
    /// A catalog that needs nothing else.
    pub fn new(catalog: impl Catalog) -> Self {
        Self::with(catalog, ())
    }

    /// A catalog, and what has to live as long as it, such as a directory.
    pub fn with(catalog: impl Catalog, keep: impl Any + Send) -> Self {
        Self { catalog: Arc::new(catalog), _keep: Box::new(keep) }
    }

    /// The catalog.
    pub fn catalog(&self) -> &Arc<dyn Catalog> {
        &self.catalog
    }
}

/// Defines a test for each case of the contract. Takes a function that opens an empty catalog as [`Opened`].
#[macro_export]
macro_rules! contract_tests {
    ($open:path) => {
        $crate::contract_tests! { $open =>
            a_log_is_empty_at_first,
            an_append_is_read_back,
            an_append_needs_the_size_it_expects,
            an_append_of_nothing_still_compares,
            one_conflict_spoils_the_whole_commit,
            a_commit_that_contradicts_itself_is_refused,
            logs_of_accounts_are_apart,
            logs_of_the_first_and_the_last_account_are_apart,
            rows_are_stored_as_they_are,
            entries_come_in_order_and_within_the_range,
            entries_stop_at_the_bytes_asked_for,
            rows_come_in_the_order_of_the_question,
            a_row_that_is_not_there_is_an_error,
            a_catalog_can_be_checked,
            a_request_is_recalled_by_its_key,
            a_key_is_recorded_once,
            keys_of_accounts_are_apart,
            keys_are_forgotten_when_they_are_old,
            many_keys_are_forgotten_at_once,
            accounts_are_listed_by_id,
            a_taken_account_is_a_conflict,
            an_account_is_renamed,
            the_first_workspace_is_the_default,
            workspaces_are_listed_by_creation,
            workspaces_are_renamed,
            users_are_listed_also_when_removed,
            names_of_accounts_are_apart,
            changes_are_all_or_nothing,
            changes_go_with_their_entries,
            tokens_are_listed_by_number,
            a_taken_token_is_a_conflict,
            a_token_is_identified_by_its_hash,
            a_token_is_revoked_once,
            the_tokens_of_a_removed_user_end,
            a_grant_ends_with_its_token,
            a_grant_is_issued_for_a_token,
            expired_grants_are_forgotten,
            a_use_never_moves_backwards,
            rows_are_replaced,
            only_rows_of_the_head_are_replaced,
            tile_hashes_are_read_back,
            a_tile_hash_is_added_once,
            a_checkpoint_takes_the_place_of_a_smaller_one,
            a_log_is_published,
            entries_are_kept_for_so_long,
            a_hold_is_released_once,
            holds_of_accounts_are_apart,
            a_log_has_no_segments_at_first,
            a_seal_takes_entries_out_of_sight,
            a_seal_begins_where_the_last_one_ended,
            a_seal_ends_within_the_log,
            a_log_goes_on_after_seals,
            a_whole_log_is_sealed,
            a_name_of_a_segment_is_taken_once,
            a_segment_that_cannot_be_is_refused,
            segments_of_accounts_are_apart,
            segments_of_the_first_and_the_last_account_are_apart,
            copies_of_sealed_entries_are_forgotten,
            neighbours_of_any_length_are_told_apart,
            a_segment_takes_the_place_of_its_neighbours,
            a_segment_takes_the_place_of_nothing_else,
            a_segment_replaces_only_its_own_account,
            a_lease_has_one_holder,
            a_lease_ends_by_itself,
            a_lease_is_prolonged_and_given_back,
            leases_are_apart,
            concurrent_committers_lose_nothing,
            concurrent_logs_do_not_conflict,
            concurrent_sealers_have_one_winner,
            concurrent_holders_have_one_winner,
            readers_see_whole_commits,
            readers_see_whole_seals,
        }
    };
    ($open:path => $($case:ident,)+) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() -> $crate::contract::Outcome {
                let opened = $open();
                $crate::contract::$case(opened.catalog()).await
            }
        )+
    };
}
