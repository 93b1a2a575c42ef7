//! What the commands that administer accounts have in common: where the catalog is, whose account, and errors with a
//! next step. They need no server, and do not mind one.

use std::{fmt::Display, io::Write, path::PathBuf};

use annals_format::Timestamp;
use annals_store::{Account, Role};
use anyhow::anyhow;
use clap::ValueEnum;
use comfy_table::ColumnConstraint;
use serde::Serialize;

use super::{
    connection::block_on,
    output::{self, HintExt, plain},
};
use crate::{
    administer::{Admin, AdministerError, find_account, operator},
    clock::SystemClock,
    config, data_dir,
};

/// Where the catalog is.
#[derive(clap::Args)]
pub(super) struct DataDir {
    /// Directory that the server keeps its data in; it may be running [default: what the server's configuration says]
    #[arg(long, env = "ANNALS_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Which account, where.
#[derive(clap::Args)]
pub(super) struct Of {
    /// Token or exact title of the account [default: the only one there is]
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,

    #[command(flatten)]
    pub(super) data_dir: DataDir,
}

impl DataDir {
    /// The directory that a server started here would use, unless another one is named.
    pub(super) fn path(&self) -> anyhow::Result<PathBuf> {
        config::data_dir(self.data_dir.as_deref())
            .hint("`annals serve --help` shows every key of the configuration and what it takes.")
    }

    /// Does `work` on the catalog that is there, as whoever runs the command.
    pub(super) fn administer<T>(
        &self,
        work: impl AsyncFnOnce(&Admin<'_>) -> Result<T, AdministerError>,
    ) -> anyhow::Result<T> {
        let path = self.path()?;
        if !data_dir::has_catalog(&path) {
            return Err(anyhow!("there is no catalog in {}", path.display())).hint(
                "Name the server's directory with --data-dir or in ANNALS_DATA_DIR; \
                 `annals serve` and `annals account create` make a new one.",
            );
        }
        self.administer_new(work)
    }

    /// Does `work` on the catalog, which is made if it is missing, as whoever runs the command.
    pub(super) fn administer_new<T>(
        &self,
        work: impl AsyncFnOnce(&Admin<'_>) -> Result<T, AdministerError>,
    ) -> anyhow::Result<T> {
        let catalog = data_dir::open_catalog(&self.path()?)
            .hint("It has to be a directory that this user may write to; `annals doctor` looks closer.")?;
        let who = operator();
        let admin = Admin { catalog: &catalog, clock: &SystemClock, who: &who, source: "cli" };
        block_on(async { work(&admin).await.or_else(explain) })
    }
}

impl Of {
    /// Does `work` on the account, as whoever runs the command.
    pub(super) fn administer<T>(
        &self,
        work: impl AsyncFnOnce(&Admin<'_>, Account) -> Result<T, AdministerError>,
    ) -> anyhow::Result<T> {
        self.data_dir.administer(async |admin| {
            let account = find_account(admin, self.account.as_deref()).await?;
            work(admin, account).await
        })
    }
}

/// Adds the next step.
fn explain<T>(error: AdministerError) -> anyhow::Result<T> {
    use AdministerError as E;
    let (wrong_call, step) = match &error {
        E::Empty { .. } | E::TooLong { .. } => (true, "Give one that people can read."),
        E::NoScope => (true, "Give one or more of read, write, import and admin with --scope."),
        E::Expired { .. } => (true, "Give a time to come with --expires, or leave it out."),
        E::AccountNotNamed { .. } => (true, "Say which one with --account TOKEN."),
        E::AmbiguousAccount { .. } => (true, "Say which one by its token."),
        E::RoleTooHigh { .. } => (true, "Give a lower --role, or leave it out for the role of the user."),
        E::NoAccount => (false, "`annals account create TITLE` makes one."),
        E::UnknownAccount { .. } => {
            (false, "`annals account list` shows all; `annals account create` makes another.")
        }
        E::UnknownWorkspace { .. } => (false, "`annals workspace list` shows those that there are."),
        E::UnknownUser { .. } => (false, "`annals user list` shows those that there are."),
        E::UnknownToken { .. } | E::UnknownSecret => {
            (false, "`annals token list` shows those that there are.")
        }
        E::UnknownHold { .. } => (false, "`annals hold list` shows those that there are."),
        E::Filter { .. } => (true, "Name entries with the filters of `annals list`."),
        E::UserRemoved { .. } => (false, "`annals user create` makes another user."),
        E::Full { .. } => (false, "Start another data directory."),
        E::Busy => (false, "Run the command again when less is recorded."),
        E::Unavailable(_) => (false, "Check that the disk has room and that you may write to it."),
        E::OutcomeUnknown(_) => (false, "Look with the command `list` before you run this one again."),
        E::Unreadable(_) => (false, "Check the data directory with `annals doctor`."),
    };
    if wrong_call { Err(output::usage(error.to_string(), step)) } else { Err(error).hint(step) }
}

/// A role, as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RoleArg {
    /// Reads audit logs and records events
    Owner,
    /// Records events
    Editor,
    /// Sees workspaces, but no audit logs
    Viewer,
}

impl From<RoleArg> for Role {
    fn from(argument: RoleArg) -> Self {
        match argument {
            RoleArg::Owner => Self::Owner,
            RoleArg::Editor => Self::Editor,
            RoleArg::Viewer => Self::Viewer,
        }
    }
}

/// Prints the one new value that a command is run for.
pub(super) fn print(value: impl Display) -> anyhow::Result<()> {
    let mut out = output::stdout();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}

/// How a list is shown.
pub(super) struct List<'a, T, J> {
    /// As JSON, an object a line, for programs; else as a table.
    pub(super) json: bool,
    /// What a program gets to see of a thing.
    pub(super) object: &'a dyn Fn(&T) -> J,
    /// The headings of the table.
    pub(super) headings: &'a [&'a str],
    /// The column that people copy from, which is never wrapped.
    pub(super) whole: usize,
    /// A row of the table. Strangers wrote what is in it.
    pub(super) cells: &'a dyn Fn(&T) -> Vec<String>,
}

impl<T, J: Serialize> List<'_, T, J> {
    /// Prints all of them.
    pub(super) fn print(&self, things: &[T]) -> anyhow::Result<()> {
        let mut out = output::stdout();
        if self.json {
            for thing in things {
                writeln!(out, "{}", serde_json::to_string(&(self.object)(thing))?)?;
            }
        } else if things.is_empty() {
            output::note("There are none yet.");
        } else {
            let mut table = output::table(self.headings);
            for thing in things {
                table.add_row((self.cells)(thing).iter().map(|cell| plain(cell)));
            }
            if let Some(column) = table.column_mut(self.whole) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            writeln!(out, "{table}")?;
        }
        Ok(out.flush()?)
    }
}

/// An instant in a table, to the minute; nothing if there is none.
pub(super) fn minute(at: impl Into<Option<Timestamp>>) -> String {
    let text = at.into().map_or_else(String::new, |at| at.to_string());
    text.get(..16).unwrap_or_default().replace('T', " ")
}

/// The day of an instant in a table; nothing if there is none.
pub(super) fn day(at: impl Into<Option<Timestamp>>) -> String {
    let text = at.into().map_or_else(String::new, |at| at.to_string());
    text.get(..10).unwrap_or_default().to_owned()
}
