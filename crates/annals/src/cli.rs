//! The command line: which commands there are, and how a command ends.

mod account;
mod administration;
mod completions;
mod connection;
mod doctor;
mod erase;
mod filters;
mod hold;
mod import;
mod inspect;
mod key;
mod list;
mod man;
mod monitor;
mod output;
mod proof;
mod record;
mod remote;
mod sample;
mod serve;
mod show;
mod token;
mod user;
mod verify;
mod witness;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Records who changed what, and lets people read, search and prove it.
///
/// Every command that talks to a server takes --url and --token, or reads ANNALS_URL and ANNALS_TOKEN.
#[derive(Parser)]
#[command(name = "annals", version, max_term_width = 100, after_help = EXAMPLES)]
#[command(subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  export ANNALS_TOKEN=…                  once, instead of --token each time
  annals record --action update --object-type cost_report --object-title 'Cloud spend' \\
      --before '{\"title\":\"Spend\"}' --after '{\"title\":\"Cloud spend\"}'
  annals list --action delete            who deleted what
  annals show adt_lg_7c1f0a93be52d846    one of them in full
  annals proof adt_lg_7c1f0a93be52d846   the same for whoever trusts nobody
  annals import history.ndjson           bring a history along";

#[derive(Subcommand)]
enum Command {
    Serve(serve::Args),
    Account(account::Args),
    Workspace(workspace::Args),
    User(user::Args),
    Token(token::Args),
    Hold(hold::Args),
    Key(key::Args),
    Doctor(doctor::Args),
    Inspect(inspect::Args),
    Witness(witness::Args),
    Record(record::Args),
    List(list::Args),
    Show(show::Args),
    Erase(erase::Args),
    Proof(proof::Args),
    Import(import::Args),
    Verify(verify::Args),
    Monitor(monitor::Args),
    Sample(sample::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Command {
    fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Serve(args) => serve::run(&args),
            Self::Account(args) => account::run(&args),
            Self::Workspace(args) => workspace::run(&args),
            Self::User(args) => user::run(&args),
            Self::Token(args) => token::run(&args),
            Self::Hold(args) => hold::run(&args),
            Self::Key(args) => key::run(&args),
            Self::Doctor(args) => doctor::run(&args),
            Self::Inspect(args) => inspect::run(&args),
            Self::Witness(args) => witness::run(&args),
            Self::Record(args) => record::run(args),
            Self::List(args) => list::run(&args),
            Self::Show(args) => show::run(&args),
            Self::Erase(args) => erase::run(&args),
            Self::Proof(args) => proof::run(&args),
            Self::Import(args) => import::run(&args),
            Self::Verify(args) => verify::run(&args),
            Self::Monitor(args) => monitor::run(&args),
            Self::Sample(args) => sample::run(&args),
            Self::Completions(args) => completions::run(&args),
            Self::Man(args) => man::run(&args),
        }
    }
}

/// Runs the command that the process was started with.
///
/// The exit code is 0 when it did all it was asked, 1 when it did not, 2 when it was not understood, and 3 when a log is not
/// what it should be.
pub fn run() -> ExitCode {
    Cli::parse().command.run().unwrap_or_else(|error| output::report(&error))
}

/// The definition of the command line, for completions, man pages and documentation.
pub fn definition() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_sound() {
        super::definition().debug_assert();
    }
}
