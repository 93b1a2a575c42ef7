//! `annals verify`: checks what a log proves, and takes no server's word for it.

mod file;
mod keys;
mod report;

use std::{io::Write, path::PathBuf, process::ExitCode};

use super::output::{self, Screen};
use keys::{Keys, Trusted};

/// Check a proof file: that an entry is in a log, and is what was recorded
///
/// Works offline. What must be trusted is the key of the log, so have it from somewhere else than the file, and, if
/// there are any, the keys of witnesses, who see to it that the log shows everybody the same entries.
///
/// The exit code is 0 if everything holds, and 1 if anything does not.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals verify entry.tlog-proof --key audit.example.com+2c51a9e0+AY7…
  annals verify entry.tlog-proof --key @log.vkey --witness @witnesses.vkeys --quorum 2
  annals verify - --key @log.vkey --json < entry.tlog-proof | jq .audit_log")]
pub(super) struct Args {
    /// The proof file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    keys: Keys,

    /// Print what was proven as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let trusted = Trusted::of(&args.keys)?;
    let proven = file::check(&args.file, &trusted)?;
    let mut out = output::stdout();
    if args.json {
        report::print_json(&mut out, &proven)?;
    } else {
        report::print(&mut out, &proven, Screen::of_stdout())?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
