//! `cargo xtask ci`: every check that a change has to pass, in steps that can also be run alone.
//!
//! Cheap steps come first. The test suite comes last, so that its summary ends the output.

mod clients;
mod dependencies;
mod layout;
mod tools;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::fuzz::{self, FuzzArgs};
use crate::shell;

/// How long each fuzz target runs: enough to notice a broken target or a shallow bug. Real campaigns are run by hand.
const FUZZ_SECONDS: u64 = 20;

#[derive(clap::Args)]
pub(crate) struct CiArgs {
    /// The steps to run; all of them if none is named
    steps: Vec<Step>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Step {
    /// Installs what the other steps need, if it is missing
    Tools,
    /// Checks the formatting
    Format,
    /// Checks what ARCHITECTURE.md and the source files say about themselves
    Layout,
    /// Checks licences and sources of dependencies, and features that must stay off
    Dependencies,
    /// Runs clippy
    Lint,
    /// Builds the documentation, without a warning
    Docs,
    /// Runs each fuzz target for a few seconds
    Fuzz,
    /// Runs real clients of the API against the server
    Clients,
    /// Runs the test suite
    Test,
}

/// Runs the steps and stops at the first that fails, saying what to run again.
pub(crate) fn run(arguments: &CiArgs) -> Result<()> {
    let steps = if arguments.steps.is_empty() { Step::value_variants() } else { &arguments.steps };
    let started = Instant::now();
    for step in steps {
        step.run()?;
    }
    println!("\n══ ci: {} of {} steps passed in {}", steps.len(), steps.len(), spoken(started.elapsed()));
    Ok(())
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self) -> Result<()> {
        let name = self.name();
        let started = Instant::now();
        println!("\n══ {name} {}", "═".repeat(72_usize.saturating_sub(name.len())));
        let done = match self {
            Step::Tools => tools::install(),
            Step::Format => cargo("fmt --all --check"),
            Step::Layout => layout::check(),
            Step::Dependencies => dependencies::check(),
            Step::Lint => cargo("clippy --workspace --all-targets --locked -- -D warnings"),
            Step::Docs => docs(),
            Step::Fuzz => fuzz::run(&FuzzArgs::all(FUZZ_SECONDS)),
            Step::Clients => clients::test(),
            Step::Test => tests(),
        };
        let took = spoken(started.elapsed());
        done.with_context(|| format!("{name} failed after {took}; to run it again: cargo xtask ci {name}"))?;
        println!("── {name} passed in {took}");
        Ok(())
    }
}

fn tests() -> Result<()> {
    cargo("test --doc --workspace --locked --quiet")?;
    cargo("nextest run --workspace --locked")
}

fn docs() -> Result<()> {
    let mut command = shell::command("cargo", ["doc", "--workspace", "--no-deps", "--locked"]);
    shell::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs Cargo with arguments that hold no spaces.
fn cargo(arguments: &str) -> Result<()> {
    shell::run(&mut shell::command("cargo", arguments.split(' ')))
}

fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}
