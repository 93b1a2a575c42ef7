//! Sweeping: blobs that nobody lists are removed, after a while.

use std::collections::HashSet;

use annals_store::BlobKey;
use tracing::{info, warn};

use super::keeper::{KeepError, Keeper};

/// For how long a blob has to be seen unlisted before it is removed, in µs: longer than any reader works with a list of
/// segments, and longer than it takes to list a segment after it was stored.
const UNLISTED_US: i64 = 60 * 60 * 1_000_000;

impl Keeper {
    /// Removes blobs that no list has had for an hour: what crashes left behind, and what was compacted away.
    pub async fn sweep(&self) {
        for account in self.logs.accounts() {
            if let Err(error) = self.sweep_account(account).await {
                warn!(account = account.0, %error, "unused blobs could not be removed; it will be tried again");
            }
        }
    }

    async fn sweep_account(&self, account: annals_store::AccountId) -> Result<(), KeepError> {
        // Blobs first: one that is stored and listed in between is then in the list.
        let blobs = self.segments().blobs().list(account).await?;
        let segments = self.catalog.segments(account).await?;
        let listed: HashSet<&str> = segments.iter().map(|segment| segment.name.as_str()).collect();
        let now = self.clock.now();
        for blob in blobs {
            let BlobKey::Segment { name, .. } = &blob.key;
            if listed.contains(name.as_str()) {
                continue;
            }
            let since = *self.orphans.lock().entry(name.clone()).or_insert(now);
            if now.us().saturating_sub(since.us()) >= UNLISTED_US {
                self.segments().blobs().delete(&blob.key).await?;
                self.orphans.lock().remove(name);
                info!(
                    account = account.0,
                    segment = name,
                    bytes = blob.bytes,
                    "an unused segment was removed"
                );
            }
        }
        Ok(())
    }
}
