//! Which server a command talks to, and as whom.

use std::time::Duration;

use annals_client::{Action, Client};
use clap::ValueEnum;

use super::output;

/// The arguments every command that talks to a server has.
#[derive(clap::Args)]
pub(super) struct Connection {
    /// The server
    #[arg(long, env = "ANNALS_URL", default_value = "http://127.0.0.1:8787", help_heading = "Server")]
    pub(super) url: String,

    /// An access token; better in the environment, since other users of the machine can read command lines
    #[arg(long, env = "ANNALS_TOKEN", hide_env_values = true, help_heading = "Server")]
    token: Option<String>,
}

impl Connection {
    /// A client for the server; a request may take as long as `timeout`.
    pub(super) fn client(&self, timeout: Duration) -> anyhow::Result<Client> {
        let token =
            self.token.as_deref().map(str::trim).filter(|token| !token.is_empty()).ok_or_else(|| {
                output::usage(
                    "there is no access token",
                    "Give one with --token or in ANNALS_TOKEN; `annals token create` makes one.",
                )
            })?;
        Ok(Client::builder(&self.url, token)
            .user_agent(concat!("annals/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .build()?)
    }
}

/// How long a person waits for one answer.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// Runs a command that waits for the network.
pub(super) fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command)
}

/// What was done, as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ActionArg {
    #[value(alias = "record_created")]
    Create,
    #[value(alias = "record_updated")]
    Update,
    #[value(alias = "record_destroyed")]
    Delete,
}

impl From<ActionArg> for Action {
    fn from(argument: ActionArg) -> Self {
        match argument {
            ActionArg::Create => Self::Create,
            ActionArg::Update => Self::Update,
            ActionArg::Delete => Self::Delete,
        }
    }
}
