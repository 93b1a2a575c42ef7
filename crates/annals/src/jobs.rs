//! What the server does by itself, beside answering: each job can be run once, and [`run`] runs them all in turn.

use std::{convert::Infallible, time::Duration};

use annals_format::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use crate::engine::Engine;

/// Between two rounds of [`flush_uses`]: as much of a token's last use as a crash may forget.
const FLUSH_USES_EVERY: Duration = Duration::from_secs(15);

/// Between two rounds of [`forget`].
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// Runs all jobs, each when it is due. What fails is tried again when it is due next.
pub async fn run(engine: &Engine, idempotency_days: u32) -> Infallible {
    let every = |period| {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut uses, mut forgetting) = (every(FLUSH_USES_EVERY), every(FORGET_EVERY));
    loop {
        tokio::select! {
            _ = uses.tick() => flush_uses(engine).await,
            _ = forgetting.tick() => forget(engine, idempotency_days).await,
        }
    }
}

/// Writes down when access tokens were last used.
pub async fn flush_uses(engine: &Engine) {
    let uses = engine.identities.take_uses();
    if uses.is_empty() {
        return;
    }
    // A use that is lost is followed by another one, or it was the last before a long time without.
    if let Err(error) = engine.catalog.touch(uses).await {
        warn!(%error, "the last uses of access tokens could not be written down");
    }
}

/// Forgets idempotency keys that are older than so many days, and grants that have expired.
pub async fn forget(engine: &Engine, idempotency_days: u32) {
    const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
    let now = engine.clock.now();
    let keys_before = Timestamp::from_us(now.us().saturating_sub(i64::from(idempotency_days) * DAY_US));
    match engine.catalog.forget(keys_before, now).await {
        Ok(forgotten) => debug!(forgotten, "old idempotency keys and grants were forgotten"),
        Err(error) => warn!(%error, "old idempotency keys and grants could not be forgotten"),
    }
}
