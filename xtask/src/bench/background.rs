//! What sealing and compacting cost those who read and write meanwhile.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::annals::Annals;
use super::events::Bodies;
use super::load::{self, Summary, Transport, Turn};
use super::load_http::Post;
use super::progress::Phase;
use super::read_cases::{self, ReadCase};
use super::reads::Get;
use super::report::Target;

/// Of the read cases these: a page that is always the same, one that is counted, one that is looked up.
const READS: [&str; 3] = [read_cases::FIRST_PAGE, read_cases::SOURCE_AND_TYPE, read_cases::OBJECT_TOKEN];

/// Connections that write what is then sealed.
const WRITERS: usize = 16;

/// The slowest of a hundred reads while entries are sealed, for the same when nothing is done, at most.
const READ_RATIO_MAX: f64 = 3.0;

/// The slowest of a hundred writes while entries are sealed, at most.
const WRITE_P99_MS_MAX: f64 = 100.0;

/// What was found.
#[derive(Serialize)]
pub(crate) struct Background {
    pub(crate) cases: Vec<BackgroundCase>,
    /// Entries that were sealed while others read and wrote.
    pub(crate) sealed: u64,
    /// Every event that was written on the way.
    pub(crate) rows: u64,
}

/// What one case takes when nothing else is done, and while entries are sealed.
#[derive(Serialize)]
pub(crate) struct BackgroundCase {
    pub(crate) title: &'static str,
    pub(crate) idle: Summary,
    pub(crate) busy: Summary,
    /// The slowest of a hundred: busy for one that is idle.
    pub(crate) ratio: f64,
}

const WRITE: &str = "one event written";

/// Measures each case, `rounds` times, half of `time` each: right after writers have left more to be sealed and compacted
/// than is done in that time, and when all of it is done.
pub(crate) async fn measure(
    annals: &Annals,
    cases: &[ReadCase],
    bodies: &Bodies,
    rounds: usize,
    time: Duration,
) -> Result<Background> {
    let reads = READS.iter().map(|title| cases.iter().find(|case| case.title == *title));
    let reads: Vec<&ReadCase> = reads.collect::<Option<_>>().context("a case is missing")?;
    let titles = READS.into_iter().chain([WRITE]);
    let mut turns: Vec<(&'static str, [Vec<Turn>; 2])> =
        titles.map(|title| (title, Default::default())).collect();
    let phase = Phase::begin("reading and writing beside background work", rounds * turns.len() * 2)?;
    let (next, mut sealed, mut rows) = (Arc::new(AtomicUsize::new(0)), 0, 0);
    for _ in 0..rounds {
        for (at, (title, turns)) in turns.iter_mut().enumerate() {
            let read = reads.get(at).copied();
            phase.step(format!("{title}, while entries are sealed"));
            let writers = Post::batches(annals, Transport::Tcp, bodies, WRITERS).await?;
            let written = load::run(writers, 2 * time, &next).await?;
            let before = annals.sealed_total().await?;
            let busy = turn(annals, read, bodies, time / 2, &next).await?;
            sealed += annals.sealed_total().await? - before;
            phase.done();
            phase.step(format!("{title}, nothing else"));
            annals.sealed().await?;
            let idle = turn(annals, read, bodies, time / 2, &next).await?;
            phase.done();
            rows += written.rows + written.unmeasured_rows;
            for (turns, turn) in turns.iter_mut().zip([idle, busy]) {
                if read.is_none() {
                    rows += turn.rows + turn.unmeasured_rows;
                }
                turns.push(turn);
            }
        }
    }
    ensure!(sealed > 0, "nothing was sealed meanwhile: measure for longer");
    let cases = turns.into_iter().map(|(title, [idle, busy])| {
        let (idle, busy) = (Summary::of(&idle), Summary::of(&busy));
        let ratio = busy.p99_ms.median / idle.p99_ms.median;
        BackgroundCase { title, idle, busy, ratio }
    });
    Ok(Background { cases: cases.collect(), sealed, rows })
}

/// Reads or, if there is nothing to be read, writes over one connection.
async fn turn(
    annals: &Annals,
    read: Option<&ReadCase>,
    bodies: &Bodies,
    time: Duration,
    next: &Arc<AtomicUsize>,
) -> Result<Turn> {
    match read {
        Some(case) => load::run(vec![Get::open(annals, case).await?], time, next).await,
        None => load::run(Post::singles(annals, Transport::Tcp, bodies, 1).await?, time, next).await,
    }
}

impl Background {
    /// Compares what was found with what is wanted.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> {
        self.cases.iter().map(|case| {
            let (what, p99_ms) = (case.title, case.busy.p99_ms.median);
            if what == WRITE {
                let wanted = format!("at most {WRITE_P99_MS_MAX} ms at p99 while entries are sealed");
                Target { what, wanted, found: format!("{p99_ms:.1} ms"), met: p99_ms <= WRITE_P99_MS_MAX }
            } else {
                let wanted = format!("at most {READ_RATIO_MAX} times its p99 while entries are sealed");
                Target {
                    what,
                    wanted,
                    found: format!("{:.1} times", case.ratio),
                    met: case.ratio <= READ_RATIO_MAX,
                }
            }
        })
    }
}
