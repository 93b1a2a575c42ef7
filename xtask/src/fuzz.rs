//! `cargo xtask fuzz`: runs the targets in `fuzz/src/bin` under libFuzzer, on the stable toolchain.
//!
//! libFuzzer needs coverage counters in the code that it explores. The compiler can place them without being nightly;
//! what only nightly has is AddressSanitizer, which matters little where `unsafe` is forbidden.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::shell;

const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Coverflow-checks",
    "--cfg=fuzzing",
];
/// Longest input in bytes. Deep structure fits, and short inputs are tried far more often than long ones.
const INPUT_BYTES_MAX: u32 = 8192;
/// An input that takes longer is reported as a hang.
const INPUT_SECONDS_MAX: u32 = 10;
const MEMORY_MB_MAX: u32 = 2048;

#[derive(clap::Args)]
pub(crate) struct FuzzArgs {
    /// How long to run each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The target to run; all of them if none is named
    target: Option<String>,
}

impl FuzzArgs {
    /// All targets, each for `seconds`.
    pub(crate) fn all(seconds: u64) -> Self {
        Self { seconds, target: None }
    }
}

/// Builds the targets and runs them one after another; stops at the first crash, saying where its input is.
pub(crate) fn run(arguments: &FuzzArgs) -> Result<()> {
    let mut targets = targets()?;
    if let Some(wanted) = &arguments.target {
        ensure!(targets.contains(wanted), "no fuzz target `{wanted}`; there are: {}", targets.join(", "));
        targets.retain(|target| target == wanted);
    }
    let programs = build()?;
    for target in &targets {
        println!("\n── fuzzing {target} for {} s", arguments.seconds);
        explore(target, &programs, arguments.seconds)?;
    }
    Ok(())
}

/// The names of the targets: one file each.
fn targets() -> Result<Vec<String>> {
    let sources = shell::root().join("fuzz/src/bin");
    let entries = fs::read_dir(&sources).with_context(|| format!("cannot list {}", sources.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "rs")
            && let Some(name) = file.file_stem()
        {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    ensure!(!names.is_empty(), "there is no fuzz target in {}", sources.display());
    names.sort();
    Ok(names)
}

/// Builds all targets in a directory of their own, since their flags differ from those of every other build; returns
/// where the programs are.
fn build() -> Result<PathBuf> {
    let host = host()?;
    let home = shell::target().join("fuzz");
    let mut command = shell::command("cargo", ["build", "--release", "--locked", "--bins"]);
    command.args(["--manifest-path", "fuzz/Cargo.toml"]);
    // With a target named, build scripts and macros are built without the flags.
    command.args(["--target", &host]).arg("--target-dir").arg(&home);
    command.env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f")).env("CARGO_PROFILE_RELEASE_LTO", "off");
    shell::run(&mut command)?;
    Ok(home.join(host).join("release"))
}

/// Runs one target. What it finds worth keeping goes below the build directory; the repository's corpus is only read.
fn explore(target: &str, programs: &Path, seconds: u64) -> Result<()> {
    let found = shell::target().join("fuzz/corpus").join(target);
    let crashes = shell::target().join("fuzz/crashes").join(target);
    for directory in [&found, &crashes] {
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    }
    let mut command = shell::command(
        programs.join(target),
        [
            format!("-max_total_time={seconds}"),
            format!("-max_len={INPUT_BYTES_MAX}"),
            format!("-timeout={INPUT_SECONDS_MAX}"),
            format!("-rss_limit_mb={MEMORY_MB_MAX}"),
            format!("-artifact_prefix={}/", crashes.display()),
            "-print_final_stats=1".to_owned(),
            "-verbosity=0".to_owned(),
        ],
    );
    command.arg(&found);
    let seeds = shell::root().join("fuzz/corpus").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    shell::run(&mut command)
        .with_context(|| format!("{target} failed; its input is in {}", crashes.display()))
}

/// The platform that the compiler runs on, such as `x86_64-unknown-linux-gnu`.
fn host() -> Result<String> {
    let (_, output, _) = shell::capture(&mut shell::command("rustc", ["-vV"]))?;
    match output.lines().find_map(|line| line.strip_prefix("host: ")) {
        Some(host) => Ok(host.to_owned()),
        None => bail!("`rustc -vV` names no host:\n{output}"),
    }
}
