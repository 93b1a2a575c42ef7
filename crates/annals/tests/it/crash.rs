//! kill -9 at any moment under load: what was acknowledged is there, once and unchanged, and nothing was invented.
//!
//! `ANNALS_CRASH_ROUNDS=5000 ANNALS_CRASH_SEED=42 cargo test -p annals --test it crash` runs longer, and again.

pub(crate) mod ledger;
pub(crate) mod random;
pub(crate) mod tree;
pub(crate) mod writer;

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use ledger::Ledger;
use random::Random;
use writer::Sender;

use crate::support::{ANNALS, Server, Tenant};

/// Rounds when nothing else is asked for.
const ROUNDS: u64 = 200;

/// Rounds on one data directory: enough to build on what crashes left behind, and few enough to read all of it.
const ROUNDS_EACH: u64 = 10;

/// Writers at a time.
const WRITERS: u64 = 5;

/// The longest that writers write before the server is killed.
const LOAD_MS_MAX: u32 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_is_invented() {
    let seed = number("ANNALS_CRASH_SEED").unwrap_or_else(|| {
        SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| u64::from(since.subsec_nanos()))
    });
    say(&format!("ANNALS_CRASH_SEED={seed}"));
    let mut random = Random::new(seed);
    let mut left = number("ANNALS_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let (mut acknowledged, mut failed) = (0, 0);
    while left > 0 {
        let rounds = left.min(ROUNDS_EACH);
        left -= rounds;
        let ledger = one_directory(&mut random, rounds).await;
        acknowledged += ledger.acknowledged();
        failed += ledger.failed();
    }
    say(&format!("{acknowledged} events acknowledged, {failed} requests without a known fate"));
    assert!(acknowledged > 0);
}

/// Crashes of one data directory.
async fn one_directory(random: &mut Random, rounds: u64) -> Ledger {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tenants = [Tenant::create(dir.path(), "One"), Tenant::create(dir.path(), "Two")];
    let mut server = Server::start_in(dir.path(), &[]).await;
    let mut ledger = Ledger::open(&server, &tenants).await;
    for round in 0..rounds {
        let sender = Sender::new(&server, &tenants);
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                tokio::spawn(sender.clone().write(random.fork(), format!("{round}.{writer}"), u64::MAX))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(random.below(LOAD_MS_MAX).into())).await;
        server.kill();
        for writer in writers {
            ledger.note(writer.await.expect("a writer meets nothing but the end of the server"));
        }
        assert_calm(&mut server);
        while random.one_in(4) {
            crash_while_starting(dir.path(), random).await;
        }
        server = Server::start_in(dir.path(), &[]).await;
        ledger.check(&server).await;
        ledger.retry(&server).await;
        ledger.check(&server).await;
    }
    if random.one_in(2) {
        let (status, _) = server.stop().await;
        assert!(status.success());
    } else {
        server.kill();
    }
    assert_calm(&mut server);
    tree::check(dir.path()).await;
    ledger
}

/// Starts a server and kills it before or after it is ready.
async fn crash_while_starting(data_dir: &Path, random: &mut Random) {
    let mut process = Command::new(ANNALS)
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .env("ANNALS_SEGMENT_ROWS", "256")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("annals serve starts");
    tokio::time::sleep(Duration::from_millis(random.below(80).into())).await;
    process.kill().expect("it can be killed");
    process.wait().expect("it ends");
}

/// Checks that a server that has ended did not panic.
pub(crate) fn assert_calm(server: &mut Server) {
    let said = server.said();
    assert!(!said.contains("panicked"), "{said}");
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text}")))
}

#[expect(clippy::print_stderr, reason = "shown when the test fails, and with --nocapture")]
fn say(what: &str) {
    eprintln!("{what}");
}
