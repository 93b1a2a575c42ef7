//! Pruning: entries that are older than their account keeps them go, and the hashes of their leaves stay.
//!
//! A segment is written anew without them. Its index, its dictionary and its rows are then those of the entries that are left;
//! of the others it keeps what proofs need.

use std::sync::Arc;

use annals_format::{Row, Timestamp, segment::Fate};
use annals_store::AccountId;
use tracing::warn;

use super::{
    Sealed, SegmentError,
    keeper::{KeepError, Keeper},
};
use crate::{
    administer::{Admin, announce_pruning},
    holds::Holds,
    query,
    retention::Pruning,
};

/// For how long an entry may still be there after its time, in µs, so that others are pruned with it: writing a segment anew
/// takes long.
const OVERDUE_US_MAX: i64 = 24 * 60 * 60 * 1_000_000;

/// What is said of a segment without what was pruned.
const PRUNED: &str = "a segment was written anew, without what is no longer kept";

impl Keeper {
    /// Prunes what is due in the logs of all accounts that do not keep their entries for ever.
    pub async fn prune(&self) {
        let accounts = match self.catalog.accounts().await {
            Ok(accounts) => accounts,
            Err(error) => {
                warn!(%error, "accounts could not be read to see what is no longer kept; it will be tried again");
                return;
            }
        };
        for account in accounts {
            let Some(retention) = account.retention else { continue };
            let cutoff = retention.cutoff(self.clock.now());
            let (account, log) = (account.id, self.logs.known(account.id));
            // There is one way to prune, and that is in segments.
            if log.read().oldest_of_head().is_some_and(|oldest| oldest < overdue(cutoff)) {
                self.with_lease(account, self.seal_overdue(account, cutoff)).await;
            }
            let listed: Vec<Arc<Sealed>> = log.read().segments().to_vec();
            let is_old =
                |sealed: &&Arc<Sealed>| sealed.layout().oldest().is_some_and(|oldest| oldest.0 < cutoff.us());
            // One by one, so that sealing goes on in between.
            for sealed in listed.iter().filter(is_old) {
                self.with_lease(account, self.prune_segment(account, sealed, cutoff)).await;
            }
        }
    }

    /// Seals a head until nothing in it is overdue.
    async fn seal_overdue(&self, account: AccountId, cutoff: Timestamp) -> Result<(), KeepError> {
        let log = self.logs.known(account);
        log.write().cut();
        while log.read().oldest_of_head().is_some_and(|oldest| oldest < overdue(cutoff)) {
            let head = {
                let log = log.read();
                log.size() - log.sealed()
            };
            if !self.seal(account, head.min(self.options.seal_rows)).await? {
                break;
            }
            self.prolong(account).await?;
        }
        Ok(())
    }

    /// Prunes the entries of one segment whose instant is before `cutoff`.
    ///
    /// Between any two steps the process may die. Each entry is there or pruned, and every proof holds either way; what is not
    /// done yet is done by the next call.
    async fn prune_segment(
        &self,
        account: AccountId,
        sealed: &Arc<Sealed>,
        cutoff: Timestamp,
    ) -> Result<(), KeepError> {
        // 1. See that nobody has put another in its place, which then has its turn the next time.
        let log = self.logs.known(account);
        if !log.read().segments().iter().any(|listed| listed.info() == sealed.info()) {
            return Ok(());
        }
        // 2. Find out what is due. Holds are asked for each time: one that was placed a second ago counts.
        let holds = Holds::of(&*self.catalog, account).await?;
        let Some(due) = self.due(sealed, holds, cutoff).await? else { return Ok(()) };
        // 3. Say so in the log, before it is done: whoever verifies the log finds no entry pruned that was not to be. A crash
        //    leaves an announcement that is made again.
        let admin = Admin { catalog: &*self.catalog, clock: &*self.clock, who: "annals", source: "server" };
        announce_pruning(&admin, account, &Pruning::of(cutoff, &due)).await?;
        // 4. Write the segment anew. A crash leaves it as it was, or an old blob that nobody lists, which is swept later. The
        //    next segment is not to be compressed with what was learnt from pruned rows.
        self.dictionaries.lock().remove(&account);
        let pruned = due.len() as u64;
        let fate = move |index: u64, _: &Row| match due.binary_search(&index) {
            Ok(_) => Fate::Pruned,
            Err(_) => Fate::Stays,
        };
        self.rewrite(account, sealed, PRUNED, fate).await?;
        self.metrics.pruned(pruned);
        Ok(())
    }

    /// The indexes of the entries of a segment that are due, ascending; `None` as long as there are none, or so few that they
    /// can wait until the oldest of them is overdue.
    async fn due(
        &self,
        sealed: &Arc<Sealed>,
        holds: Holds,
        cutoff: Timestamp,
    ) -> Result<Option<Vec<u64>>, KeepError> {
        let sealed = Arc::clone(sealed);
        let due = move || -> Result<_, SegmentError> {
            let end = sealed.first_from((cutoff.us(), 0))?;
            let mut positions = roaring::RoaringBitmap::new();
            positions.insert_range(0..end);
            for filter in holds.filters() {
                positions -= query::matching(&sealed, filter)?;
            }
            let Some(first) = positions.min() else { return Ok(None) };
            let all = positions.len() == u64::from(sealed.layout().rows());
            if !all && sealed.place(first)?.0 >= overdue(cutoff).us() {
                return Ok(None);
            }
            let mut indexes = Vec::with_capacity(usize::try_from(positions.len()).unwrap_or_default());
            for position in positions {
                indexes.push(sealed.place(position)?.1);
            }
            indexes.sort_unstable();
            Ok(Some(indexes))
        };
        self.worker.run(move || Ok(due()?)).await
    }
}

/// What is older than this cannot wait for others.
fn overdue(cutoff: Timestamp) -> Timestamp {
    cutoff.plus_us(-OVERDUE_US_MAX)
}
