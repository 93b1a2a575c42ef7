//! `annals hold`: audit logs that nobody removes, for as long as somebody may ask for them.

use std::process::ExitCode;

use annals_format::query::encode_pair;
use annals_store::Hold;
use serde::Serialize;

use super::{
    administration::{self, List, Of},
    filters::Filters,
    output::usage,
};
use crate::administer::{place_hold, release_hold};

/// Keep audit logs from retention and erasure, for a lawsuit or an audit
#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Place a hold on all audit logs that match, now and in the future, and print its token
    ///
    /// It counts for every erasure that is asked for after it, and for retention within minutes. What is held is read and
    /// proven like everything else.
    #[command(after_help = "\
Examples:
  annals hold place --user 1815 --start-date 2025-01-01 --reason 'Acme v. Example, 4 O 123/26'
  annals hold place --everything --reason 'Tax audit 2026'")]
    Place {
        #[command(flatten)]
        filters: Box<Filters>,

        /// All audit logs of the account
        #[arg(long)]
        everything: bool,

        /// Why, as the record of the hold says it
        #[arg(long)]
        reason: String,

        #[command(flatten)]
        of: Of,
    },

    /// List holds, the oldest first
    List {
        /// Print one hold a line as JSON
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        of: Of,
    },

    /// Release a hold: what is older than the account's retention goes within a day or so
    Release {
        /// Token of the hold
        token: String,

        #[command(flatten)]
        of: Of,
    },
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Place { filters, everything, reason, of } => {
            let filter = query(filters);
            if filter.is_empty() != *everything {
                return Err(usage(
                    "a hold is on the audit logs that match some filters, or on everything",
                    "Name them with --user, --start-date or another filter, or say --everything alone.",
                ));
            }
            let placed =
                of.administer(async |admin, account| place_hold(admin, account.id, &filter, reason).await)?;
            administration::print(placed.token)?;
        }
        Command::List { json, of } => {
            let holds = of.administer(async |admin, account| Ok(admin.catalog.holds(account.id).await?))?;
            list(*json).print(&holds)?;
        }
        Command::Release { token, of } => {
            of.administer(async |admin, account| release_hold(admin, account.id, token).await)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The filters as the query of a list.
fn query(filters: &Filters) -> String {
    let mut query = String::new();
    for (name, value) in filters.parameters().parameters() {
        encode_pair(&mut query, name, &value);
    }
    query
}

#[derive(Serialize)]
struct Listed {
    token: String,
    filter: String,
    reason: String,
    placed_at: String,
    released_at: Option<String>,
}

fn list(json: bool) -> List<'static, Hold, Listed> {
    List {
        json,
        object: &|hold| Listed {
            token: hold.token.clone(),
            filter: hold.filter.clone(),
            reason: hold.reason.clone(),
            placed_at: hold.placed_at.to_string(),
            released_at: hold.released_at.map(|at| at.to_string()),
        },
        headings: &["REASON", "TOKEN", "ON", "PLACED (UTC)", "RELEASED (UTC)"],
        whole: 1,
        cells: &|hold| {
            vec![
                hold.reason.clone(),
                hold.token.clone(),
                if hold.filter.is_empty() { "everything".to_owned() } else { hold.filter.clone() },
                administration::minute(hold.placed_at),
                hold.released_at.map(administration::minute).unwrap_or_default(),
            ]
        },
    }
}
