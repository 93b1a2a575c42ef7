//! `annals verify --data-dir` of the loaded log, beside hashing alone.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::annals::Annals;
use super::gather::Gathered;
use super::hashing::{self, Covered};
use super::load::Spread;
use super::process;
use super::progress::Phase;

/// How fast a log is verified.
#[derive(Serialize)]
pub(crate) struct Verifying {
    /// Entries of the log.
    pub(crate) entries: u64,
    /// Entries a second, from the start of the program to its end.
    pub(crate) entries_per_s: Spread,
    /// Entries a second of which everything was hashed that verifying hashes, and nothing else was done.
    pub(crate) hashed_per_s: Spread,
    /// Bytes of an entry that are hashed, on average.
    pub(crate) bytes_per_entry: f64,
    /// Threads that hashed.
    pub(crate) threads: usize,
    /// Verifying for one of hashing, in the same round.
    pub(crate) ratio: Spread,
}

/// What `annals verify --json` says, as far as it is of interest.
#[derive(Deserialize)]
struct Said {
    intact: bool,
    entries: u64,
}

/// Hashes and verifies in turn, `rounds` times; hashing takes `time` each, and verifying what it takes. The server goes on,
/// and has nothing to do.
#[expect(clippy::cast_precision_loss, reason = "entries and bytes of a benchmark are far below 2^52")]
pub(crate) fn measure(
    annals: &Annals,
    gathered: &Gathered,
    rounds: usize,
    time: Duration,
) -> Result<Verifying> {
    let phase = Phase::begin("verifying", 2 * rounds)?;
    let covered = gathered.lines.iter().map(|line| Covered::of(line)).collect::<Result<Vec<_>>>()?;
    let bytes: usize = covered.iter().map(Covered::bytes).sum();
    let (mut verified, mut hashed, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut entries, mut threads) = (0, 0);
    for _ in 0..rounds {
        phase.step("hashing alone".to_owned());
        let speed = hashing::measure(&covered, time)?;
        phase.done();
        phase.step("annals verify".to_owned());
        let start = Instant::now();
        let text = process::output(annals.beside("verify").arg("--json"))?;
        let elapsed = start.elapsed();
        phase.done();
        let said: Said = serde_json::from_str(&text).context("verify is not what it should be")?;
        ensure!(said.intact, "the log is not intact: {text}");
        (entries, threads) = (said.entries, speed.threads);
        let entries_per_s = said.entries as f64 / elapsed.as_secs_f64();
        verified.push(entries_per_s);
        hashed.push(speed.entries_per_s);
        ratios.push(entries_per_s / speed.entries_per_s);
    }
    Ok(Verifying {
        entries,
        entries_per_s: Spread::of(verified),
        hashed_per_s: Spread::of(hashed),
        bytes_per_entry: bytes as f64 / covered.len().max(1) as f64,
        threads,
        ratio: Spread::of(ratios),
    })
}
