//! `annals key`: what the server signs its logs with.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{
    administration::{self, DataDir, Of},
    output::HintExt,
};
use crate::{
    config,
    tlog::{KeysError, SigningKeys},
};

/// Make, show and rotate the keys that checkpoints are signed with
///
/// A server has one key, from which each log gets its own: what a log is verified with is shown by `annals key show`. The server makes a
/// key when it starts without one.
#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make the server's key, and print its id
    ///
    /// Choose a name that nobody else has, such as the host name of the server: it is part of the name of every log, and a log
    /// under another name is another log.
    #[command(after_help = "\
Examples:
  annals key create audit.example.com --data-dir /var/lib/annals")]
    Create {
        /// What all logs are called, before their account's token
        name: String,

        #[command(flatten)]
        keys: Keys,
    },

    /// Print the ids of the keys, the newest first
    List {
        #[command(flatten)]
        keys: Keys,
    },

    /// Print what an account's log is verified with: a line for each key
    #[command(after_help = "\
Examples:
  annals key show > acme.vkey              give this to whoever verifies the log
  annals verify event.tlog-proof --key \"$(annals key show)\"")]
    Show {
        #[command(flatten)]
        of: Of,

        /// File of the keys [default: what the server's configuration says]
        #[arg(long, value_name = "FILE")]
        signing_key: Option<PathBuf>,
    },

    /// Add a key that signs beside those that there are, and print its id
    ///
    /// Publish what `annals key show` prints now, wait until everybody has it, and retire the old key. The server goes on
    /// with the keys of the file within a second.
    Rotate {
        #[command(flatten)]
        keys: Keys,
    },

    /// Remove a key for good
    Retire {
        /// Id of the key, as `annals key list` shows it
        id: String,

        #[command(flatten)]
        keys: Keys,
    },
}

/// Where the keys are.
#[derive(clap::Args)]
struct Keys {
    /// File of the keys [default: what the server's configuration says]
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,

    #[command(flatten)]
    data_dir: DataDir,
}

impl Keys {
    fn path(&self) -> anyhow::Result<PathBuf> {
        path(self.signing_key.clone(), &self.data_dir)
    }

    fn load(&self) -> anyhow::Result<SigningKeys> {
        load(&self.path()?)
    }
}

fn path(named: Option<PathBuf>, data_dir: &DataDir) -> anyhow::Result<PathBuf> {
    match named {
        Some(path) => Ok(path),
        None => config::signing_key(&data_dir.path()?)
            .hint("`annals serve --help` shows every key of the configuration and what it takes."),
    }
}

fn load(path: &Path) -> anyhow::Result<SigningKeys> {
    match SigningKeys::load(path).or_else(explain)? {
        Some(keys) => Ok(keys),
        None => Err(anyhow::anyhow!("there are no signing keys in {}", path.display()))
            .hint("`annals key create NAME` makes one, and so does the first start of `annals serve`."),
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Create { name, keys } => {
            let path = keys.path()?;
            if let Some(directory) = path.parent() {
                crate::data_dir::create(directory)?;
            }
            let keys = SigningKeys::create(&path, name).or_else(explain)?;
            administration::print(keys.ids().concat())?;
        }
        Command::List { keys } => administration::print(keys.load()?.ids().join("\n"))?,
        Command::Show { of, signing_key } => {
            let keys = load(&path(signing_key.clone(), &of.data_dir)?)?;
            let account = of.administer(async |_, account| Ok(account.token))?;
            let verifiers = keys.verifiers(&account).or_else(explain)?;
            let lines: Vec<String> = verifiers.iter().map(ToString::to_string).collect();
            administration::print(lines.join("\n"))?;
        }
        Command::Rotate { keys } => administration::print(keys.load()?.rotate().or_else(explain)?)?,
        Command::Retire { id, keys } => keys.load()?.retire(id).or_else(explain)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds the next step.
fn explain<T>(error: KeysError) -> anyhow::Result<T> {
    let step = match &error {
        KeysError::Io { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists => {
            "There is one already: `annals key list` shows it, `annals key rotate` adds another."
        }
        KeysError::Io { .. } => "The file and its directory have to be this user's.",
        KeysError::Open { .. } => {
            "If nobody else had it, `chmod 600` is enough; else rotate and retire the key."
        }
        KeysError::Line { .. } | KeysError::Content { .. } => {
            "Bring the file back from where you keep a copy of it."
        }
        KeysError::Name { .. } => "Take a host name, such as audit.example.com: no spaces, no plus.",
        KeysError::Unknown { .. } => "`annals key list` shows the ids.",
        KeysError::Last { .. } => "`annals key rotate` makes another one first.",
    };
    Err(error).hint(step)
}
