//! `annals witness log`: the logs that a witness cosigns for.

use annals_tlog::note::VerifierKey;
use serde::Serialize;

use super::{Dir, explain};
use crate::{
    cli::{
        administration::List,
        output::{self, grouped, plain},
    },
    witness::Log,
};

/// Add, list and remove the logs that are witnessed
///
/// A server that runs takes notice at once.
#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Witness a log, or take another key of one that is witnessed
    ///
    /// What any key of a log has signed is cosigned. Get the verifier key from whoever runs the log.
    #[command(after_help = "\
Example:
  annals witness log add example.org/log+1a2b3c4d+AW7R… --dir /var/lib/annals-witness")]
    Add {
        /// Verifier key of the log
        #[arg(value_name = "VKEY")]
        key: VerifierKey,

        /// Origin of the log, the first line of its checkpoints [default: the name of the key]
        #[arg(long)]
        origin: Option<String>,

        #[command(flatten)]
        dir: Dir,
    },

    /// List logs by origin, with the size that was cosigned last
    List {
        /// Print one log a line as JSON
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        dir: Dir,
    },

    /// Witness a log no longer; what was cosigned is remembered, in case it is added again
    Remove {
        /// Origin of the log
        origin: String,

        #[command(flatten)]
        dir: Dir,
    },
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.command {
        Command::Add { key, origin, dir } => {
            let origin = origin.as_deref().unwrap_or_else(|| key.name());
            let added = dir.open()?.add_log(origin, key.clone()).or_else(explain)?;
            let said = if added { "Cosigned from now on" } else { "This key of the log is known already" };
            output::note(format!("{said}: {}", plain(origin)));
            Ok(())
        }
        Command::List { json, dir } => list(*json, dir),
        Command::Remove { origin, dir } => dir.open()?.remove_log(origin).or_else(explain),
    }
}

#[derive(Serialize)]
struct Listed {
    origin: String,
    size: u64,
    keys: Vec<String>,
}

fn list(json: bool, dir: &Dir) -> anyhow::Result<()> {
    let directory = dir.open()?;
    let own: Vec<VerifierKey> =
        directory.keys().or_else(explain)?.iter().map(|key| key.verifier().clone()).collect();
    let mut logs = Vec::new();
    for log in directory.logs().or_else(explain)? {
        let latest = directory.latest(&log.origin, &own).or_else(explain)?;
        logs.push((log, latest.map_or(0, |latest| latest.size())));
    }
    let list = List {
        json,
        object: &|(log, size): &(Log, u64)| Listed {
            origin: log.origin.clone(),
            size: *size,
            keys: log.keys.iter().map(VerifierKey::to_string).collect(),
        },
        headings: &["ORIGIN", "SIZE", "KEYS"],
        whole: 0,
        cells: &|(log, size)| vec![log.origin.clone(), grouped(*size), key_ids(&log.keys)],
    };
    list.print(&logs)
}

/// The keys by their IDs, as a whole one may take more than a screen.
fn key_ids(keys: &[VerifierKey]) -> String {
    let ids: Vec<String> = keys.iter().map(|key| format!("{:08x}", u32::from_be_bytes(key.id()))).collect();
    ids.join(" ")
}
