//! Recording, beside the same build without the hashing that makes a log verifiable.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::annals::Annals;
use super::events::{Bodies, Sample};
use super::load::{Spread, Summary, Transport, Turn};
use super::progress::Phase;
use super::writes::{self, Shape, Turns, WriteCase};
use crate::shell;

/// What is recorded, and how: where hashing weighs most.
const CASE: WriteCase = WriteCase { shape: Shape::Batches, writers: 16, transport: Transport::Tcp };

/// The cfg that leaves hashing out; `crates/annals-tlog/src/hash.rs` says what that does.
const CFG: &str = "annals_without_hashing";

/// What recording did with hashing, and without.
#[derive(Serialize)]
pub(crate) struct Recording {
    pub(crate) case: WriteCase,
    pub(crate) with: Summary,
    pub(crate) without: Summary,
    /// Rows a second with hashing for one without, in the same round.
    pub(crate) ratio: Spread,
    /// Processor time of the server for each row.
    pub(crate) with_cpu_us_per_row: f64,
    pub(crate) without_cpu_us_per_row: f64,
}

/// Runs both builds in turn on logs of their own below `dir`, `rounds` times, `time` each, after a shorter round that is
/// thrown away. `without` is what [`build`] built.
pub(crate) async fn measure(
    sample: &Sample,
    without: &Path,
    dir: &Path,
    rounds: usize,
    time: Duration,
) -> Result<Recording> {
    let phase = Phase::begin("recording, with hashing and without", 2 * (rounds + 1))?;
    let bodies = Bodies::render(&sample.live_events()?)?;
    let mut sides = Vec::new();
    for (binary, name) in [(sample.binary.as_path(), "with"), (without, "without")] {
        let dir = dir.join(name);
        fs::create_dir_all(&dir)?;
        let annals = Annals::start(binary, &dir).await?;
        sides.push(Side { annals, next: Arc::default(), turns: Turns::default() });
    }
    let says_so = |side: &Side| side.annals.words().contains("WITHOUT HASHING");
    ensure!(
        sides.iter().map(says_so).eq([false, true]),
        "the two programs are not one with hashing and one without"
    );
    let mut ratios = Vec::new();
    for round in 0..=rounds {
        let time = if round == 0 { time / 4 } else { time };
        let mut rates = Vec::new();
        for side in &mut sides {
            let (turn, cpu) = writes::annals_turn(&side.annals, &bodies, CASE, time, &side.next).await?;
            // What one still has to do with what it was given must not take processors from the other.
            side.annals.sealed().await?;
            rates.push(rows_per_s(&turn));
            if round > 0 {
                side.turns.add(turn, cpu);
            }
            phase.done();
        }
        if let ([with, without], true) = (&rates[..], round > 0) {
            ratios.push(with / without);
        }
    }
    let [with, without] = [0, 1].map(|side| &sides[side].turns);
    Ok(Recording {
        case: CASE,
        with: Summary::of(&with.measured),
        without: Summary::of(&without.measured),
        ratio: Spread::of(ratios),
        with_cpu_us_per_row: with.cpu_us_per_row(),
        without_cpu_us_per_row: without.cpu_us_per_row(),
    })
}

/// One of the two builds.
struct Side {
    annals: Annals,
    next: Arc<AtomicUsize>,
    turns: Turns,
}

#[expect(clippy::cast_precision_loss, reason = "rows of a benchmark are far below 2^52")]
fn rows_per_s(turn: &Turn) -> f64 {
    turn.rows as f64 / turn.elapsed.as_secs_f64()
}

/// The release binary without hashing, in a folder of its own, so that nobody takes it for the other.
pub(crate) fn build() -> Result<PathBuf> {
    // It would replace what the configuration says, and the two builds would differ in more than hashing.
    ensure!(env::var_os("RUSTFLAGS").is_none(), "RUSTFLAGS is set: build with .cargo/config.toml alone");
    let target = shell::target().join("without-hashing");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Flags for a target are joined with those for others that fit, as .cargo/config.toml has them.
    let flags = format!("target.'cfg(all())'.rustflags=[\"--cfg\", \"{CFG}\"]");
    let mut command =
        shell::command(cargo, ["build", "--release", "--package", "annals", "--config", &flags]);
    let status = command.arg("--target-dir").arg(&target).status()?;
    ensure!(status.success(), "annals does not build without hashing ({status})");
    Ok(target.join("release/annals"))
}
