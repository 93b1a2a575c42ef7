//! `annals verify`: checks what a log proves, and takes no server's word for it.

mod file;
mod keys;
mod log;
mod report;

use std::{io::Write, path::PathBuf, process::ExitCode};

use super::{
    administration::DataDir,
    output::{self, Screen},
};
use keys::{Keys, Trusted};

/// Check a proof file, or all logs in a data directory
///
/// A proof file shows that an entry is in a log, and is what was recorded; checking it works offline. What must be trusted is
/// the key of the log, so have it from somewhere else than the file, and, if there are any, the keys of witnesses, who see to
/// it that the log shows everybody the same entries.
///
/// Without a file, everything in a data directory is read, also while the server runs: rows are compared with the leaves of
/// their log's tree, every index with the rows, the tree with what was committed, signed and, with --checkpoint, remembered.
/// The first entry, segment or tile that is not as it was is named.
///
/// The exit code is 0 if everything holds, and 1 if anything does not.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals verify entry.tlog-proof --key audit.example.com+2c51a9e0+AY7…
  annals verify entry.tlog-proof --key @log.vkey --witness @witnesses.vkeys --quorum 2
  annals verify - --key @log.vkey --json < entry.tlog-proof | jq .audit_log
  annals verify --data-dir /var/lib/annals
  annals verify --account Acme --checkpoint yesterday.checkpoint")]
pub(super) struct Args {
    /// The proof file, or - for standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    #[command(flatten)]
    data_dir: DataDir,

    /// Token or exact title of the one account whose log is verified [default: all]
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "file")]
    account: Option<String>,

    /// A checkpoint of the log that was kept: the log must still have what it had then; may be given more than once
    #[arg(long = "checkpoint", value_name = "FILE", requires = "account", conflicts_with = "file")]
    checkpoints: Vec<PathBuf>,

    #[command(flatten)]
    keys: Keys,

    /// Print what was proven as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Some(path) = &args.file else {
        return log::run(&args.data_dir, args.account.as_deref(), &args.checkpoints, args.json);
    };
    let trusted = Trusted::of(&args.keys)?;
    let proven = file::check(path, &trusted)?;
    let mut out = output::stdout();
    if args.json {
        report::print_json(&mut out, &proven)?;
    } else {
        report::print(&mut out, &proven, Screen::of_stdout())?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
