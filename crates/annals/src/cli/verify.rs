//! `annals verify`: checks what a log proves, and takes no server's word for it.

mod file;
mod keys;
mod log;
mod report;
mod url;

use std::{io::Write, path::PathBuf, process::ExitCode};

use super::{
    administration::DataDir,
    output::{self, Screen},
    remote::Access,
};
use keys::{Keys, Trusted};

/// Check a proof file, all logs in a data directory, or a log over HTTP
///
/// A proof file shows that an entry is in a log, and is what was recorded; checking it works offline. What must be trusted is
/// the key of the log, so have it from somewhere else than the file, and, if there are any, the keys of witnesses, who see to
/// it that the log shows everybody the same entries.
///
/// With --url, a log is read over HTTP as it is published, and every entry and tile is compared with what the log has signed.
/// Nothing that the server says is taken on trust but what a key given with --key has signed. What is published has digests in
/// the place of sections, so their texts are not compared.
///
/// Without either, everything in a data directory is read, also while the server runs: rows are compared with the leaves of
/// their log's tree, every index with the rows, the tree with what was committed, signed and, with --checkpoint, remembered.
/// The first entry, segment or tile that is not as it was is named.
///
/// The exit code is 0 if everything holds, and 1 if anything does not. With --url, it is 1 if nothing could be learnt (no
/// connection, no access, not enough witnesses), and 3 if the log is not what was signed or remembered.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("one log").args(["account", "url"]).multiple(true))]
#[command(after_help = "\
Examples:
  annals verify entry.tlog-proof --key audit.example.com+2c51a9e0+AY7…
  annals verify entry.tlog-proof --key @log.vkey --witness @witnesses.vkeys --quorum 2
  annals verify - --key @log.vkey --json < entry.tlog-proof | jq .audit_log
  annals verify --data-dir /var/lib/annals
  annals verify --account Acme --checkpoint yesterday.checkpoint
  annals verify --url https://audit.example.com/tlog/acct_0123456789abcdef --key @log.vkey \\
      --checkpoint yesterday.checkpoint")]
pub(super) struct Args {
    /// The proof file, or - for standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    #[command(flatten)]
    data_dir: DataDir,

    /// A log, such as https://audit.example.com/tlog/acct_…, or with --account its server
    // Not from the environment: that it has an address for other commands says nothing of what is to be verified.
    #[arg(long, conflicts_with = "file")]
    url: Option<String>,

    #[command(flatten)]
    access: Access,

    /// Token or exact title of the one account whose log is verified [default: all]; with --url, its token
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "file")]
    account: Option<String>,

    /// A checkpoint of the log that was kept: the log must still have what it had then; may be given more than once
    #[arg(long = "checkpoint", value_name = "FILE", requires = "one log", conflicts_with = "file")]
    checkpoints: Vec<PathBuf>,

    #[command(flatten)]
    keys: Keys,

    /// Print what was proven as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(url) = &args.url {
        let trusted = Trusted::of(&args.keys)?;
        let log = args.access.log(url, args.account.as_deref(), trusted.trust()?)?;
        return url::run(&log, &trusted, &args.checkpoints, args.json);
    }
    let Some(path) = &args.file else {
        if args.keys.are_given() {
            return Err(output::usage(
                "--key, --witness and --quorum are about a proof file or a log over HTTP, and neither was given",
                "Name a file, or a log with --url. In a data directory the keys are those of the server.",
            ));
        }
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
