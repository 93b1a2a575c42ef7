//! `annals user`: the people of an account who may hold personal access tokens.

use std::process::ExitCode;

use annals_store::User;
use serde::Serialize;

use super::{
    administration::{self, List, Of, RoleArg},
    output,
};
use crate::administer::{create_user, remove_user};

/// Create, list and remove the users of an account
#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Create a user and print its id
    #[command(after_help = "\
Example:
  annals user create 'Ada Lovelace' --account acct_0a1b2c3d4e5f6071 --role editor")]
    Create {
        /// What people call them
        name: String,

        /// What they may do at most
        #[arg(long, value_enum)]
        role: RoleArg,

        #[command(flatten)]
        of: Of,
    },

    /// List users, also removed ones
    List {
        /// Print one user a line as JSON
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        of: Of,
    },

    /// Remove a user and revoke the user's access tokens
    ///
    /// What the user did stays recorded under the user's id, which nobody gets again.
    Remove {
        /// Id of the user
        id: i64,

        #[command(flatten)]
        of: Of,
    },
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Create { name, role, of } => {
            let user = of.administer(async |admin, account| {
                create_user(admin, account.id, name, (*role).into()).await
            })?;
            administration::print(user.id)?;
        }
        Command::List { json, of } => {
            let users = of.administer(async |admin, account| Ok(admin.catalog.users(account.id).await?))?;
            list(*json).print(&users)?;
        }
        Command::Remove { id, of } => {
            let user = of.administer(async |admin, account| remove_user(admin, account.id, *id).await)?;
            if let Some(at) = user.removed_at {
                output::note(format!("User {id}, {}, was removed at {at}.", output::plain(&user.name)));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Listed {
    id: i64,
    name: String,
    role: &'static str,
    created_at: String,
    removed_at: Option<String>,
}

fn list(json: bool) -> List<'static, User, Listed> {
    List {
        json,
        object: &|user| Listed {
            id: user.id,
            name: user.name.clone(),
            role: user.role.as_str(),
            created_at: user.created_at.to_string(),
            removed_at: user.removed_at.map(|at| at.to_string()),
        },
        headings: &["ID", "NAME", "ROLE", "CREATED (UTC)", "REMOVED (UTC)"],
        whole: 0,
        cells: &|user| {
            vec![
                user.id.to_string(),
                user.name.clone(),
                user.role.as_str().to_owned(),
                administration::minute(user.created_at),
                administration::minute(user.removed_at),
            ]
        },
    }
}
