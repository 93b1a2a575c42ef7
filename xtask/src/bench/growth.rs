//! What growth costs: pages of a log, and the same kinds of pages of one with five times as many entries.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::annals::Annals;
use super::events::Sample;
use super::load::{self, Summary, Turn};
use super::loading;
use super::progress::Phase;
use super::read_cases::{self, ReadCase};
use super::reads::Get;
use super::report::Target;

/// Entries of the larger log for one of the smaller.
const TIMES: usize = 5;

/// Median latency of a page of the larger log for one of the smaller, at most.
const RATIO_MAX: f64 = 6.0;

/// What reading takes of both logs.
#[derive(Serialize)]
pub(crate) struct Growth {
    /// Events of the smaller log.
    pub(crate) smaller_events: usize,
    pub(crate) cases: Vec<GrowthCase>,
}

/// What one case takes of both.
#[derive(Serialize)]
pub(crate) struct GrowthCase {
    pub(crate) title: &'static str,
    pub(crate) smaller: Summary,
    pub(crate) larger: Summary,
    /// Median latency of the larger for one of the smaller.
    pub(crate) ratio: f64,
}

/// The smaller log.
pub(crate) struct Smaller {
    events: usize,
    read: Vec<(&'static str, Summary)>,
}

impl Smaller {
    /// Makes a log of a fifth of the events below `dir`, reads it, and stops its server.
    pub(crate) async fn measure(larger: &Sample, dir: &Path, rounds: usize, time: Duration) -> Result<Self> {
        let events = larger.preload / TIMES;
        let sample =
            Sample { binary: larger.binary.clone(), seed: larger.seed, preload: events, live: larger.live };
        let mut annals = Annals::start(&sample.binary, dir).await?;
        let (seen, _) = loading::load(&annals, &sample).await?;
        annals.restart().await?;
        let cases = read_cases::all(&seen.picker.pick()?, events)?;
        Ok(Self { events, read: read(&annals, &cases, rounds, time).await? })
    }
}

impl Growth {
    /// Reads the larger log, too, and compares.
    pub(crate) async fn measure(
        smaller: Smaller,
        annals: &Annals,
        cases: &[ReadCase],
        rounds: usize,
        time: Duration,
    ) -> Result<Self> {
        let larger = read(annals, cases, rounds, time).await?;
        let cases = smaller.read.into_iter().zip(larger).map(|((title, smaller), (_, larger))| {
            let ratio = larger.p50_ms.median / smaller.p50_ms.median;
            GrowthCase { title, smaller, larger, ratio }
        });
        Ok(Self { smaller_events: smaller.events, cases: cases.collect() })
    }

    /// Compares what was found with what is wanted.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> {
        self.cases.iter().map(|case| Target {
            what: case.title,
            wanted: format!("at most {RATIO_MAX} times as long with {TIMES} times the entries"),
            found: format!("{:.2} times", case.ratio),
            met: case.ratio <= RATIO_MAX,
        })
    }
}

/// Asks for each case in turn, `rounds` times, `time` each, after a shorter round that is thrown away.
async fn read(
    annals: &Annals,
    cases: &[ReadCase],
    rounds: usize,
    time: Duration,
) -> Result<Vec<(&'static str, Summary)>> {
    let phase = Phase::begin("reading", cases.len() * (rounds + 1))?;
    let mut turns: Vec<(&ReadCase, Vec<Turn>)> = cases.iter().map(|case| (case, Vec::new())).collect();
    let next = Arc::default();
    for round in 0..=rounds {
        let time = if round == 0 { time / 4 } else { time };
        for (case, turns) in &mut turns {
            phase.step(case.title.to_owned());
            let turn = load::run(vec![Get::open(annals, case).await?], time, &next).await?;
            if round > 0 {
                turns.push(turn);
            }
            phase.done();
        }
    }
    Ok(turns.into_iter().map(|(case, turns)| (case.title, Summary::of(&turns))).collect())
}
