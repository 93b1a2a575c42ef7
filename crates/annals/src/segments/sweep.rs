//! Sweeping: blobs that nobody lists are removed, after a while.

use std::collections::{BTreeMap, HashSet};

use annals_format::Timestamp;
use annals_store::{AccountId, BlobKey};
use tracing::{info, warn};

use super::keeper::{KeepError, Keeper};

/// For how long a blob has to be seen unlisted before it is removed, in µs: longer than any reader works with a list of
/// segments, and longer than it takes to list a segment after it was stored.
const UNLISTED_US: i64 = 60 * 60 * 1_000_000;

impl Keeper {
    /// Removes blobs that no list has had for an hour: what crashes left behind, and what was compacted away.
    pub async fn sweep(&self) {
        let before = std::mem::take(&mut *self.orphans.lock());
        for account in self.logs.accounts() {
            match self.sweep_account(account, &before).await {
                Ok(orphans) => self.orphans.lock().extend(orphans),
                Err(error) => {
                    warn!(account = account.0, %error, "unused blobs could not be removed; it will be tried again");
                }
            }
        }
    }

    /// Removes blobs of one account that have been without a list for long enough; gives the others that have none, and
    /// since when. Those that were known `before` keep their time.
    async fn sweep_account(
        &self,
        account: AccountId,
        before: &BTreeMap<BlobKey, Timestamp>,
    ) -> Result<BTreeMap<BlobKey, Timestamp>, KeepError> {
        // Blobs first: one that is stored and listed in between is then in the list.
        let blobs = self.segments().blobs().list(account).await?;
        let segments = self.catalog.segments(account).await?;
        let listed: HashSet<&str> = segments.iter().map(|segment| segment.name.as_str()).collect();
        let now = self.clock.now();
        let mut orphans = BTreeMap::new();
        for blob in blobs {
            let BlobKey::Segment { name, .. } = &blob.key;
            if listed.contains(name.as_str()) {
                continue;
            }
            let since = before.get(&blob.key).copied().unwrap_or(now);
            if now.us().saturating_sub(since.us()) < UNLISTED_US {
                orphans.insert(blob.key, since);
                continue;
            }
            self.segments().blobs().delete(&blob.key).await?;
            info!(account = account.0, segment = name, bytes = blob.bytes, "an unused segment was removed");
        }
        Ok(orphans)
    }
}
