//! `annals account`: the tenants of a server, each with a log of its own.

use std::process::ExitCode;

use annals_format::Retention;
use annals_store::Account;
use serde::Serialize;

use super::{
    administration::{self, DataDir, List},
    output::usage,
};
use crate::administer::{create_account, find_account, publish_log, rename_account, set_retention};

/// Create, list and rename accounts, and say how long their audit logs are kept
#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Create an account and print its token
    #[command(after_help = "\
Examples:
  annals account create 'Acme'
  annals workspace create Finance --account \"$(annals account create 'Acme')\"")]
    Create {
        /// What people call it
        title: String,

        #[command(flatten)]
        data_dir: DataDir,
    },

    /// List accounts, the oldest first
    List {
        /// Print one account a line as JSON
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        data_dir: DataDir,
    },

    /// Let everybody read the tiles and checkpoints of an account's log, in which there is nothing personal
    Publish {
        /// Token or exact title of the account
        account: String,

        #[command(flatten)]
        data_dir: DataDir,
    },

    /// Let only holders of an account's tokens read the tiles and checkpoints of its log, as it is at first
    Unpublish {
        /// Token or exact title of the account
        account: String,

        #[command(flatten)]
        data_dir: DataDir,
    },

    /// Keep an account's audit logs for so long and no longer, or for ever, as it is at first
    ///
    /// Counted from the time of each audit log. What is older goes within a day or so, for good, but for what a hold keeps; its
    /// hashes stay, so that every proof of another one still verifies.
    #[command(after_help = "\
Examples:
  annals account retain 'Acme' '24 months'
  annals account retain 'Acme' forever")]
    Retain {
        /// Token or exact title of the account
        account: String,

        /// A number of days, months or years, or forever
        period: String,

        #[command(flatten)]
        data_dir: DataDir,
    },

    /// Give an account another title
    Rename {
        /// Token or exact title of the account
        account: String,

        /// What people will call it
        title: String,

        #[command(flatten)]
        data_dir: DataDir,
    },
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Create { title, data_dir } => {
            let account = data_dir.administer_new(async |admin| create_account(admin, title).await)?;
            administration::print(account.token)?;
        }
        Command::List { json, data_dir } => {
            let accounts = data_dir.administer(async |admin| Ok(admin.catalog.accounts().await?))?;
            list(*json).print(&accounts)?;
        }
        Command::Publish { account, data_dir } => publish(account, data_dir, true)?,
        Command::Unpublish { account, data_dir } => publish(account, data_dir, false)?,
        Command::Retain { account, period, data_dir } => {
            let retention = match period.as_str() {
                "forever" | "for ever" => None,
                period => Some(
                    Retention::parse(period)
                        .map_err(|error| usage(error.to_string(), "`forever` keeps them for ever."))?,
                ),
            };
            data_dir.administer(async |admin| {
                let account = find_account(admin, Some(account)).await?;
                set_retention(admin, account.id, retention).await
            })?;
        }
        Command::Rename { account, title, data_dir } => data_dir.administer(async |admin| {
            let account = find_account(admin, Some(account)).await?;
            rename_account(admin, account.id, title).await
        })?,
    }
    Ok(ExitCode::SUCCESS)
}

fn publish(account: &str, data_dir: &DataDir, public: bool) -> anyhow::Result<()> {
    data_dir.administer(async |admin| {
        let account = find_account(admin, Some(account)).await?;
        publish_log(admin, account.id, public).await
    })
}

#[derive(Serialize)]
struct Listed {
    token: String,
    title: String,
    default_workspace_token: Option<String>,
    log_public: bool,
    retention: Option<String>,
    created_at: String,
}

fn list(json: bool) -> List<'static, Account, Listed> {
    List {
        json,
        object: &|account| Listed {
            token: account.token.clone(),
            title: account.title.clone(),
            default_workspace_token: account.default_workspace.clone(),
            log_public: account.log_public,
            retention: account.retention.map(|retention| retention.to_string()),
            created_at: account.created_at.to_string(),
        },
        headings: &["TITLE", "TOKEN", "DEFAULT WORKSPACE", "KEPT FOR", "CREATED (UTC)"],
        whole: 1,
        cells: &|account| {
            vec![
                account.title.clone(),
                account.token.clone(),
                account.default_workspace.clone().unwrap_or_default(),
                account.retention.map_or_else(|| "ever".to_owned(), |retention| retention.to_string()),
                administration::minute(account.created_at),
            ]
        },
    }
}
