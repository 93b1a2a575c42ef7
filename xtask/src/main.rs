//! The repository's own commands: `cargo xtask ci`, `cargo xtask bench` and `cargo xtask fuzz`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands tell a person at a terminal what they do"
)]

mod bench;
mod ci;
mod fuzz;
mod shell;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The repository's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks all that a change has to pass, exactly as the build server does
    Ci(ci::CiArgs),
    Bench(bench::BenchArgs),
    /// Feeds generated input to the fuzz targets
    Fuzz(fuzz::FuzzArgs),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Ci(arguments) => ci::run(&arguments),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    eprintln!("\nerror: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("because: {cause}");
    }
    ExitCode::FAILURE
}
