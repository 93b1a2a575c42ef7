//! `annals workspace`: the parts of an account that events belong to.

use std::process::ExitCode;

use annals_store::Workspace;
use serde::Serialize;

use super::administration::{self, List, Of};
use crate::administer::{create_workspace, rename_workspace};

/// Create, list and rename the workspaces of an account
#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Create a workspace and print its token
    ///
    /// The first workspace of an account becomes its default: events that name none belong to it.
    #[command(after_help = "\
Example:
  annals workspace create Finance --account acct_0a1b2c3d4e5f6071")]
    Create {
        /// What people call it
        name: String,

        #[command(flatten)]
        of: Of,
    },

    /// List workspaces, the oldest first
    List {
        /// Print one workspace a line as JSON
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        of: Of,
    },

    /// Give a workspace another name; what is recorded keeps the old one
    Rename {
        /// Token of the workspace
        token: String,

        /// What people will call it
        name: String,

        #[command(flatten)]
        of: Of,
    },
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Create { name, of } => {
            let created =
                of.administer(async |admin, account| create_workspace(admin, account.id, name).await)?;
            administration::print(created.token)?;
        }
        Command::List { json, of } => {
            let (account, workspaces) = of.administer(async |admin, account| {
                let workspaces = admin.catalog.workspaces(account.id).await?;
                Ok((account, workspaces))
            })?;
            print(*json, account.default_workspace.as_deref(), &workspaces)?;
        }
        Command::Rename { token, name, of } => {
            of.administer(async |admin, account| rename_workspace(admin, account.id, token, name).await)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Listed {
    token: String,
    name: String,
    default: bool,
    created_at: String,
}

fn print(json: bool, default: Option<&str>, workspaces: &[Workspace]) -> anyhow::Result<()> {
    let is_default = |workspace: &Workspace| default == Some(workspace.token.as_str());
    let list = List {
        json,
        object: &|workspace: &Workspace| Listed {
            token: workspace.token.clone(),
            name: workspace.name.clone(),
            default: is_default(workspace),
            created_at: workspace.created_at.to_string(),
        },
        headings: &["NAME", "TOKEN", "DEFAULT", "CREATED (UTC)"],
        whole: 1,
        cells: &|workspace| {
            vec![
                workspace.name.clone(),
                workspace.token.clone(),
                if is_default(workspace) { "default" } else { "" }.to_owned(),
                administration::minute(workspace.created_at),
            ]
        },
    };
    list.print(workspaces)
}
