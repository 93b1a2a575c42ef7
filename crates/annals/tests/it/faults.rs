//! Every call to the catalog broken in every way, under a client that tries again: what was acknowledged is in the log
//! once, nothing else is, and what the server answers from memory is what the catalog holds.
//!
//! A scenario is run once to count its calls, and then once for each call and each way to break it. One case alone:
//! `ANNALS_FAULT=sqlite:117:After cargo test -p annals --test it faults`.

mod client;
mod oracle;
mod outage;
mod scenario;
mod world;

use std::{fmt, future::Future, str::FromStr, sync::Arc, time::Duration};

use annals_store::Fault;
use tokio::{sync::Semaphore, task::JoinSet};

use client::{Client, Patience};
use outage::{Commits, Weather};
use world::{Kind, World};

/// Nothing that a case waits for takes as long, so what does hangs.
const CASE_SECONDS_MAX: u64 = 60;

/// Cases that run at once. They mostly wait: for the disk, and for pauses of the server.
const AT_ONCE: usize = 4;

const FAULTS: [Fault; 3] = [Fault::Before, Fault::After, Fault::Lost];

/// One broken call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Case {
    kind: Kind,
    call: u64,
    fault: Fault,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, call, fault } = self;
        write!(f, "{}:{call}:{fault:?}", format!("{kind:?}").to_lowercase())
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let [kind, call, fault] = parts[..] else {
            return Err(format!("{text}: ENGINE:CALL:FAULT is wanted"));
        };
        let kind = Kind::ALL.into_iter().find(|known| format!("{known:?}").eq_ignore_ascii_case(kind));
        let fault = FAULTS.into_iter().find(|known| format!("{known:?}").eq_ignore_ascii_case(fault));
        Ok(Self {
            kind: kind.ok_or("engines are memory and sqlite")?,
            call: call.parse().map_err(|error| format!("{call}: {error}"))?,
            fault: fault.ok_or("faults are Before, After and Lost")?,
        })
    }
}

/// The case that is asked for alone, if one is.
fn asked_for() -> Option<Case> {
    std::env::var("ANNALS_FAULT").ok().map(|text| text.parse().expect("ANNALS_FAULT names a case"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_call_loses_and_doubles_nothing_in_memory() {
    break_every_call(Kind::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_call_loses_and_doubles_nothing_in_sqlite() {
    break_every_call(Kind::Sqlite).await;
}

async fn break_every_call(kind: Kind) {
    if let Some(case) = asked_for() {
        if case.kind == kind {
            let reached = in_time(one_broken_call(case)).await;
            tell(&format!("{case}: the call was {}", if reached { "broken" } else { "not reached" }));
        }
        return;
    }
    let calls = in_time(calls_of_the_scenario(kind)).await;
    let cases = (0..calls).flat_map(|call| FAULTS.map(|fault| Case { kind, call, fault }));
    let reached = all(cases, Case::to_string, one_broken_call).await;
    let broken = reached.iter().filter(|reached| **reached).count();
    tell(&format!("{kind:?}: {calls} calls, {broken} of {} cases broke one", reached.len()));
    // What waits together is committed together, so that the number of calls varies a little.
    assert!(calls > 100 && broken * 10 > reached.len() * 9);
}

#[expect(clippy::print_stdout, reason = "shown when the test fails, and with --nocapture")]
fn tell(what: &str) {
    println!("{what}");
}

/// Runs the scenario unbroken: every request is answered at the first attempt.
async fn calls_of_the_scenario(kind: Kind) -> u64 {
    let world = World::new(kind).await;
    let before = world.faulty.calls();
    let mut client = Client::start(&world, Patience::None).await;
    scenario::run(&mut client).await;
    let calls = world.faulty.calls() - before;
    client.finish().await;
    for tenant in &world.tenants {
        let segments = world.beside.segments(tenant.account).await.expect("segments");
        assert_eq!(segments.len(), 1, "everything was sealed, and then made into one: {segments:?}");
    }
    calls
}

/// Returns whether there was such a call.
async fn one_broken_call(case: Case) -> bool {
    let world = World::new(case.kind).await;
    let call = world.faulty.calls() + case.call;
    world.faulty.fail_at(call, case.fault);
    let mut client = Client::start(&world, Patience::Retry { unknown: case.fault != Fault::Before }).await;
    scenario::run(&mut client).await;
    let reached = world.faulty.calls() > call;
    world.faulty.heal();
    client.finish().await;
    reached
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_ends_without_a_restart() {
    let mut outages = Vec::new();
    for kind in Kind::ALL {
        let calls = in_time(calls_of_the_scenario(kind)).await;
        // From every fourth call on nothing works, for a few attempts of the client.
        outages.extend((0..calls).step_by(4).zip(0..).map(|(call, at)| Case {
            kind,
            call,
            fault: FAULTS[at % 3],
        }));
    }
    all(
        outages,
        |case| format!("outage from {case}"),
        |case| async move {
            let world = World::new(case.kind).await;
            world.faulty.fail_from(world.faulty.calls() + case.call, case.fault);
            let mut client = Client::start(&world, Patience::Outage { attempts: 2 }).await;
            scenario::run(&mut client).await;
            world.faulty.heal();
            client.finish().await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_commits_reads_go_on() {
    let cases = Kind::ALL.into_iter().flat_map(|kind| FAULTS.map(|fault| (kind, fault)));
    all(
        cases,
        |case| format!("{case:?}"),
        |(kind, fault)| async move {
            let world = World::new(kind).await;
            let mut client = Client::start(&world, Patience::None).await;
            scenario::without_commits(&mut client, fault).await;
            client.finish().await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faster_process_is_no_fault() {
    let cases = Kind::ALL.into_iter().flat_map(|kind| [1, 3].map(|times| (kind, times)));
    all(
        cases,
        |case| format!("{case:?}"),
        |(kind, times)| async move {
            let world = World::new(kind).await;
            world.commits.set(Weather::Rival { times });
            let mut client = Client::start(&world, Patience::None).await;
            scenario::run(&mut client).await;
            world.commits.set(Weather::Fair);
            client.finish().await;
            assert!(
                world.commits.rivals() > 10,
                "another process came first {} times",
                world.commits.rivals()
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_does_not_grow_each_time_that_another_process_is_faster() {
    const OBJECTS: [&str; 9] = ["o-1", "o-2", "o-3", "o-4", "o-5", "o-6", "o-7", "o-8", "o-9"];
    in_time(async {
        let world = World::new(Kind::Memory).await;
        let mut client = Client::start(&world, Patience::None).await;
        world.commits.set(Weather::Rival { times: 6 });
        client.record_together(OBJECTS.map(|object| scenario::single(0, object, object)).into()).await;
        world.commits.set(Weather::Fair);
        // One is what a commit takes on here, and one was planned ahead of it.
        assert!(world.commits.largest() <= 2, "a commit had {} entries", world.commits.largest());
        client.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_always_faster_makes_the_server_busy() {
    in_time(async {
        let world = World::new(Kind::Memory).await;
        let mut client = Client::start(&world, Patience::Outage { attempts: 1 }).await;
        world.commits.set(Weather::Rival { times: usize::MAX });
        let refusal = client.attempt(&scenario::single(0, "o-late", "late")).await.expect_err("refused");
        assert!(matches!(refusal, client::Refused::Busy), "{refusal:?}");
        world.commits.set(Weather::Fair);
        client.record(&scenario::single(0, "o-late", "late")).await;
        client.finish().await;
    })
    .await;
}

/// Runs all cases, a few at a time, and fails with the names of those that failed.
async fn all<C: Copy + Send + 'static, T: Send + 'static, F: Future<Output = T> + Send>(
    cases: impl IntoIterator<Item = C>,
    name: impl Fn(&C) -> String,
    run: impl Fn(C) -> F + Copy + Send + 'static,
) -> Vec<T> {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let mut names = std::collections::HashMap::new();
    for case in cases {
        let permits = Arc::clone(&permits);
        let task = tasks.spawn(async move {
            let _permit = permits.acquire_owned().await.expect("never closed");
            in_time(run(case)).await
        });
        names.insert(task.id(), name(&case));
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    while let Some(ended) = tasks.join_next_with_id().await {
        match ended {
            Ok((_, result)) => done.push(result),
            Err(error) => failed.push(names.remove(&error.id()).unwrap_or_default()),
        }
    }
    failed.sort();
    assert!(failed.is_empty(), "{} cases failed, see above why: {}", failed.len(), failed.join(" "));
    done
}

async fn in_time<T>(case: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(CASE_SECONDS_MAX), case).await.expect("something hangs")
}
