//! `annals token`: the access tokens of an account, for people and for programs.

mod expiry;
mod listed;

use std::process::ExitCode;

use annals_store::Scope;
use clap::ValueEnum;

use self::expiry::Expiry;
use super::{
    administration::{self, Of, RoleArg},
    output,
};
use crate::{
    administer::{TokenRequest, create_token, find_secret, revoke_token},
    identity::Secret,
};

/// Create, list and revoke the access tokens of an account
#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Create(Create),

    /// List access tokens, also ended ones; nobody gets to see their secrets again
    List {
        /// Print one access token a line as JSON
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        of: Of,
    },

    /// Revoke an access token, within a second also on a server that runs
    ///
    /// What was issued for it by POST /oauth/token ends as well.
    Revoke {
        /// Id of the access token (tkn_…); or its secret, if that is what leaked, whichever account it is of
        id: String,

        #[command(flatten)]
        of: Of,
    },
}

/// Create an access token and print its secret, which is shown this once
///
/// Its id goes to standard error: it names the token in lists, and is its OAuth 2.0 client id.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals token create 'billing service' --scope write --role editor
  annals token create 'SIEM export' --scope read --role owner --expires 90d
  annals token create 'migration' --scope read,write,import --role owner --expires 2026-12-31
  annals token create 'laptop' --user 1 --scope read")]
struct Create {
    /// What people call it
    name: String,

    /// What it may be used for, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_value = "read")]
    scope: Vec<ScopeArg>,

    /// What it may do at most [default: the role of its user; viewer if it has none]
    #[arg(long, value_enum)]
    role: Option<RoleArg>,

    /// Id of the user it is for; without one it is a service's
    #[arg(long, value_name = "ID")]
    user: Option<i64>,

    /// When it ends: after some hours, days or weeks (12h, 90d, 8w), with a UTC day, or at an RFC 3339 instant
    /// [default: never]
    #[arg(long, value_name = "TIME")]
    expires: Option<Expiry>,

    #[command(flatten)]
    of: Of,
}

/// A scope, as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScopeArg {
    /// Reading
    Read,
    /// Recording events
    Write,
    /// Bringing a history along: events keep their tokens, unknown workspaces are created
    Import,
    /// Erasing what is personal
    Admin,
}

impl From<ScopeArg> for Scope {
    fn from(argument: ScopeArg) -> Self {
        match argument {
            ScopeArg::Read => Self::Read,
            ScopeArg::Write => Self::Write,
            ScopeArg::Import => Self::Import,
            ScopeArg::Admin => Self::Admin,
        }
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Create(args) => create(args)?,
        Command::List { json, of } => {
            let (tokens, users, now) = of.administer(async |admin, account| {
                let tokens = admin.catalog.tokens(account.id).await?;
                Ok((tokens, admin.catalog.users(account.id).await?, admin.clock.now()))
            })?;
            listed::print(*json, &tokens, &users, now)?;
        }
        Command::Revoke { id, of } => revoke(id, of)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn create(args: &Create) -> anyhow::Result<()> {
    let (token, secret) = args.of.administer(async |admin, account| {
        let request = TokenRequest {
            name: args.name.clone(),
            scopes: args.scope.iter().map(|scope| Scope::from(*scope)).collect(),
            role: args.role.map(Into::into),
            user_id: args.user,
            expires_at: args.expires.map(|expiry| expiry.from(admin.clock.now())),
        };
        create_token(admin, account.id, &request).await
    })?;
    administration::print(secret.reveal())?;
    output::note(format!("The access token is shown once; keep it safe. Its id is {}.", token.id));
    Ok(())
}

fn revoke(id: &str, of: &Of) -> anyhow::Result<()> {
    let token = match Secret::parse(id) {
        Some(secret) => of.data_dir.administer(async |admin| {
            let found = find_secret(admin, &secret).await?;
            revoke_token(admin, found.account, &found.token.id).await
        }),
        None => of.administer(async |admin, account| revoke_token(admin, account.id, id).await),
    }?;
    if let Some(at) = token.revoked_at {
        output::note(format!("{}, {}, was revoked at {at}.", token.id, output::plain(&token.name)));
    }
    Ok(())
}
