//! What the server does by itself, beside answering: each job can be run once, and [`run`] runs them all in turn.

use std::{convert::Infallible, sync::Arc, time::Duration};

use annals_format::Timestamp;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{debug, warn};

use crate::{
    engine::Engine,
    tlog::{Signer, Witnessing},
};

/// Between two rounds of [`flush_uses`]: as much of a token's last use as a crash may forget.
const FLUSH_USES_EVERY: Duration = Duration::from_secs(15);

/// Between two rounds of [`forget`].
const FORGET_EVERY: Duration = Duration::from_hours(1);

/// Between two looks for logs that have become quiet, and for blobs that nobody lists.
const TEND_QUIET_EVERY: Duration = Duration::from_hours(1);

/// Between two looks for entries that are no longer kept.
const PRUNE_EVERY: Duration = Duration::from_hours(1);

/// Between two looks for heads to seal, besides those that growing logs cause: what failed is tried again.
const TEND_EVERY: Duration = Duration::from_mins(1);

/// Runs all jobs, each when it is due. What fails is tried again when it is due next.
pub async fn run(
    engine: &Engine,
    signer: &Arc<Signer>,
    witnessing: &Witnessing,
    idempotency_days: u32,
) -> Infallible {
    tokio::select! {
        never = keep_books(engine, idempotency_days) => never,
        never = tend(engine) => never,
        never = prune(engine) => never,
        never = forget_copies(engine) => never,
        never = sign(signer, witnessing) => never,
    }
}

async fn keep_books(engine: &Engine, idempotency_days: u32) -> Infallible {
    let (mut uses, mut forgetting) = (every(FLUSH_USES_EVERY), every(FORGET_EVERY));
    loop {
        tokio::select! {
            _ = uses.tick() => flush_uses(engine).await,
            _ = forgetting.tick() => forget(engine, idempotency_days).await,
        }
    }
}

/// Makes segments as logs grow.
async fn tend(engine: &Engine) -> Infallible {
    let (mut due, mut quiet) = (every(TEND_EVERY), every(TEND_QUIET_EVERY));
    loop {
        tokio::select! {
            () = engine.keeper.wait() => engine.keeper.tend().await,
            _ = due.tick() => engine.keeper.tend().await,
            _ = quiet.tick() => {
                engine.keeper.tend_quiet().await;
                engine.keeper.sweep().await;
            }
        }
    }
}

/// Removes what is no longer kept. It may take long, and segments are made meanwhile.
async fn prune(engine: &Engine) -> Infallible {
    let mut due = every(PRUNE_EVERY);
    loop {
        due.tick().await;
        engine.keeper.prune().await;
    }
}

/// Signs checkpoints as logs grow, and has them cosigned. Witnesses come first: they may know more of a log than is left of it.
async fn sign(signer: &Arc<Signer>, witnessing: &Witnessing) -> Infallible {
    let _witnesses = witnessing.start(signer).await;
    let mut due = every(Signer::EVERY);
    loop {
        due.tick().await;
        signer.sign().await;
    }
}

/// Deletes what was sealed from the catalog.
async fn forget_copies(engine: &Engine) -> Infallible {
    loop {
        engine.keeper.forget_copies().await;
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
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

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    };

    use annals_format::event::BodyForm;
    use annals_store::{Catalog, Role, Scope};

    use super::*;
    use crate::{
        administer::{Admin, TokenRequest, create_account, create_token},
        clock::Clock,
        data_dir,
        engine::{Answer, EngineOptions, RecordRequest},
        metrics::Metrics,
        segments::Segments,
    };

    const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

    /// A clock that shows what it was set to.
    struct Shown(AtomicI64);

    impl Clock for Shown {
        fn now(&self) -> Timestamp {
            Timestamp::from_us(self.0.load(Ordering::Relaxed))
        }
    }

    #[tokio::test]
    async fn uses_are_written_down_and_old_keys_forgotten() {
        let directory = tempfile::tempdir().expect("a directory");
        let catalog: Arc<dyn Catalog> =
            Arc::new(data_dir::open_catalog(directory.path()).expect("a catalog"));
        let clock = Arc::new(Shown(AtomicI64::new(20_000 * DAY_US)));
        let admin = Admin { catalog: &*catalog, clock: &*clock, who: "test", source: "cli" };
        let account = create_account(&admin, "a").await.expect("an account").id;
        let request = TokenRequest {
            name: "t".to_owned(),
            scopes: Scope::ALL.into_iter().collect(),
            role: Some(Role::Owner),
            user_id: None,
            expires_at: None,
        };
        let (_, secret) = create_token(&admin, account, &request).await.expect("a token");
        let metrics = Arc::new(Metrics::new());
        let blobs = data_dir::open_blobs(directory.path()).expect("a blob store");
        let segments = Arc::new(Segments::new(blobs, 0));
        let options = EngineOptions::default();
        let opened = Engine::open(Arc::clone(&catalog), segments, clock.clone(), metrics, options);
        let (engine, sequencer) = opened.await.expect("an engine");

        let who = engine.identities.identify(secret.reveal(), clock.now()).await.expect("known");
        flush_uses(&engine).await;
        let tokens = catalog.tokens(account).await.expect("tokens");
        assert_eq!(tokens.first().and_then(|token| token.last_used_at), Some(clock.now()));

        let record = async || {
            let body = r#"{"event":"record_created","object_type":"segment","after":{}}"#;
            let request = RecordRequest {
                body: body.into(),
                form: BodyForm::Json,
                idempotency_key: Some("once".to_owned()),
                rows_wanted: false,
            };
            let Answer { recorded, .. } = engine.record(&who, request).await.expect("recorded");
            recorded.first().expect("one event").index
        };
        let first = record().await;
        clock.0.fetch_add(7 * DAY_US, Ordering::Relaxed);
        forget(&engine, 7).await;
        assert_eq!(record().await, first, "not older than seven days");
        clock.0.fetch_add(1, Ordering::Relaxed);
        forget(&engine, 7).await;
        assert_eq!(record().await, first + 1, "forgotten");

        drop(engine);
        sequencer.await.expect("the sequencer ends");
    }
}
