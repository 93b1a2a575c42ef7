//! `annals witness`: cosigning the checkpoints of other logs.

mod log;
mod serve;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use super::output::{self, HintExt};
use crate::{
    data_dir::DataDirError,
    witness::{Directory, DirectoryError},
};

/// Cosign the checkpoints of other logs, as c2sp.org/tlog-witness has it
///
/// A witness cosigns a checkpoint when its log has only grown since the one before. Whoever wants to see the cosignature
/// of a witness they trust cannot be shown another tree than everybody else. So a witness belongs in other hands than
/// the log: two organisations can witness each other.
///
/// A witness has a directory of its own, with its keys, the logs it witnesses and what it cosigned last. It needs no
/// `annals serve`, and witnesses any log that speaks the protocol.
#[derive(clap::Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Example:
  annals witness init --dir /var/lib/annals-witness --name witness.example.com/w1
  annals witness log add example.org/log+…+… --dir /var/lib/annals-witness
  annals witness serve --dir /var/lib/annals-witness --listen 0.0.0.0:8788"
)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make the keys of a witness and print its verifier keys, one a line
    ///
    /// There is one of Ed25519 and one of ML-DSA-44, both with the name of the witness. Give the verifier keys to those
    /// whose logs are witnessed. The secret keys are in the file `keys` in the directory, and nowhere else.
    Init {
        /// What the witness is called in cosignatures: by convention a URL without https://
        #[arg(long)]
        name: String,

        #[command(flatten)]
        dir: Dir,
    },

    /// Print the verifier keys of a witness, one a line
    Keys {
        #[command(flatten)]
        dir: Dir,
    },

    Log(log::Args),

    Serve(serve::Args),
}

/// Where the witness is.
#[derive(clap::Args)]
struct Dir {
    /// Directory of the witness
    #[arg(long, value_name = "DIR", default_value = "./annals-witness")]
    dir: PathBuf,
}

impl Dir {
    /// The witness that is there.
    fn open(&self) -> anyhow::Result<Directory> {
        // Whoever reads a path in a log or an error may be in another directory.
        Directory::open(&std::path::absolute(&self.dir)?).or_else(explain)
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Init { name, dir } => {
            let directory = Directory::create(&std::path::absolute(&dir.dir)?, name).or_else(explain)?;
            print_keys(&directory)?;
            output::note("Give these verifier keys to those whose logs are to be witnessed.");
            output::note(
                "`annals witness log add` adds their logs; `annals witness serve` begins to cosign.",
            );
        }
        Command::Keys { dir } => print_keys(&dir.open()?)?,
        Command::Log(args) => log::run(args)?,
        Command::Serve(args) => serve::run(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print_keys(directory: &Directory) -> anyhow::Result<()> {
    let mut out = output::stdout();
    for key in directory.keys().or_else(explain)? {
        writeln!(out, "{}", key.verifier())?;
    }
    Ok(out.flush()?)
}

/// Adds the next step.
fn explain<T>(error: DirectoryError) -> anyhow::Result<T> {
    use DirectoryError as E;
    let step = match &error {
        E::Name { .. } | E::Origin { .. } => {
            return Err(output::usage(
                error.to_string(),
                "Take a URL without https://, such as example.com/log.",
            ));
        }
        E::NoWitness { .. } => "Name its directory with --dir; `annals witness init` makes a new one.",
        E::Exists { .. } => {
            "Its keys are not made anew, as others trust them. `annals witness keys` prints them; --dir names another \
             directory."
        }
        E::UnknownLog { .. } => "`annals witness log list` shows those that there are.",
        E::Unreadable { .. } => {
            "Do not remove the file: it keeps the witness from cosigning two trees that do not agree. If it cannot be \
             brought back as it was, retire the witness and make another."
        }
        E::DataDir(DataDirError::InUse { .. }) => {
            "Stop that server, or give this witness a directory of its own with --dir."
        }
        E::File { .. } | E::DataDir(_) => {
            "It has to be a directory that this user may write to; --dir names another."
        }
    };
    Err(error).hint(step)
}
