//! `cargo xtask bench`: how fast annals writes and reads, with PostgreSQL beside it in one run on one machine.
//!
//! Both sides commit durably, hold the same events, are measured in turn by the same load generator on the same cores,
//! and are stopped and removed at the end, however it comes. What to read next: `writes`, `reads`, `proofs`, `growth` and `background`
//! for what is measured, `postgres` and `schema.sql` for what annals is compared with, `load` for how it is measured.

mod annals;
mod background;
mod columns;
mod disk;
mod events;
mod gather;
mod growth;
mod hashing;
mod http;
mod load;
mod load_http;
mod load_pg;
mod loading;
mod machine;
mod picks;
mod postgres;
mod process;
mod progress;
mod proof_reads;
mod proofs;
mod read_cases;
mod reads;
mod recording;
mod render;
mod report;
mod table;
mod verifying;
mod writes;

use std::fs::{self, File, Permissions};
use std::io::BufWriter;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::signal::unix::{SignalKind, signal};

use self::annals::Annals;
use self::events::{Bodies, Sample};
use self::growth::Growth;
use self::loading::PostgresSide;
use self::machine::Machine;
use self::report::{AnnalsMemory, Report};

/// Compare annals with PostgreSQL, and what proofs cost with what they must cost, on this machine
#[derive(Clone, clap::Args)]
pub(crate) struct BenchArgs {
    /// Events loaded on both sides before anything is measured
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    events: u64,
    /// Seconds a case is measured, on each side, in each round. What is written stays, so that many seconds measure
    /// larger tables than were asked for
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Rounds in which the two sides take turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Decides every byte of the events
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A smoke run: 20,000 events, one round of one second
    #[arg(long, conflicts_with_all = ["events", "seconds", "rounds"])]
    quick: bool,
    /// Measure only this
    #[arg(long)]
    only: Option<Only>,
    /// Write the whole result as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Directory on the disk to measure; a directory in it is made and removed
    #[arg(long, default_value = "/var/tmp")]
    dir: PathBuf,
    /// An annals program to measure, instead of building this one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Where PostgreSQL's programs are, instead of Debian's place
    #[arg(long, value_name = "DIR")]
    postgres_bin: Option<PathBuf>,
}

/// A part of the benchmark.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    Writes,
    Reads,
    /// Proofs, verifying, and recording beside recording without hashing: without PostgreSQL
    Proofs,
    /// Reading the log beside reading one of a fifth of the events: without PostgreSQL
    Growth,
    /// Reading and writing while entries are sealed and compacted, beside the same when nothing else is done: without PostgreSQL
    Background,
}

/// Events prepared for the measured writes, at most: they come again when they run out.
const LIVE_EVENTS_MAX: u64 = 200_000;

/// Runs the benchmark and prints what it found. Fails when something failed, never because something was slow.
pub(crate) fn run(args: BenchArgs) -> Result<()> {
    if cfg!(debug_assertions) {
        return run_optimised();
    }
    let args = if args.quick { BenchArgs { events: 20_000, seconds: 1, rounds: 1, ..args } } else { args };
    // One thread is enough to keep both sides busy, and takes the least from them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        tokio::select! {
            report = measure(&args) => report,
            interrupted = interruption() => interrupted.and_then(|()| bail!("interrupted; both servers are stopped")),
        }
    })?;
    if let Some(path) = &args.json {
        let file = File::create(path).with_context(|| format!("could not create {}", path.display()))?;
        serde_json::to_writer_pretty(BufWriter::new(file), &report)?;
    }
    render::print(&report, &mut std::io::stdout().lock())
}

/// Becomes the optimised build of this program: a load generator that is slow measures itself.
fn run_optimised() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let error = Command::new(cargo)
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(std::env::args_os().skip(1))
        .exec();
    Err(error).context("could not run cargo")
}

/// Waits until somebody wants an end to this.
async fn interruption() -> Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    Ok(())
}

async fn measure(args: &BenchArgs) -> Result<Report> {
    let binary = annals::build(args.binary.clone())?;
    let measures = |part| args.only.is_none_or(|only| only == part);
    // Before anything is measured: what does not build then fails at once.
    let without_hashing = if measures(Only::Proofs) { Some(recording::build()?) } else { None };
    // Declared first and so dropped last: the servers stop before their files go.
    let dir = tempfile::Builder::new().prefix("annals-bench-").tempdir_in(&args.dir)?;
    // PostgreSQL's own user must be able to pass.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755))?;
    let machine = Machine::look(dir.path()).await?;

    let events = usize::try_from(args.events)?;
    let (rounds, time) = (usize::try_from(args.rounds)?, Duration::from_secs(args.seconds));
    let live = usize::try_from(args.events.min(LIVE_EVENTS_MAX))?;
    let sample = Sample { binary: binary.clone(), seed: args.seed, preload: events, live };
    let mut side = None;
    if measures(Only::Writes) || measures(Only::Reads) {
        let postgres_bin = args.postgres_bin.as_deref();
        side = Some(PostgresSide::load(dir.path(), postgres_bin, &machine, &sample).await?);
    }
    let mut smaller = None;
    // All over again for another size, which takes long: only when it is asked for.
    if args.only == Some(Only::Growth) {
        let dir = dir.path().join("smaller");
        smaller = Some(growth::Smaller::measure(&sample, &dir, rounds, time / 5).await?);
    }
    let mut annals = Annals::start(&binary, &dir.path().join("annals")).await?;
    let (seen, loaded) = loading::load(&annals, &sample).await?;
    let loading = annals.memory()?;
    let opening_seconds = annals.restart().await?.as_secs_f64();
    // annals records in an account's log what is done to the account: its token, the workspaces that came with events.
    let own_entries =
        annals.total("").await?.checked_sub(args.events).context("annals lacks events of the sample")?;
    let mut annals_expected = own_entries + args.events;

    let (mut reads, mut reading) = (Vec::new(), None);
    let (mut writes, mut http_alone, mut writing) = (Vec::new(), Vec::new(), None);
    let cases = read_cases::all(&seen.picker.pick()?, events)?;
    if let Some(side) = side.as_ref().filter(|_| measures(Only::Reads)) {
        annals.reset_memory_peak()?;
        // A read is short: a fifth of the time gives as many as are needed.
        reads = reads::measure(&annals, &side.postgres, &cases, own_entries, rounds, time / 5).await?;
        reading = Some(annals.memory()?);
    }
    let mut growth = None;
    if let Some(smaller) = smaller {
        annals.reset_memory_peak()?;
        growth = Some(Growth::measure(smaller, &annals, &cases, rounds, time / 5).await?);
        reading = Some(annals.memory()?);
    }
    let mut proofs = None;
    if let Some(without) = &without_hashing {
        // The log still has as many entries as were asked for.
        let dir = dir.path().join("recording");
        proofs = Some(proofs::measure(&annals, &sample, &seen.gathered, without, &dir, rounds, time).await?);
    }
    if let Some(side) = side.as_mut().filter(|_| measures(Only::Writes)) {
        annals.reset_memory_peak()?;
        let measured = writes::measure(&annals, &side.postgres, &sample, rounds, time).await?;
        writing = Some(annals.memory()?);
        (writes, http_alone) = (measured.results, measured.http_alone);
        annals_expected += measured.annals_rows;
        side.rows += measured.postgres_rows;
    }
    let mut background = None;
    if measures(Only::Background) {
        let measured =
            background::measure(&annals, &cases, &Bodies::render(&sample.live_events()?)?, rounds, time)
                .await?;
        annals_expected += measured.rows;
        background = Some(measured);
    }

    let annals_rows = annals.total("").await?;
    ensure!(annals_rows == annals_expected, "annals holds {annals_rows} entries, not {annals_expected}");
    let postgres = match side {
        Some(side) => Some(side.report().await?),
        None => None,
    };
    let annals_memory = AnnalsMemory { loading, reading, writing };
    let mut report = Report {
        machine,
        postgres,
        events,
        seed: args.seed,
        rounds,
        seconds: args.seconds,
        opening_seconds,
        targets: Vec::new(),
        loaded,
        reads,
        proofs,
        writes,
        http_alone,
        growth,
        background,
        annals_memory,
        annals_rows,
    };
    report.targets = report.compare()?;
    Ok(report)
}
